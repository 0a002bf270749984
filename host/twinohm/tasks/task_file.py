"""Read a user's task from a TOML file with examples, a TOML file that names a data file, or a data file alone."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, PlainValidator, StrictBool, ValidationError

from twinohm.errors import UsageError
from twinohm.inputs import DATA_BYTES
from twinohm.model.board_tables import DiodeText, Number, Table, Whole
from twinohm.model.codes import LEAST_SPAN_V, TASK_SPAN_V
from twinohm.model.levers import MOST_ETA, check_eta
from twinohm.model.mistakes import (
    MISSING,
    FileMistake,
    explain,
    first_error,
    look_up,
    parse_toml,
    read_bytes,
    read_text,
    value_text,
)
from twinohm.model.pairs import pair_V
from twinohm.model.placement import Placement
from twinohm.model.run_length import MOST_RUN_TICKS
from twinohm.model.unused_settings import refuse_unused
from twinohm.tasks.data_file import Progress, read_table
from twinohm.tasks.data_options import DataOptions
from twinohm.tasks.data_rows import PreparedData, prepare
from twinohm.tasks.user import INTERLEAVED, UserTask, folder_name

BLOCK = 100  # ticks of each example in a TOML file
DATA_SUFFIXES = (".csv", ".tsv", ".tab", ".txt", ".dat", ".data")


def load_task(path: Path, progress: Progress | None = None, options: DataOptions | None = None) -> UserTask:
    """Return the task of a .toml or data file. `progress` is called with (rows read, about how many there are).

    Raises UsageError, in one line: file, row and column or key, value and remedy; also for options of data that a task
    of [[examples]] would not use.
    """
    options = options or DataOptions()
    with _name_file(path):
        if is_data_file(path):
            return _make_data_task(path, TaskTable(), path.name, _read_data(path, progress, options))
        return _read_toml_task(path, progress, options)


def is_data_file(path: Path) -> bool:
    """Return whether a file is read as data, by the end of its name."""
    return path.name.lower().endswith(DATA_SUFFIXES)


# -- mistakes ----------------------------------------------------------------------------------------------------------


@contextmanager
def _name_file(file: Path) -> Iterator[None]:
    """Turn a FileMistake of the block into a UsageError of one line that names the file."""
    try:
        yield
    except FileMistake as mistake:
        raise UsageError(" ".join(f"{file}: {mistake}".splitlines())) from mistake


def _read_data(file: Path, progress: Progress | None, options: DataOptions) -> PreparedData:
    return prepare(read_table(read_bytes(file, most_bytes=DATA_BYTES), progress), options)


def _read_toml(file: Path) -> dict[str, Any]:
    text = read_text(file)
    if not text.strip():
        raise FileMistake("empty; write a task in it")
    return parse_toml(text)


def _check_volts(value: object, least: int = 0, more: str = "") -> float:
    remedy = f"give volts from 0 to {TASK_SPAN_V}{more}"
    if not isinstance(value, int | float) or isinstance(value, bool) or value != value:
        raise ValueError(f"not a number; {remedy}")
    if not least <= value <= TASK_SPAN_V:
        raise ValueError(f"outside {least}..{TASK_SPAN_V} V; {remedy}")
    return float(value)


def _check_desired(value: object, difference: bool = True) -> float:
    more = f", or from {-TASK_SPAN_V} to {TASK_SPAN_V} with difference = true"
    return _check_volts(value, -TASK_SPAN_V if difference else 0, more)


# -- TOML --------------------------------------------------------------------------------------------------------------

Volt = Annotated[float, PlainValidator(lambda value: _check_volts(value))]
Desired = Annotated[float, PlainValidator(lambda value: _check_desired(value))]
Count = Annotated[Whole, Field(ge=1, le=MOST_RUN_TICKS)]
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


class ExampleTable(Table):
    """One example."""

    inputs: tuple[Volt, ...] = Field(min_length=1, description="volts at the inputs")
    desired: tuple[Desired, ...] = Field(
        min_length=1, description="volts wanted at the outputs, or with `difference` of each two outputs"
    )


def _listed(value: object) -> object:
    return [value] if isinstance(value, str) else value


ColumnNames = Annotated[tuple[str, ...], BeforeValidator(_listed)]


class ColumnsTable(Table):
    """How the columns of a data file are read; the fields of DataOptions."""

    target: ColumnNames = Field(default=(), description="columns to learn; none: the last, if all others are numbers")
    inputs: ColumnNames = Field(default=(), description="columns that are inputs; none: all others")
    drop_missing: StrictBool = Field(default=False, description="leave out rows without a value; else they are refused")
    test: Annotated[Number, Field(ge=0, lt=1)] | None = Field(
        default=None, description="share of the rows to test with"
    )
    split_seed: Annotated[Whole, Field(ge=0)] | None = Field(default=None, description="which rows these are")
    scale: StrictBool | None = Field(default=None, description="columns become 0..5 V; false: they are volts")
    bias: StrictBool | None = Field(default=None, description="inputs of 0 V and 5 V")
    complement: StrictBool = Field(default=False, description="an input of 5 V - x beside each input x")
    target_span_V: Annotated[Number, Field(ge=LEAST_SPAN_V, le=TASK_SPAN_V)] | None = Field(
        default=None, description="span of scaled targets; none: 5, or 2 with `difference`"
    )
    classes: StrictBool | None = Field(default=None, description="the target names classes; false: it is a number")


class TaskTable(Table):
    """A task's file."""

    name: Annotated[str, PlainValidator(_check_name)] | None = Field(
        default=None, description="name of the task: letters, digits, - and _, at most 40; none: the file's"
    )
    about: str | None = Field(default=None, description="one line about the task")
    inputs: Nodes | None = Field(default=None, description="nodes that are inputs")
    outputs: Nodes | None = Field(default=None, description="nodes that are outputs")
    difference: StrictBool = Field(
        default=False, description="each desired voltage or target is the difference of two outputs, from -5 to 5 V"
    )
    diodes: tuple[DiodeText, ...] = Field(default=(), description="diodes in the sockets of both networks")
    eta: Annotated[Number, AfterValidator(_check_eta)] = Field(
        default=1.0, gt=0, le=MOST_ETA, description="strength of the nudge"
    )
    block: Count | None = Field(default=None, description=f"ticks of each example; none: {BLOCK}")
    ticks: Count | None = Field(default=None, description="ticks of the whole run, with `data`")
    order: Literal["interleaved", "blocks"] | None = Field(
        default=None, description="each tick another example, or each example for `block` ticks; none: interleaved"
    )
    examples: tuple[ExampleTable, ...] = Field(default=(), description="the examples: volts in, volts wanted")
    data: str | None = Field(
        default=None, description="a data file in the place of examples, from the folder of this file"
    )
    columns: ColumnsTable | None = Field(default=None, description="how the columns of `data` are read")


