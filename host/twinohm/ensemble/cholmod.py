"""CHOLMOD's supernodal Cholesky factorisation, by cvxopt: the order of elimination and all structure are found once.

References: Chen, Davis, Hager and Rajamanickam, Algorithm 887, ACM Transactions on Mathematical Software 35, 22 (2008);
the chapter "Sparse linear equations" of cvxopt's user guide.
"""

import os

import numpy as np

from twinohm.ensemble.arrays import Array
from twinohm.ensemble.factors import Edges, Solve
from twinohm.errors import TwinOhmError
from twinohm.extras import install_command
from twinohm.processes import environment

# The dense blocks of a planar graph are small: two threads of BLAS made a lattice of 1e5 edges three times as slow on a
# busy computer, and one of 1e6 a fifth faster at best. cvxopt's BLAS reads the number when it is loaded.
with environment(OPENBLAS_NUM_THREADS=os.environ.get("OPENBLAS_NUM_THREADS") or "1"):
    try:
        from cvxopt import cholmod, matrix, spmatrix
    except ImportError as error:
        raise TwinOhmError(f"CHOLMOD comes with cvxopt, which is missing: {install_command('large')}") from error


class Cholmod:
    """Factorise by CHOLMOD, in an order of least degree. A factor is lost with the next call of factor()."""

    def __init__(self, n_nodes: int, edges: Edges) -> None:
        ends, nodes = np.sort(np.asarray(edges), axis=1), np.arange(n_nodes)
        rows, columns = np.concatenate([ends[:, 1], nodes]), np.concatenate([ends[:, 0], nodes])
        self._a, self._b = ends.T.copy()
        self._n_nodes = n_nodes
        # CHOLMOD reads the triangle below the diagonal, column by column; edges between the same nodes share an entry.
        pattern, self._entry = np.unique(columns * n_nodes + rows, return_inverse=True)
        entries = (matrix(part) for part in np.divmod(pattern, n_nodes)[::-1])
        self._matrix = spmatrix(1.0, *entries, (n_nodes, n_nodes))
        self._values = matrix(0.0, (pattern.size, 1))
        self._symbolic = cholmod.symbolic(self._matrix)

    def factor(self, edge_S: Array, driver_S: Array) -> Solve:
        """Return what solves with conductances edge_S (n_edges,) and those of the drivers, driver_S (n_nodes,)."""
        diagonal = driver_S + np.bincount(self._a, edge_S, self._n_nodes) + np.bincount(self._b, edge_S, self._n_nodes)
        values = np.bincount(self._entry, np.concatenate([-edge_S, diagonal]))
        np.asarray(self._values)[:, 0] = values
        self._matrix.V = self._values
        cholmod.numeric(self._matrix, self._symbolic)
        return self._solve

    def _solve(self, currents: Array) -> Array:
        volts = matrix(currents)
        cholmod.solve(self._symbolic, volts)
        return np.asarray(volts).reshape(currents.shape)
