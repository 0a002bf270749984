"""twinohm data: what is made of a data file."""

import shlex
from pathlib import Path

import click

from twinohm.cli.data_options import data_options
from twinohm.cli.run import anyway_option, boards_option, diode_option, json_option, plugged_diodes
from twinohm.cli.show import load_shown, print_json, print_rows
from twinohm.cli.streams import say
from twinohm.errors import UsageError
from twinohm.model.board_file import load_board
from twinohm.runlog.score_text import rms_text
from twinohm.tasks.data_options import DataOptions
from twinohm.tasks.data_report import DataReport, report_data
from twinohm.tasks.forecast import ANYWAY
from twinohm.tasks.user import UserTask


@click.command()
@click.argument("file")
@click.option("--board", default="lab16", show_default=True, help="Board of boards.toml.")
@data_options
@diode_option
@anyway_option
@boards_option
@json_option
def data(
    file: str,
    board: str,
    data: DataOptions,
    diodes: tuple[str, ...],
    anyway: bool,
    boards: Path | None,
    as_json: bool,
) -> None:
    """Show what is made of a data FILE, and what could be learned.

    It prints each column with its role and its range, the rows to train and to test with, the best that any network of
    resistors could do, and what other methods and chance reach. It runs nothing, and ends with exit code 2 if `twinohm
    run` would refuse the file.
    """
    task = load_shown(file, data)
    if not isinstance(task, UserTask):
        raise UsageError(f"{file} is a built-in task; name a data file")
    more = f" --board {board}" if board != "lab16" else ""
    more += f" --boards {shlex.quote(str(boards))}" if boards is not None else ""
    wiring = load_board(board, boards)
    found = report_data(task, wiring, data, more, plugged_diodes(diodes))
    if as_json:
        print_json(found.record())
    else:
        _print(found, task, wiring.count_V)
    if found.impossible and (found.placement is None or not anyway):
        raise UsageError(found.impossible + (f"; {ANYWAY}" if found.placement is not None else ""))


def _print(found: DataReport, task: UserTask, step_V: float) -> None:
    rows = [
        {
            "column": column.column or "-",
            "role": column.role,
            "least": _number(column.least),
            "greatest": _number(column.greatest),
            "volts": column.volts,
            "rows of classes": ", ".join(f"{name} {count}" for name, count in (column.classes or {}).items()),
        }
        for column in found.columns
    ]
    if not task.classes:
        for row in rows:
            del row["rows of classes"]
    print_rows(rows, False)
    clipped = f", {found.clipped} of them clipped to the range of the training rows" if found.clipped else ""
    tested = f"{found.test} to test" if found.test else "none to test apart"
    say(f"rows:      {found.train} to train, {tested}{clipped}")
    for remark in found.remarks:
        say(f"forecast:  {remark}")
    scales = task.own_scales
    parts = []
    for one in found.baselines:
        if one.right is not None:
            parts.append(f"{one.name} {100 * one.right:.1f} %")
        elif one.rms_V is not None:
            own = f" ({one.rms_V * scales[0].per_volt:.3g} {scales[0].name})" if len(scales) == 1 else ""
            parts.append(f"{one.name} {rms_text(one.rms_V**2, step_V)} rms{own}")
    if parts:
        say(f"baselines: {', '.join(parts)}, of the {'test' if found.test else 'training'} rows")
    if found.placement is not None:
        say(f"nodes:     {found.placement}, inputs first, of {found.board}")
    for command in found.commands:
        say(f"next:      {command}")


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.6g}"
