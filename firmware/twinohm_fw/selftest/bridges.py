"""Test the pots of a board without switches, on which edges join two nodes that hang: a bridge.

The voltages of such nodes do not give all resistances. So single edges are stepped, and every single fault is asked
what it would have made of that, with the resistances of the pots as free numbers; the fault that fits best is found.
"""

import math

from .bridge_equations import Bridge, solve
from .levels import LOW, NETWORKS, SWING

BASE = (16, 64)  # taps of edges with even and odd numbers: a bridge out of balance
BETWEEN = 32  # tap of an edge between two hanging nodes
UP = 60  # steps: a pot that steps twice comes to its end
DOWN = 12
FIXED = 1.3  # series resistor and wiper, in taps
SPREAD = 0.2  # of the logarithm of a pot's resistance
NOISE = 0.004  # share of SWING: ADC, DAC and settling
GOOD = 2.0  # sum of squares for each number measured: below, no fault is looked for (240 sound boards: 0.1 to 1.9)
BAD = 4.0  # beyond, a sound board is not believed
WORSE = 15  # sum of squares of a sound board over that of the fault that fits best
ALIKE = 12  # over the best sum of squares: a fault that cannot be told from it
FIRST_ROUNDS = 2  # of the fit, for the faults that fit best before
CANDIDATES = 22
ROUNDS = 4  # more, for those that fit best then
FINALISTS = 4
FREE = 0  # network
STARTS = (FIXED, 6.0, 14.0, 28.0, 50.0, 99.0, 1e5)  # resistances from which a pot that stays is fitted


