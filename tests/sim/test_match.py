"""Pots that are measured one after the other on the divider, and paired."""

import itertools
import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import twinohm
from tests.command_line import run_here
from twinohm.diagnostics.pot_matching import find_jig, measure_pot, measure_ratio, pair_pots
from twinohm.errors import BoardError, UsageError
from twinohm.link.board_client import BoardClient
from twinohm.model.board_file import load_board


def true_ratio(client: BoardClient) -> float:
    """Resistance of the first edge over that of the second, free network, at the highest tap."""
    truth, pots = client.side_channel.truth, client.board.pots  # type: ignore[union-attr]
    share = pots.top_tap / pots.chip.segments
    first, second = (truth.pot_ohm[0][e] * share + truth.wiper_ohm[0][e] + truth.series_ohm[0][e] for e in (0, 1))
    return float(first / second)


def test_on_an_ideal_board_the_ratio_is_that_of_the_circuit() -> None:
    with twinohm.open("sim://divider?profile=ideal&edge_spread=0.3&seed=4") as client:
        found = measure_pot(client, find_jig(client.board))
        assert found.value == pytest.approx(true_ratio(client), rel=1e-3)
        assert found.error < 5e-4


def test_pots_that_differ_by_1_percent_are_told_apart_in_profile_lab() -> None:
    """The board's own errors are the same for all pots: here the tap of one stands for another pot."""
    with twinohm.open("sim://divider?seed=3") as client:
        assert client.side_channel is not None
        jig, truth, pots = find_jig(client.board), client.side_channel.truth, client.board.pots
        errors = []
        for tap in (116, 121, 127):
            client.restore([tap, pots.top_tap])
            share = np.array([tap, pots.top_tap]) / pots.chip.segments
            first, second = np.array(truth.pot_ohm[0]) * share + truth.wiper_ohm[0] + truth.series_ohm[0]
            errors.append(measure_ratio(client, jig).value / (first / second) - 1)
    assert np.ptp(errors) < 0.0025


def test_on_kit5_the_order_is_right_and_differences_are_stretched_alike() -> None:
    """A pot leads on to another node there, of a resistance that is not known."""
    with twinohm.open("sim://kit5?seed=3") as client:
        assert client.side_channel is not None
        jig, truth, pots = find_jig(client.board), client.side_channel.truth, client.board.pots
        assert (jig.edge, jig.reference, jig.node, jig.beyond) == ("A-B", "A-D", "A", ("C",))
        found, true = [], []
        for tap in (90, 92, 94, 96, 98, 99):
            client.restore([tap, *[pots.top_tap] * 4])
            found.append(measure_ratio(client, jig).value)
            true.append(truth.pot_ohm[0][0] * tap / pots.chip.segments + truth.wiper_ohm[0][0] + truth.series_ohm[0][0])
    stretch, offset = np.polyfit(np.log(true), np.log(found), 1)
    left = np.array(np.log(found)) - stretch * np.log(true) - offset
    assert found == sorted(found) and 0.8 < stretch < 1.2
    assert np.abs(left).max() < 0.002


def test_a_place_without_a_pot_is_named() -> None:
    with twinohm.open("sim://divider?fault=open:pot.TOP-MID.free") as client:
        with pytest.raises(BoardError, match="MID follows TOP by .* check the pots of TOP-MID and MID-BOT"):
            measure_pot(client, find_jig(client.board))


def test_a_board_without_such_a_node_is_refused() -> None:
    board = load_board("lab16").model_copy(update={"wired_free": tuple("BD")})
    with pytest.raises(UsageError, match="board lab16 has no measured node with two edges alone"):
        find_jig(board)


@given(st.lists(st.floats(0.7, 1.3), min_size=2, max_size=7))
def test_no_other_pairing_differs_less(ratios: list[float]) -> None:
    pairs, left = pair_pots(ratios)
    used = sorted([i for pair in pairs for i in pair[:2]] + ([] if left is None else [left]))
    assert used == list(range(len(ratios))) and (left is None) == (len(ratios) % 2 == 0)
    assert [pair.differs for pair in pairs] == sorted(pair.differs for pair in pairs)
    best = min(
        sum(max(a, b) / min(a, b) - 1 for a, b in zip(order[::2], order[1::2], strict=False))
        for order in itertools.permutations(ratios)
    )
    assert sum(pair.differs for pair in pairs) == pytest.approx(best, abs=1e-9)


def test_the_command_prints_pairs_and_what_is_left(tmp_path: Path) -> None:
    done = run_here("match", "3", "--port", "sim://divider?seed=7", cwd=tmp_path)
    assert done.returncode == 0
    assert done.stderr.count("of the reference (standard error 0.0") == 3
    assert "left over: pot " in done.stderr
    found = json.loads(run_here("match", "3", "--port", "sim://divider?seed=7", "--json", cwd=tmp_path).stdout)
    assert (found["edge"], found["reference"], len(found["pots"])) == ("TOP-MID", "MID-BOT", 3)
    used = [*found["pairs"][0]["pots"], found["left_over"]]
    assert sorted(used) == [1, 2, 3]
