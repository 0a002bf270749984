"""Order of elimination of the nodes of a graph, as arrays that a compiled LDL^T follows without searching."""

from collections.abc import Collection, Sequence
from heapq import heapify, heappop, heappush
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.intp]


class Elimination(NamedTuple):
    """A node's position is its place in the order. Slots of the matrix: its diagonal, then each column below."""

    position: Ints  # (n_nodes,) of each node
    node: Ints  # (n_nodes,) at each position
    edge_a: Ints  # (n_edges,) position of an edge's first node
    edge_b: Ints  # (n_edges,) position of its second node
    edge_slot: Ints  # (n_edges,) slot that couples both
    first: Ints  # (n_nodes + 1,) first slot of each column
    row: Ints  # (n_slots,) position of each slot's row
    target: Ints  # (n_updates,) slot that each update changes, in the order of the updates


def eliminate(n_nodes: int, edges: Sequence[tuple[int, int]], last: Collection[int] = ()) -> Elimination:
    """Return the elimination of a graph, nodes of least degree first, but those of `last` after all others."""
    order, columns = _order(n_nodes, edges, last)
    position = np.empty(n_nodes, dtype=np.intp)
    position[order] = np.arange(n_nodes)
    rows = [sorted(position[list(column)].tolist()) for column in columns]
    slots = {(k, k): k for k in range(n_nodes)}
    first = [n_nodes]
    for k, column in enumerate(rows):
        slots |= {(row, k): first[k] + i for i, row in enumerate(column)}
        first.append(first[k] + len(column))
    target = [slots[b, a] for column in rows for i, a in enumerate(column) for b in column[i:]]
    ends = position[np.array(edges)]
    return Elimination(
        position=position,
        node=np.array(order, dtype=np.intp),
        edge_a=ends[:, 0].copy(),
        edge_b=ends[:, 1].copy(),
        edge_slot=np.array([slots[max(pair), min(pair)] for pair in ends.tolist()]),
        first=np.array(first),
        row=np.array([*range(n_nodes), *(row for column in rows for row in column)]),
        target=np.array(target, dtype=np.intp),
    )


def _order(n_nodes: int, edges: Sequence[tuple[int, int]], last: Collection[int]) -> tuple[list[int], list[set[int]]]:
    """Return the nodes in the order of elimination, and each one's neighbours when it is eliminated."""
    near: list[set[int]] = [set() for _ in range(n_nodes)]
    for a, b in edges:
        near[a].add(b)
        near[b].add(a)
    order, columns = [], []
    queue = [(node in last, len(nodes), node) for node, nodes in enumerate(near)]
    heapify(queue)
    done = [False] * n_nodes
    while queue:
        _, degree, node = heappop(queue)
        if done[node] or degree != len(near[node]):
            continue  # it has another degree by now, and another entry
        done[node] = True
        order.append(node)
        columns.append(near[node])
        for a in near[node]:
            near[a] |= near[node]
            near[a] -= {a, node}
            heappush(queue, (a in last, len(near[a]), a))
    return order, columns
