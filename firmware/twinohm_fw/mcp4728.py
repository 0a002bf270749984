"""MCP4728: four 12-bit DACs on I2C (Microchip DS22187E).

VREF_SELECT  1000 Va Vb Vc Vd   1: 2.048 V reference, 0: supply
GAIN_SELECT  1100 Ga Gb Gc Gd   1: x2
fast write   0 0 PD1 PD0 D11..D8, D7..D0 per channel, from A on; LDAC tied low: outputs follow each channel
"""

from adafruit_bus_device.i2c_device import I2CDevice

from .i2c import probe

VREF_SELECT = 0b1000_0000
GAIN_SELECT = 0b1100_0000
ALL = 0b1111


class MCP4728:
    """One chip, 0..4.096 V. Codes are 16 bits: 65536 is full scale, the low four bits are rounded away."""

    def __init__(self, bus, address):
        bus.names[address] = "MCP4728"
        self._device = I2CDevice(bus, address, probe=False)
        self._frame = bytearray(8)
        self._changed = True

    def begin(self):
        """Internal reference, gain 2. Raises OSError if the chip does not answer."""
        probe(self._device)
        with self._device as device:
            device.write(bytes([VREF_SELECT | ALL]))
            device.write(bytes([GAIN_SELECT | ALL]))
        self._changed = True

    def set(self, channel, code):
        """Take a 16-bit code for channel 0..3; flush() sends it. Returns the code the DAC will have."""
        value = (code + 8) >> 4
        if value > 4095:
            value = 4095
        frame = self._frame
        at = channel + channel
        high = value >> 8
        low = value & 255
        if frame[at] != high or frame[at + 1] != low:
            frame[at] = high
            frame[at + 1] = low
            self._changed = True
        return value << 4

    def flush(self):
        """Send all four channels if one has changed. Returns whether it did."""
        if not self._changed:
            return False
        with self._device as device:
            device.write(self._frame)
        self._changed = False
        return True
