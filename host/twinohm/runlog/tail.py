"""The growing end of a log, for readers beside the run: they open it for reading and lock nothing."""

import json
from pathlib import Path

from twinohm.runlog.folder import Record


class Tail:
    """Whole lines as they come, from the last `most` bytes on; `most` is what a reader who comes late wants to know."""

    def __init__(self, path: Path, most: int = 4_000_000) -> None:
        self._path, self._most = path, most
        self._at: int | None = None  # the byte after the last whole line

    def read(self) -> list[Record]:
        """Lines that have come since the last time. Lines that are no records are passed over."""
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


def _record(line: bytes) -> Record | None:
    try:
        record = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return record if isinstance(record, dict) and isinstance(record.get("tick"), int) else None
