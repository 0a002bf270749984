"""Find which part fails, as far as the processor can see it.

A finding is a tuple of candidates, faults that look alike from here. A candidate is a tuple: what is wrong, and its
places, as in ("high", "CMP.E-H"), ("swapped", "UD.A-B", "UD.E-H") or ("moved", "0x61", "0x63"); words() puts a finding
into words. Steps: I2C, nodes, pots, comparators; one whose tools have failed is not made. With diodes in the sockets
the steps are I2C, nodes, diodes: the others take edges for resistors, and are not made.
Until every pot is known to step, driven nodes differ by SWING at most (task volts): no single fault can then pass the
current limit of a source or pot.
"""

from ..drivers.tca9548a import ADDRESS, place_name
from .board_under_test import BoardUnderTest
from .levels import COMPARISONS, LOW, NETWORKS, SWING

ELSEWHERE = {"MCP4728": range(0x60, 0x68), "ADG715": range(0x48, 0x4C), "TCA9548A": range(0x70, 0x78)}
WORDS = {
    "missing": "does not answer",
    "moved": "instead",
    "high": "stuck high",
    "low": "stuck low",
    "dead": "never steps",
    "twice": "steps twice at each clock",
    "odd": "does not follow",
    "shorted": "shorted",
    "open": "open",
    "closed": "never opens",
    "swapped": "crossed",
    "offset": "reads wrong",
    "noisy": "noisy",
    "scaled": "gives voltages that are off by one factor",
    "silent": "does not answer",
    "missing:diode": "does not conduct",
    "reversed": "is the wrong way round",
    "mismatched": "differs from its twin",
}
NOUNS = {
    "driver": "driver of node",
    "switch": "switch of node",
    "adc": "ADC",
    "pot": "pot",
    "CMP": "CMP of edge",
    "SGN": "SGN of edge",
    "UD": "U/D of edge",
    "CS": "/CS of edge",
    "XOR": "gate of edge",
    "LATCH": "LATCH at the flip-flop of edge",
    "IN": "74HC165 input",
    "diode": "diode",
}


