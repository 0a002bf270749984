"""The growing end of a log, for other processes that follow a run: they only read, and take no lock."""

from pathlib import Path

from twinohm.json_records import RecordError
from twinohm.runlog.log_lines import LogRecord, parse_line


class Tail:
    """Whole lines of a log as they are written, at first those of its last `most` bytes."""

    def __init__(self, path: Path, most: int = 4_000_000) -> None:
        self._path, self._most = path, most
        self._at: int | None = None  # the byte after the last whole line

    def read(self) -> list[LogRecord]:
        """Return the records written since the last call; lines that are no records are ignored."""
        try:
            with open(self._path, "rb") as log:
                if self._at is None:
                    size = log.seek(0, 2)
                    log.seek(max(0, size - self._most))
                    self._at = log.tell() + (len(log.readline()) if size > self._most else 0)
                log.seek(self._at)
                data = log.read()
        except FileNotFoundError:
            return []
        whole = data[: data.rfind(b"\n") + 1]
        self._at += len(whole)
        return [record for line in whole.splitlines() if (record := _record(line)) is not None]


def _record(line: bytes) -> LogRecord | None:
    try:
        return parse_line(line)
    except RecordError:
        return None
