"""MCP4728: four 12-bit DACs on I2C (Microchip DS22187E).

VREF_SELECT  1000 Va Vb Vc Vd   1: 2.048 V reference, 0: supply
GAIN_SELECT  1100 Ga Gb Gc Gd   1: x2
fast write   0 0 PD1 PD0 D11..D8, D7..D0 per channel, from A on; LDAC tied low: outputs follow each channel's
             acknowledge, so a write may end after any channel (5.6.1)
"""

from array import array

import micropython
from adafruit_bus_device.i2c_device import I2CDevice
from micropython import const

from . import platform
from .blocks.i2c import FrameSender
from .i2c_bus import probe
from .platform import ptr8, ptr16, ptr32

VREF_SELECT = 0b1000_0000
GAIN_SELECT = 0b1100_0000
ALL = 0b1111

CHANNELS = 4  # of a chip
FRAME = const(8)  # bytes of a fast write of all channels of a chip
TOP_COUNT = const(4095)
TOP_STEP = const(65527)  # the largest code that is rounded to a step
LARGEST = const(0x3FFF_FFFF)  # no number of a correction is larger


class MCP4728Bank:
    """All chips of a board, 0..4.096 V each; channels 0..3 are those of the first chip.

    bus: I2CBus. addresses: places of the chips there. settling: Settling that notes each write. A code is 16 bits:
    65536 is full scale, its low four bits are rounded away. Methods raise OSError if a chip does not answer.
    `corrections`: array "i" of gain and offset by channel, in 2^-16 of 1 and of a code; the code that is sent is
    code + (code * gain + offset) / 2^16.
    """

    def __init__(self, bus, addresses, settling):
        self.bus = bus
        self.addresses = array("H", addresses)
        self._settling = settling
        self._data = bytearray(FRAME * len(addresses))  # two bytes a channel
        self._counts = bytearray(len(addresses))  # bytes of each chip's frame that have to be sent
        self.corrections = array("i", [0] * (FRAME * len(addresses)))
        self._buffers = (self._data, self._counts, self.corrections)  # one look-up of set() finds all
        view = memoryview(self._data)
        frames = [view[FRAME * chip : FRAME * (chip + 1)] for chip in range(len(addresses))]
        self._frames = [[frame[:count] for count in range(FRAME + 1)] for frame in frames]  # by chip and count
        for address in addresses:
            bus.part_names[address] = "MCP4728"
        if platform.FAST:
            buffers = (self.addresses, self._counts, self._data)
            self.flush = FrameSender(bus.index, *buffers, FRAME, settling.since, bus.mux, bus.no_answer).send

    def begin(self):
        """Select the internal reference and gain 2. The next flush() writes all channels."""
        for chip, address in enumerate(self.addresses):
            device = I2CDevice(self.bus, address, probe=False)
            probe(device)
            with device:
                device.write(bytes([VREF_SELECT | ALL]))
                device.write(bytes([GAIN_SELECT | ALL]))
            self._counts[chip] = FRAME

    @micropython.viper
    def set(self, channels, codes, n: int):
        """Take n codes (array "H") for channels (bytes). Rounds the codes to steps of a DAC."""
        frames, to_send, corrections = self._buffers
        data = ptr8(frames)
        counts = ptr8(to_send)
        wanted = ptr8(channels)
        c = ptr16(codes)
        g = ptr32(corrections)
        half = 16
        wrap = (1 << half) << half  # 0 on the chip; ptr32 gives no signs where machine words have 64 bits
        for k in range(n):
            code = int(c[k])
            if code > TOP_STEP:
                code = TOP_STEP
            c[k] = (code + 8) & 0xFFF0
            channel = int(wanted[k])
            at = 2 * channel
            gain = int(g[at])
            offset = int(g[at + 1])
            if gain > LARGEST:
                gain -= wrap
            if offset > LARGEST:
                offset -= wrap
            value = (code + 8 + ((code * gain + offset) >> 16)) >> 4
            if value > TOP_COUNT:
                value = TOP_COUNT
            if value < 0:
                value = 0
            if int(data[at]) != value >> 8 or int(data[at + 1]) != value & 255:
                data[at] = value >> 8
                data[at + 1] = value & 255
                chip = channel >> 2
                end = 2 * (channel & 3) + 2
                if int(counts[chip]) < end:
                    counts[chip] = end

    def flush(self):
        """Write to each chip its channels up to the last that changed."""
        for chip in range(len(self._counts)):
            count = self._counts[chip]
            if count:
                self.bus.writeto(self.addresses[chip], self._frames[chip][count])
                self._counts[chip] = 0
                self._settling.changed()
