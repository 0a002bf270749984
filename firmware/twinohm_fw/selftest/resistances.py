"""Measure resistances of the edges, from voltages of nodes that are not driven.

With one neighbour HIGH and all others LOW, such a node shows the share of that edge in the conductance around it,
x = G_e / sum(G). Undriven nodes that are neighbours make an island; its shares give all its conductances but for one
factor.
"""

from .levels import LOW

TINY = 1e-9  # conductance


class Resistances:
    """Measure the resistance of every edge that can be seen.

    board: BoardUnderTest. `seen` are the edges whose pot can be measured, `islands` those of each island; by network.
    """

    def __init__(self, board):
        self._board = board
        self._edges = board.edges
        self._around = [[e for e, pair in enumerate(board.edges) if node in pair] for node in range(len(board.nodes))]
        hanging = [[n for n in board.measured[net] if board.switched or n not in board.driven[net]] for net in (0, 1)]
        self._hanging = hanging  # nodes that can, by network
        self.seen = [{e for node in hanging[net] for e in self._around[node]} for net in (0, 1)]
        self.islands = [self._split(net) for net in (0, 1)]

    def _split(self, net):
        """Return the edges of each island of a network."""
        islands = []
        left = set(self._hanging[net])
        while left:
            nodes = [left.pop()]
            for node in nodes:
                near = {n for edge in self._around[node] for n in self._edges[edge] if n in left}
                nodes.extend(near)
                left -= near
            islands.append({edge for node in nodes for edge in self._around[node]})
        return islands

    def measure(self, swing):
        """Return the resistance of each edge by network, over the median of its island; None if it cannot be seen."""
        board = self._board
        every = range(len(board.nodes))
        shares = [{}, {}]
        for node in every:
            networks = [net for net in (0, 1) if node in self._hanging[net]]
            if not networks:
                continue
            board.drive([LOW for _ in every])
            board.connect(*[[n for n in board.driven[net] if n != node] for net in (0, 1)])
            base = [board.read(node, net) for net in networks]
            parts = [{} for _ in networks]
            for edge in self._around[node]:
                a, b = self._edges[edge]
                board.drive([LOW + swing if n == a + b - node else LOW for n in every])
                for k, net in enumerate(networks):
                    parts[k][edge] = max(0, board.read(node, net) - base[k])
            for k, net in enumerate(networks):
                total = sum(parts[k].values()) or 1
                shares[net][node] = {edge: volts / total for edge, volts in parts[k].items()}
        return [self._solve(shares[net], net) for net in (0, 1)]

    def _solve(self, shares, net):
        """Return resistances from `shares` (by node, then by edge): from node to node by the edge both see best."""
        around = {}  # sum of conductances at a node
        while len(around) < len(shares):
            best, at, value = -1, None, 1.0
            for edge in self.seen[net]:
                a, b = self._edges[edge]
                for one, other in ((a, b), (b, a)):
                    if one in around and other in shares and other not in around:
                        here, there = shares[one][edge], shares[other][edge]
                        if min(here, there) > best and there > 0:
                            best, at, value = min(here, there), other, around[one] * here / there
            if at is None:
                at = [node for node in shares if node not in around][0]
            around[at] = value
        ohms = [None for _ in self._edges]
        for edge in self.seen[net]:
            ends = [node for node in self._edges[edge] if node in shares]
            conductance = sum([shares[node][edge] * around[node] for node in ends]) / len(ends)
            ohms[edge] = 1 / max(conductance, TINY)
        for island in self.islands[net]:
            middle = median([ohms[edge] for edge in island])
            for edge in island:
                ohms[edge] /= middle
        return ohms


def median(values):
    """Return the median, 1 if there are no values."""
    values = sorted(values)
    n = len(values)
    if not n:
        return 1
    return (values[(n - 1) // 2] + values[n // 2]) / 2
