"""AD7490: 16-channel 12-bit ADC on SPI (Analog Devices, Rev. D, "Control register").

bit 15    14   13..10     9..8       7       6         5      4
WRITE     SEQ  ADD3..0    PM1 PM0    SHADOW  WEAK/TRI  RANGE  CODING
The channel written in one 16-bit frame is converted in the next. Clock idles high, data are taken on its falling edge.
"""

from array import array

import micropython
from machine import SPI, Pin
from micropython import const

from . import chip
from .chip import ptr8, ptr16, ptr32

WRITE = const(0x8000)
POWER_NORMAL = const(0x0300)
RANGE_TWICE_REF = const(0x0000)
STRAIGHT_BINARY = const(0x0010)
CONTROL = const(WRITE | POWER_NORMAL | RANGE_TWICE_REF | STRAIGHT_BINARY)

# RP2040 datasheet 4.4 (PL022) and 2.3.1.7: word offsets.
SPI0 = 0x4003C000
SSPDR = const(2)
SSPSR = const(3)
BUSY = const(0x10)
SIO = const(0xD0000000)
GPIO_OUT_SET = const(5)
GPIO_OUT_CLR = const(6)


class AD7490:
    """One chip; counts are 0..4095. Raises OSError if an answer carries another channel's number."""

    def __init__(self, config):
        index = (config["sck"] >> 3) & 1
        self._cs = Pin(config["cs"], Pin.OUT, value=1)
        self._spi = SPI(
            index,
            baudrate=config["hz"],
            polarity=1,
            phase=0,
            sck=Pin(config["sck"]),
            mosi=Pin(config["mosi"]),
            miso=Pin(config["miso"]),
        )
        self._out = bytearray(2)
        self._in = bytearray(2)
        if chip.RP2040:
            self._block = array("I", [SPI0 + (index << 14), 1 << config["cs"]])
            self.sample = self._sample_fifo

    def begin(self):
        """Two dummy conversions with DIN high, as the part wants after power-up."""
        for _ in range(2):
            self._frame(0xFFFF)

    def _frame(self, word):
        self._out[0] = word >> 8
        self._out[1] = word & 255
        self._cs(0)
        self._spi.write_readinto(self._out, self._in)
        self._cs(1)
        return self._in[0] << 8 | self._in[1]

    def read(self, channel):
        """Convert one channel."""
        self._cs(1)  # an interrupted frame may have left it low
        self._frame(CONTROL | channel << 10)
        return self._count(channel, self._frame(0))

    def sample(self, channels, counts, n):
        """Convert n channels (bytes) one after the other into counts (array "H")."""
        self._cs(1)
        last = n - 1
        self._frame(CONTROL | channels[0] << 10)
        for k in range(last):
            counts[k] = self._count(channels[k], self._frame(CONTROL | channels[k + 1] << 10))
        counts[last] = self._count(channels[last], self._frame(0))

    def _count(self, channel, word):
        if word >> 12 != channel:
            raise OSError("AD7490 answered for channel %d, not %d: check its SPI lines" % (word >> 12, channel))
        return word & 0xFFF

    @micropython.viper
    def _sample_fifo(self, channels, counts, n: int):
        block = ptr32(self._block)
        spi = ptr32(block[0])
        cs = int(block[1])
        sio = ptr32(SIO)
        wanted = ptr8(channels)
        out = ptr16(counts)
        for k in range(n + 1):
            word = 0
            if k < n:
                word = CONTROL | int(wanted[k]) << 10
            sio[GPIO_OUT_CLR] = cs
            spi[SSPDR] = word >> 8
            spi[SSPDR] = word & 255
            while int(spi[SSPSR]) & BUSY:
                pass
            sio[GPIO_OUT_SET] = cs
            word = int(spi[SSPDR]) << 8
            word |= int(spi[SSPDR])
            if k:
                if word >> 12 != int(wanted[k - 1]):
                    self._count(int(wanted[k - 1]), word)
                out[k - 1] = word & 0xFFF
