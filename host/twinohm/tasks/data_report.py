"""What is made of a user's data: `twinohm data FILE` prints it."""

import shlex
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from twinohm.errors import UsageError
from twinohm.json_records import json_form
from twinohm.model.board import Board
from twinohm.model.board_diodes import parse_diode
from twinohm.model.codes import TASK_SPAN_V
from twinohm.model.pairs import TARGET_V, differences
from twinohm.tasks.baselines import Baseline, baselines
from twinohm.tasks.data_options import DataOptions
from twinohm.tasks.forecast import forecast
from twinohm.tasks.scaling import BIASES_V, ColumnScale, Scaling
from twinohm.tasks.user import UserTask


@dataclass(frozen=True)
class ColumnReport:
    """A column of data, or a bias input: its role, and how its values become volts.

    least, greatest: in the column's own unit, of the rows that scale it; None of classes and of columns left out.
    volts: what they become. classes: number of rows by class.
    """

    column: str
    role: str
    least: float | None = None
    greatest: float | None = None
    volts: str = ""
    classes: dict[str, int] | None = None


@dataclass(frozen=True)
class DataReport:
    """What is made of data on a board.

    train, test: numbers of rows; clipped: test rows outside the range of the training rows. placement: nodes, inputs
    first, None if the board has too few. impossible: why `twinohm run` refuses the task, "" if it does not. remarks:
    what is said before a run. baselines: what other methods reach on the test rows. commands: what to do next.
    """

    file: str
    board: str
    columns: tuple[ColumnReport, ...]
    train: int
    test: int
    clipped: int
    scaled: bool
    text: str
    placement: str | None
    impossible: str
    remarks: tuple[str, ...]
    baselines: tuple[Baseline, ...]
    commands: tuple[str, ...]

    def record(self) -> dict[str, Any]:
        """Return the JSON form."""
        form = json_form(self)
        form["columns"] = [json_form(column) for column in self.columns]
        form["baselines"] = [json_form(baseline) for baseline in self.baselines]
        form["placement"] = self.placement
        return form


def report_data(
    task: UserTask,
    board: Board,
    options: DataOptions | None = None,
    more: str = "",
    diodes: Sequence[str] | None = None,
) -> DataReport:
    """Return what is made of the data of a task on a board.

    options: with which its file was read, None without a file. more: options that its commands end with. diodes: in the
    board's sockets; None: the task's.

    Raises UsageError if the task has no data, and for text that is no diode.
    """
    preparation = task.preparation
    if preparation is None:
        raise UsageError(f"{task.source}: [[examples]] in volts, no data; `twinohm run` takes it as it is")
    options_of = {"run": "", "place": ""}
    if diodes is not None:
        task = replace(task, diodes=tuple(str(parse_diode(text)) for text in diodes))
        options_of["run"] = "".join(f" --diode {shlex.quote(text)}" for text in task.diodes or ("none",))
        options_of["place"] = f" --diodes {len(task.diodes)}" if task.diodes else ""
    try:
        board = task.plugged(board)
        nodes = task.placement_on(board)
        found = forecast(task, board, nodes)
        placement, impossible, remarks = nodes.text, found.impossible, found.remarks
    except UsageError as error:
        placement, impossible, remarks = None, str(error), ()
    test = sum(row.test for row in task.rows)
    commands = (
        []
        if options is None
        else [f"twinohm {name}{_words(task, options)}{own}{more}" for name, own in options_of.items()]
    )
    return DataReport(
        file=task.source,
        board=board.name,
        columns=tuple(_columns(task)),
        train=len(task.rows) - test,
        test=test,
        clipped=preparation.clipped,
        scaled=preparation.scaling.scaled,
        text=task.prepared_text,
        placement=placement,
        impossible=impossible,
        remarks=remarks,
        baselines=baselines(task, 0, board.count_V),
        commands=() if impossible else tuple(commands),
    )


def _words(task: UserTask, options: DataOptions) -> str:
    """Return the arguments of a command that reads the task's file as it was read."""
    given = [word for name, value in options.given().items() for word in (name, *([] if value is True else [value]))]
    return "".join(f" {shlex.quote(str(word))}" for word in (task.source, *given))


def _columns(task: UserTask) -> list[ColumnReport]:
    assert task.preparation is not None
    scaling = task.preparation.scaling
    found = []
    for k, scale in enumerate(scaling.inputs):
        least, greatest, volts = _range(scale, scaling, [row.inputs_V[k] for row in task.rows])
        also = f", and {TASK_SPAN_V} V - x" if scaling.complement else ""
        found.append(ColumnReport(scale.name, "input", least, greatest, volts + also))
    found += [ColumnReport("", "bias input", volts=f"{bias_V:g} V") for bias_V in scaling.biases_V]
    if task.classes:
        counts = Counter(task.classes[row.label] for row in task.rows)
        volts = f"{-TARGET_V:g} V, {TARGET_V:g} V" if task.pairs else ""
        found.append(
            ColumnReport(task.targets[0], f"target, {'two ' * task.pairs}classes", volts=volts, classes=dict(counts))
        )
    for k, scale in enumerate(scaling.targets):
        wanted_V = [differences(row.desired_V)[k] if task.pairs else row.desired_V[k] for row in task.rows]
        found.append(ColumnReport(scale.name, "target, numbers", *_range(scale, scaling, wanted_V, scaling.ends_V)))
    return found + [ColumnReport(name, "left out") for name in task.preparation.left_out]


def _range(
    scale: ColumnScale, scaling: Scaling, given_V: Sequence[float], ends_V: tuple[float, float] = BIASES_V
) -> tuple[float, float, str]:
    """Return the least and the greatest value of a column in its own unit, and what they become in volts.

    ends_V: what they become if the column is scaled.
    """
    if scaling.scaled:
        low, high = (float(scale.own(volts)) for volts in ends_V)
        return low, high, f"{ends_V[0]:g}..{ends_V[1]:g} V"
    low_V, high_V = min(given_V), max(given_V)
    return float(scale.own(low_V)), float(scale.own(high_V)), f"{low_V:g}..{high_V:g} V"
