"""One tick of the learning rule, all in integers. Volts and names of nodes are in prompt.py.

Rules are those of the paper (arXiv 2108.00275): eq. 1 for the nudge, eq. 6 for the direction, up = XNOR(CMP, SGN).
"""

import time
from collections import namedtuple

import micropython

from ..drivers import lamp
from ..drivers.ctrl_c import finish
from ..drivers.settling import settling
from . import wiring
from .levers import Levers, isqrt
from .networks import Networks
from .nudge import squared_errors
from .tick_record import write_codes, write_record

ETA_ONE = 4096  # eta is in 1/4096

# What tick() needs, looked up once. It unpacks copies that are plain tuples (networks.py says why).
Comparing = namedtuple("Comparing", ("wait", "read", "words"))
Stepping = namedtuple("Stepping", ("plan", "write", "pulse", "words"))  # pulse(1) is counted


class Twin:
    """Both networks of one board, their pots and comparators, and the levers of learning.

    config: the board's configuration, made by the host from boards.toml.
    """

    def __init__(self, config):
        self.config = config
        self.n_edges = len(config["edges"])
        self.n_bytes = (self.n_edges + 7) >> 3
        wait = settling(config["settle_us"])
        self.networks = Networks(config, wait, self._enable_pots)
        self.n_nodes = self.networks.n_nodes
        self.networks.nudge_terms.eta = ETA_ONE
        self.levers = Levers(self.n_edges, self.networks.nudge_terms)
        self.comparators = wiring.comparators(config, self.n_bytes)
        self.pots = wiring.pots(config, self.n_bytes, wait)
        self._nudge = self.networks.nudge
        self._settling = wait
        self._comparing = tuple(Comparing(wait.wait, self.comparators.read, self.comparators.words))
        pots = self.pots
        self._stepping = tuple(Stepping(pots.plan_step, pots.control_lines.write, pots.pulse, pots.words))

    @property
    def taps(self):
        """Tap of every edge as bytes, or None if the taps are not known (restore() finds them again)."""
        return self.pots.taps

    @property
    def known(self):
        """Whether the taps are known."""
        return self.pots.known

    @property
    def ticks(self):
        """Ticks since the taps were set."""
        return self.pots.ticks

    @property
    def eta(self):
        """The nudge of eq. 1, in 1/4096."""
        return self.networks.nudge_terms.eta

    @eta.setter
    def eta(self, eta):
        self.networks.nudge_terms.eta = eta

    @property
    def comparing(self):
        """Comparing of the hot loop."""
        return Comparing(*self._comparing)

    @property
    def stepping(self):
        """Stepping of the hot loop."""
        return Stepping(*self._stepping)

    def begin(self):
        """Set up all parts once; then the board is safe."""
        if not self.networks.begun:
            try:
                self.networks.begin()
            finally:
                self.safe()

    def safe(self):
        """Open all switches and deselect the pots. A board without switches drives all nodes equal.

        Return None, or the exception of a part that failed; it never raises one. Ctrl-C does not end it early.
        """
        self._failure = None
        finish(self._make_safe)
        return self._failure

    def _make_safe(self):
        for act in (self.networks.safe, self.pots.control_lines.off):
            try:
                act()
            except Exception as error:
                self._failure = error
                lamp.fail()
        lamp.dark()

    def place(self, inputs, outputs, eta=ETA_ONE, settle_us=None):
        """Give nodes their roles by index; all others are hidden.

        eta: 1/4096. settle_us: longest time that the free and the clamped network take to settle.
        """
        self.begin()
        self.networks.place(inputs, outputs, settle_us)
        self.eta = eta

    def set_outputs(self, outputs, desired, eta):
        """Give nodes (bytes) the role of outputs, with desired codes and eta; the inputs stay as they are."""
        self.networks.place_outputs(outputs)
        self.networks.set_desired(desired)
        self.eta = eta

    def correct(self, corrections=None):
        """Set (gain, offset) of every converter channel (Networks.set_corrections); None: the configuration's.

        After a change the board is safe and without roles.
        """
        if corrections or self.networks.is_corrected:
            self.safe()
            self.networks.set_corrections(corrections)

    def _enable_pots(self):
        """Deselect the pots, but let their lines be driven, before the networks are."""
        self.begin()
        self.pots.deselect()
        self.pots.control_lines.on()
        lamp.light()

    @micropython.native
    def tick(self, log, at):
        """Make one tick: nudge, compare, step the edges. Write its record (protocol/messages.py) into log[at:].

        Raises OSError if the taps are not known, or a part fails: then no edge has stepped.

        What does not depend on the voltages is done while the networks settle: there it costs no time. How it is shared
        between before and after the nudge is measured (`twinohm bench chip`).
        """
        levers = self.levers
        obey = not levers.on
        part = levers.part
        networks = self.networks
        free = networks.free
        clamped = networks.clamped
        n = len(networks.outputs)
        wait, compare, compared = self._comparing
        self._nudge()
        end = write_codes(log, at + 4, free, clamped, n)
        plan, write, pulse, words = self._stepping
        if not obey:
            pairs = networks.nudge_terms.pairs
            rms = isqrt(squared_errors(networks.desired, free, n, pairs) // (n >> 1 if pairs else n)) << 3
            wait()
            levers.choose_steps(self.comparators, words, rms)
        else:
            wait()
            compare()
        plan(part, compared, obey)
        write()
        pulse(1)
        settling = self._settling
        settling.us, settling.clamp_us = settling.step_us  # every pot has moved by one tap at most
        write_record(log, at, time.ticks_us(), end, compared, words, self.n_edges)

    def restore(self, taps):
        """Home the pots with open switches, then count up to `taps` (bytes, one an edge).

        Raises ValueError for taps outside min_tap and the part's highest tap.
        """
        lowest, highest = self.config["min_tap"], self.pots.top_tap
        if len(taps) != self.n_edges or min(taps) < lowest or max(taps) > highest:
            raise ValueError("restore needs %d taps of %d..%d" % (self.n_edges, lowest, highest))
        self.begin()
        self.safe()
        self.pots.restore(taps)
