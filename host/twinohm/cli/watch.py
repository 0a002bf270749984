"""A run while it goes on, shown in the terminal from its log alone."""

import math
import time
from collections import deque
from collections.abc import Iterable

from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.live import Live
from rich.panel import Panel
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from twinohm.cli.show import warn_changed, warn_unproven
from twinohm.cli.streams import say
from twinohm.runlog.events import (
    BestRestored,
    EdgeRemoved,
    Ended,
    Event,
    FinalTest,
    LossMeasured,
    RestoredTest,
    Resumed,
    Saturated,
    TargetsMeasured,
    Violations,
)
from twinohm.runlog.folder import RunFolder
from twinohm.runlog.log_lines import LogRecord
from twinohm.runlog.log_summary import log_summary
from twinohm.runlog.score_text import measured_text, restored_text, rms_text, true_text
from twinohm.runlog.summary import Summary
from twinohm.runlog.tail import Tail
from twinohm.runlog.tick_record import TickRecord

STEPS = "▁▂▃▄▅▆▇█"
ASCII_STEPS = "12345678"  # for a terminal that has no blocks
WIDTH = 60  # characters of the error's line
RECENT = 4000  # ticks that it shows
EVENTS = 4
SILENT_S = 10.0


class View:
    """What is shown of a run. Give add() the records of its log in order."""

    def __init__(self, folder: RunFolder) -> None:
        self._folder, self._run = folder, folder.description()
        self._step_V = self._run.recorded_board.count_V
        self._last: TickRecord | None = None
        self._errors: deque[float] = deque(maxlen=RECENT)
        self._events: deque[Event] = deque(maxlen=EVENTS)
        self._rates: deque[tuple[float, int]] = deque(maxlen=20)
        self._heard = time.monotonic()
        self.ended: str | None = None
        self._summary: Summary | None = None  # of a run that has ended

    def add(self, records: Iterable[LogRecord]) -> None:
        """Adopt records that follow those given so far."""
        for record in records:
            self._heard = time.monotonic()
            self.ended = self._summary = None
            if isinstance(record, TickRecord):
                self._last = record
                self._errors.append(record.error_V2 if record.true_error_V2 is None else record.true_error_V2)
                continue
            if isinstance(record, Ended):
                self.ended = record.why
            if not isinstance(record, TargetsMeasured | LossMeasured):
                self._events.append(record)
        self._rates.append((time.monotonic(), self.ticks))

    def silent_since(self, at: float) -> None:
        """Say that the last record was written at `at`, seconds of time.time()."""
        self._heard = time.monotonic() - max(0.0, time.time() - at)

    @property
    def ticks(self) -> int:
        """Number of ticks that are done."""
        return self._last.tick + 1 if self._last else 0

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        run, steps = self._run, ASCII_STEPS if options.ascii_only else STEPS
        parts: list[RenderableType] = [self._progress(run.ticks)]
        if self._last is not None:
            parts += [self._error(steps), _outputs(self._last), _taps(self._last, run.pots.top_tap, steps)]
        parts += [Text(_describe_event(event, self._step_V), style="dim") for event in self._events]
        parts += [Text(line) for line in self._scores()]
        title, state = Text(f"{run.task} on {run.port}"), Text(self._state())  # rich would obey [markup] of a string
        yield Panel(Group(*parts), title=title, subtitle=state, title_align="left", subtitle_align="left")

    def _progress(self, total: int) -> RenderableType:
        (start, first), (end, last) = (self._rates[0], self._rates[-1]) if self._rates else ((0.0, 0), (0.0, 0))
        rate = (last - first) / (end - start) if end > start else 0.0
        row = Table.grid(padding=(0, 2))
        words = [f"{self.ticks} of {total} ticks"]
        if rate and self.ended is None:
            words += [f"{rate:.0f} ticks/s", f"{max(0, total - self.ticks) / rate:.0f} s left"]
        row.add_row(ProgressBar(total=max(1, total), completed=self.ticks, width=30), *words)
        return row

    def _error(self, steps: str) -> RenderableType:
        kind = "true" if self._last and self._last.true_error_V2 is not None else "measured"
        rms = rms_text(max(0.0, self._errors[-1]), self._step_V)
        return Text(f"{kind} error {rms:>9} rms  {spark(self._errors, steps)}", no_wrap=True)

    def _scores(self) -> list[str]:
        """The scores of a run that has ended."""
        if self.ended is None or self._last is None:
            return []
        if self._summary is None:
            self._summary = log_summary(self._folder)
        summary = self._summary
        if summary.step_V is None:
            return []
        restored = restored_text(summary)
        scores = true_text(summary, summary.step_V) or measured_text(summary, summary.step_V)
        return [*scores.replace("; plateau", "\nplateau").split("\n"), *([f"restored {restored}"] if restored else [])]

    def _state(self) -> str:
        if self.ended is not None:
            return f"ended: {self.ended}"
        held, silent_s = self._folder.is_held(), time.monotonic() - self._heard
        resume = "`twinohm resume` goes on with it"
        if held is False:
            return f"no process writes it any more: {resume}"
        if silent_s < SILENT_S:
            return "running"
        what = "its process is there" if held else f"if its process is gone, {resume}"
        return f"nothing new for {silent_s:.0f} s; {what}"


