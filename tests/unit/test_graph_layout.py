"""Where a figure has the nodes of a graph."""

import numpy as np
import pytest

from twinohm.model.graph_files import parse_graph
from twinohm.plot.graph_layout import graph_layout


@pytest.mark.parametrize("name", ["lattice:5x5", "lattice:8x8", "lattice:2x7", "ring:12"])
def test_neighbours_are_nearer_than_other_nodes(name: str) -> None:
    graph = parse_graph(name)
    places = graph_layout(len(graph.nodes), graph.edges)
    gaps = np.linalg.norm(places[:, None] - places[None], axis=2)
    joined = np.zeros(gaps.shape, dtype=bool)
    for a, b in graph.edges:
        joined[a, b] = joined[b, a] = True
    others = gaps[~joined & ~np.eye(len(gaps), dtype=bool)]
    assert gaps[joined].max() < others.min()


def test_a_lattice_is_level_with_its_first_node_to_the_left_and_below() -> None:
    graph = parse_graph("lattice:5x5")
    places = graph_layout(25, graph.edges)
    along = np.abs([places[a] - places[b] for a, b in graph.edges])
    assert (along.min(axis=1) < 0.1).all()
    assert (places[0] <= places.min(axis=0) + 0.2).all()


@pytest.mark.parametrize("edges", [[(0, 1)], [(0, 1), (1, 2)], [(0, 1), (2, 3)], [(0, 1), (1, 2), (2, 0)]])
def test_small_graphs_and_parts_that_no_edge_joins_have_places_of_their_own(edges: list[tuple[int, int]]) -> None:
    n = 1 + max(map(max, edges))
    places = graph_layout(n, edges)
    assert np.isfinite(places).all() and len(np.unique(places.round(3), axis=0)) == n
