"""Test edges that find their own direction: gate, flip-flop, read-back, and the lines from the flip-flop to the pots.

One end of an edge is driven HIGH and all other nodes LOW, or the other way round. Its far end is not driven in one
network, so the drop is less there. In this way each of CMP and SGN is high and low at both levels of the other, and the
latched direction shows their XNOR. Crossed lines show in what the other edges latch meanwhile. Then the pots step as
latched, until no two edges have had the same directions.
"""

from .levels import COMPARISONS, HIGH, LOW, NETWORKS, START, SWING
from .pots import DOWN, FIXED
from .resistances import median

# Whether the clamped drop is the smaller one, and whether the near end is HIGH. CMP, SGN: 11, 00, 01, 10.
STATES = ((False, True), (False, False), (True, True), (True, False))
UP = (1, 1, 0, 0)
ALL = -1  # every edge
INSTEAD = {
    (1, 0, 1, 0): ("high", "CMP"),
    (0, 1, 0, 1): ("low", "CMP"),
    (1, 0, 0, 1): ("high", "SGN"),
    (0, 1, 1, 0): ("low", "SGN"),
    (1, 1, 1, 1): ("low", "XOR"),
    (0, 0, 0, 0): ("high", "XOR"),
}
RISEN = (START + DOWN + FIXED) / (START + FIXED)  # resistance over that at START
FALLEN = (START - DOWN + FIXED) / (START + FIXED)
MIDDLE = (RISEN * FALLEN) ** 0.5


class LatchTest:
    """Test the latches of all edges.

    test: SelfTest that gets the findings. resistances: Resistances of its board.
    """

    def __init__(self, test, resistances):
        self._test = test
        self._board = test.board
        self._twin = test.twin
        self._resistances = resistances
        self._edges = range(len(test.board.edges))

    def run(self):
        self._read_back()
        if self._test.found:
            return
        read = self._decide()
        if self._test.found:
            return
        obeyed = self._obey()
        for pair in sorted(read | obeyed):
            place = "UD" if pair not in read else "XOR" if pair not in obeyed else "IN"
            self._test.add(("swapped",) + tuple([self._place(place, edge) for edge in pair]))

    def _place(self, kind, edge):
        bit = self._twin.config["flip_flops"]["readback"]["bits"][edge]
        return "%s.%s" % (kind, bit if kind == "IN" else self._board.edge(edge))

    # -- the parts of a latching ---------------------------------------------------------------------------------

    def _force(self, up):
        """Set all directions up or all down, by PRESET or CLEAR."""
        self._board.set_lines(ALL if up else 0, 0)

    def _stimulate(self, edge, less, high):
        near, far = self._board.edges[edge]
        connected = [list(self._board.driven[0]), list(self._board.driven[1])]
        connected[1 if less else 0].remove(far)
        ends = (HIGH, LOW) if high else (LOW, HIGH)
        self._board.drive([ends[0] if node == near else ends[1] for node in range(len(self._board.nodes))])
        self._board.connect(*connected)
        self._board.settle()

    def _latch(self):
        self._board.compare()
        return self._board.directions()

    # -- read-back -----------------------------------------------------------------------------------------------

    def _read_back(self):
        """Check the register that reads directions: it must follow PRESET and CLEAR, as the pots do."""
        levels = []
        for up in (0, 1):
            self._force(up)
            levels.append(self._board.read_directions())
        for edge in self._edges:
            down, up = [word >> edge & 1 for word in levels]
            if down == up:
                self._test.add(("high" if up else "low", self._place("IN", edge)))

    # -- gates and flip-flops ------------------------------------------------------------------------------------

    def _decide(self):
        """Return pairs of edges that latch the direction of the other. Other faults become findings."""
        likes = []  # by edge: those that latched as it should, a bit each
        wrong = {}
        for edge in self._edges:
            like = -1
            ups = []
            for state, up in zip(STATES, UP):
                self._stimulate(edge, *state)
                high, low = -1, -1
                for _ in range(COMPARISONS):
                    word = self._latch()
                    high, low = high & word, low & ~word
                like &= high if up else low
                ups.append(1 if high >> edge & 1 else 0 if low >> edge & 1 else None)
            likes.append(like)
            if tuple(ups) != UP:
                wrong[edge] = tuple(ups)
        pairs = {(a, b) for a in wrong for b in wrong if a < b and likes[a] >> b & 1 and likes[b] >> a & 1}
        for edge in sorted(wrong):
            if not [pair for pair in pairs if edge in pair]:
                what, line = INSTEAD.get(wrong[edge], ("odd", "CMP"))
                if line == "XOR" and self._holds(edge):
                    what, line = "open", "LATCH"
                self._test.add((what, "%s.%s" % (line, self._board.edge(edge))))
        return pairs

    def _holds(self, edge):
        """Return whether an edge keeps what PRESET and CLEAR have set, whatever its gate says."""
        levels = []
        for up in (1, 0):
            self._force(up)
            levels.append(self._latch() >> edge & 1)
        return levels == [1, 0]

    # -- the way to the pots -------------------------------------------------------------------------------------

    def _obey(self):
        """Return pairs of edges whose pots obey the direction of the other. Single such pots become findings."""
        self._board.home()
        start = self._resistances.measure(SWING)
        latched = [0 for _ in self._edges]  # directions read, a bit for each word
        obeyed = [list(latched), list(latched)]
        moved = False
        for edge in self._edges:
            for state in (0, 2):
                if len(set(latched)) == len(latched):
                    break
                if moved:
                    self._board.home()
                self._stimulate(edge, *STATES[state])
                word = self._latch()
                more = [bits << 1 | word >> k & 1 for k, bits in enumerate(latched)]
                moved = len(set(more)) > len(set(latched))  # it distinguishes more edges
                if moved:
                    latched = more
                    self._step(start, word, obeyed)
        return self._judge(latched, obeyed)

    def _step(self, start, word, obeyed):
        """Step every pot DOWN times as latched. Append the way that each went, by network and edge, to `obeyed`."""
        self._board.connect([], [])
        self._board.step(DOWN, word, ALL)
        now = self._resistances.measure(SWING)
        for net in (0, 1):
            for island in self._resistances.islands[net]:
                ratio = {e: now[net][e] / start[net][e] for e in island}
                scale = median([ratio[e] / (RISEN if word >> e & 1 else FALLEN) for e in island])
                for e in island:
                    obeyed[net][e] = obeyed[net][e] << 1 | (ratio[e] > MIDDLE * scale)

    def _judge(self, latched, obeyed):
        ways = [[obeyed[net][e] for net in (0, 1) if e in self._resistances.seen[net]] for e in self._edges]
        pairs = set()
        for a in self._edges:
            for b in range(a):
                if latched[a] != latched[b] and set(ways[a]) == {latched[b]} and set(ways[b]) == {latched[a]}:
                    pairs.add((b, a))
        for edge in self._edges:
            if not [pair for pair in pairs if edge in pair]:
                for net in (0, 1):
                    if edge in self._resistances.seen[net] and obeyed[net][edge] != latched[edge]:
                        self._test.add(("odd", "pot.%s.%s" % (self._board.edge(edge), NETWORKS[net])))
        return pairs
