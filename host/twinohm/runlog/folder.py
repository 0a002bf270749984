"""A run folder: run.json (how to repeat the run), ticks.jsonl (what happened), summary.json (how it ended).

One process at a time appends whole lines to ticks.jsonl; a lock keeps other writers out. A line is a tick or an event.
A process that dies while it writes leaves at most one torn line at the end, and a power cut takes no more than the last
second: readers ignore a torn line, and the next writer cuts it off.
"""

from __future__ import annotations

import errno
import io
import json
import logging
import os
import re
import shutil
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any, Self, TypeVar

from twinohm.errors import DiskError, RunBusy, RunError, RunFileError
from twinohm.files import write_atomically
from twinohm.json_records import RecordError
from twinohm.locks import Lock
from twinohm.runlog.description import RunDescription
from twinohm.runlog.events import Event
from twinohm.runlog.log_lines import LogRecord, parse_line, to_line
from twinohm.runlog.summary import Summary
from twinohm.runlog.tick_record import TickRecord

logger = logging.getLogger(__name__)

SYNC_S = 1.0  # from one fsync of the log to the next, while it grows
E = TypeVar("E", bound=Event)
T = TypeVar("T")


class RunFolder:
    """One run on the disk. `RunFolder(path)` opens it; RunError if `path` is no run folder."""

    def __init__(self, path: Path | str) -> None:
        self.path = Path(path)
        self._log: io.FileIO | None = None
        self._lock = Lock(self.path / ".lock")
        self._synced = 0.0
        self.torn = 0  # bytes of a torn line that the next writer cut off
        if not (self.path / "run.json").is_file():
            raise RunFileError(
                f"{self.path}: no run folder (run.json is missing); give a folder that `twinohm run` made"
            )

    @classmethod
    def create(cls, root: Path, description: RunDescription, now: datetime | None = None) -> Self:
        """Make `<root>/<YYYYmmdd-HHMMSS>-<task>-<board>/` with its run.json, and open it.

        `now` is the start of the run (default: local time). -2, -3, ... is added to a name that is taken. Raises
        DiskError if the folder cannot be made.
        """
        now = now or datetime.now().astimezone()
        name = re.sub(r"[^\w.+-]+", "_", f"{now:%Y%m%d-%H%M%S}-{description.task}-{description.board}")
        path, copy = root / name, 1
        while True:
            try:
                path.mkdir(parents=True)
                break
            except FileExistsError:
                if root.exists() and not root.is_dir():
                    raise DiskError(f"{root}: is a file, no place for runs; name a folder") from None
                copy += 1
                path = root / f"{name}-{copy}"
            except OSError as error:
                raise DiskError(f"{path}: cannot be made ({error.strerror}); name a folder you can write to") from error
        _write_json(path / "run.json", description.record())
        return cls(path)

    def write_summary(self, summary: Summary) -> None:
        """Replace summary.json. Raises DiskError if it cannot be written, RunError if a number is not finite."""
        _write_json(self.path / "summary.json", summary.record())

    def description(self) -> RunDescription:
        """Return what run.json says. Raises RunFileError if it cannot be read or a value does not fit."""
        return _read(self.path / "run.json", RunDescription.parse)

    def summary(self) -> Summary | None:
        """Return what summary.json says, None while there is none. Raises RunFileError as description() does."""
        path = self.path / "summary.json"
        return _read(path, Summary.parse) if path.exists() else None

    def hold(self) -> None:
        """Take the lock of the writer, until close(). Raises RunBusy naming the process that has it, or DiskError."""
        try:
            holder = self._lock.take()
        except OSError as error:
            raise DiskError(f"{self.path}: cannot be written ({error.strerror}); check its permissions") from error
        if holder is not None:
            raise RunBusy(f"{self.path}: is being written by {holder}; wait until it is done, or end it")

    def require_room(self, size: int) -> None:
        """Raise DiskError if `size` bytes do not fit on the disk; a folder without a log is removed before."""
        free = shutil.disk_usage(self.path).free
        if size > free:
            if not (self.path / "ticks.jsonl").exists():
                self.close()
                shutil.rmtree(self.path)
            raise DiskError(
                f"{self.path.parent}: the log takes about {size / 1e6:.0f} MB, {free / 1e6:.0f} MB are free; "
                "make room, name another place with --out, or run fewer ticks"
            )

    def append(self, records: Iterable[LogRecord]) -> None:
        """Append lines to ticks.jsonl in one write. The first call takes the lock and cuts off a torn last line.

        Raises DiskError if the disk refuses, RunBusy if another process writes, RunError if a number is not finite,
        RunFileError if a line before the last is damaged.
        """
        path = self.path / "ticks.jsonl"
        records = list(records)
        try:
            lines = b"".join(to_line(record) for record in records)
        except ValueError as error:
            raise RunError(f"{path}: a tick cannot be logged ({error}); nothing of this batch was written") from error
        end = None
        if not self._log:
            self.hold()
            end = max((end for end, _ in self._whole_lines()), default=0)
        try:
            self._log = self._log or io.FileIO(path, "ab")
            if end is not None:
                self.torn = self._log.seek(0, os.SEEK_END) - end
                self._log.truncate(end)
            _write(self._log, lines)
            if logger.isEnabledFor(logging.INFO):
                self._log_events(records)
            if time.monotonic() - self._synced > SYNC_S:
                os.fsync(self._log.fileno())
                self._synced = time.monotonic()
        except OSError as error:
            self.close()
            raise DiskError(
                f"{path}: cannot be written ({error.strerror}); what it holds is whole; free the disk first"
            ) from error

    def _log_events(self, records: Iterable[LogRecord]) -> None:
        for record in records:
            if not isinstance(record, TickRecord):
                logger.info("%s: %s", self.path, record)

    def close(self) -> None:
        """Close the log and release the lock; what was appended is already on the disk."""
        if self._log is not None:
            with suppress(OSError):
                os.fsync(self._log.fileno())
            self._log.close()
            self._log = None
        self._lock.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def ticks(self) -> Iterator[TickRecord]:
        """Yield the ticks of the log in order, none if there is no log yet. Raises RunFileError as records() does."""
        return (record for record in self.records() if isinstance(record, TickRecord))

    def events(self) -> Iterator[Event]:
        """Yield the events of the log in order. Raises RunFileError as records() does."""
        return (record for record in self.records() if not isinstance(record, TickRecord))

    def events_of(self, kind: type[E]) -> Iterator[E]:
        """Yield the events of one kind in order. Raises RunFileError as records() does."""
        return (record for record in self.records() if isinstance(record, kind))

    def records(self) -> Iterator[LogRecord]:
        """Yield ticks and events in order.

        Raises RunFileError naming the line, key and value that do not fit their type or run.json.
        """
        return (record for _, record in self._whole_lines())

    def _whole_lines(self) -> Iterator[tuple[int, LogRecord]]:
        """Yield each record and the byte at which its line ends. A damaged line is ignored only if it is the last."""
        path, end, damage = self.path / "ticks.jsonl", 0, ""
        if not path.exists():
            return
        run = self.description()
        nodes, n_edges = frozenset(run.nodes), len(run.edges)
        with open(path, "rb") as log:
            for number, line in enumerate(log, 1):
                if damage:
                    raise RunFileError(f"{path}, line {number - 1}: {damage}; repair or delete it in a copy of the log")
                if not line.endswith(b"\n"):
                    return  # torn, or being written now
                try:
                    record = parse_line(line)
                    if isinstance(record, TickRecord):
                        record.check(nodes, n_edges)
                except RecordError as error:
                    if not error.damaged:
                        raise RunFileError(
                            f"{path}, line {number}: {error}; the log or run.json was changed, restore them"
                        ) from error
                    damage = str(error)
                    continue
                end += len(line)
                yield end, record


def _write(log: io.FileIO, lines: bytes) -> None:
    """Add all of `lines` or nothing."""
    before = log.seek(0, os.SEEK_END)
    if log.write(lines) != len(lines):  # a full disk takes a part
        log.truncate(before)
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def _write_json(path: Path, value: dict[str, Any]) -> None:
    try:
        text = json.dumps(value, indent=2, allow_nan=False, ensure_ascii=False)
    except ValueError as error:
        raise RunError(f"{path}: cannot be written ({error}); only finite numbers can") from error
    with write_atomically(path) as part, open(part, "w", encoding="utf-8") as file:
        file.write(text + "\n")
        file.flush()
        os.fsync(file.fileno())


def _read(path: Path, parse: Callable[[bytes], T]) -> T:
    try:
        return parse(path.read_bytes())
    except OSError as error:
        raise RunFileError(f"{path}: cannot be read ({error.strerror}); restore it or name another run") from None
    except RecordError as error:
        raise RunFileError(f"{path}: {error}; restore it or name another run") from error
