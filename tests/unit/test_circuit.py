"""A network of resistors and drivers: known circuits by hand, and parts that no driver reaches."""

import numpy as np
import pytest

from twinohm.model.circuit import Network

WIRE, NONE = np.inf, 0.0
EDGES = [(0, 1), (1, 2), (3, 4)]


def solve(edge_S: list[float], drive_S: list[float], drive_V: list[float]) -> list[float]:
    voltages: list[float] = Network(5, EDGES).solve(np.array(edge_S), np.array(drive_S), np.array(drive_V)).tolist()
    return voltages


@pytest.mark.parametrize("drive_S", [WIRE, 1e9], ids=["wires", "switches"])
def test_a_divider_divides_by_its_resistances(drive_S: float) -> None:
    drives = [drive_S, NONE, drive_S, drive_S, NONE]
    volts = solve([1 / 1000, 1 / 3000, 1.0], drives, [4.0, 9.0, 0.0, 2.0, 9.0])
    assert volts == pytest.approx([4.0, 3.0, 0.0, 2.0, 2.0])


@pytest.mark.parametrize("drive_S", [WIRE, 1.0], ids=["wires", "switches"])
def test_a_part_that_no_driver_reaches_is_at_0_V(drive_S: float) -> None:
    volts = solve([1.0, 1.0, 1.0], [drive_S, NONE, NONE, NONE, NONE], [4.0, 9.0, 9.0, 9.0, 9.0])
    assert volts == pytest.approx([4.0, 4.0, 4.0, 0.0, 0.0])


def test_a_driver_reaches_nodes_through_edges_that_conduct() -> None:
    network = Network(5, EDGES)
    driven = np.array([True, False, False, False, False])
    assert network.reached(network.conductance(np.array([1.0, 1.0, 1.0])), driven).tolist() == [1, 1, 1, 0, 0]
    assert network.reached(network.conductance(np.array([1.0, 0.0, 1.0])), driven).tolist() == [1, 1, 0, 0, 0]
