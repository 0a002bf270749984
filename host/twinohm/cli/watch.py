"""A run as it goes, in the terminal: read from its log alone."""

import math
import time
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.panel import Panel
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from twinohm.runlog.folder import Record, RunFolder, understood
from twinohm.runlog.tail import Tail

STEPS = "▁▂▃▄▅▆▇█"
WIDTH = 60  # characters of the error's line
RECENT = 4000  # ticks that it shows
EVENTS = 4
SILENT_S = 10.0
TOP_TAP = 127


class View:
    """What is shown of a run; add() what its log says, in order. Raises RunError if the log was changed."""

    def __init__(self, folder: RunFolder) -> None:
        self._folder, self._run = folder, folder.run()
        self._last: Record | None = None
        self._errors: deque[float] = deque(maxlen=RECENT)
        self._events: deque[Record] = deque(maxlen=EVENTS)
        self._rates: deque[tuple[float, int]] = deque(maxlen=20)
        self._heard = time.monotonic()
        self.ended: str | None = None

    def add(self, records: Iterable[Record]) -> None:
        with understood(self._folder):
            self._add(records)

    def _add(self, records: Iterable[Record]) -> None:
        for record in records:
            self._heard = time.monotonic()
            self.ended = None
            if "event" not in record:
                self._last = record
                self._errors.append(float(record.get("true_error_V2") or record.get("error_V2") or math.nan))
                continue
            if record["event"] == "end":
                self.ended = str(record.get("why"))
            if record["event"] not in ("asked", "judged"):
                self._events.append(record)
        self._rates.append((time.monotonic(), self.ticks))

    def silent_since(self, at: float) -> None:
        """What was added is as old as `at`, seconds of time.time()."""
        self._heard = time.monotonic() - max(0.0, time.time() - at)

    @property
    def ticks(self) -> int:
        return self._last["tick"] + 1 if self._last else 0

    def __rich__(self) -> RenderableType:
        with understood(self._folder):
            return self._panel()

    def _panel(self) -> RenderableType:
        run, total = self._run, int(self._run.get("ticks") or 0)
        parts: list[RenderableType] = [self._progress(total)]
        if self._last is not None:
            parts += [self._error(), _outputs(self._last), _taps(run, self._last)]
        parts += [Text(_event(event), style="dim") for event in self._events]
        title = f"{run.get('task')} on {run.get('port')}"
        return Panel(Group(*parts), title=title, subtitle=self._state(), title_align="left", subtitle_align="left")

    def _progress(self, total: int) -> RenderableType:
        (start, first), (end, last) = (self._rates[0], self._rates[-1]) if self._rates else ((0.0, 0), (0.0, 0))
        rate = (last - first) / (end - start) if end > start else 0.0
        row = Table.grid(padding=(0, 2))
        words = [f"{self.ticks} of {total} ticks"]
        if rate and self.ended is None:
            words += [f"{rate:.0f} ticks/s", f"{max(0, total - self.ticks) / rate:.0f} s left"]
        row.add_row(ProgressBar(total=max(1, total), completed=self.ticks, width=30), *words)
        return row

    def _error(self) -> RenderableType:
        kind = "true" if self._last and "true_error_V2" in self._last else "measured"
        rms_mV = 1000 * math.sqrt(max(0.0, self._errors[-1]))
        return Text(f"{kind} error {rms_mV:8.2f} mV rms  {spark(self._errors)}", no_wrap=True)

    def _state(self) -> str:
        if self.ended is not None:
            return f"ended: {self.ended}"
        silent_s = time.monotonic() - self._heard
        if silent_s < SILENT_S:
            return "running"
        return f"nothing new for {silent_s:.0f} s; if its process is gone, `twinohm resume` goes on with it"


def spark(errors_V2: Iterable[float]) -> str:
    """Errors on a log scale, WIDTH characters at most, each the median of its ticks."""
    values = [math.log10(max(error, 1e-12)) for error in errors_V2 if error == error]
    if not values:
        return ""
    size = -(-len(values) // WIDTH)
    medians = [sorted(values[at : at + size])[len(values[at : at + size]) // 2] for at in range(0, len(values), size)]
    low, high = min(medians), max(medians)
    return "".join(STEPS[round((value - low) / ((high - low) or 1) * (len(STEPS) - 1))] for value in medians)


def _outputs(last: Record) -> RenderableType:
    table = Table.grid(padding=(0, 2))
    for node, aim in last["desired_V"].items():
        volts = last["free_V"].get(node, math.nan)
        table.add_row(f"output {node}", f"{volts:7.4f} V", f"wanted {aim:.4f} V", f"{1000 * (volts - aim):+8.1f} mV")
    return table


def _taps(run: Mapping[str, Any], last: Record) -> RenderableType:
    taps: Sequence[int] = last["taps"]
    bars = "".join(STEPS[min(len(STEPS) - 1, tap * len(STEPS) // (TOP_TAP + 1))] for tap in taps)
    return Text(f"taps {bars}  {' '.join(map(str, taps))}")


def _event(event: Record) -> str:
    words = {
        "resume": f"board back, homed, taps restored: {event.get('why')}",
        "remove": f"edge {event.get('edge')} pulled",
        "test": f"final test set: {1000 * math.sqrt(event.get('test_error_V2', 0)):.1f} mV rms",
        "restore": "best taps restored",
        "violations": f"limits of parts broken {event.get('count')} times",
        "end": f"end: {event.get('why')}",
    }
    return f"tick {event['tick']}: {words.get(event['event'], event['event'])}"


def follow(folder: RunFolder, once: bool = False, pause_s: float = 0.25) -> None:
    """Show a run until it ends or Ctrl-C; with `once` its present state."""
    log = folder.path / "ticks.jsonl"
    tail, view = Tail(log), View(folder)
    try:
        view.add(tail.read())
        view.silent_since((log if log.exists() else folder.path / "run.json").stat().st_mtime)
        if once or view.ended is not None:
            Console().print(view)
            return
        with Live(view, auto_refresh=False) as live:  # refreshed here, where an error is one
            while view.ended is None:
                time.sleep(pause_s)
                view.add(tail.read())
                live.refresh()
    except KeyboardInterrupt:
        pass  # whoever watches may go
