"""Print results: tables for people, a JSON object for each row for programs, progress bars on stderr."""

import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from twinohm.cli.streams import say
from twinohm.plain_text import plain
from twinohm.progress_bar import bars
from twinohm.runlog.folder import RunFolder
from twinohm.tasks import find_task
from twinohm.tasks.data_options import DataOptions
from twinohm.tasks.task import Task


def print_json(value: Any) -> None:
    """Print a value as one line of JSON."""
    print(json.dumps(value), flush=True)


def print_rows(rows: Sequence[Mapping[str, object]], as_json: bool, title: str | None = None) -> None:
    """Print rows that have the same keys: as JSON, one object per line, or as a table."""
    if as_json:
        for row in rows:
            print_json(row)
        return
    table = Table(
        title=Text(plain(title)) if title else None, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False
    )
    for key in rows[0] if rows else ():
        number = isinstance(rows[0][key], (int, float)) and not isinstance(rows[0][key], bool)
        table.add_column(Text(plain(key.replace("_", " "))), justify="right" if number else "left", overflow="fold")
    for row in rows:
        table.add_row(*(Text(plain(_cell(value))) for value in row.values()))
    Console(soft_wrap=False, width=None if Console().is_terminal else 140).print(table)


def _cell(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.3g}" if abs(value) < 100 else f"{value:.0f}"
    if isinstance(value, (list, tuple)):
        return " ".join(map(str, value))
    return "" if value is None else str(value)


def load_shown(name: str, data: DataOptions) -> Task:
    """Return the task that find_task() finds, and say what was made of its data; a bar shows how far they are read."""
    with ExitStack() as shown:
        started: list[Callable[[str, int, int], None]] = []

        def report(done: int, total: int) -> None:
            if not started:  # at the first report: a short file has none
                started.append(shown.enter_context(bars("rows")))
            started[0](Path(name).name, done, total)

        task = find_task(name, report, data)
    if text := task.prepared_text:
        say(text, err=True)
    return task


def remark(text: str) -> None:
    """Print a remark on stderr."""
    say(f"twinohm: {text}", err=True)


def warn_unproven(folder: RunFolder, unproven: str | None) -> None:
    """Say which lines of a log no checksum follows, if there are any."""
    if unproven is not None:
        say(f"{folder.log}: {unproven}", err=True)


def warn_changed(folder: RunFolder) -> None:
    """Say if run.json is no longer as a run of this user wrote it; readers use what it says all the same."""
    if changed := folder.changed_since:
        say(changed, err=True)
