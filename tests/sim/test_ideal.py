"""With profile ideal, every tick of a run through firmware, wire and parts equals an independent calculation."""

import json
from pathlib import Path

import numpy as np
import pytest

import twinohm
from tests.sim.replay import Replay
from twinohm.diagnostics.calibrator import calibrate
from twinohm.model.calibration import save_calibration
from twinohm.runlog.plan import plan_run
from twinohm.runlog.runner import run
from twinohm.tasks.task import Task

TICKS = 80
NODES = "ABCDEFGHI"


def random_task(seed: int) -> tuple[Task, str, str]:
    """A placement, voltages and an eta; every fifth one has all voltages equal, so that every edge ties."""
    random = np.random.default_rng(seed)
    n_in, n_out = int(random.integers(2, 4)), int(random.integers(1, 4))
    names = random.permutation(list(NODES))[: n_in + n_out]
    inputs_V = random.integers(0, 11, n_in) / 2
    desired_V = random.integers(0, 51, n_out) / 10
    if seed % 5 == 0:
        inputs_V[:], desired_V[:] = 3.0, 3.0
    eta = float(random.choice([0.1, 0.5, 1.0]))
    task = Task("random", "", "all of it", [(inputs_V.tolist(), desired_V.tolist())], TICKS, eta)
    return task, "lab16", ",".join(names)


def check(task: Task, board: str, place: str | None, out: Path) -> Replay:
    plan = plan_run(task, board, profile="ideal", placement=place, anyway=True)
    folder = run(plan, out)
    replay = Replay(json.loads((folder.path / "run.json").read_bytes()))
    count = 0
    for record in folder.ticks():
        inputs_V, desired_V = task.examples[min(record.tick // task.block, len(task.examples) - 1)]
        up, taps = replay.tick(list(inputs_V), list(desired_V))
        assert (record.up, list(record.taps)) == (up, taps), f"tick {record.tick}"
        count += 1
    assert count == plan.ticks
    assert folder.summary().violations == 0
    return replay


@pytest.mark.parametrize("seed", range(20))
def test_every_tick_equals_the_independent_calculation(seed: int, tmp_path: Path) -> None:
    replay = check(*random_task(seed), tmp_path)
    if seed % 5 == 0:
        assert replay.ties > 0


WARM = "temperature_K=10&gradient_K=5&drift_K=2"


@pytest.mark.parametrize(
    ("seed", "port"),
    [
        (0, f"sim://lab16?{WARM}"),
        (1, f"sim://edge16?{WARM}"),
        *(pytest.param(seed, "sim://lab16", marks=pytest.mark.slow) for seed in range(20)),
    ],
)
def test_true_voltages_of_lab_follow_from_run_json(
    seed: int, port: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Odd seeds are calibrated."""
    monkeypatch.setenv("TWINOHM_DATA", str(tmp_path))
    task, _, place = random_task(seed)
    plan = plan_run(
        task, port=port, placement=place, seed=seed, ticks=30, anyway=True, calibration="auto" if seed % 2 else None
    )
    if seed % 2:
        with twinohm.open(plan.port) as client:
            save_calibration(calibrate(client))
    folder = run(plan, tmp_path / "runs")
    description = json.loads((folder.path / "run.json").read_bytes())
    assert (description["calibration"] is not None) == bool(seed % 2)
    assert ("temperature" in description["truth"]) == (WARM in port)
    replay, taps = Replay(description), description["start_taps"]
    for record in folder.ticks():
        inputs_V, _ = task.examples[0]
        assert record.true_free_V == pytest.approx(replay.free_V(record.tick, taps, inputs_V), abs=1.5e-9)
        taps = record.taps


def test_the_divider_too_follows_the_independent_calculation(tmp_path: Path) -> None:
    task = Task("d", "", "", [((5.0, 0.0), (1.5,)), ((5.0, 0.0), (3.5,))], 40, 1.0)
    check(task, "divider", None, tmp_path)


def test_so_does_kit5_whose_pots_have_100_taps(tmp_path: Path) -> None:
    examples = [((5.0, 0.0), (2.0, 3.0)), ((0.0, 5.0), (3.5, 1.0)), ((4.0, 1.0), (2.5, 2.5))]
    check(Task("k", "", "", examples, 60, 1.0), "kit5", None, tmp_path)
