"""The scaling measurement: its lattices, and that its twins learn."""

import numpy as np

from twinohm.benchmarks.scaling import SIDES, lattice
from twinohm.ensemble.sparse import SparseTwins


def test_lattices_have_the_edges_they_say() -> None:
    assert [len(lattice(side)[1]) for side in SIDES] == [112, 1012, 9940, 99904]
    nodes, edges = lattice(5)
    assert nodes == 25 and len(set(edges)) == 40 and max(max(edge) for edge in edges) == 24


def test_the_measured_twins_learn() -> None:
    nodes, edges = lattice(8)
    twins = SparseTwins(nodes, edges, [0, nodes - 1], [7, 36], fixed=True)
    taps = np.full(len(edges), 64.0)
    errors = []
    for _ in range(150):
        volts = twins.tick(taps, [5.0, 0.0], [3.0, 2.0], 1.0)
        errors.append(float(((volts - [3.0, 2.0]) ** 2).mean()))
    assert min(errors) < errors[0] / 50
