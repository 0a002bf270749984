"""Whole data sets of scikit-learn in five dialects: one task in all of them, on which boards reach stated scores."""

import csv
import io
import json
from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np
import pandas
import pytest
from matplotlib.figure import Figure
from sklearn import datasets

import twinohm
from tests.command_line import run_here
from twinohm.ensemble import Ensemble
from twinohm.model.board_file import load_board
from twinohm.model.profile import profile_from
from twinohm.runlog.folder import RunFolder
from twinohm.runlog.resume import plan_resume
from twinohm.studies.ensemble_run import TaskOnEnsemble
from twinohm.tasks.data_options import DataOptions
from twinohm.tasks.task_file import load_task
from twinohm.tasks.user import UserTask

LAB16 = load_board("lab16")
BOARDS = 16
INPUTS: dict[str, tuple[str, ...]] = {
    "iris": (),
    "wine": ("alcohol", "flavanoids", "od280/od315_of_diluted_wines", "proline"),
    "breast_cancer": (
        "mean perimeter",
        "mean concave points",
        "worst radius",
        "worst perimeter",
        "worst concave points",
    ),
    "diabetes": ("bmi", "bp", "s3", "s4", "s5", "s6"),
}
ROWS = {"iris": 150, "wine": 178, "breast_cancer": 569, "diabetes": 442}


@cache
def frame(name: str) -> pandas.DataFrame:
    return getattr(datasets, f"load_{name}")(as_frame=True).frame


def as_pandas(table: pandas.DataFrame) -> bytes:
    """What DataFrame.to_csv writes: commas, and an index without a name."""
    return table.to_csv().encode()


def as_r(table: pandas.DataFrame) -> bytes:
    """What write.csv of R writes: texts in quotes, rows numbered from 1."""
    numbered = table.set_axis([str(k + 1) for k in range(len(table))])
    return numbered.to_csv(quoting=csv.QUOTE_NONNUMERIC).encode()


def as_excel(table: pandas.DataFrame) -> bytes:
    """What a German Excel writes: semicolons, decimal commas, an empty column and empty rows, Windows line ends."""
    text = table.to_csv(sep=";", decimal=",", index=False, lineterminator=";\r\n")
    return (text + ";" * len(table.columns) + "\r\n").encode("cp1252")


def as_tabs(table: pandas.DataFrame) -> bytes:
    """UTF-16 with tabs and a comment, as instruments write it."""
    return ("# exported\r\n" + table.to_csv(sep="\t", index=False, lineterminator="\r\n")).encode("utf-16")


def as_scikit_learn(table: pandas.DataFrame) -> bytes:
    """The files of scikit-learn: no header, but a first line of counts and names of classes; numbers have none."""
    text = io.StringIO()
    classes = sorted(set(table["target"]))
    if len(classes) < 10:
        text.write(",".join([str(len(table)), str(len(table.columns) - 1), *(f"class_{k}" for k in classes)]) + "\n")
    table.to_csv(text, index=False, header=False)
    return text.getvalue().encode()


DIALECTS: list[Callable[[pandas.DataFrame], bytes]] = [as_pandas, as_r, as_excel, as_tabs, as_scikit_learn]


def read(name: str, dialect: Callable[[pandas.DataFrame], bytes], folder: Path) -> UserTask:
    table = frame(name)
    file = folder / f"{name}.csv"
    file.write_bytes(dialect(table))
    inputs = INPUTS[name]
    if dialect is as_scikit_learn:
        inputs = tuple(f"column{list(table.columns).index(column) + 1}" for column in inputs)
    return load_task(file, options=DataOptions(inputs=inputs))


@pytest.mark.parametrize("name", INPUTS)
@pytest.mark.parametrize("dialect", DIALECTS, ids=[dialect.__name__ for dialect in DIALECTS])
def test_a_set_is_the_same_task_in_every_dialect(
    name: str, dialect: Callable[[pandas.DataFrame], bytes], tmp_path: Path
) -> None:
    found = read(name, dialect, tmp_path)
    table = frame(name)
    features = table[list(INPUTS[name])] if INPUTS[name] else table.drop(columns="target")
    wanted = twinohm.Task.from_arrays(features, table["target"], name=name)
    assert len(found.rows) == len(wanted.rows) == ROWS[name]
    for row, other in zip(found.rows, wanted.rows, strict=True):
        assert (row.label, row.test) == (other.label, other.test)
        assert row.inputs_V == pytest.approx(other.inputs_V) and row.desired_V == pytest.approx(other.desired_V)
    assert len(found.classes) == len(wanted.classes)
    assert found.placement_on(LAB16) == wanted.placement_on(LAB16)


