"""74HC165 chain (TI SCLS116): SH/LD low loads, each rising clock edge shifts; the first bit is there after the load."""

from array import array

import micropython
from machine import Pin
from micropython import const

from . import chip
from .chip import ptr8, ptr16, ptr32

UNUSED = const(0xFFFF)  # a bit that no line uses

# RP2040 datasheet 3.7: word offsets in PIO0, and state machine pio.IN's flag in FSTAT.
PIO0 = const(0x50200000)
FSTAT = const(1)
TXF = const(4)
RXF = const(8)
RX_EMPTY = const(1 << 8)


class HC165:
    """order[k] tells which bit of `words` the k-th arriving bit is (UNUSED: none). Bit i is bit i%8 of byte i//8."""

    def __init__(self, config, order, words):
        self.words = words
        self._order = order
        self._load = Pin(config["load"], Pin.OUT, value=1)
        self._clock = Pin(config["clock"], Pin.OUT, value=0)
        self._data = Pin(config["data"], Pin.IN)
        if chip.RP2040:
            from . import pio

            pio.shift_in(config)
            self._block = block(order, words)
            self.read = self._read_pio

    def read(self):
        """Load all inputs at one moment, then shift them into `words`."""
        words = self.words
        clock = self._clock
        data = self._data
        for i in range(len(words)):
            words[i] = 0
        clock(0)  # a read that was interrupted may have left it high
        self._load(0)
        self._load(1)
        for target in self._order:
            if target != UNUSED and data():
                words[target >> 3] |= 1 << (target & 7)
            clock(1)
            clock(0)

    @micropython.viper
    def _read_pio(self):
        pio = ptr32(PIO0)
        chain = ptr32(self._block)
        n = int(chain[0])
        pio[TXF] = 8 * n - 1
        words = ptr8(chain[2])
        if int(chain[1]):
            for i in range(n):
                while int(pio[FSTAT]) & RX_EMPTY:
                    pass
                words[i] = int(pio[RXF]) >> 24
            return
        order = ptr16(chain[3])
        for i in range(int(len(self.words))):
            words[i] = 0
        for i in range(n):
            while int(pio[FSTAT]) & RX_EMPTY:
                pass
            byte = int(pio[RXF]) >> 24
            for k in range(8 * i, 8 * i + 8):
                target = int(order[k])
                if byte & 1 and target != UNUSED:
                    words[target >> 3] = int(words[target >> 3]) | 1 << (target & 7)
                byte >>= 1


def block(order, words):
    """How many chips, whether the k-th bit on the wire is bit k of `words` for every k, and where both are."""
    straight = list(order) == list(range(8 * len(words)))
    return array("I", [len(order) >> 3, straight, chip.address(words), chip.address(order)])