class SelfTest:
    """The self-test of a Twin, with `diodes` in its sockets: (anode, cathode) node indices. run() returns the findings.

    `skipped`: steps that were not made. `mismatch`: clamped over free resistance by edge, less 1; None if not measured.
    """

    def __init__(self, twin, diodes=()):
        self.twin = twin
        self.board = BoardUnderTest(twin)
        self.found = []
        self.skipped = []
        self.mismatch = None
        self.diodes = diodes
        self.unseen = []  # diodes that others hide
        self._pots_test = None

    def run(self):
        twin = self.twin
        twin.correct()
        steps = (("I2C", self._i2c), ("nodes", self._nodes), ("pots", self._pots), ("comparators", self._comparators))
        if self.diodes:
            steps = steps[:2] + (("diodes", self._test_diodes),)
        needed = ("I2C", "nodes", "pots" if twin.config["flip_flops"] else "")  # by the steps that follow
        broken = False
        try:
            for name, step in steps:
                if broken:
                    self.skipped.append(name)
                else:
                    step()
                    broken = bool(self.found) and name in needed
        finally:
            twin.safe()
        if self.diodes:
            self.skipped += ["pots", "comparators"]
        if self.mismatch is not None:  # every pot steps
            twin.restore(bytes([twin.config["start_tap"]] * twin.n_edges))
        return self.found

    def add(self, *candidates):
        """Add a finding. candidates: faults that look alike."""
        self.found.append(candidates)

    # -- I2C -----------------------------------------------------------------------------------------------------

    def _i2c(self):
        """Read a byte of every part; one that does not answer is looked for at the other addresses of its kind.

        Those on the bus itself come first: without its multiplexer nothing behind it can answer.
        """
        board = self.board
        board.power_switches()
        names = board.part_names()
        for place in sorted(names):
            if not board.answers(place):
                channel = place & ~ADDRESS
                others = [channel | address for address in ELSEWHERE[names[place]]]
                there = [at for at in others if at not in names and board.answers(at)]
                if there:
                    self.add(("moved", place_name(place), place_name(there[0])))
                else:
                    self.add(("missing", place_name(place)))
                if names[place] == "TCA9548A":
                    return

    # -- nodes and pots ------------------------------------------------------------------------------------------

    def _nodes(self):
        from .nodes import NodesTest

        if self.board.has_bridges:
            from .bridges import BridgesTest as PotsTest
        else:
            from .pots import PotsTest

        twin = self.twin
        twin.begin()
        try:
            if not self.diodes:
                self._pots_test = PotsTest(self)
            self.board.home()
            NodesTest(self).run()
        except OSError:
            for name in self.board.silent_adcs():
                self.add(("silent", "adc." + name))

    def _test_diodes(self):
        from .diodes import DiodesTest

        test = DiodesTest(self, self.diodes)
        test.run()
        self.unseen = test.unseen

    def _pots(self):
        self._pots_test.run()

    def hidden(self):
        """Return the names of pots that the wiring of the board does not let be measured."""
        if "pots" in self.skipped:
            return []
        every = [(edge, net) for net in (0, 1) for edge in range(len(self.board.edges))]
        return [
            self.board.edge(edge) + "." + NETWORKS[net] for edge, net in every if edge not in self._pots_test.seen[net]
        ]

    # -- comparators ---------------------------------------------------------------------------------------------

    def _comparators(self):
        """Drive a ramp up and down: for SGN in the free network; for CMP in the clamped one, the free one flat."""
        if self.twin.config["flip_flops"]:
            from . import edge_latches

            edge_latches.LatchTest(self, self._pots_test.resistances).run()
            return
        if self.board.has_bridges:
            self.board.home(self._pots_test.base)
        self._toggle("SGN", self.board.driven, self.board.driven[0])
        only = [node for node in self.board.driven[1] if self.board.switched or node not in self.board.driven[0]]
        self._toggle("CMP", [self.board.driven[0][:1], self.board.driven[1]], only)

    def _toggle(self, line, connected, ramped):
        board = self.board
        board.connect(*connected)
        right = [0 for _ in self.board.edges]  # readings
        high = [0 for _ in self.board.edges]
        first = 0 if line == "CMP" else self.twin.n_bytes
        levels = board.levels(ramped)
        steps = max(levels) + 2
        for sign in (1, -1):
            volts = [LOW + SWING / 2 for _ in board.nodes]
            for level, node in zip(levels, ramped):
                volts[node] += sign * SWING * ((level + 1) / steps - (0.5 if len(ramped) > 1 else 0))
            board.drive(volts)
            board.settle()
            if line == "SGN" and board.has_bridges:
                self._pots_test.fill_in(volts)
            for _ in range(COMPARISONS):
                words = board.compare()
                for k, (a, b) in enumerate(self.board.edges):
                    level = words[first + (k >> 3)] >> (k & 7) & 1
                    high[k] += level
                    right[k] += level == (volts[a] > volts[b])
        unsure = self._pots_test.between if board.has_bridges and line == "SGN" and self.mismatch is None else ()
        wrong = []
        for k, (a, b) in enumerate(self.board.edges):
            if right[k] < 2 * COMPARISONS and k not in unsure and (line == "SGN" or a in ramped or b in ramped):
                what = {0: "low", 2 * COMPARISONS: "high"}.get(high[k], "odd")
                drivers = []
                if line == "CMP" and not self.board.switched:
                    drivers = [("open", "driver." + self.board.name(n)) for n in ramped if n in (a, b)]
                wrong.append([(what, "%s.%s" % (line, self.board.edge(k)))] + drivers)
        common = [fault for fault in wrong[0] if all(fault in finding for finding in wrong)] if wrong else []
        if len(wrong) > 1 and common:  # one driver explains what more comparators do
            wrong = [common]
        elif len(wrong) == len(board.edges) > 1 and line == "CMP" and len(ramped) == 2 and not board.switched:
            wrong = [[("swapped", "driver." + board.name(ramped[0]), "driver." + board.name(ramped[1]))]]
        for finding in wrong:
            self.add(*finding)


def words(finding):
    """Return a finding in words: (("high", "CMP.E-H"),) is "CMP of edge E-H stuck high"."""
    candidates = []
    for what, *places in finding:
        nouns = []
        for place in places:
            kind, _, name = place.partition(".")
            nouns.append("%s %s" % (NOUNS[kind], name) if kind in NOUNS and name else place)
        said = WORDS.get("%s:%s" % (what, kind)) or WORDS[what]
        candidates.append("%s %s" % ((" answers at " if what == "moved" else " and ").join(nouns), said))
    return " or ".join(candidates)


def report(test):
    """Print the findings of a SelfTest."""
    for finding in test.found:
        print(words(finding))
    hidden = test.hidden() + test.unseen
    if hidden:
        print("not visible on this board: " + ", ".join(hidden))
    if test.skipped:
        why = "with diodes in the sockets" if test.diodes else "before that is mended"
        print("not tested %s: %s" % (why, ", ".join(test.skipped)))
    print("%d faults found" % len(test.found) if test.found else "no fault found")
    if test.found and not test.diodes:
        print('if diodes are in the sockets, name them: learner.selftest("A>C")')
    if not test.twin.known:
        print("taps are not known: restore() or home() first")
    elif not test.found:
        print("taps are " + " ".join([str(tap) for tap in test.twin.taps]))
