"""The object `learner` at the REPL: nodes by name, task volts 0..5."""

import random

from .core.levers import P_ONE
from .core.twin import ETA_ONE
from .drivers import lamp
from .protocol.messages import VOTES, record_size

MOST_ETA = 4

HELP = """learner.apply({"B": 5, "D": 1, "I": 0})   drive input nodes (volts)
learner.nudge({"F": 3}, eta=1)            set desired outputs (volts); clamps their twins
learner.measure()                         free voltages; measure(clamped=True): clamped
learner.tick()                            one learning step
learner.train(100)                        100 learning steps
learner.levers(p=0.5)                     each edge takes part half of the time; levers() lets all
learner.taps                              tap of every edge, from 0
learner.restore([64] * 16), .home()       home all pots, then set the taps
learner.selftest()                        find what fails; moves all pots; selftest("A>C"): a diode is plugged in
learner.safe()                            switches open
learner.serve()                           answer the host until it sends BYE"""


class Learner:
    """A Twin by names and volts. Methods raise ValueError for wrong names and numbers, OSError for parts that fail.

    A part that fails, or Ctrl-C, leaves the board safe.
    """

    def __init__(self, twin):
        self.twin = twin
        self.name = twin.config["board"]
        self.nodes = twin.config["nodes"]

    def __repr__(self):
        return "<learner on %s, tick %d; learner.help() lists what it does>" % (self.name, self.twin.ticks)

    def help(self):
        print(HELP)

    def begin(self):
        self.twin.begin()

    @property
    def taps(self):
        """Tap of each edge as a list, or None if the taps are not known."""
        taps = self.twin.taps
        return taps and list(taps)

    @property
    def edges(self):
        return ["%s-%s" % (self.nodes[a], self.nodes[b]) for a, b in self.twin.config["edges"]]

    def _index(self, name):
        if name not in self.nodes:
            raise ValueError("no node %r: this board has %s" % (name, " ".join(self.nodes)))
        return self.nodes.index(name)

    def _code(self, name, volts):
        networks = self.twin.networks
        if not 0 <= volts <= networks.task_span_V:
            raise ValueError("%s = %r V: task volts are 0..%d" % (name, volts, networks.task_span_V))
        return networks.code(volts)

    def apply(self, inputs):
        """Drive input nodes. A node that was an output becomes an input."""
        nodes = bytes([self._index(name) for name in inputs])
        codes = [self._code(name, inputs[name]) for name in inputs]
        twin = self.twin
        networks = twin.networks
        if nodes != networks.inputs:
            left = [k for k in range(len(networks.outputs)) if networks.outputs[k] not in nodes]
            desired = [networks.desired[k] for k in left]
            twin.place(nodes, [networks.outputs[k] for k in left], twin.eta)
            networks.set_desired(desired)
        self._or_safe(networks.apply, codes)

    def nudge(self, desired, eta=None):
        """Measure output nodes and clamp their twins by eta towards the desired volts (paper, eq. 1)."""
        twin = self.twin
        nodes = bytes([self._index(name) for name in desired])
        codes = [self._code(name, desired[name]) for name in desired]
        for name, node in zip(desired, nodes):
            if node in twin.networks.inputs:
                raise ValueError("%s is driven as an input: apply() without it first" % name)
        if eta is not None and not (0 < eta <= MOST_ETA and round(eta * ETA_ONE)):
            raise ValueError("eta = %r: %g (the board's step) to %d" % (eta, 1 / ETA_ONE, MOST_ETA))
        twin.set_outputs(nodes, codes, twin.eta if eta is None else round(eta * ETA_ONE))
        self._or_safe(twin.networks.nudge)

    def measure(self, clamped=False):
        """Return volts by node, for the nodes that the board measures."""
        return self._or_safe(self._measure, clamped)

    def _measure(self, clamped):
        codes = [(name, self.twin.networks.read(i, clamped)) for i, name in enumerate(self.nodes)]
        return {name: self.twin.networks.volts(code) for name, code in codes if code is not None}

    def tick(self):
        """Make one learning step with the present inputs and desired outputs."""
        self.train(1)

    def train(self, ticks):
        """Make so many learning steps; Ctrl-C stops between two of them."""
        self._or_safe(self._train, ticks)

    def _train(self, ticks):
        twin = self.twin
        if ticks < 1:
            raise ValueError("train(%r): 1 tick or more" % ticks)
        if not twin.networks.inputs or not twin.networks.outputs:
            raise ValueError("nothing to learn: apply() inputs and nudge() outputs first")
        log = bytearray(record_size(len(twin.networks.outputs), twin.n_edges))
        for _ in range(ticks):
            twin.tick(log, 0)

    def _or_safe(self, act, *arguments):
        """Return act(*arguments). Whatever it raises, the board is safe then."""
        try:
            try:
                return act(*arguments)
            except Exception:
                lamp.fail()
                raise
        except:  # drivers/ctrl_c.py says why it names no class
            self.twin.safe()
            raise

    def levers(self, p=1, readings=1, vote="majority"):
        """Set the probability that an edge takes part in a tick, the readings of its comparators, and their vote."""
        if not (0 < p <= 1 and round(p * P_ONE)) or not 1 <= readings <= 15 or vote not in VOTES:
            raise ValueError(
                "levers: p %g (the board's step) to 1, readings 1..15, vote one of %s" % (1 / P_ONE, " ".join(VOTES))
            )
        if readings == 1 and vote != "majority":
            raise ValueError("a single reading has nothing to vote on: give readings of 2 or more")
        if self.twin.config["flip_flops"] and readings > 1 and vote != "unanimous":
            raise ValueError("edges of %s find their own direction: of several readings, vote unanimous" % self.name)
        seed = [1 + random.getrandbits(14) for _ in range(3)]
        self.twin.levers.set(round(p * P_ONE), 0, 0, readings, vote, False, False, False, False, 0, seed)

    def home(self):
        """Set every edge to its start tap."""
        self.restore([self.twin.config["start_tap"]] * self.twin.n_edges)

    def restore(self, taps):
        """Home all pots with open switches, then count up to `taps`, one an edge."""
        self._or_safe(self.twin.restore, bytes(taps))

    def safe(self):
        failure = self.twin.safe()
        if failure:
            print("not safe: " + str(failure))

    def selftest(self, *diodes):
        """Test the board and print what fails. Moves all pots; afterwards every tap is its start tap, or not known.

        diodes: texts "A>C", anode first, of those in the sockets of both networks.
        """
        self._or_safe(self._selftest, diodes)

    def _selftest(self, diodes):
        from .selftest.self_test import SelfTest, report

        ends = [str(text).split(">") for text in diodes]
        if any(len(names) != 2 or names[0] == names[1] for names in ends):
            raise ValueError('diodes %s: name each as "A>C", anode first' % ", ".join(map(str, diodes)))
        test = SelfTest(self.twin, [tuple([self._index(name) for name in names]) for names in ends])
        test.run()
        report(test)

    def serve(self):
        """Answer the host's requests until it sends BYE, or until Ctrl-C."""
        self._or_safe(self._serve)

    def _serve(self):
        from .protocol.server import Server

        Server(self.twin).run()
