"""Potentiometers that count: a pulse on CLK steps every pot whose /CS is low, up while U/D is high; they stop at both
ends (AD5220, Analog Devices, Rev. 0, "Digital Interfacing"). CLK idles low, so a pulse is a rise, then a fall: a part
that steps on either edge makes one step. Every interval is pulse_us or more.

What is a fact of the part (its highest tap, its tap at power-on) comes from the board's configuration.
"""

import time
from array import array

import micropython
from machine import Pin
from micropython import const

from . import platform
from .platform import address, ptr8, ptr32
from .rp2040 import sio, timer

HIGHEST_TOP_TAP = const(127)  # seven bits of each packed tap; the eighth is the carry
SPARE_PULSES = 3  # beyond those that reach the lower end from the upper one

# Four taps are one word, a byte each; a bit each, they are four bits.
ONES = const(0x01010101)
SPREAD = const(0x00204081)  # four bits * SPREAD & ONES: one a byte
GATHER = const(0x01020408)  # and back: * GATHER >> 24

# Indices of the state, array "i". NOW: which half of the taps is valid; THEN: which will be after the next step; so
# with the ticks. A step can be counted again, so that Ctrl-C cannot split it: STAGE says how far the pulse has come.
NOW = const(0)
THEN = const(1)
TICKS = const(2)
TICKS_THEN = const(3)
STAGE = const(4)
BYTES = const(5)  # of edges, a bit each
BELOW = const(6)  # in each byte, what carries a tap above the lowest into the eighth bit
PULSE_US = const(7)
ABOVE = const(8)  # in each byte, what carries the highest tap into the eighth bit
IDLE = const(0)
RISEN = const(1)
FALLEN = const(2)


