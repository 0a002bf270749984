"""Read the file of results of a search or sweep that was stopped: one JSON object per line."""

import logging
from pathlib import Path
from typing import TypeVar

from pydantic import TypeAdapter

from twinohm.errors import UsageError
from twinohm.json_records import RecordError, parse_record

logger = logging.getLogger(__name__)
T = TypeVar("T")


def read_lines(path: Path, kind: TypeAdapter[T]) -> list[T]:
    """Return the records in a file, without lines that are not whole: a program was stopped while it wrote them.

    Raises UsageError, naming file, line and key, for a line that is JSON but no such record, and for a file that cannot
    be read.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise UsageError(f"{path}: cannot be read ({error.strerror}); name another --out") from error
    records = []
    for number, line in enumerate(content.splitlines(), 1):
        try:
            records.append(parse_record(kind, line))
        except RecordError as error:
            if not error.damaged:
                raise UsageError(f"{path} line {number}: {error}; remove the line, or name another --out") from None
            logger.warning("%s line %d is torn, its results are computed again", path, number)
    return records