@pytest.mark.parametrize(
    ("name", "least"), [("iris", 0.9), ("wine", 0.85), ("breast_cancer", 0.9)], ids=["iris", "wine", "breast cancer"]
)
def test_boards_name_so_many_of_the_test_rows_rightly(name: str, least: float, tmp_path: Path) -> None:
    scores = trained(read(name, as_excel, tmp_path))
    assert np.median([one.true_accuracy for one in scores]) >= least


def test_boards_tell_the_progression_of_diabetes_better_than_a_constant(tmp_path: Path) -> None:
    task = read("diabetes", as_excel, tmp_path)
    (scale,) = task.own_scales
    rms = np.median([one.true_rms_plateau_V for one in trained(task)]) * scale.per_volt
    progression = frame("diabetes")["target"]
    test = np.array([row.test for row in task.rows])
    constant = float(np.sqrt(np.mean((progression[test] - progression[~test].mean()) ** 2)))
    assert 55 < rms < 60 < 75 < constant


def trained(task: UserTask) -> list:
    ensemble = Ensemble(LAB16, profile_from("lab", {}), list(range(BOARDS)))
    return TaskOnEnsemble(task, ensemble, task.placement_on(LAB16), task.eta, task.ticks).run().scores()


# -- a run -------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def diabetes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder in which `twinohm run` trained a board on two targets of a German file."""
    root = tmp_path_factory.mktemp("diabetes")
    (root / "diabetes.csv").write_bytes(as_excel(frame("diabetes")))
    command = ["run", "diabetes.csv", "--inputs", "bmi,s5,bp", "--target", "target", "--ticks", "120", "--no-plot"]
    done = run_here(*command, cwd=root)
    assert done.returncode == 0, done.stderr
    (root / "stdout").write_text(done.stdout)
    (root / "stderr").write_text(done.stderr)
    return root


def test_a_run_tells_what_was_made_of_the_data(diabetes: Path) -> None:
    first = (diabetes / "stderr").read_text().splitlines()[0]
    assert first.startswith(
        "diabetes.csv: 3 inputs and target scaled to 0..5 V by 309 training rows, bias inputs of 0 V and 5 V, 133 test "
        "rows drawn with seed 0"
    )
    assert first.endswith("; separator semicolon; 1 empty row left out; 1 empty column left out; decimal comma")


def test_errors_are_told_in_the_targets_own_unit_too(diabetes: Path) -> None:
    (run,) = (diabetes / "runs").iterdir()
    summary = json.loads((run / "summary.json").read_bytes())
    (target,) = summary["targets"]
    learned = [row for row in load_task(diabetes / "diabetes.csv").rows if not row.test]
    progression = frame("diabetes")["target"]
    assert len(learned) == 309
    assert target["name"] == "target" and progression.min() <= target["low"] < target["high"] <= progression.max()
    per_volt = (target["high"] - target["low"]) / 5
    assert target["rms_plateau"] == pytest.approx(summary["rms_plateau_V"] * per_volt)
    assert target["true_rms_plateau"] == pytest.approx(summary["true_rms_plateau_V"] * per_volt)
    assert target["true_rms_final"] == pytest.approx(summary["final_test"]["true_test_error_V2"] ** 0.5 * per_volt)
    line = next(line for line in (diabetes / "stdout").read_text().splitlines() if line.startswith("own unit:"))
    assert line.startswith(f"own unit:  target: plateau {target['true_rms_plateau']:.3g} rms, from ")
    assert line.endswith(f"(1 V is {per_volt:.3g})") and "best constant 75.2" in line


def test_run_json_has_the_scaling_and_outputs_become_targets_again(diabetes: Path) -> None:
    (run,) = (diabetes / "runs").iterdir()
    task = plan_resume(RunFolder(run)).task
    assert isinstance(task, UserTask) and task.preparation is not None
    scaling = task.preparation.scaling
    table = frame("diabetes")
    assert scaling.input_names == ["bmi", "s5", "bp", "0 V", "5 V"]
    given_V = scaling.inputs_V(table[["bmi", "s5", "bp"]])
    assert given_V == pytest.approx(np.array([row.inputs_V for row in task.rows]))
    again = scaling.undo([row.desired_V for row in task.rows])
    assert again[:, 0] == pytest.approx(table["target"].to_numpy())


def test_the_test_set_is_measured_often_enough_for_a_curve(diabetes: Path) -> None:
    (run,) = (diabetes / "runs").iterdir()
    ticks = list(RunFolder(run).ticks())
    assert len(ticks) == 120 and sum(tick.test_error_V2 is not None for tick in ticks) >= 20


