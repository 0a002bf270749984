"""Places of the nodes of any graph: distances in the figure as near as possible to those in edges.

Stress majorization (Gansner, Koren and North, Graph Drawing 2004) from classical multidimensional scaling.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from twinohm.model.graphs import edge_distances

Floats = NDArray[np.float64]
STEPS = 200
NEAR = 1e-9  # two nodes at one place have no direction


def graph_layout(n_nodes: int, edges: Sequence[tuple[int, int]]) -> Floats:
    """Return the places (n_nodes, 2) of nodes that `edges`, pairs of indices, join. Most edges are level or upright."""
    away = np.nan_to_num(edge_distances(n_nodes, edges), posinf=float(n_nodes))
    weights = 1 / (away + np.eye(n_nodes)) ** 2 - np.eye(n_nodes)
    inverse = np.linalg.pinv(_laplacian(weights), hermitian=True)
    places = _scaled(away)
    for _ in range(STEPS):
        gaps = np.linalg.norm(places[:, None] - places[None], axis=2)
        places = inverse @ (_laplacian(weights * away / np.maximum(gaps, NEAR)) @ places)
    return _turned(places, edges)


def _laplacian(weights: Floats) -> Floats:
    return np.asarray(np.diag(weights.sum(axis=1)) - weights)


def _scaled(away: Floats) -> Floats:
    n = len(away)
    centre = np.eye(n) - 1 / n
    values, vectors = np.linalg.eigh(-centre @ (away**2) @ centre / 2)
    return np.asarray(vectors[:, -2:] * np.sqrt(np.maximum(values[-2:], NEAR)))


def _turned(places: Floats, edges: Sequence[tuple[int, int]]) -> Floats:
    """Turn the places so that most edges are level or upright, the first node to the left and below."""
    z = places[:, 0] + 1j * places[:, 1]
    along = np.array([z[a] - z[b] for a, b in edges])
    z = (z - z.mean()) * np.exp(-0.25j * np.angle((along**4).sum()))
    x, y = z.real, z.imag
    return np.stack([x if x[0] <= 0 else -x, y if y[0] <= 0 else -y], axis=1)
