"""One tick of the learning rule, homing and tap counts, all in integers. Volts and names live in learn.py.

Rules are those of the paper (arXiv 2108.00275): eq. 1 for the nudge, eq. 6 for the direction, up = XNOR(CMP, SGN).
"""

import time

from . import keep, wiring
from .drive import Drive
from .levers import Levers, isqrt

ETA_ONE = 4096
TOP_TAP = 127
HOME_PULSES = 130  # 127 reach the lower end from anywhere


class Twin(Drive):
    """Both networks of one board and their edges."""

    def __init__(self, config):
        self.n_edges = len(config["edges"])
        self.n_bytes = n = (self.n_edges + 7) >> 3
        self._pots, self._lines = wiring.pots(config, n)
        self._comparators = wiring.comparators(config, n)
        self._up = bytearray(n)
        self._move = bytearray(n)
        # Taps as they are and as the next step makes them: taking over is one assignment, so Ctrl-C cannot split it.
        self._sets = (bytearray(self.n_edges), bytearray(self.n_edges))
        self._now = 0
        self._then = 0
        self._ticks_then = 0
        self._min_tap = config["min_tap"]
        self._rms = 0
        self.levers = Levers(self.n_edges)
        self.eta = ETA_ONE
        self.desired = []
        self.ticks = 0
        fresh, kept = keep.load(self.n_edges)
        self.known = fresh or kept is not None
        for i in range(self.n_edges):
            self._sets[0][i] = kept[i] if kept is not None else config["start_tap"]
        super().__init__(config)

    @property
    def taps(self):
        """Tap of every edge as bytes, or None if the count was lost (restore() finds it again)."""
        self._count()
        return bytes(self._sets[self._now]) if self.known else None

    def safe(self):
        """All switches open, pots deselected. A board without switches drives all nodes equal."""
        self._count()
        self._lines.off()
        super().safe()

    def place(self, inputs, outputs, eta=ETA_ONE):
        """Roles by node index; all others are hidden. eta in 1/4096 (eq. 1)."""
        super().place(inputs, outputs)
        self.desired = [self.low] * len(self.outputs)
        self.eta = eta

    def set_outputs(self, outputs, desired, eta):
        """Output nodes (bytes), their desired codes and eta; the inputs stay as they are."""
        self._armed = self._armed and outputs == self.outputs
        self.outputs = outputs
        self.desired = desired
        self.eta = eta

    def _arm(self):
        """Pots deselected but alive before the networks are driven."""
        self.begin()
        for b in range(self.n_bytes):
            self._move[b] = 0
        self._pots.set(self._up, self._move)
        self._lines.on()
        super()._arm()

    def nudge(self, log, at):
        """Measure the outputs and clamp their twins (eq. 1). Writes free, then clamped codes (u16) into log[at:]."""
        if not self._armed:
            self._arm()
        self._settle()
        outputs = self.outputs
        n = len(outputs)
        squares = 0
        for k in range(n):
            node = outputs[k]
            free = self._read(self._free[node])
            error = self.desired[k] - free
            squares += (abs(error) >> 3) * (abs(error) >> 3)
            if self.levers.overclamp:
                error = (self.high if error > 0 else self.low) - free
            code = free + ((error * self.eta + 2048) >> 12)
            code = min(max(code, self.low), self.high)
            channel = self._channel[node]
            code = channel[0].set(channel[1], code)
            log[at] = free & 255
            log[at + 1] = free >> 8
            log[at + 2 * n] = code & 255
            log[at + 2 * n + 1] = code >> 8
            at += 2
        self._flush()
        self._rms = isqrt(squares // n) << 3 if self.levers.on else 0

    def infer(self, codes):
        """Drive input codes and return the free networks' output codes."""
        self.apply(codes)
        self._settle()
        return [self._read(self._free[node]) for node in self.outputs]

    # -- learning ------------------------------------------------------------------------------------------------

    def record_size(self):
        """Bytes of one tick's telemetry: time u32, free u16.., clamped u16.., cmp, sgn, up, moved."""
        return 4 + 4 * len(self.outputs) + 4 * self.n_bytes

    def tick(self, log, at):
        """One clock edge: nudge, compare, step the edges. Writes record_size() bytes into log[at:]."""
        self._count()
        if not self.known:
            raise OSError("tap counts are not known: restore() or home() first")
        self.nudge(log, at + 4)
        self._settle()
        n = self.n_bytes
        words = self._comparators.words
        up = self._up
        part = self.levers.part
        if self.levers.on:
            self.levers.decide(self._comparators, up, self._rms)
        else:
            self._comparators.read()
            for b in range(n):
                up[b] = ~(words[b] ^ words[n + b]) & 255
                part[b] = 255
        now = time.ticks_us()
        log[at] = now & 255
        log[at + 1] = now >> 8 & 255
        log[at + 2] = now >> 16 & 255
        log[at + 3] = now >> 24 & 255
        at += 4 + 4 * len(self.outputs)
        self._plan(part)
        for b in range(n):
            log[at + b] = words[b]
            log[at + n + b] = words[n + b]
            log[at + 2 * n + b] = up[b]
            log[at + 3 * n + b] = self._move[b]
        if self.n_edges & 7:
            log[at + 3 * n - 1] &= (1 << (self.n_edges & 7)) - 1
        self._step()

    def _plan(self, part):
        """Next tap of every edge by `up`. Edges not in `part`, or at the end of their range, are held by their /CS."""
        taps = self._sets[self._now]
        later = self._sets[1 - self._now]
        up = self._up
        move = self._move
        for b in range(self.n_bytes):
            move[b] = 0
        for i in range(self.n_edges):
            tap = taps[i]
            bit = 1 << (i & 7)
            b = i >> 3
            if part[b] & bit:
                if up[b] & bit:
                    if tap < TOP_TAP:
                        tap += 1
                        move[b] |= bit
                elif tap > self._min_tap:
                    tap -= 1
                    move[b] |= bit
            later[i] = tap

    def _step(self):
        """Clock the pots and take over the planned taps: both or neither, even if Ctrl-C comes in between."""
        self._pots.set(self._up, self._move)
        self._then = 1 - self._now
        self._ticks_then = self.ticks + 1
        try:
            self._pots.pulse()
        finally:
            self._count()

    def _count(self):
        """Take over a step that was made and not counted yet. Doing it twice changes nothing."""
        if self._pots.stepped():
            self._now = self._then
            self.ticks = self._ticks_then
            self._changed_us = time.ticks_us()
        self._pots.idle()

    # -- taps ----------------------------------------------------------------------------------------------------

    def restore(self, taps):
        """Home with open switches, then count up to `taps` (bytes, min_tap..127, one per edge)."""
        if len(taps) != self.n_edges or min(taps) < self._min_tap or max(taps) > TOP_TAP:
            raise ValueError("restore needs %d taps of %d..%d" % (self.n_edges, self._min_tap, TOP_TAP))
        self.begin()
        self.safe()
        self.known = False
        keep.save(None)
        for b in range(self.n_bytes):
            self._up[b] = 0
            self._move[b] = 255
        self._pots.set(self._up, self._move)
        self._lines.on()
        for _ in range(HOME_PULSES):
            self._clock()
        for level in range(max(taps)):
            self._select_above(taps, level)
            self._clock()
        for i in range(self.n_edges):
            self._sets[self._now][i] = taps[i]
        self._changed_us = time.ticks_us()
        self._lines.off()
        self.known = True
        self.ticks = 0
        self.keep()

    def _select_above(self, taps, level):
        """Upwards, and only edges whose tap is above `level`; the lines are written if that changes them."""
        changed = level == 0
        for b in range(self.n_bytes):
            self._up[b] = 255
        for i in range(self.n_edges):
            bit = 1 << (i & 7)
            select = bit if taps[i] > level else 0
            if self._move[i >> 3] & bit != select:
                self._move[i >> 3] ^= bit
                changed = True
        if changed:
            self._pots.set(self._up, self._move)

    def _clock(self):
        """A step that is not a tick."""
        self._then = self._now
        self._ticks_then = self.ticks
        self._pots.pulse()
        self._pots.stepped()
        self._pots.idle()

    def keep(self):
        """Put the tap counts where a soft reset does not reach."""
        self._count()
        keep.save(self._sets[self._now] if self.known else None)