def test_several_targets_have_their_own_units_at_the_end(tmp_path: Path) -> None:
    table = frame("iris").rename(columns=lambda name: name.removesuffix(" (cm)"))
    table.to_csv(tmp_path / "iris.csv")
    command = ["run", "iris.csv", "--target", "petal length,petal width", "--inputs", "sepal length,sepal width"]
    done = run_here(*command, "--ticks", "20", "--no-plot", "--json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    summary = json.loads(done.stdout)
    length, width = summary["targets"]
    assert (length["name"], width["name"]) == ("petal length", "petal width") and "rms_plateau" not in length
    squares = [(one["rms_final"] / (one["high"] - one["low"]) * 5) ** 2 for one in (length, width)]
    assert np.mean(squares) == pytest.approx(summary["final_test"]["test_error_V2"])


@pytest.mark.parametrize(("ticks", "words"), [("420", "right classes fell from 93.3 % to 86.7 %; try"), ("1", "")])
def test_a_run_that_ends_with_fewer_right_classes_says_what_to_try(ticks: str, words: str, tmp_path: Path) -> None:
    frame("iris").to_csv(tmp_path / "iris.csv", index=False)
    options = ["--placement", "C,B,A,G,F,E,D,I,H", "--ticks", ticks, "--no-plot"]
    done = run_here("run", "iris.csv", *options, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert words in done.stderr and ("fell" in done.stderr) == bool(words)


@pytest.mark.slow
def test_few_measurements_of_a_test_set_are_points(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[list[str]] = []
    keep = Figure.savefig

    def savefig(figure: Figure, *arguments: object, **options: object) -> None:
        drawn.append([str(line.get_marker()) for line in figure.axes[1].lines])
        keep(figure, *arguments, **options)

    frame("iris").to_csv(tmp_path / "iris.csv", index=False)
    monkeypatch.setattr(Figure, "savefig", savefig)
    for ticks in ("10", "40"):  # 11 measurements, and 21
        assert run_here("run", "iris.csv", "--ticks", ticks, cwd=tmp_path).returncode == 0
    few, many = drawn
    assert few.count("o") == many.count("o") + 1


# -- too many columns --------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_too_many_columns_are_refused_with_the_count_and_remedies_that_work(tmp_path: Path) -> None:
    frame("wine").to_csv(tmp_path / "wine.csv", index=False)
    for command in ("run", "data", "place"):
        done = run_here(command, "wine.csv", cwd=tmp_path)
        assert done.returncode == 2
        assert done.stderr.splitlines()[-1] == (
            "twinohm: wine needs 15 inputs and 3 outputs; board lab16 can give 6 and 3 (13 columns, 2 bias inputs); "
            "give --inputs alcohol,flavanoids,od280/od315_of_diluted_wines,proline (the 4 columns that tell most), or "
            "--no-bias (room for 6 columns), or a larger board, as `twinohm board new` makes one"
        )
    assert run_here("board", "new", "--graph", "lattice:5x5", "--out", "boards.toml", cwd=tmp_path).returncode == 0
    done = run_here("data", "wine.csv", "--board", "own", "--boards", "boards.toml", cwd=tmp_path)
    assert done.returncode == 0 and "twinohm run wine.csv --board own --boards boards.toml" in done.stdout
    chosen = ["--inputs", "alcohol,flavanoids,od280/od315_of_diluted_wines,proline"]
    assert run_here("data", "wine.csv", *chosen, cwd=tmp_path).returncode == 0
    assert run_here("data", "wine.csv", "--no-bias", "--inputs", "ash,hue", cwd=tmp_path).returncode == 0


def test_data_prints_the_columns_and_the_next_commands(tmp_path: Path) -> None:
    frame("iris").to_csv(tmp_path / "my iris.csv")
    done = run_here("data", "my iris.csv", "--inputs", "petal length (cm),petal width (cm)", "--no-bias", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert any(line.split() == ["petal", "length", "(cm)", "input", "1.1", "6.9", "0..5", "V"] for line in lines)
    assert any("target, classes" in line and "0 50, 1 50, 2 50" in line for line in lines)
    assert "rows:      105 to train, 45 to test" in done.stdout
    assert any(line.startswith("baselines: chance 33.3 %") and "LDA 9" in line for line in lines)
    options = "'my iris.csv' --inputs 'petal length (cm),petal width (cm)' --no-bias"
    assert lines[-2:] == [f"next:      twinohm run {options}", f"next:      twinohm place {options}"]
