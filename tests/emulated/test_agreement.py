"""The emulated chip learns as the virtual board does: tick for tick without noise, and by its statistics with it."""

import math
from pathlib import Path
from urllib.parse import urlencode

import numpy as np
import pytest

import twinohm
from tests.conftest import Url
from twinohm.link.board_client import BoardClient
from twinohm.runlog.folder import RunFolder
from twinohm.runlog.plan import plan_run
from twinohm.runlog.runner import run
from twinohm.tasks import find_task
from twinohm.tasks.presets import PRESETS

INPUTS = {"B": 5.0, "D": 1.0, "I": 0.0}
OUTPUTS = {"F": 3.0, "G": 3.0, "H": 3.0}
BOARDS = {"divider": "divider", "allostery2": "kit5"}  # by task; others on lab16
SAME = ("tick", "inputs_V", "desired_V", "free_V", "clamp_V", "true_free_V", "cmp", "sgn", "up", "moved", "taps")


def trained(task: str, port: str, ticks: int, preset: str, out: Path) -> RunFolder:
    chosen = PRESETS[preset]
    board = BOARDS.get(task, "lab16")
    plan = plan_run(
        find_task(task), board, port, ticks=ticks, eta=chosen.eta, levers=find_task(task).levers(chosen.levers)
    )
    folder = run(plan, out)
    assert folder.summary().violations == 0, folder.summary()
    return folder


@pytest.mark.parametrize(
    ("emulator", "task", "preset", "ticks"),
    [
        ("emu", "allostery", "paper", 60),
        ("emu", "allostery", "best", 10),
        pytest.param("emu_js", "allostery", "paper", 300, marks=pytest.mark.rp2040js),
        pytest.param("emu_js", "allostery", "best", 30, marks=pytest.mark.rp2040js),
        pytest.param("emu_js", "regression", "paper", 15, marks=pytest.mark.rp2040js),
        pytest.param("emu_js", "divider", "paper", 250, marks=pytest.mark.rp2040js),
        pytest.param("emu_js", "allostery2", "paper", 250, marks=pytest.mark.rp2040js),
        pytest.param("emu_js", "xor", "paper", 120, marks=pytest.mark.rp2040js),
        pytest.param("emu_newest", "allostery", "paper", 60, marks=[pytest.mark.rp2040js, pytest.mark.newest]),
    ],
)
def test_without_noise_every_tick_is_the_same(
    emulator: str, task: str, preset: str, ticks: int, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    board = BOARDS.get(task, "lab16")
    emu: Url = request.getfixturevalue(emulator)
    settings = {"seed": 7, "profile": "ideal"} | ({"drift_K": 100, "dac_faults": 1} if board == "divider" else {})
    ports = (f"sim://{board}?{urlencode(settings)}", emu(board, **settings))
    virtual, emulated = (trained(task, port, ticks, preset, tmp_path / port[:3]) for port in ports)
    count = 0
    for ours, theirs in zip(virtual.ticks(), emulated.ticks(), strict=True):
        assert {key: getattr(theirs, key) for key in SAME} == {key: getattr(ours, key) for key in SAME}
        count += 1
    assert count == ticks


def surprise(machine: BoardClient, ticks: int) -> tuple[float, float]:
    """How far the comparators' words are from what offsets and noise make likely: (mean, spread), each in sd.

    P(high) = Phi(margin / noise) of each comparator at each tick, with margins from the true voltages (eq. 6).
    """
    board, truth = machine.board, machine.side_channel.truth
    machine.side_channel.discard()
    told = machine.train(ticks, INPUTS, OUTPUTS)
    true_ticks = machine.side_channel.take(ticks)
    a, b = np.array(board.edge_nodes).T
    free, clamped = (
        np.array(volts) for volts in zip(*((tick.free_V, tick.clamped_V) for tick in true_ticks), strict=True)
    )
    drop_f, drop_c = free[:, a] - free[:, b], clamped[:, a] - clamped[:, b]
    margin = np.hstack([(drop_c - drop_f) / 2, drop_f]) + np.ravel(list(truth.comparator_offset_V.values()))
    high = np.array([[word >> i & 1 for word in (tick.cmp, tick.sgn) for i in range(len(a))] for tick in told])
    likely = 0.5 * np.vectorize(math.erfc)(-margin / truth.comparator_noise_V / math.sqrt(2))
    variance = likely * (1 - likely)
    mean = (high - likely).sum() / math.sqrt(variance.sum())
    spread = ((high - likely) ** 2 - variance).sum() / math.sqrt((variance * (1 - 2 * likely) ** 2).sum())
    return float(mean), float(spread)


def test_with_noise_the_comparators_err_as_often_as_they_should(board_url: Url) -> None:
    with twinohm.open(board_url("lab16", seed=11)) as machine:
        machine.home()
        mean, spread = surprise(machine, 200)
    assert abs(mean) < 4 and abs(spread) < 4


def test_with_noise_both_reach_the_same_plateau(emu_fast: Url, tmp_path: Path) -> None:
    ports = ("sim://lab16?seed=5", emu_fast("lab16", seed=5))
    summaries = [trained("allostery", port, 300, "paper", tmp_path / port[:3]).summary() for port in ports]
    ours, theirs = (summary.true_orders_plateau for summary in summaries)
    assert ours > 2 and theirs > 2 and abs(ours - theirs) < 0.5
