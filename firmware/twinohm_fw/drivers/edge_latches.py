"""Edges that find their own direction, the paper's arrangement (Fig. 7): XNOR of CMP and SGN into a D flip-flop each.

LATCH      rising: every edge stores its direction, which is the U/D of its pots (74HC74)
/PRESET    low: every direction up
/CLEAR     low: every direction down
The directions are read back through a 74HC165 chain; /CS of every edge is behind the 74HC595 chain as elsewhere.
"""

from machine import Pin

from .hc165 import HC165
from .hc595 import HC595


class LatchedDirections:
    """In the place of comparators: after read(), `words` are the directions, then ones, whose XNOR the directions are.

    config: `flip_flops`: `latch` (GPIO number), and `shift_in`. order: of the 74HC165 chain (shift_chain.order).
    """

    def __init__(self, config, order, n_bytes):
        self.words = bytearray(b"\xff" * (2 * n_bytes))
        self._latch = Pin(config["flip_flops"]["latch"], Pin.OUT, value=0)
        self._chain = HC165(config["shift_in"], order, memoryview(self.words)[:n_bytes])

    def read(self):
        """Have every edge latch its direction, and read all directions."""
        self._latch(0)  # an interrupted read may have left it high
        self._latch(1)
        self._latch(0)
        self.read_back()

    def read_back(self):
        """Read all directions as they are latched."""
        self._chain.read()


class LatchedLines:
    """U/D bytes, then /CS bytes. No edge can be given its own direction: all go up, all down, or as latched."""

    def __init__(self, config, order, words):
        self.words = words
        self._n_bytes = len(words) >> 1
        self._chain = HC595(config["shift_out"], order, words)
        self._preset = Pin(config["flip_flops"]["preset"], Pin.OUT, value=1)
        self._clear = Pin(config["flip_flops"]["clear"], Pin.OUT, value=1)
        self.on = self._chain.on
        self.off = self._chain.off

    def write(self):
        together = self.words[0]
        for b in range(1, self._n_bytes):
            if self.words[b] != together:
                together = 1
        if together == 255:
            self._preset(0)
            self._preset(1)
        elif together == 0:
            self._clear(0)
            self._clear(1)
        self._chain.write()
