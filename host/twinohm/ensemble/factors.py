"""Factorisations of the node equations of a graph of any size, of scipy and compiled. cholmod.py has CHOLMOD's."""

from collections.abc import Callable, Sequence

import numpy as np
from scipy.sparse import csc_array
from scipy.sparse.linalg import splu

from twinohm.ensemble.arrays import Array
from twinohm.ensemble.compiled import compiled
from twinohm.ensemble.elimination import Elimination, eliminate

Solve = Callable[[Array], Array]  # currents (n_nodes, k) in A -> voltages (n_nodes, k) in V
Edges = Sequence[tuple[int, int]] | Array  # (n_edges, 2) nodes


class SuperLU:
    """Factorise by scipy's splu, which orders anew each time."""

    def __init__(self, n_nodes: int, edges: Edges) -> None:
        a, b = np.array(edges).T
        nodes = np.arange(n_nodes)
        rows, columns = np.concatenate([a, b, a, b, nodes]), np.concatenate([a, b, b, a, nodes])
        pattern, self._entry = np.unique(columns * n_nodes + rows, return_inverse=True)
        self._rows = pattern % n_nodes
        self._starts = np.searchsorted(pattern, np.arange(n_nodes + 1) * n_nodes)
        self._n_nodes = n_nodes

    def factor(self, edge_S: Array, driver_S: Array) -> Solve:
        values = np.bincount(self._entry, np.concatenate([edge_S, edge_S, -edge_S, -edge_S, driver_S]))
        matrix = csc_array((values, self._rows, self._starts), (self._n_nodes, self._n_nodes))
        options = {"SymmetricMode": True}
        solve: Solve = splu(matrix, permc_spec="MMD_AT_PLUS_A", diag_pivot_thresh=0.0, options=options).solve
        return solve


class Fixed:
    """Factorise by LDL^T in an order found once."""

    def __init__(self, n_nodes: int, edges: Edges) -> None:
        self._order = order = eliminate(n_nodes, np.asarray(edges).tolist())
        self._entry = np.concatenate([order.edge_a, order.edge_b, order.edge_slot, order.position])

    def factor(self, edge_S: Array, driver_S: Array) -> Solve:
        weights = np.concatenate([edge_S, edge_S, -edge_S, driver_S])
        matrix = np.bincount(self._entry, weights, self._order.row.size)
        _factor(self._order, matrix)
        position = self._order.position

        def solve(currents: Array) -> Array:
            volts = np.empty_like(currents)
            volts[position] = currents
            _substitute(self._order, matrix, volts)
            return volts[position]

        return solve


@compiled
def _factor(order: Elimination, matrix: Array) -> None:
    """Factorise `matrix` (n_slots,) in place into D and, below it, L."""
    update = 0
    for k in range(order.position.size):
        for slot in range(order.first[k], order.first[k + 1]):
            share = matrix[slot] / matrix[k]
            for other in range(slot, order.first[k + 1]):
                matrix[order.target[update]] -= share * matrix[other]
                update += 1
            matrix[slot] = share


@compiled
def _substitute(order: Elimination, matrix: Array, volts: Array) -> None:
    """Turn currents in `volts` (n_nodes, k), by position, into voltages."""
    columns = range(volts.shape[1])
    for k in range(volts.shape[0]):
        for slot in range(order.first[k], order.first[k + 1]):
            row, share = order.row[slot], matrix[slot]
            for column in columns:
                volts[row, column] -= share * volts[k, column]
    for k in range(volts.shape[0] - 1, -1, -1):
        for column in columns:
            volts[k, column] /= matrix[k]
        for slot in range(order.first[k], order.first[k + 1]):
            row, share = order.row[slot], matrix[slot]
            for column in columns:
                volts[k, column] -= share * volts[row, column]
