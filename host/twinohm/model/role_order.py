"""The order in which tasks take the nodes of a graph that has no placement of its own: far apart, corners first."""

import numpy as np

from twinohm.model.graphs import Graph, edge_distances


def role_order(graph: Graph) -> list[str]:
    """Return the nodes so that each is as far as possible, in edges, from all before it.

    The first is one that has the farthest node farthest away, of these one with the fewest neighbours, so a corner of
    a lattice. Inputs of a task are taken first, then its outputs. Ties go to fewer neighbours, then to the graph's
    order.
    """
    near = graph.neighbours
    away = edge_distances(len(near), graph.edges)

    def rank(node: int, distance: float) -> tuple[float, int, int]:
        return distance, -len(near[node]), -node

    order = [max(range(len(near)), key=lambda node: rank(node, away[node].max()))]
    nearest = away[order[0]]
    while len(order) < len(near):
        order.append(max(set(range(len(near))) - set(order), key=lambda node: rank(node, nearest[node])))
        nearest = np.minimum(nearest, away[order[-1]])
    return [graph.nodes[node] for node in order]
