"""A run that may go on, as far as its log says: its last tick, its newest events, its state, all in words."""

import time
from collections import deque
from collections.abc import Iterable

from twinohm.runlog.description import ticks_text
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
    TapsSet,
    TargetsMeasured,
    Violations,
)
from twinohm.runlog.folder import RunFolder
from twinohm.runlog.log_lines import LogRecord
from twinohm.runlog.log_summary import log_summary
from twinohm.runlog.score_text import measured_text, restored_text, rms_text, true_text
from twinohm.runlog.summary import Summary
from twinohm.runlog.tick_record import TickRecord

SILENT_S = 10.0


class LiveRun:
    """What is known of a run. Give add() the records of its log in order; it keeps the newest `events`."""

    def __init__(self, folder: RunFolder, events: int) -> None:
        self.folder, self.run = folder, folder.description()
        self.step_V = self.run.recorded_board.count_V
        self.last: TickRecord | None = None
        self.events: deque[Event] = deque(maxlen=events)
        self.ended: str | None = None  # why, if its log says so
        self._rates: deque[tuple[float, int]] = deque(maxlen=20)
        self._heard = time.monotonic()
        self._summary: Summary | None = None  # of a run that has ended

    def add(self, records: Iterable[LogRecord]) -> None:
        """Adopt records that follow those given so far."""
        for record in records:
            self._heard = time.monotonic()
            self.ended = self._summary = None
            if isinstance(record, TickRecord):
                self.last = record
                continue
            if isinstance(record, Ended):
                self.ended = record.why
            if not isinstance(record, TargetsMeasured | LossMeasured):
                self.events.append(record)
        self._rates.append((time.monotonic(), self.ticks))

    def heard_at(self, time_s: float) -> None:
        """Note when the last record was written, in seconds of time.time()."""
        self._heard = time.monotonic() - max(0.0, time.time() - time_s)

    @property
    def ticks(self) -> int:
        """Number of ticks that are done."""
        return self.last.tick + 1 if self.last else 0

    @property
    def progress(self) -> list[str]:
        """How far the run is, in words: ticks, rate and time left."""
        (start, first), (end, last) = (self._rates[0], self._rates[-1]) if self._rates else ((0.0, 0), (0.0, 0))
        rate = (last - first) / (end - start) if end > start else 0.0
        words, planned = [ticks_text(self.ticks, self.run.ticks)], self.run.ticks
        if rate and self.ended is None:
            words.append(f"{rate:.0f} ticks/s")
            words += [f"{max(0, planned - self.ticks) / rate:.0f} s left"] if planned is not None else []
        return words

    @property
    def error(self) -> str:
        """The error of the last tick: the true one if the port knows it."""
        if self.last is None:
            return ""
        error_V2, kind = tick_error(self.last)
        return f"{kind} error {rms_text(max(0.0, error_V2), self.step_V):>9} rms"

    @property
    def state(self) -> str:
        """Whether the run goes on."""
        if self.ended is not None:
            return f"ended: {self.ended}"
        held, silent_s = self.folder.is_held(), time.monotonic() - self._heard
        session = self.run.ticks is None  # cannot be resumed
        resume = "it has ended" if session else "`twinohm resume` goes on with it"
        if held is False:
            return "no process writes it any more" if session else f"no process writes it any more: {resume}"
        if silent_s < SILENT_S:
            return "running"
        what = "its process is there" if held else f"if its process is gone, {resume}"
        return f"nothing new for {silent_s:.0f} s; {what}"

    @property
    def scores(self) -> list[str]:
        """The scores of a run that has ended, a line each. Raises RunFileError if its log is damaged."""
        if self.ended is None or self.last is None:
            return []
        if self._summary is None:
            self._summary = log_summary(self.folder)
        summary = self._summary
        if summary.step_V is None:
            return []
        restored = restored_text(summary)
        scores = true_text(summary, summary.step_V) or measured_text(summary, summary.step_V)
        return [*scores.replace("; plateau", "\nplateau").split("\n"), *([f"restored {restored}"] if restored else [])]


def tick_error(tick: TickRecord) -> tuple[float, str]:
    """Return the mean squared error of a tick, V^2, and which it is: "true" if the port knows it, else "measured"."""
    if tick.true_error_V2 is not None:
        return tick.true_error_V2, "true"
    return tick.error_V2, "measured"


def event_text(event: Event, step_V: float) -> str:
    """Return an event as a line. step_V: one converter step, below which no error is quoted."""
    match event:
        case Resumed():
            text = f"board back, homed, taps restored: {event.why}"
        case TapsSet():
            text = "the program set other taps"
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
