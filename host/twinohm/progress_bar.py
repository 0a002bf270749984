"""The progress of a training: a bar in a terminal, one in a notebook, or a line at the end where neither is."""

from __future__ import annotations

import html
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from twinohm.plain_text import plain
from twinohm.runlog.runner import Progress as ReportTicks

REDRAW_S = 0.1  # between two states of a notebook's bar


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
    """A bar of HTML alone: widgets would need a package, and are gone when the notebook is opened again."""
    from IPython import display  # has no types

    started = time.monotonic()
    drawn_at, last = -REDRAW_S, (0, 0.0)
    show: Any = display
    handle = show.display(show.HTML(""), display_id=True)

    def draw(done: int, error: float) -> None:
        rate = done / max(time.monotonic() - started, 1e-9)
        text = f"{plain(label)}: {done} of {total} ticks, {rate:.0f}/s, error {error:.2e} V²"
        handle.update(show.HTML(f"<progress value='{done}' max='{total}'></progress> {html.escape(text)}"))

    def report(done: int, error: float) -> None:
        nonlocal drawn_at, last
        last = done, error
        if time.monotonic() - drawn_at >= REDRAW_S:
            drawn_at = time.monotonic()
            draw(done, error)

    try:
        yield report
    finally:
        draw(*last)
