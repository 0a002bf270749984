"""AD7490: 16-channel 12-bit ADC on SPI (Analog Devices, Rev. D, "Control register").

bit 15    14   13..10     9..8       7       6         5      4
WRITE     SEQ  ADD3..0    PM1 PM0    SHADOW  WEAK/TRI  RANGE  CODING
The channel written in one 16-bit frame is converted in the next. Clock idles high, data are taken on its falling edge.
"""

from array import array

import micropython
from machine import SPI, Pin
from micropython import const

from . import platform
from .blocks import spi
from .platform import ptr8, ptr16, ptr32, registers

WRITE = const(0x8000)
POWER_NORMAL = const(0x0300)
RANGE_TWICE_REF = const(0x0000)
STRAIGHT_BINARY = const(0x0010)
SPINS = const(10_000)  # about 1 ms; a frame takes 4 us at 4 MHz
CONTROL = const(WRITE | POWER_NORMAL | RANGE_TWICE_REF | STRAIGHT_BINARY)


class AD7490:
    """One chip; counts are 0..4095.

    config: GPIO numbers `sck`, `mosi`, `miso`, `cs`, and `hz`; `name` if there are several chips. Chips on one bus
    share all lines but /CS: DOUT floats while /CS is high. Reading raises OSError if an answer carries another
    channel's number.
    """

    def __init__(self, config):
        self.name = config.get("name", "AD7490")
        index = spi.index_of_sck(config["sck"])
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
        if platform.FAST:
            base = registers.SPI[index]
            table = [base + spi.SSPDR, base + spi.SSPSR, spi.BUSY]
            self._table = array("I", table + [registers.GPIO_OUT_SET, registers.GPIO_OUT_CLR, 1 << config["cs"]])
            self.sample = self._sample_fifo

    def begin(self):
        """Make two dummy conversions with DIN high, which the part needs after power-up ("Power-Up")."""
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
        """Return the count of one channel."""
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
            text = "%s answered for channel %d, not %d: check its SPI lines"
            raise OSError(text % (self.name, word >> 12, channel))
        return word & 0xFFF

    def _fail(self):
        raise OSError("the SPI of the %s stays busy: reset the board" % self.name)

    @micropython.viper
    def _sample_fifo(self, channels, counts, n: int):
        table = ptr32(self._table)
        data = ptr32(table[0])
        status = ptr32(table[1])
        busy = int(table[2])
        set_pins = ptr32(table[3])
        clear_pins = ptr32(table[4])
        cs = int(table[5])
        wanted = ptr8(channels)
        out = ptr16(counts)
        word = CONTROL | int(wanted[0]) << 10
        answer = 0
        failed = 0  # place of an answer for another channel, from 1
        for k in range(n + 2):
            if k <= n:
                clear_pins[0] = cs
                data[0] = word >> 8
                data[0] = word & 255
            # While the frame is shifted: take the answer of the frame before it, and make the frame after it.
            if k > 1:
                if answer >> 12 == int(wanted[k - 2]):
                    out[k - 2] = answer & 0xFFF
                else:
                    out[k - 2] = answer
                    failed = k - 1
            word = 0
            if k + 1 < n:
                word = CONTROL | int(wanted[k + 1]) << 10
            if k <= n:
                left = SPINS
                while int(status[0]) & busy:
                    left -= 1
                    if not left:
                        set_pins[0] = cs
                        self._fail()
                set_pins[0] = cs
                answer = int(data[0]) << 8
                answer |= int(data[0])
        if failed:
            self._count(int(wanted[failed - 1]), int(out[failed - 1]))
