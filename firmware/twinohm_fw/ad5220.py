"""AD5220 bank: every pot steps on the falling edge of CLK while its /CS is low, up while U/D is high, and stops at
both ends (Analog Devices, Rev. 0). CLK idles low: a pulse is rise, then fall. Every interval is pulse_us or more.
"""

import time

from machine import Pin


class AD5220Bank:
    """Edges share CLK; each has its U/D and /CS line in `lines` (words: U/D bytes, then /CS bytes)."""

    def __init__(self, clk, lines, n_bytes, pulse_us):
        self._clk = Pin(clk, Pin.OUT, value=0)
        self._lines = lines
        self._n_bytes = n_bytes
        self._pulse_us = pulse_us
        self._stage = 0

    def set(self, up, move):
        """Put directions and selection (bytearrays, bit i = edge i) on the lines."""
        words = self._lines.words
        n = self._n_bytes
        for b in range(n):
            words[b] = up[b]
            words[n + b] = ~move[b] & 255
        self._lines.write()
        time.sleep_us(self._pulse_us)

    def pulse(self):
        """One step of every selected edge. stepped() and idle() must follow."""
        self._stage = 1
        self._clk(1)
        time.sleep_us(self._pulse_us)
        self._stage = 2
        self._clk(0)

    def stepped(self):
        """Whether the pots have stepped since idle(). A pulse that was interrupted is finished first."""
        if self._clk():
            self._stage = 2
            self._clk(0)
        return self._stage == 2

    def idle(self):
        """The step was counted."""
        self._stage = 0
        time.sleep_us(self._pulse_us)
