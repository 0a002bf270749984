"""Stand-in: names that adafruit_bus_device uses in annotations."""

ReadableBuffer = WriteableBuffer = None
