"""ADG715: eight switches on I2C (Analog Devices, Rev. E): one data byte, bit 0 is S1, 1 closes. /RESET opens all."""

from adafruit_bus_device.i2c_device import I2CDevice

from .i2c_bus import probe


class ADG715:
    """One chip of eight switches. bus: I2CBus; address: its place. Methods raise OSError if it does not answer."""

    def __init__(self, bus, address):
        bus.part_names[address] = "ADG715"
        self._device = I2CDevice(bus, address, probe=False)
        self._frame = bytearray(1)

    def begin(self):
        """Check that the chip answers."""
        probe(self._device)

    def write(self, closed):
        """Close the switches whose bit is set in `closed` (0..255), open all others."""
        self._frame[0] = closed
        with self._device as device:
            device.write(self._frame)
