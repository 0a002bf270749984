"""Read the lines of a log in order, and say of each what is wrong with it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from twinohm.errors import LONGEST
from twinohm.json_records import RecordError
from twinohm.plain_text import one_line
from twinohm.runlog.description import RunDescription
from twinohm.runlog.log_lines import MOST_LINES, Begin, Checksum, ChunkSum, LogLine, LogRecord, parse_line
from twinohm.runlog.log_order import LogOrder

LOG = "ticks.jsonl"
OF_ANOTHER_RUN = "run.json is not the one that this log was written with: it was changed, or is of another run"


@dataclass(frozen=True)
class Problem:
    """Something wrong in a run folder. `line` and `tick`: where in the log, None where that means nothing."""

    file: str
    text: str
    line: int | None = None
    tick: int | None = None
    remedy: str = "the log or run.json was changed, restore them"

    def __str__(self) -> str:
        line = f", line {self.line}" if self.line is not None else ""
        tick = f", tick {self.tick}" if self.tick is not None else ""
        return one_line(f"{self.file}{line}{tick}: {self.text}", LONGEST)


class LogReader:
    """Reads one log; `report` is called with every problem. What it raises ends the reading.

    `digest` is that of the run.json beside the log (run_hmac.py), `begin` the first line that the log must have.
    `order` is the state of the log after the lines read, `sum` covers those since the last checksum, `end` is the byte
    after the last line that counts: a last line that is torn, or no record at all, is ignored.
    """

    def __init__(self, run: RunDescription, digest: str, report: Callable[[Problem], None]) -> None:
        self.order, self.sum = LogOrder(run), ChunkSum()
        self.checksums = run.log_format > 1
        self.digest = digest
        self.begin = Begin(format=run.log_format, run_sha256=digest) if run.log_format > 2 else None
        self._log_format = run.log_format
        self.lines = self.end = 0
        self._report = report
        self._damaged: tuple[bytes, str] | None = None  # a line that may be ignored if it is the last, and why
        self._numbered = True  # whether the first line read is that of the log
        self._begun = False  # whether the first line is the one that it must be
        self._faulty = False  # whether a line since the last checksum was reported

    def skip(self) -> None:
        """Say that lines are left out before the next one. The first of the log is to be read before."""
        self._numbered = False
        self.order.forget()
        self.sum.forget()

    @property
    def empty(self) -> bool:
        """Whether no line was read but the one with which a log begins."""
        return self.lines == self._begun

    @property
    def torn(self) -> str | None:
        """Why the last line is ignored, None if it is not."""
        return self._damaged and self._damaged[1]

    @property
    def unproven(self) -> str | None:
        """Which lines no checksum follows and why, None if there are none, or a line among them was reported."""
        if not self.checksums or not self.sum.lines or self._faulty:
            return None
        lines = f"{self.lines - self.sum.lines + 1} to {self.lines}"
        return f"no checksum follows lines {lines}: it was removed, or the process killed while it wrote"

    def read(self, line: bytes) -> LogRecord | None:
        """Read the next line. Return its record, None if it is none, damaged, or still being written."""
        if self._damaged is not None:
            damaged, why = self._damaged
            self._damaged = None
            self._count(damaged)
            self.order.forget()
            self._blame(why, remedy="repair or delete it in a copy of the log")
        if not line.endswith(b"\n"):
            self._damaged = line, f"torn after {len(line)} bytes"
            return None
        try:
            found = parse_line(line)
        except RecordError as error:
            if error.damaged:
                self._damaged = line, str(error)
            else:
                self._count(line)
                self.order.forget()
                self._blame(str(error))
            return None
        if not self.lines:
            self._begun = found == self.begin
            if wrong := self._wrong_begin(found):
                self._blame(
                    wrong, remedy="put run.json and ticks.jsonl of one run there, as the run wrote them", line=1
                )
        if isinstance(found, Checksum):
            self._compare(line, found)
            return None
        first = not self.lines
        self._count(line)
        if isinstance(found, Begin):
            if not first:
                self._blame("event begin: it is the first line of a log alone")
            return None
        if wrong := self.order.follow(found):
            self._blame(wrong, found.tick)
        return found

    def _wrong_begin(self, first: LogLine) -> str | None:
        """Return why the first line of the log is not the one that it must have."""
        if not isinstance(first, Begin):
            what = f"no event begin is before it, which says of which run the log is: {OF_ANOTHER_RUN}"
            return what if self.begin is not None else None
        if first.format != self._log_format:
            return (
                f"the log is of format {first.format}, log_format of run.json is {self._log_format}: {OF_ANOTHER_RUN}"
            )
        return None if first == self.begin else OF_ANOTHER_RUN

    def _count(self, line: bytes) -> None:
        self.lines += 1
        self.end += len(line)
        self.sum.add(line)
        if self.checksums and self.sum.lines == MOST_LINES + 1:
            self._blame(f"no checksum follows the {MOST_LINES} lines before it: one was removed")

    def _compare(self, line: bytes, found: Checksum) -> None:
        self.lines += 1
        self.end += len(line)
        first, faulty = self.lines - self.sum.lines, self._faulty
        wrong = self.sum.compare(found)
        if wrong is not None:
            wrong = f"checksum of lines {first} to {self.lines - 1}: {wrong}"
        wrong = wrong or self.order.wrong_count(found.tick)
        if not self.checksums:
            self._blame("a checksum, which log format 1 has not")
        elif wrong and not faulty:
            self._blame(wrong, found.tick)
        self._faulty = False

    def _blame(self, text: str, tick: int | None = None, line: int | None = None, **more: str) -> None:
        self._faulty = True
        self._report(Problem(LOG, text, line or (self.lines if self._numbered else None), tick, **more))
