"""ADG715: eight switches on I2C (Analog Devices, Rev. E): one data byte, bit 0 is S1, 1 closes. /RESET opens all."""

from adafruit_bus_device.i2c_device import I2CDevice

from .i2c import probe


class ADG715:
    """One chip of eight switches."""

    def __init__(self, bus, address):
        bus.names[address] = "ADG715"
        self._device = I2CDevice(bus, address, probe=False)
        self._frame = bytearray(1)

    def begin(self):
        """Raises OSError if the chip does not answer."""
        probe(self._device)

    def write(self, closed):
        """Close exactly the switches whose bit is set."""
        self._frame[0] = closed
        with self._device as device:
            device.write(self._frame)
