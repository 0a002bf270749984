"""Test the pots and their lines U/D and /CS, by measuring resistances (resistances.py).

Each edge has a number, from 1. For each bit the edges that have it set are selected and step up, then the others step
down: U/D is that bit. The steps of a pot spell the numbers of the two lines that it obeys.
"""

from .levels import NETWORKS, START, SWING
from .resistances import Resistances, median

UP = 64  # steps, or as many as the part has above START
DOWN = 24
OPEN = 50  # times the median resistance
MOVED = 1.28  # ratio of resistances: START + UP gives 2.9, START - DOWN 0.28
TWICE = (0.7635, 1.2215)  # share of the ratio of a pot that steps twice: from 2 * START to its highest tap
FAR = (0.2, 4.2)  # ratios that no edge can have: the highest tap of 127 gives 3.9
SHORTED = 0.1  # of the resistance at START: series resistor and wiper are 0.04, a pot at tap 4 is 0.16 or 30 % less
BOTTOM = 0.3
TOP = 2.1  # below, a pot is not at its highest tap: tap 99 gives 3.0, tap 127 gives 3.9
FIXED = 1.3  # series resistor and wiper, in taps
ALWAYS = -1
NEVER = -2
ODD = -3


class PotsTest:
    """Test every pot and its lines. Measures the pots as they are; run() moves them.

    test: SelfTest that gets the findings. `seen` are the edges whose pot can be measured, by network.
    """

    def __init__(self, test):
        self._test = test
        self._board = test.board
        self._twin = test.twin
        self._edges = test.board.edges
        self._bits = len(bin(len(test.board.edges))) - 2
        self.resistances = Resistances(test.board)
        self.seen = self.resistances.seen
        self._islands = self.resistances.islands
        self._taps = test.twin.taps
        self._before = self.resistances.measure(SWING)
        self._up = min(UP, test.board.top_tap - START)
        twice = (test.board.top_tap + FIXED) / (2 * START + FIXED)
        self._twice = [share * twice for share in TWICE]

    def run(self):
        self._board.home()
        start = self.resistances.measure(SWING)
        ratios = {}  # by (bit, whether edges with it were selected): by network, by edge
        for bit in range(self._bits):
            for chosen in (1, 0):
                self._move(bit, chosen)
                ratios[bit, chosen] = self._ratios(start, bit, chosen)
        found = len(self._test.found)
        reported = set()
        for edge in range(len(self._edges)):
            if edge not in reported:
                self._judge(edge, start, ratios, reported)
        if len(self._test.found) == found:
            self._board.home(self._twin.config["start_tap"])
            self._test.mismatch = self._mismatch(self.resistances.measure(2 * SWING))

    # -- steps ---------------------------------------------------------------------------------------------------

    def _move(self, bit, chosen):
        """From START, step the edges with (or without) that bit: up if they have it, down if not."""
        self._board.home()
        count = len(self._edges)
        everything = (1 << count) - 1
        have = sum([((edge + 1) >> bit & 1) << edge for edge in range(count)])
        together = -1 if chosen else 0  # where U/D is all up or all down
        up = together if self._board.latches else have
        self._board.step(self._up if chosen else DOWN, up, have if chosen else everything & ~have)

    # -- what came of them ---------------------------------------------------------------------------------------

    def _ratios(self, start, bit, chosen):
        """Return resistances over those at START, scaled by what most edges of an island should do."""
        now = self.resistances.measure(SWING)
        to = START + (self._up if chosen else -DOWN)
        ratios = []
        for net in (0, 1):
            row = [r and r / start[net][e] for e, r in enumerate(now[net])]
            for island in self._islands[net]:
                moved = [row[e] for e in island if (e + 1) >> bit & 1 == chosen]
                still = [row[e] for e in island if (e + 1) >> bit & 1 != chosen]
                few = len(still) < len(moved)
                scale = median(moved) * (START + FIXED) / (to + FIXED) if few else median(still)
                for edge in island:
                    row[edge] /= scale
            ratios.append(row)
        return ratios

    def _mismatch(self, ohms):
        """Return clamped over free resistance by edge, less 1, median 0 in each island; None where too few are seen."""
        mismatch = [None for _ in self._edges]
        for one in self._islands[0]:
            for other in self._islands[1]:
                ratio = {e: ohms[1][e] / ohms[0][e] for e in one & other}
                middle = median(list(ratio.values()))
                for edge in ratio if len(ratio) > 2 else ():
                    mismatch[edge] = ratio[edge] / middle - 1
        return mismatch

    # -- judgement -----------------------------------------------------------------------------------------------

    def _judge(self, edge, start, ratios, reported):
        networks = [net for net in (0, 1) if edge in self.seen[net]]
        name = self._board.edge(edge)
        pots = ["pot.%s.%s" % (name, NETWORKS[net]) for net in networks]
        add = self._test.add
        opens = [pot for net, pot in zip(networks, pots) if start[net][edge] > OPEN]
        for pot in opens:
            add(("open", pot))
        if opens or not networks:
            return
        obeyed = [self._obeyed_lines(edge, net, ratios) for net in networks]
        stays = [select == NEVER for select, _, _ in obeyed]
        still = ["shorted" if start[net][edge] < SHORTED else "dead" for net in networks]  # what a pot that stays is
        if all(stays):
            lines = self._stuck(edge, start, networks)
            if len(networks) == 1:  # or the pot of that network
                lines.append((still[0], pots[0]))
            add(*lines)
        elif any(stays):
            for k, pot in enumerate(pots):
                if stays[k]:
                    add((still[k], pot))
        elif any(twice for _, _, twice in obeyed):
            for pot, (_, _, twice) in zip(pots, obeyed):
                if twice:
                    add(("twice", pot))
        elif all(select == ALWAYS for select, _, _ in obeyed):
            add(("low", "CS." + name))
        elif any((select, way) != (edge + 1, edge + 1) for select, way, _ in obeyed):
            self._misled(edge, obeyed, ratios, reported, pots)

    def _stuck(self, edge, start, networks):
        """Return candidates: which line keeps all pots of an edge where they are.

        With U/D stuck they have gone to an end before START. With /CS stuck they are where they were, maybe at an end.
        """
        name = self._board.edge(edge)
        place = sum([start[net][edge] for net in networks]) / len(networks)
        moved = self._moved(edge, start, networks[0])
        if moved > MOVED:
            return [("high", "UD." + name)]
        if moved < 1 / MOVED:
            return [("low", "UD." + name)]
        lines = [("high", "CS." + name)]
        if place < BOTTOM or place > TOP:
            lines.append(("low" if place < BOTTOM else "high", "UD." + name))
        return lines

    def _moved(self, edge, start, net):
        """Return the resistance over that before the test, relative to other edges of the island; 1 if not known."""
        if not self._taps:
            return 1
        change = [b and s / b for b, s in zip(self._before[net], start[net])]
        island = [island for island in self._islands[net] if edge in island][0]
        others = [change[e] * (self._taps[e] + FIXED) for e in island if e != edge]
        return change[edge] * (START + FIXED) / median(others)

    def _misled(self, edge, obeyed, ratios, reported, pots):
        """Report an edge that obeys the lines of another edge, or of none."""
        select, way, _ = obeyed[0]
        other = way - 1
        same = all(one[:2] == (edge + 1, way) for one in obeyed)
        if same and 0 <= other < len(self._edges):
            net = 0 if other in self.seen[0] else 1
            if self._obeyed_lines(other, net, ratios)[1] == edge + 1:
                reported.add(other)
                self._test.add(("swapped", "UD." + self._board.edge(edge), "UD." + self._board.edge(other)))
                return
        for pot, one in zip(pots, obeyed):
            if one[:2] != (edge + 1, edge + 1):
                self._test.add(("odd", pot))

    def _obeyed_lines(self, edge, net, ratios):
        """Return the numbers of the /CS and U/D lines that the pot obeys, and whether it steps twice."""
        select = way = 0
        always = never = True
        far = False
        twice = False
        for bit in range(self._bits):
            moves = []
            for chosen in (1, 0):
                ratio = ratios[bit, chosen][net][edge]
                moves.append(1 if ratio > MOVED else -1 if ratio < 1 / MOVED else 0)
            with_it, without = moves
            always = always and with_it != 0 and without != 0
            never = never and with_it == 0 and without == 0
            far = far or not all(FAR[0] < ratios[bit, chosen][net][edge] < FAR[1] for chosen in (0, 1))
            select |= (with_it != 0 and without == 0) << bit
            own = moves[0] if (edge + 1) >> bit & 1 else moves[1]
            way |= (own > 0) << bit
            if (edge + 1) >> bit & 1 and self._twice[0] < ratios[bit, 1][net][edge] < self._twice[1]:
                twice = True
        odd = far and select == way == edge + 1
        return NEVER if never else ALWAYS if always else ODD if odd else select, way, twice
