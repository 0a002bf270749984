"""Read a user's task from a TOML file with examples, a TOML file that names a CSV file, or a CSV file alone."""

import csv
import io
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Annotated, Any, NamedTuple

from pydantic import AfterValidator, Field, PlainValidator, ValidationError

from twinohm.errors import UsageError
from twinohm.inputs import DATA_BYTES, TABLE_BYTES
from twinohm.model.board import Board
from twinohm.model.board_tables import Number, Table, Whole
from twinohm.model.codes import TASK_SPAN_V
from twinohm.model.levers import MOST_ETA, check_eta
from twinohm.model.mistakes import (
    MISSING,
    FileMistake,
    explain,
    first_error,
    look_up,
    parse_toml,
    read_text,
    value_text,
)
from twinohm.model.number_text import parse_number
from twinohm.model.placement import Placement
from twinohm.model.random_streams import USER_ORDER
from twinohm.tasks.iris import Labelled, epochs
from twinohm.tasks.regression import stream
from twinohm.tasks.task import Block, Infer, Lesson, Task, Volts

BLOCK = 100  # ticks of each example in a TOML file
AT_LEAST = 400  # ticks with a data file: the fewest whole passes through its rows that give as many
MOST = 10_000_000
MOST_ROWS = 100_000  # of a data file
REPORT_ROWS = 1_000  # from one report of progress to the next
# How programs write a value that is missing (R, pandas, SPSS, SAS, UCI); never the name of a class.
NO_VALUE = frozenset(("", "NA", "N/A", "n/a", "#N/A", "NaN", "nan", "NULL", "null", ".", "?"))
Progress = Callable[[int, int], None]
COLUMNS = "columns are in1, in2, ... and either out1, out2, ... or label; set (train or test) if you like"


class Row(NamedTuple):
    """A row of a data file. `label`: number of its class, -1 if it has desired_V instead."""

    number: int  # of the line in the file
    inputs_V: Volts
    desired_V: Volts
    label: int
    test: bool


@dataclass(frozen=True)
class UserTask(Task):
    """A user's task: examples as in Task, or `rows` of a data file, one per tick.

    With `classes`, each block is one pass through the training rows, as in iris. Test rows are measured, not learned;
    without any, the training rows are the test set. With rows, `block` is the ticks in all. `nodes`: the placement that
    the file names, if it names one.
    """

    file: Path = field(default=Path(), compare=False)  # the same examples in another folder are the same task
    nodes: Placement | None = None
    rows: tuple[Row, ...] = ()
    classes: tuple[str, ...] = ()
    amplify: float = 1.0  # how many times as far the targets of classes are from their mean

    @property
    def n_inputs(self) -> int:
        return len(self.rows[0].inputs_V) if self.rows else super().n_inputs

    @property
    def n_outputs(self) -> int:
        """As many as the file has; with labels as many as it names nodes, else one per class."""
        if self.classes:
            return len(self.nodes.outputs) if self.nodes else len(self.classes)
        return len(self.rows[0].desired_V) if self.rows else super().n_outputs

    @property
    def asks_the_board(self) -> bool:
        return bool(self.classes)

    @property
    def unused(self) -> Mapping[str, str]:
        return {} if self.classes else super().unused

    @property
    def source(self) -> str:
        return str(self.file)

    def lessons(self) -> list[Lesson]:
        """Return the rows as one lesson, or the examples as one in which each is learned alone."""
        if not self.rows:
            names = [f"[[examples]] #{k + 1}" for k in range(len(self.examples))]
            outputs = [f"desired[{k}]" for k in range(self.n_outputs)]
            return [replace(lesson, names=names, outputs=outputs) for lesson in super().lessons()]
        return [
            Lesson(
                names=[f"row {row.number}" for row in self.rows],
                outputs=[] if self.classes else [f"out{k + 1}" for k in range(self.n_outputs)],
                inputs_V=[row.inputs_V for row in self.rows],
                desired_V=[row.desired_V for row in self.rows],
                learned=[k for k, row in enumerate(self.rows) if not row.test],
                labels=[row.label for row in self.rows] if self.classes else [],
                together=True,
            )
        ]

    def advise_biases(self, biases_V: Sequence[float]) -> str:
        if self.rows:
            columns = (f"column in{self.n_inputs + 1 + k} of {bias_V:g} V" for k, bias_V in enumerate(biases_V))
            text = f"add a {' and a '.join(columns)} in every row"
        else:
            text = f"add an input of {' and one of '.join(f'{bias_V:g} V' for bias_V in biases_V)} to every example"
        return text + (", and name a node for it in inputs" if self.nodes else "")

    def amplified(self, factor: float) -> "UserTask":
        super().amplified(factor)
        return replace(self, amplify=factor) if self.classes else self

    def blocks(self, ticks: int, seed: int, infer: Infer) -> Iterator[Block]:
        """Yield blocks of `ticks` ticks in all; the seed decides the order of rows that have labels."""
        train = [row for row in self.rows if not row.test]
        test = [row for row in self.rows if row.test] or train
        if self.classes:
            learned, tested = (
                Labelled([row.inputs_V for row in rows], [row.label for row in rows]) for rows in (train, test)
            )
            return epochs(learned, tested, ticks, USER_ORDER.generator(seed), infer, self.amplify)
        if self.rows:
            pairs, tests = ([(row.inputs_V, row.desired_V) for row in rows] for rows in (train, test))
            return stream(pairs, tests, ticks, test_every=len(tests))
        return super().blocks(ticks, seed, infer)

    def placement_on(self, board: Board, chosen: str | None = None) -> Placement:
        """Return `chosen`, else the nodes that the file names, else the first that fit. Raises UsageError."""
        if chosen is not None or self.nodes is None:
            return super().placement_on(board, chosen)
        try:
            board.check_placement(*self.nodes)
        except UsageError as error:
            raise UsageError(f"{self.file}: {error}") from error
        return self.nodes


