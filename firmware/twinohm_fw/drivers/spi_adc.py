"""A 12-bit ADC on SPI whose 16-bit answers carry the number of the channel: AD7490, ADS7953.

A frame is 16 bits while /CS is low. The channel named in one frame is answered `lag` frames later.
"""

from array import array

import micropython
from machine import SPI, Pin
from micropython import const

from . import platform
from .blocks import spi
from .platform import ptr8, ptr16, ptr32, registers

KEEP = const(0x0000)  # a word that changes nothing: the channel named last is converted again
SPINS = const(10_000)  # about 1 ms; a frame takes 2 us at 8 MHz


class SpiAdc:
    """One chip; counts are 0..4095.

    config: GPIO numbers `sck`, `mosi`, `miso`, `cs`, and `hz`; `name` if there are several chips. Chips on one bus
    share all lines but /CS: their output floats while /CS is high. `control` is the word that names channel 0, `shift`
    the place of the channel in it, `polarity` the level of the idle clock. Reading raises OSError if an answer carries
    another channel's number.
    """

    def __init__(self, config, control, shift, lag, polarity):
        self.name = config.get("name", config["part"])
        self._control, self._shift, self._lag = control, shift, lag
        index = spi.index_of_sck(config["sck"])
        self._cs = Pin(config["cs"], Pin.OUT, value=1)
        self._spi = SPI(
            index,
            baudrate=config["hz"],
            polarity=polarity,
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
            table += [registers.GPIO_OUT_SET, registers.GPIO_OUT_CLR, 1 << config["cs"]]
            self._table = array("I", table + [control, shift, lag])
            self.sample = self._sample_fifo

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
        self._frame(self._control | channel << self._shift)
        for _ in range(self._lag - 1):
            self._frame(KEEP)
        return self._count(channel, self._frame(KEEP))

    def sample(self, channels, counts, n):
        """Convert n channels (bytes) one after the other into counts (array "H")."""
        self._cs(1)
        lag = self._lag
        for k in range(n + lag):
            answer = self._frame(self._control | channels[k] << self._shift if k < n else KEEP)
            if k >= lag:
                counts[k - lag] = self._count(channels[k - lag], answer)

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
        control = int(table[6])
        shift = int(table[7])
        lag = int(table[8])
        wanted = ptr8(channels)
        out = ptr16(counts)
        frames = n + lag
        word = control | int(wanted[0]) << shift
        answer = 0
        failed = 0  # place of an answer for another channel, from 1
        set_pins[0] = cs  # an interrupted frame may have left it low
        for k in range(frames + 1):
            if k < frames:
                clear_pins[0] = cs
                data[0] = word >> 8
                data[0] = word & 255
            # While the frame is shifted: take the answer of the frame before it, and make the frame after it.
            at = k - 1 - lag
            if at >= 0:
                if answer >> 12 == int(wanted[at]):
                    out[at] = answer & 0xFFF
                else:
                    out[at] = answer
                    failed = at + 1
            word = 0  # KEEP
            if k + 1 < n:
                word = control | int(wanted[k + 1]) << shift
            if k < frames:
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
