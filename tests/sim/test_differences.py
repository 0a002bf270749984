"""A user's own data learned as differences of two outputs: files, arrays and task files, through the firmware."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import twinohm
from tests.command_line import run_here
from twinohm.ensemble import Ensemble
from twinohm.model.board_file import load_board
from twinohm.model.profile import PROFILES
from twinohm.runlog.folder import RunFolder
from twinohm.studies.ensemble_run import TaskOnEnsemble
from twinohm.tasks import find_task
from twinohm.tasks.presets import PRESETS
from twinohm.tasks.task_file import load_task

LAB16 = load_board("lab16")
XOR_OPTIONS = ("--difference", "--diode", "C>A", "--placement", "E,A,I,F,H,D")  # of the built-in task
SHORT = ("--ticks", "8", "--no-plot", "--json")


def xor_table(low: object, high: object) -> str:
    return f"a,b,y\n0,0,{low}\n0,1,{high}\n1,0,{high}\n1,1,{low}\n"


def falling(rows: int = 24) -> str:
    """Targets from -4 to 4 that fall with one input and rise with the other."""
    points = np.random.default_rng(0).uniform(0, 2, (rows, 2)).round(3)
    return "a,b,y\n" + "".join(f"{a},{b},{2 * (b - a):.3f}\n" for a, b in points.tolist())


@pytest.mark.parametrize(
    ("low", "high"), [(-1, 1), *(pytest.param(*ends, marks=pytest.mark.slow) for ends in ((0, 1), ("no", "yes")))]
)
def test_a_truth_table_of_xor_is_learned_with_a_diode(low: object, high: object, tmp_path: Path) -> None:
    (tmp_path / "table.csv").write_text(xor_table(low, high))
    done = run_here("run", "table.csv", *XOR_OPTIONS, "--seed", "3", "--ticks", "200", "--no-plot", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert f"y as the difference of two outputs, {low} below 0 V and {high} above" in done.stderr
    answers = [line.split() for line in done.stdout.splitlines() if line.startswith("answer:")]
    assert [words[2] for words in answers] == ["2", "3", "4", "5"]  # rows of the file
    assert [words[3][0] for words in answers] == ["-", "+", "+", "-"] and all("right" in words for words in answers)
    (folder,) = (tmp_path / "runs").iterdir()
    summary = json.loads((folder / "summary.json").read_bytes())
    assert summary["true_accuracy"] == summary["accuracy"] == 1 and summary["violations"] == 0
    run = RunFolder(folder).description()
    assert run.levers.pairs and run.levers.hinge and len(run.placement.outputs) == 2
    assert run_here("check", str(folder), cwd=tmp_path).returncode == 0


@pytest.mark.slow
def test_negative_targets_are_learned_and_errors_are_in_their_own_unit(tmp_path: Path) -> None:
    (tmp_path / "mine.csv").write_text(falling())
    done = run_here("run", "mine.csv", "--difference", "--no-plot", "--ticks", "600", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    (folder,) = (tmp_path / "runs").iterdir()
    run = twinohm.load_run(folder)
    task = load_task(tmp_path / "mine.csv")
    (target,) = run.summary.targets or ()
    own = run.targets
    given = {row.number: row for row in task.rows}
    assert len(given) == 24 and target.name == "y"
    wanted = own["desired.y"].to_numpy()
    assert wanted.min() < -1 and wanted.max() > 1
    outputs = run.settings.placement.outputs
    desired = run.ticks[[f"desired_V.{node}" for node in outputs]].to_numpy()
    assert (desired[:, 0] - desired[:, 1]).min() == pytest.approx(-1) and desired.sum(1) == pytest.approx(5)
    errors = (own["true.y"] - own["desired.y"])[-100:]
    assert np.sqrt((errors**2).mean()) < 0.6 * wanted.std()
    assert target.true_rms_plateau == pytest.approx(run.summary.true_rms_plateau_V * (target.high - target.low) / 5)
    assert run_here("check", str(folder), cwd=tmp_path).returncode == 0


def test_volts_are_taken_as_they_are(tmp_path: Path) -> None:
    (tmp_path / "volts.csv").write_text("in1,in2,out1\n0,5,-0.4\n5,0,0.2\n5,1,-0.1\n")
    done = run_here("run", "volts.csv", "--difference", *SHORT, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    (folder,) = (tmp_path / "runs").iterdir()
    wanted = {tuple(record.desired_V.values()) for record in RunFolder(folder).ticks()}
    assert {round(p - m, 9) for p, m in wanted} == {-0.4, 0.2, -0.1}


def test_data_are_described_with_the_diodes_that_are_plugged_in(tmp_path: Path) -> None:
    (tmp_path / "xor.csv").write_text("a,b,c\n0,0,0\n0,1,1\n1,0,1\n1,1,0\n")
    command = ("data", "xor.csv", "--difference", "--classes")
    without = run_here(*command, cwd=tmp_path)
    assert without.returncode == 2 and "no network of resistors names the classes better" in without.stderr
    done = run_here(*command, "--diode", "C>A", "--diode", "D>B:BAT42", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    told = [line.split(maxsplit=1)[1] for line in done.stdout.splitlines() if line.startswith("next:")]
    options = "xor.csv --difference --classes"
    assert told == [
        f"twinohm run {options} --diode 'C>A' --diode 'D>B:BAT42'",
        f"twinohm place {options} --diodes 2",
    ]
    task = twinohm.load_task(tmp_path / "xor.csv", difference=True, classes=True)
    assert twinohm.describe_data(task).impossible and not twinohm.describe_data(task, diodes=["C>A"]).impossible


@pytest.mark.parametrize(
    ("text", "options", "words"),
    [
        ("in1,in2,out1\n0,5,-0.4\n5,0,0.2\n", (), "or learn the difference of two outputs, --difference"),
        ("in1,in2,out1\n0,5,-6\n5,0,0.2\n", ("--difference",), "outside -5..5 V; give volts from -5 to 5, or scale"),
        ("in1,in2,out1\n0,-5,1\n5,0,2\n", ("--difference",), 'column in2 = "-5": outside 0..5 V'),
        ("a,b,c\n0,1,x\n1,0,y\n1,1,z\n", ("--difference",), "3 classes, of which the sign of a difference tells two"),
        ("in1,in2,out1\n1,2,1.5\n2,3,-1.5\n", ("--difference",), "out1 = 1.5 V is outside -1..1 V, the range of diff"),
        (xor_table(0, 1), ("--difference",), "no network of resistors names the classes better"),
        (xor_table(0, 1), ("--difference", "--amplify", "2"), "its targets are fixed"),
        (falling(), ("--difference", "--overclamp"), "no far rail for the difference"),
        (
            "a,b,c,d,e,f,y\n1,2,3,1,2,3,1\n2,3,1,5,6,1,2\n4,3,2,1,9,9,0\n",
            ("--difference", "--regression"),
            "no --difference",
        ),
    ],
    ids=["negative", "beyond", "input", "classes", "range", "linear", "amplify", "overclamp", "room"],
)
def test_what_cannot_be_is_one_line_with_a_remedy(
    text: str, options: tuple[str, ...], words: str, tmp_path: Path
) -> None:
    (tmp_path / "mine.csv").write_text(text)
    done = run_here("run", "mine.csv", *options, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "") and words in done.stderr, done.stderr
    assert done.stderr.splitlines()[-1].startswith("twinohm: ") and "Traceback" not in done.stderr


# -- numbers, in Python ------------------------------------------------------------------------------------------------

POINTS = np.random.default_rng(1).uniform(-1, 1, (30, 2))
TWO = np.column_stack([POINTS @ [2.0, -1.0], -POINTS[:, 0]])


@pytest.mark.slow
@pytest.mark.parametrize("levers", [{}, {"hinge": True, "margin_V": 0.1}, {"error_full_V": 0.5}], ids=str)
def test_the_ensemble_equals_the_firmware_tap_for_tap(levers: dict[str, object], tmp_path: Path) -> None:
    task = twinohm.Task.from_arrays(POINTS, TWO, difference=True)
    settings: dict[str, Any] = {
        "profile": "ideal",
        "seed": 5,
        "ticks": 80,
        "levers": levers,
        "out": tmp_path,
        "progress": False,
    }
    firmware, ensemble = (twinohm.run(task, engine=engine, **settings) for engine in ("firmware", "ensemble"))
    records = [list(run.folder.ticks()) for run in (firmware, ensemble)]
    for mine, other in zip(*records, strict=True):
        assert (mine.taps, mine.error_V2, mine.test_error_V2) == (other.taps, other.error_V2, other.test_error_V2)
    assert len(records[0]) == 80 and len({record.taps for record in records[0]}) > 10


@pytest.mark.slow
def test_two_targets_have_errors_of_their_own_a_table_and_a_file(tmp_path: Path) -> None:
    task = twinohm.Task.from_arrays(POINTS, TWO, difference=True, split_seed=2)
    run = twinohm.run(task, ticks=60, seed=1, out=tmp_path / "runs", progress=False)
    own, nodes = run.targets, run.settings.placement.outputs
    assert sorted(own) == ["desired.y1", "desired.y2", "true.y1", "true.y2", "y1", "y2"] and len(nodes) == 4
    learned = {tuple(np.round(row, 9)) for row in TWO}
    assert {tuple(np.round(row, 9)) for row in own[["desired.y1", "desired.y2"]].to_numpy()} <= learned
    found = run.ticks
    for k, scale in enumerate(task.own_scales):
        volts = found[f"free_V.{nodes[2 * k]}"] - found[f"free_V.{nodes[2 * k + 1]}"]
        assert own[f"y{k + 1}"].to_numpy() == pytest.approx(scale.low + volts.to_numpy() * scale.per_volt)
    each = run.summary.targets or ()
    final = run.summary.final_test
    assert final is not None and final.true_test_error_V2 is not None
    volts_V2 = [
        (one.true_rms_final or 0) ** 2 / scale.per_volt**2 for one, scale in zip(each, task.own_scales, strict=True)
    ]
    assert np.mean(volts_V2) == pytest.approx(final.true_test_error_V2)
    run.plot(tmp_path / "run.svg")
    assert " − ".join(nodes[:2]) in (tmp_path / "run.svg").read_text(encoding="utf-8")
    assert run_here("export", str(run.path), "--format", "csv", cwd=tmp_path).returncode == 0
    other = twinohm.run(task, ticks=60, seed=2, out=tmp_path / "runs", progress=False)
    assert not twinohm.compare(run, other).empty


@pytest.mark.slow
@pytest.mark.parametrize("wanted", [TWO, TWO[:, 0] > 0], ids=["numbers", "classes"])
def test_a_resumed_run_equals_an_undisturbed_one(wanted: np.ndarray, tmp_path: Path) -> None:
    task = twinohm.Task.from_arrays(POINTS, wanted, difference=True)
    calls = iter([False] * 6)
    part = twinohm.run(task, ticks=200, profile="ideal", out=tmp_path, progress=False, stop=lambda: next(calls, True))
    assert 0 < part.made < 200
    whole = twinohm.resume(part, progress=False)
    other = twinohm.run(task, ticks=200, profile="ideal", out=tmp_path, progress=False)
    assert [record.taps for record in whole.folder.ticks()] == [record.taps for record in other.folder.ticks()]
    assert run_here("check", str(whole.path), cwd=tmp_path).returncode == 0


@pytest.mark.slow
def test_examples_of_a_task_file_are_learned_as_differences(tmp_path: Path) -> None:
    examples = (
        "[[examples]]\ninputs = [5, 1, 0]\ndesired = [-0.25]\n[[examples]]\ninputs = [1, 5, 0]\ndesired = [0.5]\n"
    )
    for order in ("", 'order = "blocks"\n'):
        (tmp_path / "mine.toml").write_text(
            order + 'inputs = ["G", "B", "D"]\noutputs = ["A", "H"]\nblock = 60\ndifference = true\n' + examples
        )
        run = twinohm.run(tmp_path / "mine.toml", seed=2, out=tmp_path / "runs", progress=False)
        assert run.summary.true_mse_best < 0.2 * (run.summary.true_mse_first or 0)


@pytest.mark.slow
def test_a_diode_bends_numbers_where_the_span_is_small(tmp_path: Path) -> None:
    given = np.linspace(0, 5, 17)
    vee = find_task("vee")
    rms = {}
    for span_V in (0.6, 2.0):
        task = twinohm.Task.from_arrays(
            given[:, None], np.abs(given - 2.5), difference=True, target_span_V=span_V, test_size=0, classes=False
        )
        plugged = replace(task, diodes=vee.diodes)
        levers, eta = plugged.levers(PRESETS["best-same-ticks"].levers), PRESETS["best-same-ticks"].eta or 1.0
        ensemble = Ensemble(plugged.plugged(LAB16), PROFILES["lab"], range(32), calibrated=True)
        done = TaskOnEnsemble(plugged.tested_every(60), ensemble, vee.placements["lab16"], eta, 1800, levers).run()
        per_volt = task.own_scales[0].per_volt
        rms[span_V] = per_volt * float(np.median([scores.true_rms_plateau_V for scores in done.scores()]))
    assert rms[0.6] < 0.3 * np.abs(given - 2.5).std() < rms[2.0]
