"""MCP4728: four 12-bit DACs on I2C (Microchip DS22187E).

VREF_SELECT  1000 Va Vb Vc Vd   1: 2.048 V reference, 0: supply
GAIN_SELECT  1100 Ga Gb Gc Gd   1: x2
fast write   0 0 PD1 PD0 D11..D8, D7..D0 per channel, from A on; LDAC tied low: outputs follow each channel's
             acknowledge, so a write may end after any channel (5.6.1)
"""

import micropython
from adafruit_bus_device.i2c_device import I2CDevice
from micropython import const

from .chip import ptr8, ptr16
from .i2c import Frames, probe

VREF_SELECT = 0b1000_0000
GAIN_SELECT = 0b1100_0000
ALL = 0b1111

SIZE = const(16)  # as in i2c.Frames: a fast write of four channels
COUNT = const(15)


class MCP4728Bank:
    """All chips of a board, 0..4.096 V each: channels 0..3 are the first chip's. Codes are 16 bits: 65536 is full
    scale, the low four bits are rounded away.
    """

    def __init__(self, bus, addresses, settling):
        self.bus = bus
        self._addresses = addresses
        frames = Frames(bus, addresses, settling)
        self._frames = frames.bytes
        self.flush = frames.send  # each chip's channels up to the last that changed
        for address in addresses:
            bus.names[address] = "MCP4728"

    def begin(self):
        """Internal reference, gain 2; the next flush() sends all. Raises OSError if a chip does not answer."""
        for chip, address in enumerate(self._addresses):
            device = I2CDevice(self.bus, address, probe=False)
            probe(device)
            with device:
                device.write(bytes([VREF_SELECT | ALL]))
                device.write(bytes([GAIN_SELECT | ALL]))
            self._frames[SIZE * chip + COUNT] = 8

    @micropython.viper
    def set(self, channels, codes, n: int):
        """Take n codes (array "H") for channels (bytes). Rounds the codes to what the DACs will have."""
        frames = ptr8(self._frames)
        where = ptr8(channels)
        c = ptr16(codes)
        for k in range(n):
            value = (int(c[k]) + 8) >> 4
            if value > 4095:
                value = 4095
            c[k] = value << 4
            channel = int(where[k])
            chip = channel >> 2 << 4
            at = chip + 2 * (channel & 3)
            if int(frames[at]) != value >> 8 or int(frames[at + 1]) != value & 255:
                frames[at] = value >> 8
                frames[at + 1] = value & 255
                end = at + 2 - chip
                if int(frames[chip + COUNT]) < end:
                    frames[chip + COUNT] = end
