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
from twinohm.runlog.folder import RunFolder
from twinohm.runlog.live import LiveRun, event_text, tick_error
from twinohm.runlog.log_lines import LogRecord
from twinohm.runlog.tail import Tail
from twinohm.runlog.tick_record import TickRecord

STEPS = "▁▂▃▄▅▆▇█"
ASCII_STEPS = "12345678"  # for a terminal that has no blocks
WIDTH = 60  # characters of the error's line
RECENT = 4000  # ticks that it shows
EVENTS = 4
GOES_ON = "the run goes on; the same command follows it again"


class View:
    """What is shown of a run. Give add() the records of its log in order."""

    def __init__(self, folder: RunFolder) -> None:
        self.live = LiveRun(folder, EVENTS)
        self._errors: deque[float] = deque(maxlen=RECENT)

    def add(self, records: Iterable[LogRecord]) -> None:
        """Adopt records that follow those given so far."""
        records = list(records)
        self.live.add(records)
        self._errors.extend(tick_error(record)[0] for record in records if isinstance(record, TickRecord))

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        live, steps = self.live, ASCII_STEPS if options.ascii_only else STEPS
        parts: list[RenderableType] = [self._progress()]
        if live.last is not None:
            parts.append(Text(f"{live.error}  {spark(self._errors, steps)}", no_wrap=True))
            parts += [_outputs(live.last), _taps(live.last, live.run.pots.top_tap, steps)]
        parts += [Text(event_text(event, live.step_V), style="dim") for event in live.events]
        parts += [Text(line) for line in live.scores]
        title = Text(f"{live.run.task} on {live.run.port}")  # rich would obey [markup] of a string
        yield Panel(Group(*parts), title=title, subtitle=Text(live.state), title_align="left", subtitle_align="left")

    def _progress(self) -> RenderableType:
        row = Table.grid(padding=(0, 2))
        total = self.live.run.ticks
        bar = [ProgressBar(total=max(1, total), completed=self.live.ticks, width=30)] if total is not None else []
        row.add_row(*bar, *self.live.progress)
        return row


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


def follow(folder: RunFolder, once: bool = False, pause_s: float = 0.25) -> None:
    """Show a run until it ends or Ctrl-C is pressed; with `once` show its present state and return."""
    tail, view = Tail(folder), View(folder)
    warn_changed(folder)
    try:
        view.add(tail.read())
        view.live.heard_at(tail.changed_at)
        if once or view.live.ended is not None:
            Console().print(view)
            warn_unproven(folder, tail.unproven)
            return
        with Live(view, auto_refresh=False) as live:  # an error in a thread of its own would be lost
            while view.live.ended is None:
                time.sleep(pause_s)
                view.add(tail.read())
                live.refresh()
    except KeyboardInterrupt:
        say(GOES_ON, err=True)
