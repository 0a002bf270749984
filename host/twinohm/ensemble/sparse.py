"""One replica on a graph of any size by sparse direct solves, for measuring how time per tick grows with it.

One factorisation serves both networks: driving an output by `driver_ohm` adds a current there, so the clamped voltages
are the free ones plus a few columns of the inverse. Volts are task volts; nothing is quantised and the twins are alike.
"""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import ArrayLike
from scipy.sparse import csc_array
from scipy.sparse.linalg import splu

from twinohm.ensemble.arrays import Array
from twinohm.ensemble.compiled import compiled
from twinohm.ensemble.elimination import Elimination, eliminate
from twinohm.model.components import TIE_V
from twinohm.model.pot_parts import DEFAULT_POT, POT_PARTS, PotPart

Solve = Callable[[Array], Array]  # currents (n_nodes, k) in A -> voltages (n_nodes, k) in V
Edges = Sequence[tuple[int, int]]


class SparseTwins:
    """Twins on `edges` (n_edges) of nodes 0..n_nodes-1; every node must hang on some input.

    `fixed` chooses the compiled LDL^T with a fixed order, best up to some thousand edges, instead of SuperLU.
    """

    def __init__(
        self,
        n_nodes: int,
        edges: Edges,
        inputs: Sequence[int],
        outputs: Sequence[int],
        pot_ohm: float = 100e3,
        fixed_ohm: float = 1040.0,
        driver_ohm: float = 2.5,
        min_tap: int = 4,
        fixed: bool = False,
        pot: PotPart = POT_PARTS[DEFAULT_POT],
    ) -> None:
        self._n_nodes = n_nodes
        self._a, self._b = np.array(edges).T
        self._inputs, self._outputs = np.array(inputs), np.array(outputs)
        self._per_tap_ohm, self._fixed_ohm = pot.per_tap_ohm(pot_ohm), fixed_ohm
        self._driver_ohm, self._min_tap = driver_ohm, min_tap
        self._top_tap = pot.top_tap
        self._driver_S = np.zeros(n_nodes)
        self._driver_S[self._inputs] = 1 / driver_ohm
        self._factor = Fixed(n_nodes, edges).factor if fixed else SuperLU(n_nodes, edges).factor

    def solve(self, taps: Array, inputs_V: ArrayLike, desired_V: ArrayLike, eta: float = 1.0) -> tuple[Array, Array]:
        """Return the voltages (n_nodes,) of the free and the clamped network."""
        edge_S = 1 / (taps * self._per_tap_ohm + self._fixed_ohm)
        current = np.zeros((self._n_nodes, 1 + self._outputs.size))
        current[self._inputs, 0] = np.asarray(inputs_V) / self._driver_ohm
        current[self._outputs, np.arange(self._outputs.size) + 1] = 1.0
        volts = self._factor(edge_S, self._driver_S)(current)
        free, per_ampere = volts[:, 0], volts[:, 1:]
        nudge_V = eta * (np.asarray(desired_V) - free[self._outputs])  # paper, eq. 1
        resistance = per_ampere[self._outputs] + self._driver_ohm * np.eye(self._outputs.size)
        return free, free + per_ampere @ np.linalg.solve(resistance, nudge_V)

    def tick(self, taps: Array, inputs_V: ArrayLike, desired_V: ArrayLike, eta: float = 1.0) -> Array:
        """Make one tick: move `taps` (n_edges,) and return the output volts (n_out,) before it."""
        free, clamped = self.solve(taps, inputs_V, desired_V, eta)
        drop, clamped_drop = free[self._a] - free[self._b], clamped[self._a] - clamped[self._b]
        up = ((clamped_drop - drop) / 2 > TIE_V) == (drop > TIE_V)
        np.clip(taps + np.where(up, 1, -1), self._min_tap, self._top_tap, out=taps)
        return np.asarray(free[self._outputs])


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
        self._order = order = eliminate(n_nodes, edges)
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
