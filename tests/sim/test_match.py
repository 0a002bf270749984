"""Pots that are measured one after the other on the divider, and paired."""

import itertools
import json
from dataclasses import replace
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


@pytest.mark.slow
def test_the_command_prints_pairs_and_what_is_left(tmp_path: Path) -> None:
    done = run_here("match", "3", "--port", "sim://divider?seed=7", cwd=tmp_path)
    assert done.returncode == 0
    assert done.stderr.count("of the reference (standard error 0.0") == 3
    assert "left over: pot " in done.stderr
    found = json.loads(run_here("match", "3", "--port", "sim://divider?seed=7", "--json", cwd=tmp_path).stdout)
    assert (found["edge"], found["reference"], len(found["pots"])) == ("TOP-MID", "MID-BOT", 3)
    used = [*found["pairs"][0]["pots"], found["left_over"]]
    assert sorted(used) == [1, 2, 3]


@pytest.mark.slow
@pytest.mark.parametrize("board", ["divider", "lab16"])
def test_the_reference_of_a_virtual_board_stays_while_pots_are_exchanged(tmp_path: Path, board: str) -> None:
    """All else of the board stays too: in profile ideal with edges apart, ratios are those of the drawn resistances."""
    port = f"sim://{board}?profile=ideal&edge_spread=0.3&seed="
    said = run_here("match", "4", "--port", f"{port}5", "--json", cwd=tmp_path)
    found = json.loads(said.stdout)
    drawn = []
    for seed in range(5, 9):
        with twinohm.open(f"{port}{seed}") as client:
            assert client.side_channel is not None
            edges = [client.board.edge_index(found[name]) for name in ("edge", "reference")]
            drawn.append([client.side_channel.truth.pot_ohm[0][edge] for edge in edges])
    assert [pot["ratio"] for pot in found["pots"]] == pytest.approx([pot / drawn[0][1] for pot, _ in drawn], rel=0.02)
    assert f"at {found['edge']} of the free network; that of {found['reference']} stays" in said.stderr


@pytest.mark.slow
def test_an_exchanged_pot_is_that_of_another_seed_and_all_else_stays() -> None:
    truths = []
    for more in ("seed=3", "seed=8", "seed=3&pot=MID-BOT.clamped:8", "seed=3&pot=MID-BOT.clamped:3"):
        with twinohm.open(f"sim://divider?{more}") as client:
            assert client.side_channel is not None
            truths.append(client.side_channel.truth)
            assert more.partition("&")[2] in client.port_name
    board, other, exchanged, same = truths
    assert same == board != exchanged
    for name in ("pot_ohm", "wiper_ohm"):
        (free, (first, _)), (_, (_, second)) = getattr(board, name), getattr(other, name)
        assert getattr(exchanged, name) == (free, (first, second))
    assert replace(exchanged, pot_ohm=board.pot_ohm, wiper_ohm=board.wiper_ohm) == board


@pytest.mark.parametrize("pot", ["TOP-MID:8", "TOP-MID.free", "A-B.free:8", "TOP-MID.free:-1", "TOP-MID.free:x", ":"])
def test_a_pot_that_cannot_be_exchanged_is_refused(pot: str) -> None:
    with pytest.raises(UsageError, match=r"pot = .*: write EDGE\.NETWORK:SEED, for example|has no edge 'A-B'"):
        twinohm.open(f"sim://divider?pot={pot}")
    with pytest.raises(UsageError, match="another pot is in its place; give it once"):
        twinohm.open("sim://divider?pot=MID-TOP.free:1&pot=TOP-MID.free:2")
    with pytest.raises(UsageError, match="no setting 'pot'"):
        twinohm.run("divider", port="ensemble://divider?pot=TOP-MID.free:1", progress=False)