class BridgesTest:
    """Test every pot of the free network and its lines. test: SelfTest that gets the findings."""

    def __init__(self, test):
        self._test = test
        self._board = board = test.board
        self._edges = range(len(board.edges))
        self._hanging = [node for node in board.measured[FREE] if node not in board.driven[FREE]]
        self.bridge = Bridge(board.edges, self._hanging)
        self.seen = [{e for e in self._edges if self._ends(e)}, set()]
        self.between = [e for e in self._edges if self._ends(e) == 2]
        self.base = bytes([BETWEEN if e in self.between else BASE[e & 1] for e in self._edges])
        every = (1 << len(board.edges)) - 1
        steps = [(UP, every, 1 << e) for e in self._edges]
        self._steps = [(0, 0, 0)] + steps + [(DOWN, every & ~(1 << e), 1 << e) for e in self._edges]

    def _ends(self, edge):
        return sum([node in self._hanging for node in self._board.edges[edge]])

    def run(self):
        seen = []
        for steps, up, selected in self._steps:
            self._board.home(self.base)
            if steps:
                self._board.step(steps, up, selected)
            seen.append(self._shares())
        names = self._explain(seen)
        if names:
            self._test.add(*names)
        else:
            self._board.home(self._test.twin.config["start_tap"])
            self._test.mismatch = [None for _ in self._edges]

    def _explain(self, seen):
        """Return the names of the faults that fit best, none if a sound board does."""
        numbers = len(seen) * len(self._hanging)
        faults = self._faults()
        sound = self._refine(seen, faults[0], self._starts(*faults[0])[0])[0]
        if sound <= GOOD * numbers:
            return []
        fits = [(self._refine(seen, fault, logs, 0), fault) for fault in faults for logs in self._starts(*fault)]
        for kept, rounds in ((CANDIDATES, FIRST_ROUNDS), (FINALISTS, ROUNDS)):
            fits.sort(key=lambda fit: fit[0][0])
            fits = [(self._refine(seen, fault, logs, rounds), fault) for (_, logs), fault in fits[:kept]]
        best = min([squares for (squares, _), _ in fits])
        names = []
        if sound > BAD * numbers or sound > WORSE + best:
            for (squares, logs), fault in fits:
                if squares <= best + ALIKE:
                    names += [name for name in self._names(logs, *fault) if name not in names]
        return names

    def _shares(self):
        """Return what share of one driven node's voltage each hanging node has; the others are LOW."""
        board = self._board
        high = board.driven[FREE][0]
        base = self._levels(LOW)
        return [(there - here) / SWING for here, there in zip(base, self._levels(LOW + SWING, high))]

    def _levels(self, volts, at=None):
        board = self._board
        board.drive([volts if node == at or at is None else LOW for node in range(len(board.nodes))])
        return [board.read(node, FREE) for node in self._hanging]

    def fill_in(self, volts):
        """Put what hanging nodes have at the taps of `base` into volts (by node), beside what is driven."""
        ohms = [tap + FIXED for tap in self.base]
        for node, floating in zip(self._hanging, self.bridge.volts(ohms, volts)):
            volts[node] = floating

    # -- what a fault would do -----------------------------------------------------------------------------------

    def _faults(self):
        """Return (what, edge, other edge) of every fault, and first of none."""
        pairs = [(e, f) for e in self._edges for f in self._edges if e < f]
        found = [(None, 0, 0)] + [(what, e, e) for what in ("stays", "twice", "low") for e in self._edges]
        nodes = range(len(self._hanging))
        crossed = [("adc", j, k) for k in nodes for j in range(k)]
        return found + crossed + [("swapped", e, f) for e, f in pairs]

    def _taps(self, what, edge, other):
        """Return the taps of all edges in each state; None for a pot that stays."""
        top = self._board.top_tap
        states = []
        for steps, up, selected in self._steps:
            taps = []
            for e in self._edges:
                line = edge + other - e if what == "swapped" and e in (edge, other) else e
                here = e == edge
                tap = self.base[e]
                if here and what == "twice":
                    tap = min(2 * tap, top)
                elif here and what == "low":
                    tap = max(self.base)
                if selected >> e & 1 or (here and what == "low"):
                    way = steps if up >> line & 1 else -steps
                    tap += 2 * way if here and what == "twice" else way
                taps.append(None if here and what == "stays" else min(max(tap, 0), top))
            states.append(taps)
        return states

    def _starts(self, what, edge, other):
        """Return logarithms from which a fit begins: of the resistance of each edge, over nominal."""
        starts = []
        for ohm in STARTS if what == "stays" else (1.0,):
            logs = [0.0 for _ in self._edges]
            logs[edge] = math.log(ohm)
            starts.append(logs)
        return starts

    def _refine(self, seen, fault, logs, rounds=ROUNDS):
        """Return (sum of squares, logarithms) of a better fit."""
        what, edge, other = fault
        if what == "adc":
            order = list(range(len(self._hanging)))
            order[edge], order[other] = other, edge
            seen = [[shares[k] for k in order] for shares in seen]
        return self._descend(seen, self._taps(*fault), logs, edge if what == "stays" else None, rounds)

    def _residuals(self, seen, taps, logs, fixed):
        high = self._board.driven[FREE][0]
        driven = {node: float(node == high) for node in self._board.driven[FREE]}
        found = [0.0 if e == fixed else x / SPREAD for e, x in enumerate(logs)]
        for measured, state in zip(seen, taps):
            scales = [math.exp(x) for x in logs]
            ohms = [x if tap is None else x * tap + FIXED for x, tap in zip(scales, state)]
            found += [(v - m) / NOISE for v, m in zip(self.bridge.volts(ohms, driven), measured)]
        return found

    def _descend(self, seen, taps, logs, fixed, rounds):
        """Gauss, Newton: move `logs` down the sum of squares; one that nothing depends on, as of an open pot, stays."""
        here = self._residuals(seen, taps, logs, fixed)
        squares = sum([r * r for r in here])
        for _ in range(rounds):
            slopes = []
            for e in self._edges:
                near = list(logs)
                near[e] += 0.01
                slopes.append([(b - a) / 0.01 for a, b in zip(here, self._residuals(seen, taps, near, fixed))])
            rows = [
                [sum([x * y for x, y in zip(one, two)]) + (one is two) for two in slopes]
                + [-sum([x * y for x, y in zip(one, here)])]
                for one in slopes
            ]
            step = solve(rows)
            longest = max([abs(x) for x in step])
            share = min(1.0, 1 / longest) if longest else 1.0
            near = [x + share * dx for x, dx in zip(logs, step)]
            there = self._residuals(seen, taps, near, fixed)
            total = sum([r * r for r in there])
            if total >= squares:
                break
            small = squares - total < 0.01 * squares
            logs, here, squares = near, there, total
            if small:
                break
        return squares, logs

    def _names(self, logs, what, edge, other):
        """Return the faults, as the self-test names them, that would be so."""
        if what == "adc":
            return [tuple(["swapped"] + ["adc." + self._board.name(self._hanging[k], FREE) for k in (edge, other)])]
        name = self._board.edge(edge)
        pot = "pot.%s.%s" % (name, NETWORKS[FREE])
        if what == "stays":
            ohm = math.exp(logs[edge])
            if ohm > 20 * self._board.top_tap:
                return [("open", pot)]
            if ohm < FIXED + 2:
                return [("high", "CS." + name), ("low", "UD." + name), ("dead", pot), ("shorted", pot)]
            ends = [("high", "UD." + name)] if ohm > 0.6 * self._board.top_tap else []
            return [("high", "CS." + name)] + ends + [("dead", pot)]
        if what == "twice":
            return [("twice", pot)]
        if what == "low":
            return [("low", "CS." + name)]
        return [("swapped", "UD." + name, "UD." + self._board.edge(other))] if what else []
