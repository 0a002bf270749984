"""The order in which tasks take the nodes of a graph that has no placement of its own: far apart, corners first."""

from collections import deque

from twinohm.model.graphs import Graph


def role_order(graph: Graph) -> list[str]:
    """Return the nodes so that each is as far as possible, in edges, from all before it.

    The first is one that has the farthest node farthest away, of these one with the fewest neighbours, so a corner of
    a lattice. Inputs of a task are taken first, then its outputs. Ties go to fewer neighbours, then to the graph's
    order.
    """
    near = graph.neighbours
    away = [distances(near, node) for node in range(len(near))]

    def rank(node: int, distance: int) -> tuple[int, int, int]:
        return distance, -len(near[node]), -node

    order = [max(range(len(near)), key=lambda node: rank(node, max(away[node])))]
    nearest = list(away[order[0]])
    while len(order) < len(near):
        order.append(max(set(range(len(near))) - set(order), key=lambda node: rank(node, nearest[node])))
        nearest = [min(pair) for pair in zip(nearest, away[order[-1]], strict=True)]
    return [graph.nodes[node] for node in order]


def distances(near: list[set[int]], start: int) -> list[int]:
    """Return the number of edges from a node to each."""
    found = {start: 0}
    border = deque([start])
    while border:
        node = border.popleft()
        for other in near[node]:
            if other not in found:
                found[other] = found[node] + 1
                border.append(other)
    return [found[node] for node in range(len(near))]
