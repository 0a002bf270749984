"""The public library: tasks from a user's data."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING

from twinohm.errors import UsageError
from twinohm.link.arguments import finite_number, names, shown, whole_number
from twinohm.run_arguments import File, flag, optional_file

if TYPE_CHECKING:
    from twinohm.tasks.data_report import DataReport
    from twinohm.tasks.user import UserTask

__all__ = ["describe_data", "load_task"]

Columns = str | Sequence[str] | None


def load_task(
    file: File,
    *,
    target: Columns = None,
    inputs: Columns = None,
    drop_missing: bool = False,
    test: float | None = None,
    split_seed: int | None = None,
    scale: bool | None = None,
    bias: bool | None = None,
    complement: bool = False,
    classes: bool | None = None,
    difference: bool = False,
    target_span_V: float | None = None,
) -> UserTask:
    """Return the task of a data file, or of a .toml file.

    file: path of a .csv, .tsv, .txt or .toml file.
    target, inputs: names of columns, a list or "a,b"; None: the last column, and all others.
    drop_missing: leave out rows without a value.
    test: share of the rows that are drawn to be measured and not learned; None: 0.3 of 20 rows or more that are scaled.
    split_seed: which rows these are; None: 0.
    scale: whether columns become 0..5 V by the training rows, or are volts; None: volts if they are named in1, out1.
    bias: whether there are inputs of 0 V and 5 V; None: if the columns are scaled.
    complement: put 5 V - x beside each input x.
    classes: whether the target names classes, or is a number; None: as its values say.
    difference: whether each target is the difference of two outputs, V(p) - V(m). Two classes then are -0.3 V and
    0.3 V, with the hinge; numbers become -1..1 V, or are volts from -5 to 5.
    target_span_V: span of targets that are scaled; None: 5 V, or 2 V with `difference`, around 0 V.

    Raises UsageError, in one line: file, row and column, value, and what to do.
    """
    from pathlib import Path

    from twinohm.tasks.data_options import DataOptions
    from twinohm.tasks.task_file import load_task as load

    if not isinstance(file, str | os.PathLike):
        raise UsageError(f"file = {shown(file)}: give the path of a file")
    options = DataOptions(
        target=_columns("target", target),
        inputs=_columns("inputs", inputs),
        drop_missing=flag("drop_missing", drop_missing),
        test=None if test is None else finite_number("test", test),
        split_seed=None if split_seed is None else whole_number("split_seed", split_seed, 0),
        scale=None if scale is None else flag("scale", scale),
        bias=None if bias is None else flag("bias", bias),
        complement=flag("complement", complement),
        classes=None if classes is None else flag("classes", classes),
        difference=flag("difference", difference),
        target_span_V=None if target_span_V is None else finite_number("target_span_V", target_span_V),
    )
    return load(Path(file), options=options)


def describe_data(
    task: UserTask, *, board: str = "lab16", boards: File | None = None, diodes: Sequence[str] | None = None
) -> DataReport:
    """Return what is made of the data of a task, as `twinohm data` prints it: columns, rows, forecast and baselines.

    task: of load_task() or Task.from_arrays().
    board: name of a board in boards.toml.
    boards: path of a boards.toml of your own.
    diodes: in the board's sockets, as those of run(); None: the task's.

    Raises UsageError for a task without data, for a board that is not there, and for text that is no diode.
    """
    from twinohm.model.board_file import load_board
    from twinohm.tasks.data_report import report_data
    from twinohm.tasks.user import UserTask

    if not isinstance(task, UserTask):
        raise UsageError(f"task = {shown(task)}: give a task of load_task() or Task.from_arrays()")
    plugged = None if diodes is None else names("diodes", diodes, example="['C>A']")
    return report_data(task, load_board(board, optional_file("boards", boards)), diodes=plugged)


def _columns(what: str, given: Columns) -> tuple[str, ...]:
    from twinohm.tasks.data_columns import parse_names

    if given is None:
        return ()
    columns = parse_names(given) if isinstance(given, str) else names(what, given, example="['height', 'width']")
    if not all(column.strip() for column in columns) or not columns:
        raise UsageError(f"{what} = {shown(given)}: no name of a column; give one, or None")
    return tuple(columns)
