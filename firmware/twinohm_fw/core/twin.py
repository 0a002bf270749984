"""One tick of the learning rule, all in integers. Volts and names live in learn.py.

Rules are those of the paper (arXiv 2108.00275): eq. 1 for the nudge, eq. 6 for the direction, up = XNOR(CMP, SGN).
"""

import time

import micropython

from ..drivers.ad5220 import TOP_TAP
from . import tap_store, wiring
from .levers import Levers, isqrt
from .networks import Drive
from .tick_record import write_codes, write_record

ETA_ONE = 4096


class Twin(Drive):
    """Both networks of one board and their edges."""

    def __init__(self, config):
        self.n_edges = len(config["edges"])
        self.n_bytes = (self.n_edges + 7) >> 3
        super().__init__(config)
        self.eta = ETA_ONE
        self.levers = Levers(self.n_edges, self.limits)
        self._comparators = wiring.comparators(config, self.n_bytes)
        self.pots = wiring.pots(config, self.n_bytes, self._settling)
        fresh, kept = tap_store.load(self.n_edges)
        self.pots.assume(kept or bytes([config["start_tap"]] * self.n_edges))
        self.pots.known = fresh or kept is not None
        # Looked up once, for tick().
        self._comparing = (self._settling.wait, self._comparators.read, self._comparators.words, self.pots.words)
        self._stepping = (self.pots.plan, self.pots.lines.write, self.pots.pulse)

    @property
    def taps(self):
        """Tap of every edge as bytes, or None if the count was lost (restore() finds it again)."""
        return self.pots.taps

    @property
    def known(self):
        """Whether the taps are."""
        return self.pots.known

    @property
    def ticks(self):
        """Ticks since the taps were set."""
        return self.pots.ticks

    @property
    def eta(self):
        """Of eq. 1, in 1/4096."""
        return self.limits[1]

    @eta.setter
    def eta(self, eta):
        self.limits[1] = eta

    def safe(self):
        """All switches open, pots deselected. A board without switches drives all nodes equal."""
        self.pots.count()
        self.pots.lines.off()
        super().safe()

    def place(self, inputs, outputs, eta=ETA_ONE, settle_us=None):
        """Roles by node index; all others are hidden. eta in 1/4096 (eq. 1)."""
        super().place(inputs, outputs, settle_us)
        self.eta = eta

    def set_outputs(self, outputs, desired, eta):
        """Output nodes (bytes), their desired codes and eta; the inputs stay as they are."""
        self._armed = self._armed and outputs == self.outputs
        codes = self.codes
        self._set_roles(self.inputs, outputs)
        for k in range(len(codes)):
            self.codes[k] = codes[k]
        self.want(desired)
        self.eta = eta

    def want(self, desired):
        """Desired codes of the outputs, in the order of the roles."""
        for k in range(len(self.outputs)):
            self.desired[k] = desired[k]

    def _arm(self):
        """Pots deselected but alive before the networks are driven."""
        self.begin()
        self.pots.deselect()
        self.pots.lines.on()
        super()._arm()

    @micropython.native
    def tick(self, log, at):
        """One clock edge: nudge, compare, step the edges. Writes its record (protocol/messages.py) into log[at:].

        Everything that may wait is done while the networks settle: there it costs no time.
        """
        if not self.pots.known:
            raise OSError("tap counts are not known: restore() or home() first")
        squares = self.nudge()
        levers = self.levers
        obey = not levers.on
        part = levers.part
        n = len(self.outputs)
        end = write_codes(log, at + 4, self.free, self.clamped, n)
        wait, compare, compared, words = self._comparing
        plan, write, pulse = self._stepping
        if levers.on:
            rms = isqrt(squares // n) << 3
            wait()
            levers.decide(self._comparators, words, rms)
        else:
            wait()
            compare()
        plan(part, compared, obey)
        write()
        pulse()
        self._settling.us, self._clamp_us = self._step_us
        write_record(log, at, time.ticks_us(), end, compared, words, self.n_edges)

    def restore(self, taps):
        """Home with open switches, then count up to `taps` (bytes, min_tap..127, one per edge)."""
        lowest = self.config["min_tap"]
        if len(taps) != self.n_edges or min(taps) < lowest or max(taps) > TOP_TAP:
            raise ValueError("restore needs %d taps of %d..%d" % (self.n_edges, lowest, TOP_TAP))
        self.begin()
        self.safe()
        tap_store.save(None)
        self.pots.restore(taps)
        self.keep()

    def keep(self):
        """Put the tap counts where a soft reset does not reach."""
        tap_store.save(self.taps)
