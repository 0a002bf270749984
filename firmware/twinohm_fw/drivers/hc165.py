"""74HC165 chain (TI SCLS116): SH/LD low loads, each rising clock edge shifts; the first bit is there after the load."""

from machine import Pin

from . import platform
from .shift_chain import UNUSED


class HC165:
    """Read a chain of input shift registers into `words`.

    config: GPIO numbers `load`, `clock`, `data`. order: array "H", the bit of `words` for each arriving bit
    (shift_chain.order). words: bytearray; bit i is bit i % 8 of byte i // 8.
    """

    def __init__(self, config, order, words):
        self.words = words
        self._order = order
        self._load = Pin(config["load"], Pin.OUT, value=1)
        self._clock = Pin(config["clock"], Pin.OUT, value=0)
        self._data = Pin(config["data"], Pin.IN)
        if platform.FAST:
            from .blocks.pio import ShiftIn

            self.read = ShiftIn(config, order, words).read

    def read(self):
        """Load all inputs at one moment, then shift them into `words`."""
        words = self.words
        clock = self._clock
        data = self._data
        for i in range(len(words)):
            words[i] = 0
        clock(0)  # an interrupted read may have left it high
        self._load(0)
        self._load(1)
        for target in self._order:
            if target != UNUSED and data():
                words[target >> 3] |= 1 << (target & 7)
            clock(1)
            clock(0)
