"""Currents that a placement could cause."""

import itertools
from pathlib import Path

import numpy as np
import pytest

from twinohm.errors import UsageError
from twinohm.model.board_file import load_board
from twinohm.model.circuit import Network
from twinohm.model.current_limits import check_currents, worst_edge_mA, worst_sources_mA
from twinohm.tasks import TASKS

BOARD = load_board("lab16")


@pytest.mark.parametrize("name", TASKS)
def test_a_task_keeps_the_current_limits(name: str) -> None:
    check_currents(BOARD, *TASKS[name].placement_on(BOARD))


@pytest.mark.parametrize("seed", range(20))
def test_no_taps_and_volts_cause_more_than_the_computed_current(seed: int) -> None:
    random = np.random.default_rng(seed)
    names = random.permutation(BOARD.nodes).tolist()
    inputs, outputs = names[:3], names[3:6]
    worst = worst_sources_mA(BOARD, inputs, outputs)
    network = Network(9, BOARD.edge_nodes)
    spread = random.uniform(0.7, 1.3, 16)
    for _ in range(50):
        taps = random.choice([4, 4, 20, 127], 16)
        edge_S = 1 / (taps / 128 * 100_000 * spread + 1040)
        volts = random.choice([0.17, 2.0, 4.05], 9)
        given = dict.fromkeys(names[:6], 0.0)
        for driven in (inputs, inputs + outputs):
            drive_S = np.zeros(9)
            drive_S[[BOARD.node_index(name) for name in driven]] = np.inf
            nodes_V = network.solve(edge_S, drive_S, volts)
            current_mA = 1000 * network.incidence.T @ (edge_S * (network.incidence @ nodes_V))
            assert abs(edge_S * (network.incidence @ nodes_V)).max() * 1000 <= worst_edge_mA(BOARD)
            for name in driven:
                given[name] += abs(current_mA[BOARD.node_index(name)])
        assert all(given[name] <= worst[name] + 1e-9 for name in given)


def test_some_taps_and_volts_cause_the_computed_current() -> None:
    """All other nodes are driven to the other end of the range, and every tap is the smallest."""
    board = BOARD.model_copy(update={"pots": BOARD.pots.model_copy(update={"tolerance": 0.0})})
    low, high = 0.2 * (1 - 0.03275) - 0.02, 3.9 * (1 + 0.03275) + 0.02  # 1.02 * 1.0125 = 1 + 0.03275, 20 mV
    expected_mA = 1000 * (high - low) / (4 / 128 * 100_000 + 1040)
    assert worst_edge_mA(board) == pytest.approx(expected_mA)
    inputs = list(BOARD.nodes)
    worst = worst_sources_mA(board, inputs, [])
    for node in inputs:
        degree = sum(BOARD.node_index(node) in pair for pair in BOARD.edge_nodes)
        assert worst[node] == pytest.approx(2 * degree * expected_mA)


def test_a_placement_that_could_pass_a_limit_is_refused_with_the_figure(tmp_path: Path) -> None:
    weak = BOARD.model_copy(update={"source_limit_mA": 5})
    with pytest.raises(
        UsageError, match=r"driver of node E would have to give 6\.0 mA .* source_limit_mA is 5.*\(A, B, C, F, H\)"
    ):
        check_currents(weak, ["E"], ["A", "B", "C", "F", "H"])
    thin = BOARD.model_copy(update={"edge_limit_mA": 1})
    with pytest.raises(UsageError, match=r"can carry 1\.\d\d mA .* edge_limit_mA is 1"):
        check_currents(thin, ["A"], ["B"])


def test_placements_of_five_inputs_and_three_outputs_are_allowed() -> None:
    for inputs in itertools.combinations(BOARD.nodes, 5):
        check_currents(BOARD, inputs, [name for name in BOARD.nodes if name not in inputs][:3])