def load_task(path: Path, progress: Progress | None = None) -> UserTask:
    """Return the task of a .toml or .csv file. `progress` is called with (rows read, about how many there are).

    Raises UsageError, in one line: file, row and column or key, value and remedy.
    """
    with _name_file(path):
        if _is_csv(path):
            return _make_data_task(path, _TaskFile(), path.name, *_parse_rows(_read_nonempty(path), progress))
        return _read_toml_task(path, progress)


# -- mistakes ----------------------------------------------------------------------------------------------------------


@contextmanager
def _name_file(file: Path) -> Iterator[None]:
    """Turn a FileMistake of the block into a UsageError of one line that names the file."""
    try:
        yield
    except FileMistake as mistake:
        raise UsageError(" ".join(f"{file}: {mistake}".splitlines())) from mistake


def _is_csv(path: Path) -> bool:
    return path.name.lower().endswith(".csv")


def _read_nonempty(file: Path) -> str:
    text = read_text(file, most_bytes=DATA_BYTES if _is_csv(file) else TABLE_BYTES)
    if not text.strip():
        raise FileMistake("empty; write a task in it")
    return text


def _check_volts(value: object) -> float:
    if not isinstance(value, int | float) or isinstance(value, bool) or value != value:
        raise ValueError(f"not a number; give volts from 0 to {TASK_SPAN_V}")
    if not 0 <= value <= TASK_SPAN_V:
        raise ValueError(f"outside 0..{TASK_SPAN_V} V; give volts from 0 to {TASK_SPAN_V}")
    return float(value)


# -- TOML --------------------------------------------------------------------------------------------------------------

Volt = Annotated[float, PlainValidator(_check_volts)]
Count = Annotated[Whole, Field(ge=1, le=MOST)]
Nodes = Annotated[tuple[str, ...], Field(min_length=1)]


def _check_name(value: object) -> str:
    if isinstance(value, str) and re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]{0,39}", value):
        return value
    raise ValueError("names a folder of each run; give letters, digits, - and _, at most 40")


def _check_eta(value: float) -> float:
    try:
        check_eta(value)
    except UsageError as error:
        raise ValueError(str(error).partition(": ")[2]) from None
    return value


class _Example(Table):
    inputs: tuple[Volt, ...] = Field(min_length=1, description="volts at the inputs")
    desired: tuple[Volt, ...] = Field(min_length=1, description="volts wanted at the outputs")