def spark(errors_V2: Iterable[float], steps: str = STEPS) -> str:
    """Return errors on a log scale as at most WIDTH characters, each the median of its ticks."""
    values = [math.log10(max(error, 1e-12)) for error in errors_V2 if error == error]
    if not values:
        return ""
    size = -(-len(values) // WIDTH)
    medians = [sorted(values[at : at + size])[len(values[at : at + size]) // 2] for at in range(0, len(values), size)]
    low, high = min(medians), max(medians)
    return "".join(steps[round((value - low) / ((high - low) or 1) * (len(steps) - 1))] for value in medians)


def _outputs(last: TickRecord) -> RenderableType:
    table = Table.grid(padding=(0, 2))
    for node, aim in last.desired_V.items():
        volts = last.free_V[node]
        table.add_row(f"output {node}", f"{volts:7.4f} V", f"wanted {aim:.4f} V", f"{1000 * (volts - aim):+8.1f} mV")
    return table


def _taps(last: TickRecord, top_tap: int, steps: str) -> RenderableType:
    taps = last.taps
    bars = "".join(steps[min(len(steps) - 1, tap * len(steps) // (top_tap + 1))] for tap in taps)
    return Text(f"taps {bars}  {' '.join(map(str, taps))}")


def _describe_event(event: Event, step_V: float) -> str:
    match event:
        case Resumed():
            text = f"board back, homed, taps restored: {event.why}"
        case EdgeRemoved():
            text = f"edge {event.edge} pulled"
        case FinalTest():
            text = f"final test set: {rms_text(event.test_error_V2, step_V)} rms"
        case BestRestored():
            text = "the supervisor set the best taps again"
        case RestoredTest():
            text = f"with the best taps: {rms_text(event.restored_error_V2, step_V)} rms"
        case Violations():
            text = f"limits of parts broken {event.count} times"
        case Saturated():
            text = f"node {event.node} is asked for more than the board's range"
        case Ended():
            text = f"end: {event.why}"
        case TargetsMeasured():
            text = "targets measured"
        case LossMeasured():
            text = f"loss {event.loss:g}"
    return f"tick {event.tick}: {text}"


def follow(folder: RunFolder, once: bool = False, pause_s: float = 0.25) -> None:
    """Show a run until it ends or Ctrl-C is pressed; with `once` show its present state and return."""
    log = folder.path / "ticks.jsonl"
    tail, view = Tail(folder), View(folder)
    warn_changed(folder)
    try:
        view.add(tail.read())
        view.silent_since((log if log.exists() else folder.path / "run.json").stat().st_mtime)
        if once or view.ended is not None:
            Console().print(view)
            warn_unproven(folder, tail.unproven)
            return
        with Live(view, auto_refresh=False) as live:  # an error in a thread of its own would be lost
            while view.ended is None:
                time.sleep(pause_s)
                view.add(tail.read())
                live.refresh()
    except KeyboardInterrupt:
        say("the run goes on; the same command follows it again", err=True)
