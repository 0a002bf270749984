"""Read the lines of a log in order, and say of each what is wrong with it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from twinohm.errors import LONGEST
from twinohm.json_records import RecordError
from twinohm.plain_text import one_line
from twinohm.runlog.description import RunDescription
from twinohm.runlog.log_lines import MOST_LINES, Checksum, ChunkSum, LogRecord, parse_line
from twinohm.runlog.log_order import LogOrder

LOG = "ticks.jsonl"


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

    `order` is the state of the log after the lines read, `sum` covers those since the last checksum, `end` is the byte
    after the last line that counts: a last line that is torn, or no record at all, is ignored.
    """

    def __init__(self, run: RunDescription, report: Callable[[Problem], None]) -> None:
        self.order, self.sum = LogOrder(run), ChunkSum()
        self.checksums = run.log_format > 1
        self.lines = self.end = 0
        self._report = report
        self._damaged: tuple[bytes, str] | None = None  # a line that may be ignored if it is the last, and why
        self._numbered = True  # whether the first line read is that of the log
        self._faulty = False  # whether a line since the last checksum was reported

    def skip(self) -> None:
        """Say that the lines begin in the middle of a log."""
        self._numbered = False
        self.order.forget()
        self.sum.forget()

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
        """Read the next line. Return its record, None if it is a checksum, damaged, or still being written."""
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
        if isinstance(found, Checksum):
            self._compare(line, found)
            return None
        self._count(line)
        if wrong := self.order.follow(found):
            self._blame(wrong, found.tick)
        return found

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

    def _blame(self, text: str, tick: int | None = None, **more: str) -> None:
        self._faulty = True
        self._report(Problem(LOG, text, self.lines if self._numbered else None, tick, **more))