class _TaskFile(Table):
    name: Annotated[str, PlainValidator(_check_name)] | None = None
    about: str | None = None
    inputs: Nodes | None = None
    outputs: Nodes | None = None
    eta: Annotated[Number, AfterValidator(_check_eta)] = Field(default=1.0, gt=0, le=MOST_ETA)
    block: Count | None = None  # ticks of each example
    ticks: Count | None = None  # in all, of a data file
    examples: tuple[_Example, ...] = ()
    data: str | None = None  # a CSV file, from the folder of this file


def _read_toml_task(file: Path, progress: Progress | None) -> UserTask:
    table = parse_toml(_read_nonempty(file))
    try:
        given = _TaskFile.model_validate(table)
    except ValidationError as error:
        raise FileMistake(_first_mistake(error, table)) from error
    if given.data is None:
        task = _make_example_task(file, given)
    elif given.examples:
        raise FileMistake("examples and data: a task has one of them; take the other out")
    elif given.block is not None:
        raise FileMistake(f"block = {given.block}: is for [[examples]]; with data give ticks, those of the whole run")
    else:
        data = file.parent / given.data
        try:
            rows, classes = _parse_rows(_read_nonempty(data), progress)
        except FileMistake as mistake:
            raise FileMistake(f"data = {value_text(given.data)}: {data}: {mistake}") from mistake
        task = _make_data_task(file, given, data.name, rows, classes)
    if task.nodes is not None:
        numbers = task.n_inputs, task.n_outputs
        for key, nodes, number in zip(("inputs", "outputs"), task.nodes, numbers, strict=True):
            if len(nodes) != number:
                raise FileMistake(
                    f"{key} = {value_text(list(nodes))}: examples have {number} {key}; name as many nodes"
                )
    return task


def _make_example_task(file: Path, given: _TaskFile) -> UserTask:
    if not given.examples:
        raise FileMistake('no example; write [[examples]] with inputs and desired, or data = "file.csv"')
    if given.ticks is not None:
        raise FileMistake(f"ticks = {given.ticks}: is for data; with [[examples]] give block, the ticks of each")
    first = given.examples[0]
    for k, example in enumerate(given.examples):
        for key, volts, wanted in (
            ("inputs", example.inputs, first.inputs),
            ("desired", example.desired, first.desired),
        ):
            if len(volts) != len(wanted):
                shown = f"[[examples]] #{k + 1} {key} = {value_text(list(volts))}"
                raise FileMistake(f"{shown}: {len(volts)} values, but #1 has {len(wanted)}; give as many")
    examples = [(example.inputs, example.desired) for example in given.examples]
    return _make_task(file, given, f"{len(examples)} examples", given.block or BLOCK, examples=examples)


def _first_mistake(error: ValidationError, table: dict[str, Any]) -> str:
    """Return where the first mistake is, and its words."""
    details = first_error(error)
    at = details["loc"]
    value = look_up(table, at)
    if details["type"] == "extra_forbidden":
        model = _TaskFile if len(at) == 1 else _Example
        text = f"unknown key; known here are {', '.join(model.model_fields)}"
    elif value is MISSING and details["type"] == "missing":
        text = "missing; add it"
    else:
        text = explain(details, value)
    return f"{_key_text(at)}{'' if value is MISSING else f' = {value_text(value)}'}: {text}"


def _key_text(at: tuple[int | str, ...]) -> str:
    """Return the text of a place in the file: "outputs[0]", or "[[examples]] #1 inputs[0]"."""
    row = f"[[examples]] #{int(at[1]) + 1} " if at[0] == "examples" and len(at) > 1 else ""
    rest = at[2:] if row else at
    return (row + "".join(f"[{part}]" if isinstance(part, int) else part for part in rest)).strip()


# -- CSV ---------------------------------------------------------------------------------------------------------------


