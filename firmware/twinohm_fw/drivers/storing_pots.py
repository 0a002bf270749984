"""Pots that keep their tap without power, such as the X9C104 (Renesas, FN8222): they store it in an EEPROM of limited
endurance when /CS rises while CLK is high. Here it only rises while CLK is low, so nothing is ever stored.

/CS is high but for a step: CLK rises, then U/D and /CS are set, CLK falls, /CS rises. So a pot that is selected sees
U/D change while CLK is high alone, as the timing diagram of the data sheet has it. The portable path suffices on
every chip: these pots take up to 0.5 ms to follow a step.
"""

import time

from machine import Pin
from micropython import const

from .updown_pots import UpDownPots

PULSE_US = const(6)  # index of the state of UpDownPots


class SelectLines:
    """U/D and /CS of storing pots: U/D bytes, then /CS bytes. What is in `words` is on the wires during a step alone.

    lines: driver of U/D and /CS with words of its own. clk: GPIO number of CLK.
    """

    def __init__(self, lines, clk):
        self._lines = lines
        self._clk = Pin(clk, Pin.OUT, value=0)
        self.words = bytearray(len(lines.words))

    def write(self):
        """Do nothing: the next step takes `words`."""

    def select(self):
        """Put `words` on the wires, while CLK is high."""
        shown = self._lines.words
        for b in range(len(shown)):
            shown[b] = self.words[b]
        self._lines.write()

    def deselect(self):
        """Lift every /CS, while CLK is low."""
        shown = self._lines.words
        n_bytes = len(shown) >> 1
        for b in range(n_bytes):
            shown[n_bytes + b] = 255
        self._lines.write()

    def on(self):
        """Let the lines be driven, with no pot selected."""
        self._rest()
        self._lines.on()

    def off(self):
        """Lift every /CS, and float what can float."""
        self._rest()
        self._lines.off()

    def _rest(self):
        """Lower CLK, should a step have been broken off, then lift every /CS."""
        self._clk(0)
        self.deselect()


class StoringPots(UpDownPots):
    """UpDownPots whose control_lines are SelectLines."""

    DESELECT = "cs_high_while_clk_low"

    def _use_registers(self, config, settling):
        """Do nothing: pulse() is the portable one."""

    def _clock(self):
        self._forget()
        us = self._state[PULSE_US]
        lines = self.control_lines
        self._clk(1)
        lines.select()
        time.sleep_us(us)
        self._clk(0)
        time.sleep_us(us)
        lines.deselect()
        self._settling.changed()
