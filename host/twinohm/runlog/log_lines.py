"""Lines of ticks.jsonl: one JSON object each, a tick or an event."""

from __future__ import annotations

import json

from pydantic import TypeAdapter

from twinohm.json_records import RecordError, json_form, parse_record
from twinohm.runlog.events import AnyEvent, Event
from twinohm.runlog.tick_record import TickRecord

LogRecord = TickRecord | Event

_TICKS = TypeAdapter(TickRecord)
_EVENTS: TypeAdapter[Event] = TypeAdapter(AnyEvent)


def to_line(record: LogRecord) -> bytes:
    """Return the line of a record. Raises ValueError if a number is not finite."""
    return json.dumps(json_form(record), separators=(",", ":"), allow_nan=False).encode() + b"\n"


def parse_line(line: bytes) -> LogRecord:
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
