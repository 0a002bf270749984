"""A run folder: run.json (how to repeat it), ticks.jsonl (what happened), summary.json (how it ended).

ticks.jsonl is only ever appended to, whole lines at a time, by one process: a lock keeps others out. A line is a tick,
or an event: then it has a key "event" and `tick` is the number of ticks before it. A process that dies while writing
leaves at most one torn line at the end, a power cut takes no more than the last second: readers pass over a torn line,
and the next writer cuts it off.
"""

from __future__ import annotations

import errno
import io
import json
import os
import re
import shutil
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import Any, Self

from twinohm.errors import DiskError, RunBusy, RunError, RunFileError
from twinohm.files import write_atomically
from twinohm.locks import Lock

Record = dict[str, Any]
SYNC_S = 1.0  # from one fsync of the log to the next, while it grows


class RunFolder:
    """One run on the disk. `RunFolder(path)` opens it; RunError if `path` is no run folder."""

    def __init__(self, path: Path | str) -> None:
        self.path = Path(path)
        self._log: io.FileIO | None = None
        self._lock = Lock(self.path / ".lock")
        self._synced = 0.0
        self.torn = 0  # bytes of a torn line that were cut off
        if not (self.path / "run.json").is_file():
            raise RunFileError(
                f"{self.path}: no run folder (run.json is missing); give a folder that `twinohm run` made"
            )

    @classmethod
    def create(cls, root: Path, task: str, board: str, now: datetime | None = None) -> Self:
        """Make `<root>/<YYYYmmdd-HHMMSS>-<task>-<board>/` and open it; -2, -3, ... is added if the name is taken.

        `now` is the start of the run (default: local time). DiskError if the folder cannot be made.
        """
        now = now or datetime.now().astimezone()
        name = re.sub(r"[^\w.+-]+", "_", f"{now:%Y%m%d-%H%M%S}-{task}-{board}")
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
        _write_json(path / "run.json", {"task": task, "board": board, "started": now.isoformat(timespec="seconds")})
        return cls(path)

    def write_run(self, run: Record) -> None:
        """Write run.json, all or nothing. RunError if the disk refuses or a number is not finite."""
        _write_json(self.path / "run.json", run)

    def write_summary(self, summary: Record) -> None:
        """Write summary.json, all or nothing. RunError if the disk refuses or a number is not finite."""
        _write_json(self.path / "summary.json", summary)

    def run(self) -> Record:
        """run.json. RunError if it is missing or damaged."""
        return _read_json(self.path / "run.json")

    def summary(self) -> Record | None:
        """summary.json, None while there is none. RunError if it is damaged."""
        path = self.path / "summary.json"
        return _read_json(path) if path.exists() else None

    def hold(self) -> None:
        """Be the one who writes, until close(). RunBusy names the process that already is, DiskError if none can."""
        try:
            holder = self._lock.take()
        except OSError as error:
            raise DiskError(f"{self.path}: cannot be written ({error.strerror}); check its permissions") from error
        if holder is not None:
            raise RunBusy(f"{self.path}: is being written by {holder}; wait until it is done, or end it")

    def require_room(self, size: int) -> None:
        """Raises DiskError, and takes the folder away if nothing is logged yet, if `size` bytes do not fit."""
        free = shutil.disk_usage(self.path).free
        if size > free:
            if not (self.path / "ticks.jsonl").exists():
                self.close()
                shutil.rmtree(self.path)
            raise DiskError(
                f"{self.path.parent}: the log takes about {size / 1e6:.0f} MB, {free / 1e6:.0f} MB are free; "
                "make room, name another place with --out, or run fewer ticks"
            )

    def append(self, records: Iterable[Record]) -> None:
        """Add lines to ticks.jsonl in one write, and flush. The first call holds the run and cuts off a torn last line.

        DiskError if the disk refuses, RunBusy if another process writes, RunError if a number is not finite or a line
        before the last is damaged.
        """
        path = self.path / "ticks.jsonl"
        try:
            lines = b"".join(_line(record) for record in records)
        except ValueError as error:
            raise RunError(f"{path}: a tick cannot be logged ({error}); nothing of this batch was written") from error
        end = None
        if not self._log:
            self.hold()
            end = max((end for end, _ in self._whole()), default=0)
        try:
            self._log = self._log or io.FileIO(path, "ab")
            if end is not None:
                self.torn = self._log.seek(0, os.SEEK_END) - end
                self._log.truncate(end)
            _write(self._log, lines)
            if time.monotonic() - self._synced > SYNC_S:
                os.fsync(self._log.fileno())
                self._synced = time.monotonic()
        except OSError as error:
            self.close()
            raise DiskError(
                f"{path}: cannot be written ({error.strerror}); what it holds is whole; free the disk first"
            ) from error

    def close(self) -> None:
        """Close the log; what was appended is already in it."""
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

    def ticks(self) -> Iterator[Record]:
        """The whole ticks of the log in order, none if there is no log yet. RunError names a damaged line."""
        return (record for record in self.lines() if "event" not in record)

    def events(self, *kinds: str) -> Iterator[Record]:
        """The events of the log in order, of these kinds if any are named. RunError names a damaged line."""
        return (record for record in self.lines() if record.get("event") in (kinds or (record.get("event", ""),)))

    def lines(self) -> Iterator[Record]:
        """Ticks and events in order. RunError names a damaged line."""
        return (record for _, record in self._whole())

    def _whole(self) -> Iterator[tuple[int, Record]]:
        """Each whole record, and the byte at which it ends. A bad line is forgiven only if nothing follows it."""
        path, end, bad = self.path / "ticks.jsonl", 0, ""
        if not path.exists():
            return
        with open(path, "rb") as log:
            for number, line in enumerate(log, 1):
                if bad:
                    raise RunFileError(
                        f"{path}, line {number - 1}: {bad}; repair or delete the line (a copy of it first)"
                    )
                if not line.endswith(b"\n"):
                    return  # torn, or being written now
                try:
                    record = _record(line)
                except (ValueError, RecursionError) as error:
                    bad = f"no tick record ({error})"
                    continue
                end += len(line)
                yield end, record


