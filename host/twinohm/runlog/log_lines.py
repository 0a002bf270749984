"""Lines of ticks.jsonl: one JSON object each, a tick, an event, the checksum of the lines before, or the first."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Annotated, Literal
from zlib import crc32

from pydantic import Field

from twinohm.json_records import Count, RecordError, RecordType, json_form, parse_record
from twinohm.runlog.events import Event
from twinohm.runlog.tick_record import TickRecord

LogRecord = TickRecord | Event
MOST_LINES = 256  # that one checksum covers


@dataclass(frozen=True, slots=True, kw_only=True)
class Checksum:
    """The last line of a chunk of the log, from log format 2 on.

    `crc32` is that of the bytes of the chunk's lines, begun with the `crc32` of the chunk before (0 in the first).
    """

    event: Literal["checksum"] = "checksum"
    tick: Count  # number of ticks before it
    lines: Annotated[int, Field(ge=1, le=MOST_LINES)]  # that it covers
    crc32: Annotated[str, Field(pattern="^[0-9a-f]{8}$")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Begin:
    """The first line of a log, from log format 3 on: which run.json the log was written with.

    `run_sha256` is the digest of that file (run_hmac.py).
    """

    event: Literal["begin"] = "begin"
    tick: Literal[0] = 0
    format: Annotated[int, Field(ge=3)]
    run_sha256: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]


LogLine = LogRecord | Checksum | Begin

_TICKS = RecordType[TickRecord](TickRecord)
_EVENTS = RecordType[Event | Checksum | Begin](Annotated[Event | Checksum | Begin, Field(discriminator="event")])


class ChunkSum:
    """The checksum of the lines since the last one."""

    def __init__(self) -> None:
        self.lines = 0
        self._crc: int | None = 0  # None: of a chunk whose beginning is not known

    def add(self, line: bytes) -> None:
        """Cover one more line."""
        self.lines += 1
        if self._crc is not None:
            self._crc = crc32(line, self._crc)

    def forget(self) -> None:
        """Compare nothing until the next checksum: lines before the next one are not known."""
        self.lines, self._crc = 0, None

    def make(self, ticks: int) -> Checksum:
        """Return the checksum of the lines that were added, after so many ticks."""
        return Checksum(tick=ticks, lines=self.lines, crc32=f"{self._crc or 0:08x}")

    def compare(self, found: Checksum) -> str | None:
        """Begin the next chunk; return what is wrong if the lines that were added are not those that `found` covers."""
        lines, crc = self.lines, self._crc
        self.lines, self._crc = 0, int(found.crc32, 16)
        if crc is None or (lines, f"{crc:08x}") == (found.lines, found.crc32):
            return None
        if lines != found.lines:
            return f"it covers {found.lines} lines, {lines} are there: lines were added or removed"
        return f"its {lines} lines give {crc:08x}, not {found.crc32}: one was changed, or some before were removed"


def to_line(record: LogLine) -> bytes:
    """Return the line of a record. Raises ValueError if a number is not finite."""
    return json.dumps(json_form(record), separators=(",", ":"), allow_nan=False, default=json_form).encode() + b"\n"


def parse_line(line: bytes) -> LogLine:
    """Return the record of a line.

    Raises RecordError; its `damaged` is True if the line has not even the number of a tick.
    """
    event = _is_event(line)
    try:
        return parse_record(_EVENTS, line) if event else parse_record(_TICKS, line)
    except RecordError as error:
        damaged = error.damaged or error.key.split(".")[-1] == "tick"
        raise RecordError(f"event {error}" if event else str(error), error.key, damaged) from None


def _is_event(line: bytes) -> bool:
    """Whether the object has a key "event"; a node or a phase may have that name too."""
    if line.startswith(b'{"event":'):
        return True
    if b'"event"' not in line:
        return False
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):
        return False
    return isinstance(value, dict) and "event" in value
