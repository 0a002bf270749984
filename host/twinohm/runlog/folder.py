"""A run folder: run.json (how to repeat the run), ticks.jsonl (what happened), summary.json (how it ended).

One process at a time appends whole lines to ticks.jsonl, each time with a checksum of them; locks on `.lock` and on the
log itself keep other writers out. A process that dies while it writes leaves at most one torn line at the end, and a
power cut takes no more than the last second: readers ignore a torn line, and the next writer cuts it off. Readers and
the writer refuse a record that does not follow from those before it.
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
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any, Self, TypeVar

from twinohm.clock import local_now
from twinohm.errors import DiskError, RunBusy, RunError, RunFileError, UsageError
from twinohm.files import append, is_plain, open_append, write_folder, write_own
from twinohm.inputs import RECORD_BYTES, open_input, read_input
from twinohm.json_records import RecordError
from twinohm.link.port_tokens import has_token
from twinohm.locks import Lock, is_held, lock_file
from twinohm.plain_text import encode_json
from twinohm.runlog import examples_file
from twinohm.runlog.description import RunDescription
from twinohm.runlog.events import Event
from twinohm.runlog.examples_file import Arrays
from twinohm.runlog.log_chunks import chunk_lines
from twinohm.runlog.log_lines import LogRecord
from twinohm.runlog.log_reader import LOG, LogReader, Problem
from twinohm.runlog.run_hmac import CHANGED, HMAC, run_digest, why_foreign, with_hmac
from twinohm.runlog.summary import Summary
from twinohm.runlog.tick_record import TickRecord

logger = logging.getLogger(__name__)

MOST_COPIES = 1000  # runs of one task and board in one second
DISK_ERRNOS = (errno.ENOSPC, errno.EDQUOT, errno.EIO)  # the place is right, and the disk refuses
SYNC_S = 1.0  # from one fsync of the log to the next, while it grows
E = TypeVar("E", bound=Event)
T = TypeVar("T")

SUMMARY = "summary.json"


class RunFolder:
    """One run on the disk. `RunFolder(path)` opens it; RunError if `path` is no run folder."""

    def __init__(self, path: Path | str) -> None:
        self._given, self._absolute = Path(path), Path(path).absolute()
        self.changed = False  # whether this process has added to the run
        self._port_option = ""  # that a resume needs, as far as this process knows
        self._log: io.FileIO | None = None
        self._written: LogReader | None = None  # the log as the writer left it
        self._lock = Lock(self._absolute / ".lock")
        self._synced = 0.0
        self._begun_with: str | None = None  # digest of the run.json that this process wrote
        self.unproven: str | None = None  # which lines of the log no checksum follows, once it was read whole
        self.foreign: str | None = None  # why run.json counts as somebody else's, once own_description() was called
        self.torn = 0  # bytes of a torn line that the next writer cut off
        self.cut_off: str | None = None  # that this process has cut one off, and why
        run_json = self.path / "run.json"
        if not run_json.is_file():
            what = "no file" if os.path.lexists(run_json) else "missing"
            raise RunFileError(
                f"{self.path}: no run folder (run.json is {what}); give a folder that `twinohm run` made"
            )

    @property
    def path(self) -> Path:
        """The folder as it was named, or from the root if this process is in another folder by now."""
        with suppress(OSError):  # the working folder may be gone
            if self._given.absolute() == self._absolute:
                return self._given
        return self._absolute

    @classmethod
    def create(
        cls, root: Path, description: RunDescription, now: datetime | None = None, examples: bytes | None = None
    ) -> Self:
        """Make `<root>/<YYYYmmdd-HHMMSS>-<task>-<board>/` with its run.json, and examples.npz if given, and open it.

        `now` is the start of the run (default: local time). -2, -3, ... is added to a name that is taken. Raises
        UsageError if there can be no folder at `root`, DiskError if the disk refuses one.
        """
        now = now or local_now()
        name = re.sub(r"[^\w.+-]+", "_", f"{now:%Y%m%d-%H%M%S}-{description.task}-{description.board}")
        record = with_hmac(description.record())
        files = {"run.json": _to_json(root / name, record)}
        if examples is not None:
            files[examples_file.NAME] = examples
        path = _make_folder(root, name, files)
        folder = cls(path)
        folder.note_port(description.port, foreign=HMAC not in record)
        folder.changed = True
        folder._begun_with = run_digest(files["run.json"])
        return folder

    def write_summary(self, summary: Summary) -> None:
        """Replace summary.json. Raises DiskError if it cannot be written, RunError if a number is not finite."""
        path = self.path / SUMMARY
        write_own({path: _to_json(path, summary.record())})

    def description(self) -> RunDescription:
        """Return what run.json says. Raises RunFileError if it cannot be read or a value does not fit."""
        return _read(self.path / "run.json", RunDescription.parse)

    def own_description(self) -> tuple[RunDescription, str | None]:
        """Return what run.json says, and why it counts as somebody else's: None if its HMAC is right.

        Raises RunFileError as description() does.
        """
        found = _read(self.path / "run.json", lambda data: (RunDescription.parse(data), why_foreign(data)))
        self.foreign = found[1]
        self.note_port(found[0].port, foreign=found[1] is not None)
        return found

    @property
    def changed_since(self) -> str | None:
        """Which file was changed after a run of this user wrote it, and how that is known; None if it is not known.

        Of a log of format 3 it also raises RunFileError when the log is read; older ones are read all the same.
        """
        _, foreign = self.own_description()
        return f"{self.path / 'run.json'}: {foreign}" if foreign == CHANGED else None

    def note_port(self, port: str, foreign: bool = False) -> None:
        """Note where the run is, for resume_command. foreign: run.json will not be trusted to name a port."""
        if has_token(port):  # no file keeps it
            self._port_option = " --port URL_WITH_TOKEN"
        elif foreign:
            self._port_option = " --port PORT"

    @property
    def resume_command(self) -> str:
        """The command that resumes the run."""
        return f"twinohm resume {self.path}{self._port_option}"

    def examples(self) -> Arrays | None:
        """Return the arrays of examples.npz, None if the run has none. Raises RunFileError if it is not the run's."""
        described = self.description().examples_file
        if described is None:
            return None
        return _read(self.path / examples_file.NAME, lambda data: examples_file.unpack(data, described))

    def summary(self) -> Summary | None:
        """Return what summary.json says, None while there is none. Raises RunFileError as description() does."""
        path = self.path / SUMMARY
        return _read(path, Summary.parse) if path.exists() else None

    @property
    def log(self) -> Path:
        """The path of ticks.jsonl."""
        return self.path / LOG

    @property
    def logged_ticks(self) -> int:
        """Number of ticks in the log on the disk. Raises RunFileError as records() does."""
        if self._written is not None and self._log is not None and self._foreign_log(self._log, self._written) is None:
            return self._written.order.ticks
        return sum(1 for _ in self.ticks())

    def hold(self, sign: bool = True) -> None:
        """Lock the run for this writer, until close().

        sign: write this process's name to `.lock`. Without it the log alone is locked, and no file is changed, until
        append() locks the run in full: a resume may still be refused.

        Raises RunBusy naming the process that has it, DiskError, and UsageError if summary.json cannot be replaced.
        """
        is_plain(self.path / SUMMARY)
        try:
            holder = self._lock.take() if sign else self._lock.holder()
            if holder is None and self.log.exists():
                self._open_log()
        except OSError as error:
            raise DiskError(
                f"{self.path}: cannot be written ({error.strerror}); check its permissions, and the room on the disk"
            ) from error
        if holder is not None:
            raise RunBusy(f"{self.path}: is being written by {holder}; wait until it is done, or end it")

    def is_held(self) -> bool | None:
        """Return whether a process holds the run, None if that cannot be known. Nothing is changed."""
        held = [is_held(path) for path in (self.path / ".lock", self.log)]  # `.lock` may have been removed
        return True if True in held else None if None in held else False

    def _open_log(self) -> io.FileIO:
        """Open and lock the log itself: `.lock` may have been removed. Raises RunBusy, RunFileError, or OSError."""
        if self._log is None:
            log = open_append(self.log)
            if (names := os.fstat(log.fileno()).st_nlink) > 1:
                log.close()
                raise RunFileError(
                    f"{self.log}: is one file with {names} names (hard links), so that another run's log would grow "
                    "too; put a copy in its place"
                )
            if not lock_file(log.fileno()):
                log.close()
                raise RunBusy(f"{self.log}: is being written by another process; wait until it is done, or end it")
            self._log, self._written = log, None
        return self._log

    def require_room(self, size: int) -> None:
        """Raise DiskError if `size` bytes do not fit on the disk; a folder that is new is removed before."""
        free = shutil.disk_usage(self.path).free
        if size > free:
            if self.changed and not self.log.exists():
                self.close()
                shutil.rmtree(self.path)
            raise DiskError(
                f"{self.path.parent}: the log takes about {_size_text(size)}, {_size_text(free)} are free; "
                "make room, name another place with --out, or run fewer ticks"
            )

    def append(self, records: Iterable[LogRecord]) -> None:
        """Append lines to ticks.jsonl in one write. The first call takes the locks and cuts off a torn last line.

        Raises DiskError if the disk refuses or the log is gone, RunBusy if another process writes, RunError if a record
        has a number that is not finite or does not follow, RunFileError if a line before the last is damaged.
        """
        records = list(records)
        self.hold()
        try:
            log = self._open_log()
            written = self._written or self._cut_torn_line(log)
            self._require_own(log, written)
            order, sums, lines = chunk_lines(self.log, records, written)
            append(log, lines)
            written.order, written.sum, written.end = order, sums, written.end + len(lines)
            self.changed = self.changed or bool(lines)
            if logger.isEnabledFor(logging.INFO):
                self._log_events(records)
            if time.monotonic() - self._synced > SYNC_S:
                os.fsync(log.fileno())
                self._synced = time.monotonic()
        except OSError as error:
            self.close()
            raise DiskError(
                f"{self.log}: cannot be written ({error.strerror}); what it holds is whole; free the disk first"
            ) from error

    def _cut_torn_line(self, log: io.FileIO) -> LogReader:
        """Read the log to its end and cut off a torn last line."""
        self._written = written = self.reader()
        if self._begun_with not in (None, written.digest):
            run_json = self.path / "run.json"
            raise RunFileError(f"{run_json}: was changed before the first tick was logged; begin a new run")
        for _ in self.read_log(written):
            pass
        self.torn = log.seek(0, os.SEEK_END) - written.end
        if self.torn:
            self.cut_off = f"the last line of the log was cut off ({written.torn})"
            log.truncate(written.end)
            self.changed = True
        return written

    def _require_own(self, log: io.FileIO, written: LogReader) -> None:
        """Raise an error unless the open log is still the one of this folder and as this writer left it."""
        if (error := self._foreign_log(log, written)) is not None:
            raise error

    def _foreign_log(self, log: io.FileIO, written: LogReader) -> RunError | None:
        """Return what is wrong if the open log is no longer that of this folder, or not as this writer left it."""
        mine = os.fstat(log.fileno())
        try:
            there = os.path.samestat(mine, os.lstat(self.log))
        except OSError:
            there = False
        if not there:
            return DiskError(
                f"{self.log}: was removed or renamed while the run went on; no tick can be logged any more"
            )
        if mine.st_size != written.end:
            return RunBusy(
                f"{self.log}: has {mine.st_size} bytes, this process left {written.end}: another one writes it; end it"
            )
        return None

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

        Raises RunFileError naming the line, key and value that do not fit their type, run.json, or the lines before.
        """
        reader = self.reader()
        yield from self.read_log(reader)
        self.unproven = reader.unproven or self.unproven

    def reader(self, report: Callable[[Problem], None] | None = None) -> LogReader:
        """Return a reader of this log. Without `report` it raises RunFileError for the first problem."""
        run, digest = _read(self.path / "run.json", lambda data: (RunDescription.parse(data), run_digest(data)))
        return LogReader(run, digest, report or self._refuse)

    def read_log(self, reader: LogReader) -> Iterator[LogRecord]:
        """Yield the records that `reader` reads from the log, none if there is no log yet."""
        if not self.log.exists():
            return
        try:
            with open_input(self.log) as log:
                for line in log:
                    if (record := reader.read(line)) is not None:
                        yield record
        except OSError as error:
            raise RunFileError(
                f"{self.log}: cannot be read ({error.strerror}); restore it or its permissions"
            ) from error

    def _refuse(self, problem: Problem) -> None:
        where = f"{self.path / problem.file}, line {problem.line}" if problem.line is not None else self.log
        raise RunFileError(f"{where}: {problem.text}; {problem.remedy}")


def _make_folder(root: Path, name: str, files: Mapping[str, bytes]) -> Path:
    """Make the folder `root`/`name` with files in it; -2, -3, ... is added. Raises UsageError or DiskError."""
    try:
        root.mkdir(parents=True, exist_ok=True)
        for copy in range(1, MOST_COPIES + 1):
            path = root / (name if copy == 1 else f"{name}-{copy}")
            with suppress(FileExistsError):
                write_folder(path, files)
                return path
    except (FileExistsError, NotADirectoryError):
        raise UsageError(f"{root}: is no folder, or leads to none: no run can be made in it; name a folder") from None
    except OSError as error:
        kind = DiskError if error.errno in DISK_ERRNOS else UsageError
        raise kind(f"{root}: no run can be made in it ({error.strerror}); name a folder you can write to") from error
    raise UsageError(f"{root}: has {MOST_COPIES} runs called {name}; name another folder")


def _to_json(path: Path, value: dict[str, Any]) -> bytes:
    try:
        text = json.dumps(value, indent=2, allow_nan=False, ensure_ascii=False)
    except ValueError as error:
        raise RunError(f"{path}: cannot be written ({error}); only finite numbers can") from error
    return encode_json(f"{text}\n")


def _size_text(size: int) -> str:
    """Return a number of bytes in kB, or in MB from 1 MB on."""
    return f"{size / 1e6:.0f} MB" if size >= 1e6 else f"{size / 1e3:.0f} kB"


def _read(path: Path, parse: Callable[[bytes], T]) -> T:
    try:
        return parse(read_input(path, RECORD_BYTES))
    except OSError as error:
        raise RunFileError(f"{path}: cannot be read ({error.strerror}); restore it or name another run") from None
    except RecordError as error:
        raise RunFileError(f"{path}: {error}; restore it or name another run") from error
