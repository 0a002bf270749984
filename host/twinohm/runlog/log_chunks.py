"""The lines of records that are to follow a log: chunks with a checksum each, after the first line of the log."""

from collections.abc import Iterable
from copy import copy
from pathlib import Path

from twinohm.errors import RunError
from twinohm.runlog.log_lines import MOST_LINES, ChunkSum, LogRecord, to_line
from twinohm.runlog.log_order import LogOrder
from twinohm.runlog.log_reader import LogReader


def chunk_lines(path: Path, records: Iterable[LogRecord], written: LogReader) -> tuple[LogOrder, ChunkSum, bytes]:
    """Return the lines of records that follow what is written, with checksums, and the state of the log then.

    Raises RunError naming the log at `path` if a number is not finite, or a record does not follow.
    """
    order, sums, lines = copy(written.order), copy(written.sum), []

    def add(line: bytes) -> None:
        sums.add(line)
        lines.append(line)

    def close_chunk() -> None:
        if written.checksums and sums.lines:
            checksum = sums.make(order.ticks)
            sums.compare(checksum)
            lines.append(to_line(checksum))

    for record in records:
        if not lines and not written.end and written.begin is not None:
            add(to_line(written.begin))
        try:
            line = to_line(record)
        except ValueError as error:
            raise RunError(f"{path}: a tick cannot be logged ({error}); nothing of this batch was written") from error
        if wrong := order.follow(record):
            raise RunError(f"{path}: tick {record.tick} cannot be logged ({wrong}); resume the run")
        add(line)
        if sums.lines >= MOST_LINES:
            close_chunk()
    if lines:
        close_chunk()
    return order, sums, b"".join(lines)
