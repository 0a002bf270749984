"""AD5220 bank: every pot steps on the falling edge of CLK while its /CS is low, up while U/D is high, and stops at
both ends (Analog Devices, Rev. 0). CLK idles low: a pulse is rise, then fall. Every interval is pulse_us or more.
"""

import time
from array import array

import micropython
from machine import Pin
from micropython import const

from . import platform
from .platform import address, ptr8, ptr32
from .rp2040 import sio, timer

TOP_TAP = const(127)
HOME_PULSES = 130  # 127 reach the lower end from anywhere

# Four taps are one word, a byte each; a bit each, they are four bits.
ONES = const(0x01010101)
SPREAD = const(0x00204081)  # four bits * SPREAD & ONES: one a byte
GATHER = const(0x01020408)  # and back: * GATHER >> 24

# The state, array "i". Which half of the taps holds, and which will after the next step; so with the ticks. Taking over
# can be repeated, so that Ctrl-C cannot split it: STAGE says how far a pulse came, until it is counted.
NOW = const(0)
THEN = const(1)
TICKS = const(2)
TICKS_THEN = const(3)
STAGE = const(4)
BYTES = const(5)  # of edges, a bit each
LOWEST = const(6)  # tap
PULSE_US = const(7)
IDLE = const(0)
RISEN = const(1)
FALLEN = const(2)


class AD5220Bank:
    """The pots of all edges on one CLK. `words` of `lines` are U/D bytes, then /CS bytes. A pot cannot be read back:
    its tap is counted, which holds while `known`.
    """

    def __init__(self, config, lines, settling):
        self.lines = lines
        self.words = lines.words
        self.known = False
        self._n_edges = len(config["edges"])
        self._n_bytes = n_bytes = len(self.words) >> 1
        self._taps = array("I", [0] * (4 * n_bytes))
        self._state = array("i", [0, 0, 0, 0, IDLE, n_bytes, config["min_tap"], config["pulse_us"]])
        self._clk = Pin(config["clk"], Pin.OUT, value=0)
        self._settling = settling
        if platform.RP2040:
            registers = [sio.SET_ADDRESS, sio.CLEAR_ADDRESS, timer.COUNT_ADDRESS]
            numbers = [timer.TICKS_MASK, 1 << config["clk"]]
            self._table = array("I", registers + numbers + [address(self._state), address(settling.since)])
            self.pulse = self._pulse_registers

    @property
    def taps(self):
        """Tap of every edge as bytes, or None if the count was lost."""
        self.count()
        first = 8 * self._n_bytes * self._state[NOW]
        return bytes(memoryview(bytes(self._taps))[first : first + self._n_edges]) if self.known else None

    @property
    def ticks(self):
        """Steps since the taps were set."""
        self.count()
        return self._state[TICKS]

    def assume(self, taps):
        """Where the pots stand (bytes)."""
        padded = bytes(taps) + bytes(8 * self._n_bytes - self._n_edges)
        for k, word in enumerate(array("I", padded)):
            self._taps[2 * self._n_bytes * self._state[NOW] + k] = word
        self._state[TICKS] = 0
        self.known = True

    @micropython.viper
    def plan(self, part, compared, obey: int):
        """Next tap of every edge by its U/D bit; edges not in `part`, or at the end of their range, get /CS high.
        obey: U/D is first set to XNOR(CMP, SGN) (paper, eq. 6) of `compared`, CMP bytes, then SGN bytes.
        """
        state = ptr32(self._state)
        taps = ptr32(self._taps)
        words = ptr8(self.words)
        parts = ptr8(part)
        compare = ptr8(compared)
        n_bytes = int(state[BYTES])
        room = (TOP_TAP - int(state[LOWEST])) * ONES
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
                up = (rises & 15) * SPREAD & ((four + ONES) >> 7 ^ ONES) & ONES
                down = (falls & 15) * SPREAD & (four + room) >> 7 & ONES
                taps[then] = four + up - down
                held ^= ((up | down) * GATHER >> 24 & 15) << 4 * half
                rises >>= 4
                falls >>= 4
                at += 1
                then += 1
            words[n_bytes + b] = held

    def pulse(self):
        """One step of every selected edge, made and counted or neither."""
        state = self._state
        try:
            time.sleep_us(state[PULSE_US])
            state[STAGE] = RISEN
            self._clk(1)
            time.sleep_us(state[PULSE_US])
            state[STAGE] = FALLEN
            self._clk(0)
        finally:
            self.count()

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

    def count(self):
        """Take over the step of a pulse; one that was interrupted is finished first. Doing it twice changes nothing."""
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
        """Every /CS high, U/D low."""
        self._select(0, 255)

    def _select(self, up, held):
        for b in range(self._n_bytes):
            self.words[b] = up
            self.words[self._n_bytes + b] = held
        self.lines.write()

    def restore(self, taps):
        """Down to the lower end from anywhere, then up to `taps` (bytes, one per edge)."""
        self.known = False
        state = self._state
        state[THEN] = state[NOW]
        state[TICKS_THEN] = state[TICKS]
        self._select(0, 0)
        self.lines.on()
        for _ in range(HOME_PULSES):
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
                self.lines.write()
            self.pulse()
        self.lines.off()
        self._settling.changed()
        self.assume(taps)