class UpDownPots:
    """The pots of all edges on one CLK.

    config: `edges`, `clk` (GPIO number), `min_tap`, `pulse_us`, and `pot` with `top_tap` and `deselect`. control_lines:
    driver of U/D and /CS; its `words` are U/D bytes, then /CS bytes. settling: Settling that notes each step. A pot
    cannot be read back: its tap is counted, and the count is right while `known`. Raises ValueError for a part that
    this driver cannot step.
    """

    def __init__(self, config, control_lines, settling):
        self.top_tap = top_tap = config["pot"]["top_tap"]
        if not 0 < top_tap <= HIGHEST_TOP_TAP or config["pot"]["deselect"] != "cs_high":
            raise ValueError("these pots need taps up to %d and to be deselected by /CS" % HIGHEST_TOP_TAP)
        self.control_lines = control_lines
        self.words = control_lines.words
        self.known = False
        self._n_edges = len(config["edges"])
        self._n_bytes = n_bytes = len(self.words) >> 1
        self._taps = array("I", [0] * (4 * n_bytes))
        below = (HIGHEST_TOP_TAP - config["min_tap"]) * ONES
        above = (HIGHEST_TOP_TAP + 1 - top_tap) * ONES
        self._state = array("i", [0, 0, 0, 0, IDLE, n_bytes, below, config["pulse_us"], above])
        self._buffers = (self._state, self._taps, self.words)  # one look-up of plan_step() finds all three
        self._clk = Pin(config["clk"], Pin.OUT, value=0)
        self._settling = settling
        if platform.RP2040:
            registers = [sio.SET_ADDRESS, sio.CLEAR_ADDRESS, timer.COUNT_ADDRESS]
            numbers = [timer.TICKS_MASK, 1 << config["clk"]]
            self._table = array("I", registers + numbers + [address(self._state), address(settling.since)])
            self.pulse = self._pulse_registers

    @property
    def taps(self):
        """Taps as bytes, one an edge, or None if they are not known."""
        self.finish_pulse()
        first = 8 * self._n_bytes * self._state[NOW]
        return bytes(memoryview(bytes(self._taps))[first : first + self._n_edges]) if self.known else None

    @property
    def ticks(self):
        """Number of steps since the taps were set."""
        self.finish_pulse()
        return self._state[TICKS]

    def set_taps(self, taps):
        """Take `taps` (bytes, one an edge) for the taps at which the pots are."""
        padded = bytes(taps) + bytes(8 * self._n_bytes - self._n_edges)
        for k, word in enumerate(array("I", padded)):
            self._taps[2 * self._n_bytes * self._state[NOW] + k] = word
        self._state[TICKS] = 0
        self.known = True

    @micropython.viper
    def plan_step(self, part, compared, obey: int):
        """Plan the next tap of every edge by its U/D bit. Edges not in `part`, or at an end of their range, are held.

        part: bytes, bit i is edge i. obey: set U/D first to XNOR(CMP, SGN) (paper, eq. 6) of `compared`, CMP bytes,
        then SGN bytes. A held edge gets /CS high.
        """
        numbers, packed, lines = self._buffers
        state = ptr32(numbers)
        taps = ptr32(packed)
        words = ptr8(lines)
        parts = ptr8(part)
        compare = ptr8(compared)
        n_bytes = int(state[BYTES])
        below = int(state[BELOW])
        above = int(state[ABOVE])
        at = 2 * n_bytes * int(state[NOW])
        then = 2 * n_bytes - at
        state[THEN] = 1 - int(state[NOW])
        state[TICKS_THEN] = int(state[TICKS]) + 1
        for b in range(n_bytes):
            if obey:
                words[b] = ~(int(compare[b]) ^ int(compare[n_bytes + b])) & 255
            rises = int(words[b]) & int(parts[b])
            falls = int(parts[b]) ^ rises
            held = 255
            for half in range(2):
                four = int(taps[at])
                up = (rises & 15) * SPREAD & ((four + above) >> 7 ^ ONES) & ONES
                down = (falls & 15) * SPREAD & (four + below) >> 7 & ONES
                taps[then] = four + up - down
                held ^= ((up | down) * GATHER >> 24 & 15) << 4 * half
                rises >>= 4
                falls >>= 4
                at += 1
                then += 1
            words[n_bytes + b] = held

    def pulse(self):
        """Step every selected edge: the step is made and counted, or neither."""
        state = self._state
        try:
            time.sleep_us(state[PULSE_US])
            state[STAGE] = RISEN
            self._clk(1)
            time.sleep_us(state[PULSE_US])
            state[STAGE] = FALLEN
            self._clk(0)
        finally:
            self.finish_pulse()

    @micropython.viper
    def _pulse_registers(self):
        table = ptr32(self._table)
        timer_us = ptr32(table[2])
        start = int(timer_us[0])
        set_pins = ptr32(table[0])
        clear_pins = ptr32(table[1])
        ticks_mask = int(table[3])
        clk = int(table[4])
        state = ptr32(table[5])
        since = ptr32(table[6])
        us = int(state[PULSE_US])
        while int(timer_us[0]) - start <= us:
            pass
        set_pins[0] = clk
        start = int(timer_us[0])
        while int(timer_us[0]) - start <= us:
            pass
        clear_pins[0] = clk
        since[0] = int(timer_us[0]) & ticks_mask
        state[NOW] = int(state[THEN])
        state[TICKS] = int(state[TICKS_THEN])

    def finish_pulse(self):
        """Finish a pulse that was interrupted and count its step. Doing it twice changes nothing."""
        state = self._state
        if state[STAGE] == RISEN and self._clk():
            state[STAGE] = FALLEN
        if state[STAGE] == FALLEN:
            self._clk(0)
            self._settling.changed()
            state[NOW] = state[THEN]
            state[TICKS] = state[TICKS_THEN]
        state[STAGE] = IDLE

    def deselect(self):
        """Set every /CS high and every U/D low."""
        self._select(0, 255)

    def _select(self, up, held):
        for b in range(self._n_bytes):
            self.words[b] = up
            self.words[self._n_bytes + b] = held
        self.control_lines.write()

    def restore(self, taps):
        """Step down to the lower end from anywhere, then up to `taps` (bytes, one an edge)."""
        self.known = False
        state = self._state
        state[THEN] = state[NOW]
        state[TICKS_THEN] = state[TICKS]
        self._select(0, 0)
        self.control_lines.on()
        for _ in range(self.top_tap + SPARE_PULSES):
            self.pulse()
        self._select(255, 0)
        held = self._n_bytes
        for level in range(max(taps)):
            changed = False
            for i in range(self._n_edges):
                if taps[i] == level:
                    self.words[held + (i >> 3)] |= 1 << (i & 7)
                    changed = True
            if changed:
                self.control_lines.write()
            self.pulse()
        self.control_lines.off()
        self._settling.changed()
        self.set_taps(taps)