@contextmanager
def understood(folder: RunFolder) -> Iterator[None]:
    """For code that takes values from run.json and the log as they are written: RunError where they were changed."""
    try:
        yield
    except (KeyError, TypeError, ValueError, AttributeError, IndexError, ArithmeticError, RecursionError) as error:
        why = f"{error} is missing" if isinstance(error, KeyError) else " ".join(str(error).split())
        raise RunFileError(f"{folder.path}: run.json or the log was changed ({why}); restore them") from error


def _write(log: io.FileIO, lines: bytes) -> None:
    """Add all of `lines` or nothing."""
    before = log.seek(0, os.SEEK_END)
    if log.write(lines) != len(lines):  # a full disk takes a part
        log.truncate(before)
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def _line(record: Record) -> bytes:
    return json.dumps(record, separators=(",", ":"), allow_nan=False).encode() + b"\n"


def _record(line: bytes) -> Record:
    record = json.loads(line, parse_constant=_no_constant)
    if not isinstance(record, dict) or not isinstance(record.get("tick"), int):
        raise ValueError('no object with a whole number "tick"')
    if not isinstance(record.get("event", ""), str):
        raise ValueError('"event" is no text')
    return record


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON")


def _write_json(path: Path, value: Record) -> None:
    try:
        text = json.dumps(value, indent=2, allow_nan=False, ensure_ascii=False)
    except ValueError as error:
        raise RunError(f"{path}: cannot be written ({error}); only finite numbers can") from error
    with write_atomically(path) as part, open(part, "w", encoding="utf-8") as file:
        file.write(text + "\n")
        file.flush()
        os.fsync(file.fileno())


def _read_json(path: Path) -> Record:
    try:
        value = json.loads(path.read_bytes(), parse_constant=_no_constant)
    except (OSError, ValueError, RecursionError) as error:
        raise RunFileError(f"{path}: cannot be read ({error}); restore it or give another run folder") from error
    if not isinstance(value, dict):
        raise RunFileError(f"{path}: holds no JSON object; restore it or give another run folder")
    return value
