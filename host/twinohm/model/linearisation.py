"""How the node voltages of a network change with its conductances, to first and second order, at a solution.

With the node equations F(v, k) = 0 of conductances k, the voltages v change by dv/dk_i = -M^-1 dF/dk_i. M = dF/dv is
the conductance matrix with the drivers, and dF/dk_i is b_i (b_i . v) for an edge of incidence row b_i. M is symmetric,
so one more solution of the same equations (the adjoint) gives the second derivatives of any weighted sum of voltages.
"""

from functools import cached_property

import numpy as np

from twinohm.model.circuit import Floats, Network


class Linearisation:
    """A network at its solution; voltages are physical volts.

    network: solve() was called last with these arguments. edge_S (n_edges,), drive_S (n_nodes,), volts (n_nodes,): its
    conductances, drivers and node voltages.
    """

    def __init__(self, network: Network, edge_S: Floats, drive_S: Floats, volts: Floats) -> None:
        self._incidence = network.incidence
        self.volts = volts
        self.edge_V: Floats = network.incidence @ volts
        matrix = network.conductance(edge_S)
        self.undriven = network.reached(matrix, drive_S > 0) & (drive_S == 0)
        self.hessian_S: Floats = matrix[np.ix_(self.undriven, self.undriven)]
        moves = network.reached(matrix, drive_S > 0) & ~np.isinf(drive_S)
        inside = np.ix_(moves, moves)
        self._inverse: Floats = np.zeros_like(matrix)
        self._inverse[inside] = np.linalg.inv(matrix[inside] + np.diag(drive_S[moves]))
        self._matrix, self._drive_S, self._moves = matrix, drive_S, moves
        self._bent, self._bend = network.bends(volts)

    @cached_property
    def volts_per_S(self) -> Floats:
        """dv/dk, (n_nodes, n_edges) in V/S."""
        return -(self._inverse @ self._incidence.T) * self.edge_V

    @cached_property
    def transfer(self) -> Floats:
        """dv/du of nodes by source voltages of the drivers, (n_nodes, drivers), in the order of the nodes."""
        wired = np.isinf(self._drive_S)
        columns = self._inverse * np.where(wired, 0.0, self._drive_S)
        columns[:, wired] = -self._inverse @ self._matrix[:, wired]
        columns[wired, wired] = 1.0
        return np.asarray(columns[:, self._drive_S > 0])

    def second(self, weights: Floats) -> Floats:
        """Return the second derivatives of weights . v by conductances, (n_edges, n_edges) in V/S^2.

        weights (n_nodes,).
        """
        adjoint = self._inverse @ weights
        changes = (self._incidence @ adjoint)[:, None] * (self._incidence @ self.volts_per_S)
        bent_V = self._bent @ self.volts_per_S
        bends = bent_V.T @ ((self._bend * (self._bent @ adjoint))[:, None] * bent_V)
        return np.asarray(-(changes + changes.T + bends))
