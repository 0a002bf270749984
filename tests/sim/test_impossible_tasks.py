"""A user's task that no network of resistors can learn: said before a run, a search or a sweep, on the command line."""

import json
from pathlib import Path

import pytest

from tests.command_line import run_here
from twinohm.errors import UsageError
from twinohm.model.board_file import load_board
from twinohm.runlog.folder import RunFolder
from twinohm.runlog.plan import plan_run
from twinohm.runlog.resume import plan_resume
from twinohm.tasks import find_task

BEYOND = "in1,in2,out1\n1,2,4.5\n2,1,4.5\n"
XOR = "in1,in2,in3,in4,out1\n0,0,5,0,0\n0,5,5,0,5\n5,0,5,0,5\n5,5,5,0,0\n"
ONE_INPUT = "in1,out1\n1,0.5\n2,1\n4,2\n"
CONTRADICTION = "in1,in2,out1\n1,2,1.2\n1,2,1.8\n"
CLASSES = "in1,in2,label\n0,0,a\n5,5,a\n0,5,b\n5,0,b\n"
SHORT = ["--ticks", "4", "--no-plot", "--json"]


@pytest.mark.parametrize("command", ["run", "place", "sweep"])
@pytest.mark.parametrize(
    ("text", "words"),
    [
        (BEYOND, "mine.csv: row 2: out1 = 4.5 V is outside 1..2 V, the range of its inputs"),
        (
            XOR,
            "mine.csv: no network of resistors is better than a constant answer: 2500.0 mV rms against 2500.0 mV rms",
        ),
        (CLASSES, "mine.csv: no network of resistors names the classes better than the most frequent class does"),
        (ONE_INPUT, "give --bias, which adds inputs of 0 V and 5 V; --anyway runs it all the same"),
    ],
    ids=["beyond", "xor", "classes", "one input"],
)
def test_it_is_refused_before_anything_is_made(command: str, text: str, words: str, tmp_path: Path) -> None:
    (tmp_path / "mine.csv").write_text(text)
    done = run_here(command, "mine.csv", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert words in done.stderr and done.stderr.endswith("--anyway runs it all the same\n")
    assert done.stderr.count("\n") == 1
    assert [path.name for path in tmp_path.iterdir()] == ["mine.csv"]


def test_the_advice_works(tmp_path: Path) -> None:
    (tmp_path / "mine.csv").write_text("in1,in2,out1\n1,0,0.5\n2,0,1\n4,0,2\n")
    done = run_here("run", "mine.csv", *SHORT, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "twinohm: best network of resistors: 0.0 mV rms, best constant 623.6 mV rms (3 training rows)" in done.stderr


@pytest.mark.parametrize("text", [BEYOND, XOR], ids=["beyond", "xor"])
def test_anyway_runs_it_and_says_so_and_the_run_can_be_resumed(text: str, tmp_path: Path) -> None:
    (tmp_path / "mine.csv").write_text(text)
    done = run_here("run", "mine.csv", "--anyway", *SHORT, cwd=tmp_path)
    assert done.returncode == 0 and "no network of resistors" in done.stderr
    assert json.loads(done.stdout)["ticks"] == 4
    assert plan_resume(RunFolder(next((tmp_path / "runs").iterdir()))).ticks == 4


def test_contradicting_rows_are_a_warning(tmp_path: Path) -> None:
    (tmp_path / "mine.csv").write_text(CONTRADICTION)
    done = run_here("run", "mine.csv", *SHORT, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert (
        "warning: row 2 and row 3 have equal inputs and different targets; no answer is better than 300.0 mV"
        in done.stderr
    )


def test_an_output_that_a_script_cuts_off_is_named(tmp_path: Path) -> None:
    command = ["run", "allostery1", *SHORT[:3]]
    edges = [edge for edge in load_board("lab16").edges if "D" in edge]
    cut = [word for edge in edges for word in ("--set", f"at=2:remove={edge}")]
    done = run_here(*command, *cut, cwd=tmp_path)
    assert done.returncode == 2 and "allostery1: no input reaches output D from tick 2 on, without" in done.stderr
    later = "&".join(f"at=4:remove={edge}" for edge in edges)  # after the run's last tick
    with pytest.raises(UsageError, match="the run has 4 ticks, 0 to 3; leave it out"):
        plan_run(find_task("allostery1"), port=f"sim://?{later}", ticks=4)
    (remark,) = plan_run(find_task("allostery1"), port=f"sim://?{later}", ticks=5, anyway=True).remarks
    assert "no input reaches output D from tick 4 on" in remark


@pytest.mark.parametrize("text", ["NA", ".", "?", "", "0_3", "nan"])
@pytest.mark.parametrize("column", ["in2", "label"])
def test_what_is_no_value_is_named_by_row_and_column(text: str, column: str, tmp_path: Path) -> None:
    row = {"in1": "4", "in2": "2", "label": "b"} | {column: text}
    (tmp_path / "mine.csv").write_text("in1,in2,label\n1,1,a\n" + ",".join(row.values()) + "\n2,3,c\n")
    done = run_here("run", "mine.csv", *SHORT, cwd=tmp_path)
    if (text, column) == ("0_3", "label"):  # the name of a class is no number
        assert done.returncode == 0
        return
    assert (done.returncode, done.stdout) == (2, "")
    missing = "not a number" if text == "0_3" else "a missing value"
    assert f'mine.csv: row 3, column {column} = "{text}": {missing}; ' in done.stderr
