"""The growing end of a log, for other processes that follow a run: they only read, and take no lock."""

from twinohm.errors import RunFileError
from twinohm.inputs import open_input
from twinohm.runlog.folder import RunFolder
from twinohm.runlog.log_lines import LogRecord


class Tail:
    """Whole lines of a log as they are written, at first those of its last `most` bytes."""

    def __init__(self, folder: RunFolder, most: int = 4_000_000) -> None:
        self._path, self._most = folder.log, most
        self._reader = folder.reader()
        self._at: int | None = None  # the byte after the last whole line

    @property
    def unproven(self) -> str | None:
        """Which of the lines that were read no checksum follows, None if there are none."""
        return self._reader.unproven

    def read(self) -> list[LogRecord]:
        """Return the records written since the last call. Raises RunFileError as RunFolder.records() does."""
        try:
            with open_input(self._path) as log:
                if self._at is None:
                    size = log.seek(0, 2)
                    log.seek(max(0, size - self._most))
                    self._at = log.tell()
                    if size > self._most:
                        self._at += len(log.readline())
                        log.seek(0)
                        self._reader.read(log.readline())  # says of which run the log is
                        self._reader.skip()
                log.seek(self._at)
                data = log.read()
        except FileNotFoundError:
            return []
        except OSError as error:
            raise RunFileError(f"{self._path}: cannot be read ({error.strerror}); restore it") from error
        whole = data[: data.rfind(b"\n") + 1]
        self._at += len(whole)
        return [record for line in whole.splitlines(keepends=True) if (record := self._reader.read(line)) is not None]