def _make_data_task(file: Path, given: _TaskFile, data: str, rows: list[Row], classes: list[str]) -> UserTask:
    train = sum(not row.test for row in rows)
    about = f"{train} training and {len(rows) - train} test examples of {data}"
    ticks = given.ticks or -(-AT_LEAST // train) * train
    return _make_task(file, given, about, ticks, rows=tuple(rows), classes=tuple(classes))


def _make_task(file: Path, given: _TaskFile, about: str, block: int, **what: Any) -> UserTask:
    if (given.inputs is None) != (given.outputs is None):
        raise FileMistake("inputs and outputs: name the nodes of both, or of neither")
    return UserTask(
        name=given.name or re.sub(r"[^A-Za-z0-9_]+", "-", file.stem).strip("-")[:40] or "task",
        about=given.about or about,
        ours="all of it: a task of its user",
        block=block,
        eta=given.eta,
        file=file,
        nodes=Placement(given.inputs, given.outputs) if given.inputs and given.outputs else None,
        **{"examples": (), **what},
    )


def _parse_rows(text: str, progress: Progress | None) -> tuple[list[Row], list[str]]:
    """Return the rows, and the names of the classes if there is a column `label`."""
    reader = csv.reader(io.StringIO(text), strict=True)
    rows: list[Row] = []
    classes: dict[str, int] = {}
    if (lines := text.count("\n")) > MOST_ROWS + 1:
        raise FileMistake(f"about {lines - 1:,} rows; at most {MOST_ROWS:,} are read, take a sample of them")
    try:
        names = [cell.strip() for cell in next(reader)]
        inputs, outputs = _sort_columns(names)
        for cells in filter(None, reader):
            number = reader.line_num
            if len(cells) != len(names):
                raise FileMistake(
                    f"row {number}: {len(cells)} values for {len(names)} columns; give one for each column"
                )
            row = dict(zip(names, map(str.strip, cells), strict=True))
            for name, text in row.items():
                if text in NO_VALUE:
                    raise FileMistake(
                        f"row {number}, column {name} = {value_text(text)}: a missing value; fill it in, or take the "
                        "row out"
                    )
            volts = {name: _parse_volts(row[name], number, name) for name in (*inputs, *outputs)}
            where = row.get("set", "train")
            if where not in ("train", "test"):
                raise FileMistake(f"row {number}, column set = {value_text(where)}: not known; write train or test")
            label = classes.setdefault(row["label"], len(classes)) if "label" in row else -1
            inputs_V, desired_V = (tuple(volts[name] for name in side) for side in (inputs, outputs))
            rows.append(Row(number, inputs_V, desired_V, label, where == "test"))
            if progress is not None and len(rows) % REPORT_ROWS == 0:
                progress(len(rows), max(len(rows), lines - 1))
    except csv.Error as error:
        raise FileMistake(f"row {reader.line_num}: {error}; correct the CSV there") from error
    _check_sets(rows, list(classes))
    return rows, list(classes)


def _sort_columns(names: list[str]) -> tuple[list[str], list[str]]:
    """Return the names of the columns of inputs and of outputs."""
    inputs, outputs = (_numbered(prefix, set(names)) for prefix in ("in", "out"))
    known = {*inputs, *outputs, "set", "label"}
    for name in names:
        if name not in known:
            raise FileMistake(f"row 1, column {value_text(name)}: not known here; {COLUMNS}")
        if names.count(name) > 1:
            raise FileMistake(f"row 1, column {name}: there {names.count(name)} times; name each column once")
    if not inputs:
        raise FileMistake(f"row 1, column in1: missing; {COLUMNS}")
    if bool(outputs) == ("label" in names):
        raise FileMistake(f"row 1, columns out1 and label: {'both' if outputs else 'neither'} there; {COLUMNS}")
    return inputs, outputs


def _numbered(prefix: str, names: set[str]) -> list[str]:
    """Return in1, in2, ... up to the first that is missing."""
    count = 0
    while f"{prefix}{count + 1}" in names:
        count += 1
    return [f"{prefix}{k + 1}" for k in range(count)]


def _parse_volts(text: str, row: int, column: str) -> float:
    try:
        return _check_volts(_to_number(text))
    except ValueError as error:
        raise FileMistake(f"row {row}, column {column} = {value_text(text)}: {error}") from error


def _to_number(text: str) -> object:
    try:
        return parse_number(text)
    except ValueError:
        return text


def _check_sets(rows: list[Row], classes: list[str]) -> None:
    if not rows:
        raise FileMistake("row 2: missing; write an example below the names of the columns")
    if all(row.test for row in rows):
        raise FileMistake("column set: every row is test; mark rows to learn from as train")
    learned = {row.label for row in rows if not row.test}
    if len(classes) == 1:
        raise FileMistake(f"column label: all rows are {value_text(classes[0])}; give two classes or more")
    for row in rows:
        if row.label not in learned:
            shown = f"row {row.number}, column label = {value_text(classes[row.label])}"
            raise FileMistake(f"{shown}: no row of this class is train; add one")
