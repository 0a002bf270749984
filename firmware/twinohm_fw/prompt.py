"""The learner at the REPL: nodes by name, task volts 0..5."""

import random

from .core.levers import P_ONE
from .core.twin import ETA_ONE
from .protocol.messages import VOTES, record_size

HELP = """learner.apply({"B": 5, "D": 1, "I": 0})   drive input nodes (volts)
learner.nudge({"F": 3}, eta=1)            what output nodes should be; clamps their twins
learner.measure()                         free voltages; measure(clamped=True): the twin's
learner.tick()                            one learning step
learner.train(100)                        100 of them
learner.levers(p=0.5)                     each edge takes part half of the time; levers() lets all
learner.taps                              where every edge stands, 0..127
learner.restore([64] * 16), .home()       find the taps again and set them
learner.selftest()                        what fails, by name; homes the taps
learner.safe()                            switches open
learner.serve()                           frames for the host until it says goodbye"""


class Learner:
    """A person's view of one Twin. Raises ValueError for names and volts that do not exist, OSError for hardware."""

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
        """One tap per edge, or None if the counts were lost."""
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
        if not 0 <= volts <= 5:
            raise ValueError("%s = %r V: task volts are 0..5" % (name, volts))
        return self.twin.networks.low + round(volts / 5 * (self.twin.networks.high - self.twin.networks.low))

    def _volts(self, code):
        return 5 * (code - self.twin.networks.low) / (self.twin.networks.high - self.twin.networks.low)

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
        networks.apply(codes)

    def nudge(self, desired, eta=None):
        """Desired volts of output nodes: measures them and clamps their twins by eta (paper, eq. 1)."""
        twin = self.twin
        nodes = bytes([self._index(name) for name in desired])
        codes = [self._code(name, desired[name]) for name in desired]
        for name, node in zip(desired, nodes):
            if node in twin.networks.inputs:
                raise ValueError("%s is driven as an input: apply() without it first" % name)
        twin.set_outputs(nodes, codes, twin.eta if eta is None else round(eta * ETA_ONE))
        twin.networks.nudge()

    def measure(self, clamped=False):
        """Volts by node, of those that the board measures."""
        codes = [(name, self.twin.networks.read(i, clamped)) for i, name in enumerate(self.nodes)]
        return {name: self._volts(code) for name, code in codes if code is not None}

    def tick(self):
        """One learning step with the present inputs and desired outputs."""
        self.train(1)

    def train(self, ticks):
        """So many steps; Ctrl-C stops between two of them, switches open."""
        twin = self.twin
        if not twin.networks.inputs or not twin.networks.outputs:
            raise ValueError("nothing to learn: apply() inputs and nudge() outputs first")
        log = bytearray(record_size(len(twin.networks.outputs), twin.n_edges))
        try:
            for _ in range(ticks):
                twin.tick(log, 0)
        except BaseException:
            twin.safe()
            raise
        finally:
            twin.save_taps()

    def levers(self, p=1, readings=1, vote="majority"):
        """Participation probability of an edge; readings of its comparators, and who wins if they disagree."""
        if not 0 < p <= 1 or not 1 <= readings <= 15 or vote not in VOTES:
            raise ValueError("levers: p in 0..1, readings 1..15, vote one of %s" % " ".join(VOTES))
        if self.twin.config["flip_flops"] and readings > 1 and vote != "unanimous":
            raise ValueError("edges of %s find their own direction: of several readings, vote unanimous" % self.name)
        seed = [1 + random.getrandbits(14) for _ in range(3)]
        self.twin.levers.set(round(p * P_ONE), 0, 0, readings, vote, False, False, seed)

    def home(self):
        """Every edge to its start tap."""
        self.restore([self.twin.config["start_tap"]] * self.twin.n_edges)

    def restore(self, taps):
        """Find the lower end with open switches, then count up to one tap per edge."""
        self.twin.restore(bytes(taps))

    def safe(self):
        self.twin.safe()

    def selftest(self):
        """Say what fails. Moves all pots; every tap is its start tap then, or unknown."""
        from .selftest.self_test import SelfTest, report

        test = SelfTest(self.twin)
        test.run()
        report(test)

    def serve(self):
        """Answer the host's frames until it says goodbye, or until Ctrl-C."""
        from .protocol.server import Server

        Server(self.twin).run()
