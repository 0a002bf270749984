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

from . import platform, tap_store
from .blocks.timer import TICKS_MASK
from .ctrl_c import hold
from .platform import address, ptr8, ptr32, registers

HIGHEST_TOP_TAP = const(127)  # seven bits of each packed tap; the eighth is the carry
SPARE_PULSES = 3  # beyond those that reach the lower end from the upper one
UNKNOWN = "taps are not known: restore() or home() first"

# Those of tap_store: MicroPython inlines const() only in the module that defines it.
DIRTY = const(0x10000000)
COMMITTED = const(0x20000000)
CHECK = const(0x1FFFFFFF)

# Four taps are one word, a byte each; a bit each, they are four bits.
ONES = const(0x01010101)
SPREAD = const(0x00204081)  # four bits * SPREAD & ONES: one a byte
GATHER = const(0x01020408)  # and back: * GATHER >> 24

# Indices of the state, array "i". NOW: which half of the taps is valid; THEN: which will be after the next step.
NOW = const(0)
THEN = const(1)
TICKS = const(2)
WORD = const(3)  # tap_store's state word of these taps
BYTES = const(4)  # of edges, a bit each
BELOW = const(5)  # in each byte, what carries a tap above the lowest into the eighth bit
PULSE_US = const(6)
ABOVE = const(7)  # in each byte, what carries the highest tap into the eighth bit


