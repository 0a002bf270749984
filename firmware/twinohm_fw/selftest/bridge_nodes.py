"""Test drivers and ADC inputs of a board with bridges (bridges.py): which single fault explains what follows what?

All pots are at one tap. Each driver was raised alone; the rows say what share of that each ADC channel of the free
network shows. Every single fault has rows of its own, or looks sound from here.
"""

from .bridge_equations import Bridge
from .levels import NETWORKS

FREE = 0  # network
NEAR = 0.12  # rms of the shares; a pot that is 30 % off moves one by 0.07
ALIKE = 0.03  # more than that of the best fault: cannot be told from it
OPEN = 1e6  # resistance over that of a pot
SHORTED = 0.04  # likewise: series resistor and wiper


class BridgeNodes:
    """Test the nodes of the free network. test: SelfTest that gets the findings."""

    def __init__(self, test):
        self._test = test
        self._board = board = test.board
        self._nodes = range(len(board.nodes))
        self._inputs = board.driven[FREE]
        self._hanging = [node for node in self._nodes if board.hangs(node, FREE)]
        self._channels = board.measured[FREE]

    def judge(self, follows):
        """Find the fault that explains `follows`: by (network, node) the share of each driver."""
        seen = [follows[FREE, node] for node in self._channels]
        fits = [(self._distance(seen, rows), names) for names, rows in self._faults()]
        sound = fits[0][0]
        best = min(fits, key=lambda fit: fit[0])[0]
        if sound <= NEAR or sound <= best + ALIKE:
            return
        names = []
        for distance, found in fits:
            if distance <= best + ALIKE:
                names += [name for name in found if name not in names]
        self._test.add(*names)

    def _distance(self, seen, rows):
        squares = [(x - y) ** 2 for one, other in zip(seen, rows) for x, y in zip(one, other)]
        return (sum(squares) / len(squares)) ** 0.5

    def _faults(self):
        """Yield (names, rows) of every single fault; the first is none."""
        sound = self._rows()
        yield [], sound
        board = self._board
        count = len(self._channels)
        for node in self._inputs:
            name = [("open", "driver." + board.name(node))]
            yield name, self._rows(floating=node)
            yield name, self._rows(floating=node, apart=True)
        for a in self._nodes:
            for b in self._nodes:
                if a < b and not (board.hangs(a, FREE) and board.hangs(b, FREE)):
                    turned = [list(row) for row in sound]
                    for row in turned:
                        row[a], row[b] = row[b], row[a]
                    yield [("swapped", "driver." + board.name(a), "driver." + board.name(b))], turned
        for k in range(count):
            name = "adc." + board.name(self._channels[k], FREE)
            yield [("open", name)], sound[:k] + [[0.0 for _ in self._nodes]] + sound[k + 1 :]
            for m in range(k + 1, count):
                turned = list(sound)
                turned[k], turned[m] = turned[m], turned[k]
                yield [("swapped", name, "adc." + board.name(self._channels[m], FREE))], turned
        for edge in range(len(board.edges)):
            name = board.edge(edge)
            pot = "pot.%s.%s" % (name, NETWORKS[FREE])
            yield [("open", pot)], self._rows({edge: OPEN})
            yield [("low", "UD." + name), ("shorted", pot)], self._rows({edge: SHORTED})

    def _rows(self, ohms=None, floating=None, apart=False):
        """Return the share of each driver that each channel shows. ohms: by edge, of those that are not 1.

        floating: an input whose driver is open. It is one wire in both networks, unless `apart`: then the clamped
        network does not pull it.
        """
        board = self._board
        n = len(board.nodes)
        edges = list(board.edges)
        ohms = [(ohms or {}).get(edge, 1.0) for edge in range(len(edges))]
        hanging = list(self._hanging)
        if floating is not None:
            hanging.append(floating)
            if not apart:
                near = [pair for pair in board.edges if floating in pair]
                edges += [(floating, n + a + b - floating) for a, b in near]  # to its neighbours in the clamped network
                ohms += [1.0 for _ in near]
        bridge = Bridge(edges, hanging)
        rows = [[0.0 for _ in self._nodes] for _ in self._channels]
        for driver in self._nodes:
            raised = {}
            for node in self._nodes:
                raised[node] = raised[n + node] = float(node == driver)
            volts = dict(zip(hanging, bridge.volts(ohms, raised)))
            for row, node in zip(rows, self._channels):
                row[driver] = volts.get(node, raised[node])
        return rows
