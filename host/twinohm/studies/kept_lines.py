"""The file of results of a search or sweep that was stopped: one JSON object per line."""

import logging
import os
from collections.abc import Iterable
from pathlib import Path
from typing import TypeVar

from twinohm.errors import DiskError, UsageError
from twinohm.files import append, open_append, open_plain
from twinohm.json_records import RecordError, RecordType, parse_record

logger = logging.getLogger(__name__)
T = TypeVar("T")


def read_lines(path: Path, kind: RecordType[T]) -> list[T]:
    """Return the records in a file, without lines that are not whole: a program was stopped while it wrote them.

    Raises UsageError, naming file, line and key, for a line that is no beginning of such a record or is JSON but none,
    and for a file that cannot be read.
    """
    try:
        with open(open_plain(path, os.O_RDONLY), "rb") as file:
            content = file.read()
    except OSError as error:
        raise UsageError(f"{path}: cannot be read ({error.strerror}); name another --out") from error
    records = []
    for number, line in enumerate(content.splitlines(), 1):
        try:
            records.append(parse_record(kind, line))
        except RecordError as error:
            if not error.damaged:
                raise UsageError(f"{path} line {number}: {error}; remove the line, or name another --out") from None
            if not _is_torn(line):
                raise UsageError(f"{path} line {number}: is no result of twinohm; name another --out") from None
            logger.warning("%s line %d is torn, its results are computed again", path, number)
    return records


def append_lines(path: Path, lines: Iterable[str]) -> None:
    """Append lines to a file: all, or none. A torn line before them stays a line of its own.

    Raises UsageError if `path` is no plain file, DiskError if the disk refuses.
    """
    text = "".join(f"{line}\n" for line in lines)
    try:
        with open_append(path) as file:
            torn = file.seek(0, os.SEEK_END) and (file.seek(-1, os.SEEK_END), file.read(1))[1] != b"\n"
            append(file, b"\n" * bool(torn) + text.encode())
    except OSError as error:
        raise DiskError(f"{path}: cannot be written ({error.strerror}); free the disk, then go on") from error


def _is_torn(line: bytes) -> bool:
    """Whether a line that is no JSON can be one of ours that a program did not end."""
    return line.startswith(b'{"') or line == b"{"
