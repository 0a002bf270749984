"""How far a training or a study is: bars in a terminal or in a notebook; in a pipe only their end is printed."""

from __future__ import annotations

import html
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from itertools import count
from typing import Any

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
)

from twinohm.plain_text import plain
from twinohm.runlog.runner import Progress as ReportTicks

REDRAW_S = 0.1  # between two states of a notebook's bar


@contextmanager
def bars(unit: str = "", amount: ProgressColumn | None = None) -> Iterator[Callable[[str, int, int], None]]:
    """Show progress bars, one for each label; yield a function to call with (label, done, total).

    unit: what is counted. amount: shows how much is done, in a terminal.
    """
    if _in_notebook():
        with _notebook_bars(unit) as progress:
            yield progress
        return
    units = [TextColumn(unit)] if unit else []
    columns = (TextColumn("{task.description}", markup=False), BarColumn(), amount or MofNCompleteColumn(), *units)
    bar = Progress(*columns, TimeRemainingColumn(), console=Console(stderr=True))
    with ExitStack() as started:
        shown: dict[str, TaskID] = {}

        def progress(label: str, done: int, of: int) -> None:
            if not shown:  # what fails before the first report leaves no empty line
                started.enter_context(bar)
            if label not in shown:
                shown[label] = bar.add_task(plain(label), total=of)
            bar.update(shown[label], completed=done, total=of)

        yield progress


def show_line(text: str) -> None:
    """Show a line where the bars are."""
    Console(stderr=True).print(plain(text), markup=False, highlight=False, soft_wrap=True)


@contextmanager
def counting_bar(label: str, total: int, unit: str) -> Iterator[Callable[[], None]]:
    """Show a progress bar on stderr; yield a function to call after each of `total` units."""
    numbers = count(1)
    with bars(unit) as progress:
        progress(label, 0, total)
        yield lambda: progress(label, next(numbers), total)


@contextmanager
def training_bar(total: int, label: str) -> Iterator[ReportTicks]:
    """Show ticks done, ticks/s and the present error: on stderr, or below the cell of a notebook.

    In a pipe only its end is printed. Yield a function to call with (ticks done, error in V^2).
    """
    with _notebook_bar(total, label) if _in_notebook() else _terminal_bar(total, label) as report:
        yield report


@contextmanager
def _terminal_bar(total: int, label: str) -> Iterator[ReportTicks]:
    bar = Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("ticks  {task.fields[rate]:>6.0f}/s  error {task.fields[error]:8.2e} V²"),
        TimeRemainingColumn(),
        console=Console(stderr=True),
    )
    task = bar.add_task(plain(label), total=total, rate=0.0, error=0.0)
    with ExitStack() as shown:

        def report(done: int, error: float) -> None:
            if not bar.live.is_started:  # at the first tick: what is printed before comes above
                shown.enter_context(bar)
            elapsed = bar.tasks[0].elapsed or 1e-9
            bar.update(task, completed=done, rate=done / elapsed, error=error)

        yield report


def _in_notebook() -> bool:
    """Whether this process is a kernel that shows HTML."""
    if "IPython" not in sys.modules:
        return False
    from IPython import get_ipython

    return get_ipython() is not None and "IPKernelApp" in get_ipython().config


@contextmanager
def _notebook_bar(total: int, label: str) -> Iterator[ReportTicks]:
    started = time.monotonic()
    with _notebook_lines() as draw:

        def report(done: int, error_V2: float) -> None:
            rate = done / max(time.monotonic() - started, 1e-9)
            draw(label, done, total, f"ticks, {rate:.0f}/s, error {error_V2:.2e} V²")

        yield report


@contextmanager
def _notebook_bars(unit: str) -> Iterator[Callable[[str, int, int], None]]:
    with _notebook_lines() as draw:
        yield lambda label, done, total: draw(label, done, total, unit)


@contextmanager
def _notebook_lines() -> Iterator[Callable[[str, int, int, str], None]]:
    """Show a bar for each label below the cell; yield a function to call with (label, done, total, words).

    They are HTML: widgets would need a package, and are gone when the notebook is opened again.
    """
    from IPython import display  # has no types

    show: Any = display
    handle = show.display(show.HTML(""), display_id=True)
    lines: dict[str, str] = {}
    drawn_at = -REDRAW_S

    def draw(label: str, done: int, total: int, words: str) -> None:
        nonlocal drawn_at
        text = html.escape(f"{plain(label)}: {done} of {total} {words}")
        lines[label] = f"<progress value='{done}' max='{total}'></progress> {text}"
        if time.monotonic() - drawn_at >= REDRAW_S:
            drawn_at = time.monotonic()
            handle.update(show.HTML("<br>".join(lines.values())))

    try:
        yield draw
    finally:
        handle.update(show.HTML("<br>".join(lines.values())))
