"""Print results: tables for people, a JSON object for each row for programs, progress bars on stderr."""

import io
import json
import re
import textwrap
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from rich import box
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from twinohm.cli.streams import say
from twinohm.plain_text import encode_json, plain
from twinohm.progress_bar import bars
from twinohm.runlog.folder import RunFolder
from twinohm.tasks import find_task
from twinohm.tasks.data_options import DataOptions
from twinohm.tasks.task import Task

GAP = 2  # characters between columns of a table
_NOT_ASCII = re.compile(r"[^\x00-\x7f]+")


def print_json(value: Any) -> None:
    """Print a value as one line of JSON, in ASCII. What no reader of JSON takes in its texts becomes visible."""
    text = encode_json(json.dumps(value, ensure_ascii=False)).decode()
    print(_NOT_ASCII.sub(lambda found: json.dumps(found[0])[1:-1], text), flush=True)


def print_rows(rows: Sequence[Mapping[str, object]], as_json: bool, title: str | None = None) -> None:
    """Print rows that have the same keys: as JSON, one object per line, or as a table.

    In a terminal the table fits its width; where it cannot, each row is a paragraph. Nothing is left out.
    """
    if as_json:
        for row in rows:
            print_json(row)
        return
    if not rows:
        return
    texts = [[plain(_cell(value)) for value in row.values()] for row in rows]
    names = [plain(key.replace("_", " ")) for key in rows[0]]
    console = Console()
    room = console.width if console.is_terminal else None
    widths = _column_widths(names, texts, room)
    if widths is None:
        _print_records(names, texts, console.width, title)
        return
    table = Table(
        title=Text(plain(title)) if title else None,
        title_justify="left",
        box=box.SIMPLE_HEAD,
        show_edge=False,
        pad_edge=False,
        padding=(0, 1, 0, 0),
    )
    for name, value, width in zip(names, rows[0].values(), widths, strict=True):
        number = isinstance(value, (int, float)) and not isinstance(value, bool)
        table.add_column(Text(name), justify="right" if number else "left", width=width)
    for cells in texts:
        table.add_row(*map(Text, cells))
    for line in _lines(table, sum(widths) + GAP * len(widths) + len(title or "")):
        say(line.rstrip())


def _lines(table: Table, width: int) -> list[str]:
    """Return the lines of a table."""
    console = Console(width=width, file=io.StringIO(), force_terminal=False)
    with console.capture() as shown:
        console.print(table)
    return shown.get().splitlines()


def _column_widths(names: Sequence[str], texts: Sequence[Sequence[str]], room: int | None) -> list[int] | None:
    """Return the widths of columns that fit `room` and break no word, None if there are none; room None: no limit."""
    columns = [[name, *cells] for name, *cells in zip(names, *texts, strict=True)]
    widths = [max(cell_len(line) for cell in column for line in cell.split("\n")) for column in columns]
    if room is None:
        return widths
    least = [max(cell_len(word) for cell in column for word in (cell.split() or [""])) for column in columns]
    room -= GAP * (len(columns) - 1)
    if sum(least) > room:
        return None
    while sum(widths) > room:  # the widest column that can be narrower gives way
        widest = max((width, k) for k, width in enumerate(widths) if width > least[k])[1]
        widths[widest] -= 1
    return widths


def _print_records(names: Sequence[str], texts: Sequence[Sequence[str]], room: int, title: str | None) -> None:
    """Print each row as a paragraph that begins with its first cell: a table would be wider than the terminal."""
    if title:
        say(textwrap.fill(title, room))
    for first, *others in texts:
        parts = [f"{name} {text}" for name, text in zip(names[1:], others, strict=True) if text]
        say(first)
        for line in textwrap.wrap(", ".join(parts), room - 2, break_on_hyphens=False):
            say(f"  {line}")


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