class UpDownPots:
    """The pots of all edges on one CLK.

    config: `edges`, `clk` (GPIO number), `min_tap`, `start_tap`, `pulse_us`, and `pot` with `top_tap`, `power_on_tap`
    and `deselect`. control_lines: driver of U/D and /CS; its `words` are U/D bytes, then /CS bytes. settling: Settling
    that notes each step. A pot cannot be read back: its tap is counted, and tap_store says whether the count is right.
    Raises ValueError for a part that this driver cannot step.
    """

    DESELECT = "cs_high"  # what the part's deselect must be

    def __init__(self, config, control_lines, settling):
        self.top_tap = top_tap = config["pot"]["top_tap"]
        if not 0 < top_tap <= HIGHEST_TOP_TAP or config["pot"]["deselect"] != self.DESELECT:
            raise ValueError("these pots need taps up to %d and to be deselected by /CS" % HIGHEST_TOP_TAP)
        self.control_lines = control_lines
        self.words = control_lines.words
        self._n_edges = len(config["edges"])
        self._n_bytes = n_bytes = len(self.words) >> 1
        self._taps = array("I", [0] * (4 * n_bytes))
        below = (HIGHEST_TOP_TAP - config["min_tap"]) * ONES
        above = (HIGHEST_TOP_TAP + 1 - top_tap) * ONES
        self._state = array("i", [0, 0, 0, tap_store.NEVER, n_bytes, below, config["pulse_us"], above])
        self._buffers = (self._state, self._taps, self.words)  # one look-up of plan_step() finds all three
        self._recall(config["pot"]["power_on_tap"], config["start_tap"])
        self._clk = Pin(config["clk"], Pin.OUT, value=0)
        self._settling = settling
        self._acts = (self._clock, self._clock_and_count)
        if platform.FAST:
            self._use_registers(config, settling)

    def _use_registers(self, config, settling):
        """Have pulse() work on the chip's registers."""
        places = [registers.GPIO_OUT_SET, registers.GPIO_OUT_CLR, registers.TIMERAWL]
        numbers = [TICKS_MASK, 1 << config["clk"]]
        buffers = [address(self._state), address(settling.since), address(self._taps)]
        words = [tap_store.STATE, len(tap_store.WORDS)] + tap_store.WORDS
        self._table = array("I", places + numbers + buffers + words)
        self.pulse = self._pulse_registers

    def _recall(self, power_on_tap, start_tap):
        """Take the counts that are kept, or after power-on what the part starts with; else the taps are not known."""
        kept = tap_store.load(2 * self._n_bytes)
        taps = bytes([start_tap if power_on_tap is None else power_on_tap] * self._n_edges)
        if kept is not None and max(bytes(kept)) <= self.top_tap:
            taps = bytes(kept)[: self._n_edges]
            self._state[WORD] = tap_store.state()
        elif power_on_tap is not None and tap_store.is_fresh():
            self._state[WORD] = 0
        self._write_taps(taps)

    @property
    def known(self):
        """Whether the taps are known."""
        return self._state[WORD] == tap_store.state()

    @property
    def taps(self):
        """Taps as bytes, one an edge, or None if they are not known."""
        first = 8 * self._n_bytes * self._state[NOW]
        return bytes(self._taps)[first : first + self._n_edges] if self.known else None

    @property
    def ticks(self):
        """Number of steps since the taps were set."""
        return self._state[TICKS]

    def set_taps(self, taps):
        """Take `taps` (bytes, one an edge) for the taps at which the pots are."""
        self._forget()
        self._write_taps(taps)
        hold(self._commit)

    def _write_taps(self, taps):
        padded = bytes(taps) + bytes(8 * self._n_bytes - self._n_edges)
        for k, word in enumerate(array("I", padded)):
            self._taps[2 * self._n_bytes * self._state[NOW] + k] = word
        self._state[TICKS] = 0

    def _commit(self):
        state = self._state
        n = 2 * self._n_bytes
        state[WORD] = tap_store.commit(self._taps, n * state[NOW], n)

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

    def pulse(self, counted):
        """Step every selected pot. counted: count the planned step; else the taps are not known afterwards.

        Raises OSError, with no pot moved, if the step is to be counted and the taps are not known.
        """
        if counted and not self.known:
            self._refuse()
        hold(self._acts[counted])

    def _forget(self):
        tap_store.mark()
        self._state[WORD] = tap_store.NEVER

    def _refuse(self):
        raise OSError(UNKNOWN)

    def _clock(self):
        self._forget()
        us = self._state[PULSE_US]
        time.sleep_us(us)
        self._clk(1)
        time.sleep_us(us)
        self._clk(0)
        self._settling.changed()

    def _clock_and_count(self):
        self._clock()
        state = self._state
        state[NOW] = state[THEN]
        state[TICKS] += 1
        self._commit()

    @micropython.viper
    def _pulse_registers(self, counted: int):
        table = ptr32(self._table)
        state = ptr32(table[5])
        word = ptr32(table[8])
        if counted:
            if int(word[0]) != int(state[WORD]):
                self._refuse()
        state[WORD] = -1
        word[0] = DIRTY
        timer_us = ptr32(table[2])
        start = int(timer_us[0])
        set_pins = ptr32(table[0])
        clear_pins = ptr32(table[1])
        ticks_mask = int(table[3])
        clk = int(table[4])
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
        if counted:
            state[NOW] = int(state[THEN])
            state[TICKS] = int(state[TICKS]) + 1
            # What tap_store.commit() does: calling it takes 12 us.
            n = 2 * int(state[BYTES])
            at = n * int(state[NOW])
            taps = ptr32(table[7])
            room = int(table[9])
            check = 0
            for k in range(n):
                four = int(taps[at + k])
                if k < room:
                    ptr32(table[10 + k])[0] = four
                check = (check * 31 + four) & CHECK
            check |= COMMITTED
            word[0] = check
            state[WORD] = check

    def deselect(self):
        """Set every /CS high and every U/D low."""
        self._select(0, 255)

    def _select(self, up, held):
        for b in range(self._n_bytes):
            self.words[b] = up
            self.words[self._n_bytes + b] = held
        self.control_lines.write()

    def restore(self, taps):
        """Step down to the lower end from anywhere, then up to `taps` (bytes, one an edge), which are known then."""
        self.move_to(taps)
        self.set_taps(taps)

    def move_to(self, taps):
        """Move the pots as restore() does. The taps are not known afterwards: a pot may have failed."""
        self._select(0, 0)
        self.control_lines.on()
        for _ in range(self.top_tap + SPARE_PULSES):
            self.pulse(0)
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
            self.pulse(0)
        self.control_lines.off()
        self._settling.changed()
