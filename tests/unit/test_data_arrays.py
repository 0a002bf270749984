"""Tasks of arrays, lists and DataFrames: what a user gives to Task.from_arrays()."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas
import pyarrow
import pytest
import xarray
from scipy.sparse import csr_array

import twinohm
from tests.one_line import one_line
from twinohm.errors import UsageError
from twinohm.model.board_file import load_board
from twinohm.tasks.recorded import recorded_task, task_fields
from twinohm.tasks.scaling import ColumnScale, Scaling
from twinohm.tasks.user import UserTask

RANDOM = np.random.default_rng(0)
X = RANDOM.uniform(-3, 8, (40, 2))
Y = X @ [2.0, 1.0] + 10
SEED = 2  # draws a test row beyond the training rows


def test_numbers_are_scaled_by_the_training_rows_alone() -> None:
    task = twinohm.Task.from_arrays(X, Y, name="sum", split_seed=SEED)
    test = np.array([row.test for row in task.rows])
    assert (task.name, task.n_inputs, task.n_outputs, int(test.sum())) == ("sum", 4, 1, 12)
    given = np.array([row.inputs_V for row in task.rows])
    low, high = X[~test].min(0), X[~test].max(0)
    assert given[:, :2] == pytest.approx(np.clip(5 * (X - low) / (high - low), 0, 5))
    assert given[~test][:, :2].min(0) == pytest.approx([0, 0]) and given[~test][:, :2].max(0) == pytest.approx([5, 5])
    assert (given[:, 2] == 0).all() and (given[:, 3] == 5).all()  # bias inputs
    wanted = np.array([row.desired_V[0] for row in task.rows])
    assert wanted[~test].min() == pytest.approx(0) and wanted[~test].max() == pytest.approx(5)
    assert task.preparation is not None
    assert task.preparation.scaling.undo(wanted)[:, 0] == pytest.approx(Y)
    outside = ((X < low - 1e-9) | (X > high + 1e-9)).any(1)
    assert task.preparation.clipped == (outside & test).sum() > 0
    assert f"{task.preparation.clipped} of them clipped" in task.prepared_text


def test_the_complement_stands_beside_each_input() -> None:
    task = twinohm.Task.from_arrays(X, Y, complement=True, bias=False)
    assert task.preparation is not None
    assert task.preparation.scaling.input_names == ["x1", "x2", "5 V - x1", "5 V - x2"]
    given = np.array([row.inputs_V for row in task.rows])
    assert given[:, 2:] == pytest.approx(5 - given[:, :2])


def test_volts_stay_as_they_are() -> None:
    volts = X.clip(0, 5)
    task = twinohm.Task.from_arrays(volts, volts.mean(1), scale=False, bias=False)
    assert [row.inputs_V for row in task.rows] == [tuple(row) for row in volts.tolist()]
    assert not any(row.test for row in task.rows) and task.own_scales == ()
    with pytest.raises(UsageError, match=one_line("data: row ", "outside 0..5 V", "scale=True")):
        twinohm.Task.from_arrays(X, Y, scale=False)


def test_the_split_is_stratified_and_its_seed_decides_it() -> None:
    labels = np.array(["a"] * 30 + ["b"] * 10)
    drawn = [
        [row.test for row in twinohm.Task.from_arrays(X, labels, test_size=0.2, split_seed=seed).rows]
        for seed in (1, 1, 2)
    ]
    assert drawn[0] == drawn[1] != drawn[2]
    for test in drawn:
        assert (sum(test[:30]), sum(test[30:])) == (6, 2)


@pytest.mark.parametrize(
    "y",
    [
        ["no", "yes"] * 20,
        np.array(["no", "yes"] * 20),
        np.array(["no", "yes"] * 20, dtype=object),
        pandas.Series(["no", "yes"] * 20),
        pandas.Series(["no", "yes"] * 20, dtype="category"),
    ],
    ids=["list", "numpy", "objects", "Series", "categories"],
)
def test_texts_are_classes(y: Any) -> None:
    task = twinohm.Task.from_arrays(X, y)
    assert (task.classes, [row.label for row in task.rows]) == (("no", "yes"), [0, 1] * 20)


@pytest.mark.parametrize(("y", "classes"), [([0, 1] * 20, ("0", "1")), ([True, False] * 20, ("True", "False"))])
def test_few_whole_numbers_and_truth_values_are_classes(y: list[Any], classes: tuple[str, ...]) -> None:
    assert twinohm.Task.from_arrays(X, y).classes == classes
    if y[0] == 0:
        assert twinohm.Task.from_arrays(X, y, classes=False).classes == ()


def test_a_frame_keeps_its_names_and_several_targets() -> None:
    frame = pandas.DataFrame(X, columns=["length", "width, cm"])
    task = twinohm.Task.from_arrays(frame, pandas.DataFrame({"sum": Y, "length": X[:, 0]}), bias=False)
    assert task.targets == ("sum", "length (y)") and task.n_outputs == 2
    assert task.preparation is not None and task.preparation.scaling.input_names == ["length", "width, cm"]
    assert twinohm.Task.from_arrays(frame, pandas.Series(Y, name="growth")).targets == ("growth",)


@pytest.mark.parametrize(
    "given",
    [X.tolist(), X.astype("float32"), pandas.DataFrame(X), pandas.DataFrame(X).convert_dtypes()],
    ids=["list", "float32", "frame", "nullable"],
)
def test_any_container_of_numbers_is_the_same_task(given: Any) -> None:
    ours, theirs = (
        np.array([row.inputs_V for row in twinohm.Task.from_arrays(one, Y.tolist()).rows]) for one in (given, X)
    )
    assert ours == pytest.approx(theirs, abs=1e-5)


MISSING = X.copy()
MISSING[3, 1] = np.nan
INFINITE = X.copy()
INFINITE[0, 0] = np.inf


@pytest.mark.parametrize(
    ("x", "y", "options", "words"),
    [
        (X, Y[:-1], {}, "X has 40 examples and y 39; give as many of both"),
        (X[:, 0, None, None], Y, {}, "X: 40 x 1 x 1; give examples x columns"),
        (3.0, Y, {}, "X: a single value; give examples x columns"),
        (np.zeros((0, 2)), [], {}, "X: no example; give two or more"),
        ([[1, 2], [3]], [1, 2], {}, "X: rows of different lengths; give as many values in each"),
        (X + 1j, Y, {}, "X: values of type complex128; give numbers"),
        (
            MISSING,
            Y,
            {},
            'data: row 3, column x2 = "nan": a missing value; fill it in, or take the row out, which',
        ),
        (INFINITE, Y, {}, 'data: row 0, column x1 = "inf": not a number'),
        ([["a", 1], ["b", 2]], [1, 2], {}, 'data: row 0, column x1 = "a": a text is no input'),
        (X, np.ones(40), {}, 'data: column y: all rows are "1"; give two classes or more'),
        (X, np.full(40, 0.5), {}, "data: row 0, column y = 0.5: the same in every row"),
        (X, Y, {"test_size": 1.5}, "test_size = 1.5: the share of the test rows, from 0 to below 1"),
        (X, Y, {"split_seed": -1}, "split_seed = -1: a whole number of 0 or more"),
    ],
    ids=lambda value: value[:30] if isinstance(value, str) else "",
)
def test_what_is_no_data_is_refused_in_one_line(x: Any, y: Any, options: dict[str, Any], words: str) -> None:
    with pytest.raises(UsageError, match=one_line(words)):
        twinohm.Task.from_arrays(x, y, **options)


def test_rows_without_a_value_are_dropped_on_request() -> None:
    task = twinohm.Task.from_arrays(MISSING, Y, drop_missing=True)
    assert 3 not in [row.number for row in task.rows] and len(task.rows) == 39


def test_too_many_columns_name_those_that_tell_most() -> None:
    wide = RANDOM.uniform(0, 1, (40, 12))
    task = twinohm.Task.from_arrays(wide, wide[:, [2, 7]].sum(1))
    with pytest.raises(UsageError) as refused:
        task.placement_on(load_board("lab16"))
    text = str(refused.value)
    assert "(12 columns, 2 bias inputs); give the columns x" in text and "bias=False (room for 8 columns)" in text
    assert " x3," in text and " x8" in text


def test_a_task_comes_back_from_run_json_with_its_scaling() -> None:
    task = twinohm.Task.from_arrays(X, Y, complement=True, name="sum")
    again = recorded_task("sum", json.loads(json.dumps(task_fields(task))), 1.0)
    assert isinstance(again, UserTask) and again.preparation == task.preparation
    ours, theirs = (
        [(row.number, *row.inputs_V, *row.desired_V, row.test) for row in one.rows] for one in (task, again)
    )
    assert ours == theirs and again.placement_on(load_board("lab16")) == task.placement_on(load_board("lab16"))


def test_it_runs_and_is_described(tmp_path: Path) -> None:
    task = twinohm.Task.from_arrays(X, Y, name="sum")
    found = twinohm.describe_data(task)
    assert [(column.column, column.role) for column in found.columns] == [
        ("x1", "input"),
        ("x2", "input"),
        ("", "bias input"),
        ("", "bias input"),
        ("y", "target, numbers"),
    ]
    assert (found.train, found.test, found.impossible, found.commands) == (28, 12, "", ())
    run = twinohm.run(task, ticks=20, out=tmp_path, progress=False)
    assert run.summary.targets is not None and run.summary.targets[0].name == "y"


def test_a_file_is_loaded_with_arguments_of_python(tmp_path: Path) -> None:
    pandas.DataFrame({"a": X[:, 0], "b": X[:, 1], "kind": ["u", "v"] * 20}).to_csv(tmp_path / "mine.csv")
    task = twinohm.load_task(tmp_path / "mine.csv", target="kind", inputs=["b"], test=0.5, bias=False)
    assert (task.n_inputs, task.classes, sum(row.test for row in task.rows)) == (1, ("u", "v"), 20)
    with pytest.raises(UsageError, match=one_line("complement = 1: give True or False")):
        twinohm.load_task(tmp_path / "mine.csv", complement=1)  # type: ignore[arg-type]


def test_a_scale_and_its_inverse() -> None:
    scale = ColumnScale("t", -40.0, 60.0)
    assert scale.volts([-40, 10, 60, 80]).tolist() == [0, 2.5, 5, 6] and scale.per_volt == 20
    assert scale.own([0, 2.5, 6]).tolist() == [-40, 10, 80]
    scaling = Scaling((scale,), (ColumnScale("y", 0, 10),), complement=True, biases_V=(0.0, 5.0))
    assert scaling.inputs_V([[10.0], [80.0]]).tolist() == [[2.5, 2.5, 0, 5], [5, 0, 0, 5]]
    assert scaling.undo([[1.0], [6.0]]).tolist() == [[2], [12]]


def test_frames_of_different_indices_are_refused_and_arrays_have_no_index() -> None:
    frame = pandas.DataFrame(X, columns=["a", "b"])
    shuffled = pandas.Series(Y, name="t").sample(frac=1, random_state=1)
    words = one_line("X and y have other indices: row 0 is 0 in X and ", " in y; ", ".reset_index(drop=True)")
    with pytest.raises(UsageError, match=words):
        twinohm.Task.from_arrays(frame, shuffled)
    joined = twinohm.Task.from_arrays(frame, shuffled.sort_index(), split_seed=SEED)
    assert joined.rows == twinohm.Task.from_arrays(frame, Y, split_seed=SEED).rows
    by_position = twinohm.Task.from_arrays(frame, shuffled.reset_index(drop=True), split_seed=SEED)
    assert by_position.rows == twinohm.Task.from_arrays(frame, shuffled.to_numpy(), split_seed=SEED).rows
    named = frame.set_index(pandas.Index([float("nan"), *range(39)]))
    assert twinohm.Task.from_arrays(named, pandas.Series(Y, index=named.index), split_seed=SEED).rows


@pytest.mark.parametrize(
    ("values", "words"),
    [
        (xarray.DataArray(X), "xarray.DataArray; give an array, lists or a DataFrame, such as X.to_pandas()"),
        (pyarrow.array(Y), "pyarrow.DoubleArray; give an array, lists or a DataFrame, such as X.to_pandas()"),
        (pyarrow.table({"a": Y}), "pyarrow.Table; give an array, lists or a DataFrame, such as X.to_pandas()"),
        (csr_array(X), "a sparse matrix (scipy.csr_array); give an array, lists or a DataFrame, such as X.toarray()"),
        ({"a": Y}, "dict; give an array, lists or a DataFrame, such as pandas.DataFrame(X)"),
        ((row for row in X), "generator; give an array, lists or a DataFrame, such as list(X)"),
        (set(Y), "set, which has no order; give"),
    ],
)
def test_other_containers_are_named_with_what_makes_an_array_of_them(values: Any, words: str) -> None:
    with pytest.raises(UsageError, match=one_line(f"X: {words}")):
        twinohm.Task.from_arrays(values, Y)
    with pytest.raises(UsageError, match=one_line("y = None: give an array, lists or a DataFrame")):
        twinohm.Task.from_arrays(X, None)


def test_columns_of_true_and_false_are_0_and_1() -> None:
    flags = X[:, 0] > 0
    task = twinohm.Task.from_arrays(pandas.DataFrame({"flag": flags, "x": X[:, 1]}), Y, bias=False)
    assert [row.inputs_V[0] for row in task.rows] == [5.0 * flag for flag in flags]
    assert set(twinohm.Task.from_arrays(X, flags).classes) == {"True", "False"}


@pytest.mark.parametrize("classes", ["a", "no", 0])
def test_classes_is_true_false_or_none(classes: Any) -> None:
    with pytest.raises(UsageError, match=one_line(f"classes = {classes!r}: give True or False, or None")):
        twinohm.Task.from_arrays(X, Y, classes=classes)


@pytest.mark.parametrize("none", ["", [], [" "]])
@pytest.mark.parametrize("argument", ["target", "inputs"])
def test_an_empty_list_of_columns_is_refused(argument: str, none: Any, tmp_path: Path) -> None:
    (tmp_path / "d.csv").write_text("a,b\n1,2\n3,4\n")
    with pytest.raises(UsageError, match=one_line(f"{argument} = {none!r}: no name of a column; give one, or None")):
        twinohm.load_task(tmp_path / "d.csv", **{argument: none})


def test_a_share_that_leaves_one_row_to_learn_is_blamed_by_the_name_that_its_function_has(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=one_line("data: test_size=0.999: 1 of 40 rows is left to learn; give 0.3")):
        twinohm.Task.from_arrays(X, Y, test_size=0.999)
    (tmp_path / "d.csv").write_text("a,b\n" + "".join(f"{k},{k * k}\n" for k in range(30)))
    with pytest.raises(UsageError, match=one_line(str(tmp_path), "d.csv: test=0.999: 1 of 30 rows is left to learn")):
        twinohm.load_task(tmp_path / "d.csv", test=0.999)


@pytest.mark.parametrize(
    ("start", "words"), [(b"\x1f\x8b\x08", "compressed by gzip"), (b"PK\x03\x04", "a zip archive")]
)
def test_a_packed_file_is_said_to_be_one(start: bytes, words: str, tmp_path: Path) -> None:
    (tmp_path / "d.csv").write_bytes(start + bytes(range(200)))
    with pytest.raises(UsageError, match=one_line(str(tmp_path), f"d.csv: not text, but {words}", "; unpack it")):
        twinohm.load_task(tmp_path / "d.csv")


def test_a_column_that_nearly_says_which_rows_are_test_rows_is_told(tmp_path: Path) -> None:
    rows = "".join(f"{k * k % 11},{('train', 'test', 'valid')[k % 3]},{k}\n" for k in range(30))
    (tmp_path / "d.csv").write_text(f"a,set,b\n{rows}")
    why = 'column set does not say which rows are test rows: row 4 has "valid" there, neither train nor test'
    with pytest.raises(UsageError, match=one_line(str(tmp_path), why)):
        twinohm.load_task(tmp_path / "d.csv")
    assert why in twinohm.load_task(tmp_path / "d.csv", inputs="a", target="b").prepared_text


def test_rows_of_other_indices_are_plain_numbers_in_the_message() -> None:
    with pytest.raises(UsageError, match=one_line("X and y have other indices: row 0 is 22 in X and 0 in y")):
        twinohm.Task.from_arrays(pandas.DataFrame(X, index=np.arange(22, 62)), pandas.Series(Y, index=np.arange(40)))
