"""A user's own data learned as differences of two outputs: files, arrays and task files, through the firmware."""

import json
from pathlib import Path

import numpy as np
import pytest

import twinohm
from tests.command_line import run_here
from twinohm.runlog.folder import RunFolder
from twinohm.tasks.task_file import load_task

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