def _read_toml_task(file: Path, progress: Progress | None, options: DataOptions) -> UserTask:
    table = _read_toml(file)
    try:
        given = TaskTable.model_validate(table)
    except ValidationError as error:
        raise FileMistake(_first_mistake(error, table)) from error
    if given.data is None and given.columns is not None:
        raise FileMistake('columns = { ... }: is for data; add data = "file.csv", or take it out')
    if given.data is None:
        task = _make_example_task(file, given, given.difference or options.difference)
        why = f"{file} has [[examples]] in volts, no data"
        unused = [name for name in options.given() if name != "--difference"]
        refuse_unused(options.given(), dict.fromkeys(unused, why))
    elif given.examples:
        raise FileMistake("examples and data: a task has one of them; take the other out")
    elif given.block is not None:
        raise FileMistake(f"block = {given.block}: is for [[examples]]; with data give ticks, those of the whole run")
    elif given.order is not None:
        raise FileMistake(
            f"order = {value_text(given.order)}: is for [[examples]]; rows of data are always interleaved"
        )
    else:
        data = file.parent / given.data
        try:
            columns = given.columns or ColumnsTable()
            own = DataOptions(**columns.model_dump(), difference=given.difference)
            rows = _read_data(data, progress, options.over(own))
        except FileMistake as mistake:
            raise FileMistake(f"data = {value_text(given.data)}: {data}: {mistake}") from mistake
        task = _make_data_task(file, given, data.name, rows)
    if task.nodes is not None:
        numbers = task.n_inputs, task.n_outputs
        for key, nodes, number in zip(("inputs", "outputs"), task.nodes, numbers, strict=True):
            if len(nodes) != number:
                two = ", two for each difference" if task.pairs and key == "outputs" else ""
                raise FileMistake(
                    f"{key} = {value_text(list(nodes))}: examples have {number} {key}{two}; name as many nodes"
                )
    return task


def _make_example_task(file: Path, given: TaskTable, difference: bool) -> UserTask:
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
        for i, volt in enumerate(example.desired):
            try:
                _check_desired(volt, difference)
            except ValueError as error:
                raise FileMistake(f"[[examples]] #{k + 1} desired[{i}] = {value_text(volt)}: {error}") from error
    examples = [
        (one.inputs, tuple(chain(*map(pair_V, one.desired))) if difference else one.desired) for one in given.examples
    ]
    return UserTask(
        name=_name(file, given),
        about=given.about or f"{len(examples)} examples",
        ours="all of it: a task of its user",
        examples=examples,
        block=given.block or BLOCK,
        eta=given.eta,
        file=file,
        nodes=_nodes(given),
        order=given.order or INTERLEAVED,
        pairs=difference,
        diodes=_diodes(given),
    )


def _make_data_task(file: Path, given: TaskTable, source: str, data: PreparedData) -> UserTask:
    return UserTask.from_data(
        data,
        _name(file, given),
        source,
        file=file,
        about=given.about,
        ticks=given.ticks,
        eta=given.eta,
        nodes=_nodes(given),
        diodes=_diodes(given),
    )


def _diodes(given: TaskTable) -> tuple[str, ...]:
    return tuple(map(str, given.diodes))


def _name(file: Path, given: TaskTable) -> str:
    return given.name or folder_name(file.stem)


def _nodes(given: TaskTable) -> Placement | None:
    if (given.inputs is None) != (given.outputs is None):
        raise FileMistake("inputs and outputs: name the nodes of both, or of neither")
    return Placement(given.inputs, given.outputs) if given.inputs and given.outputs else None


def _first_mistake(error: ValidationError, table: dict[str, Any]) -> str:
    """Return where the first mistake is, and its words."""
    details = first_error(error)
    at = details["loc"]
    value = look_up(table, at)
    if details["type"] == "extra_forbidden":
        model: type[Table] = TaskTable if len(at) == 1 else ColumnsTable if at[0] == "columns" else ExampleTable
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
    text = row + "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in rest).lstrip(".")
    return text.strip()
