"""Resistances of the edges, from voltages of nodes that hang on their neighbours.

One neighbour HIGH and all others LOW: the node shows the share of that edge in the conductance around it,
x = G_e / sum(G). Nodes that hang and are neighbours make an island; its shares give all its conductances but for one
factor.
"""

from .levels import LOW

TINY = 1e-9  # conductance


class Ohms:
    """`seen` are the edges whose pot shows, `islands` those of each island; both by network."""

    def __init__(self, test):
        self._test = test
        self._edges = test.edges
        self._around = [[e for e, pair in enumerate(test.edges) if node in pair] for node in range(len(test.nodes))]
        hanging = [[n for n in test.measured[net] if test.switched or n not in test.driven[net]] for net in (0, 1)]
        self._hanging = hanging  # nodes that can, by network
        self.seen = [{e for node in hanging[net] for e in self._around[node]} for net in (0, 1)]
        self.islands = [self._split(net) for net in (0, 1)]

    def _split(self, net):
        """Edges of each island of a network."""
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
        """Resistance of each edge by network, over the median of its island; None for those that are not seen."""
        test = self._test
        every = range(len(test.nodes))
        shares = [{}, {}]
        for node in every:
            networks = [net for net in (0, 1) if node in self._hanging[net]]
            if not networks:
                continue
            test.drive([LOW for _ in every])
            test.connect(*[[n for n in test.driven[net] if n != node] for net in (0, 1)])
            base = [test.read(node, net) for net in networks]
            parts = [{} for _ in networks]
            for edge in self._around[node]:
                a, b = self._edges[edge]
                test.drive([LOW + swing if n == a + b - node else LOW for n in every])
                for k, net in enumerate(networks):
                    parts[k][edge] = max(0, test.read(node, net) - base[k])
            for k, net in enumerate(networks):
                total = sum(parts[k].values()) or 1
                shares[net][node] = {edge: volts / total for edge, volts in parts[k].items()}
        return [self._solve(shares[net], net) for net in (0, 1)]

    def _solve(self, shares, net):
        """Resistances from `shares`, by node: edge -> share. From node to node, by the edge that both see best."""
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
    values = sorted(values)
    n = len(values)
    if not n:
        return 1
    return (values[(n - 1) // 2] + values[n // 2]) / 2
