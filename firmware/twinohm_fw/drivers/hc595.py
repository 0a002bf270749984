"""74HC595 chain (TI SCLS041): rising SRCLK shifts, rising RCLK shows all bits at once, /OE high floats the outputs."""

from machine import Pin

from . import platform
from .shift_chain import UNUSED


class HC595:
    """Write `words` to a chain of output shift registers.

    config: GPIO numbers `clock`, `data`, `latch`, `enable`. order: array "H", the bit of `words` that is sent k-th; an
    UNUSED one is sent as 0 (shift_chain.order). words: bytearray; bit i is bit i % 8 of byte i // 8.
    """

    def __init__(self, config, order, words):
        self.words = words
        self._order = order
        self._enable = Pin(config["enable"], Pin.OUT, value=1)
        self._clock = Pin(config["clock"], Pin.OUT, value=0)
        self._data = Pin(config["data"], Pin.OUT, value=0)
        self._latch = Pin(config["latch"], Pin.OUT, value=0)
        if platform.FAST:
            from .blocks.pio import ShiftOut

            self.write = ShiftOut(config, order, words).write

    def write(self):
        """Shift all bits out, then show them at one moment."""
        words = self.words
        clock = self._clock
        data = self._data
        clock(0)  # an interrupted write may have left them high
        self._latch(0)
        for source in self._order:
            data(0 if source == UNUSED else words[source >> 3] >> (source & 7) & 1)
            clock(1)
            clock(0)
        self._latch(1)
        self._latch(0)

    def on(self):
        """Drive the outputs."""
        self._enable(0)

    def off(self):
        """Float the outputs; the board's pull-ups then hold every /CS high."""
        self._enable(1)
