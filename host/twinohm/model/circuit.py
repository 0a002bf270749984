"""One network of resistors and drivers by nodal analysis: (A^T G A + S) v = S u.

A is the incidence matrix (edges, nodes), G and S the diagonal conductances of edges and drivers, u the drivers' source
voltages, v the node voltages.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating]


class Network:
    """Nodes joined by edges (a, b). A node's driver has a source voltage and a conductance: 0 none, inf a wire."""

    def __init__(self, n_nodes: int, edges: Sequence[tuple[int, int]]) -> None:
        self.n_nodes = n_nodes
        self.edges = list(edges)
        self.incidence: Floats = np.zeros((len(self.edges), n_nodes))
        for i, (a, b) in enumerate(self.edges):
            self.incidence[i, a] = 1.0
            self.incidence[i, b] = -1.0
        self._transposed = np.ascontiguousarray(self.incidence.T)

    def conductance(self, edge_S: Floats) -> Floats:
        """Return A^T G A, (n_nodes, n_nodes) in S, of edges that conduct edge_S (n_edges,)."""
        return (self._transposed * edge_S) @ self.incidence

    def leaving_A(self, edge_S: Floats, volts: Floats) -> Floats:
        """Return the current that leaves each node through the edges (n_nodes,), A."""
        return (edge_S * (self.incidence @ volts)) @ self.incidence

    def dissipated_W(self, edge_S: Floats, volts: Floats) -> float:
        """Return the power of all that joins the nodes at node voltages (n_nodes,), W."""
        return float(volts @ self.leaving_A(edge_S, volts))

    def bends(self, volts: Floats) -> tuple[Floats, Floats]:
        """Return what does not conduct by Ohm's law at node voltages (n_nodes,): nothing here.

        It is an incidence matrix (parts, n_nodes), and the second derivative of each part's current by the voltage
        across it (parts,), A/V^2.
        """
        return np.zeros((0, self.n_nodes)), np.zeros(0)

    def solve(self, edge_S: Floats, drive_S: Floats, drive_V: Floats, source_A: Floats | None = None) -> Floats:
        """Return the node voltages (n_nodes,) in V.

        edge_S (n_edges,) and drive_S (n_nodes,) are conductances in siemens, drive_V (n_nodes,) source voltages.
        source_A (n_nodes,): currents into the nodes, none by default. A part of the network that no driver reaches is
        at 0 V.
        """
        matrix = self.conductance(edge_S)
        wired = np.isinf(drive_S)
        if wired.any():
            return self._solve_wired(matrix, wired, drive_S, drive_V, source_A)
        matrix.flat[:: self.n_nodes + 1] += drive_S
        known = drive_S * drive_V if source_A is None else drive_S * drive_V + source_A
        try:
            return np.linalg.solve(matrix, known)
        except np.linalg.LinAlgError:
            return self._solve_wired(matrix - np.diag(drive_S), wired, drive_S, drive_V, source_A)

    def _solve_wired(
        self,
        matrix: Floats,
        wired: NDArray[np.bool_],
        drive_S: Floats,
        drive_V: Floats,
        source_A: Floats | None,
    ) -> Floats:
        """Solve without the nodes on wires, whose voltages are known; nodes that nothing reaches are at 0 V."""
        voltages = np.where(wired, drive_V, 0.0)
        free = self.reached(matrix, drive_S > 0) & ~wired
        if free.any():
            known = drive_S[free] * drive_V[free] - matrix[np.ix_(free, wired)] @ drive_V[wired]
            if source_A is not None:
                known = known + source_A[free]
            voltages[free] = np.linalg.solve(matrix[np.ix_(free, free)] + np.diag(drive_S[free]), known)
        return voltages

    def reached(self, matrix: Floats, driven: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Return which nodes (n_nodes,) some driver reaches through edges that conduct."""
        reached = driven.copy()
        while True:
            more = reached | ((matrix[:, reached] != 0).any(axis=1))
            if (more == reached).all():
                return reached
            reached = more
