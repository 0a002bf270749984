"""The growing end of a log, for other processes that follow a run: they only read, and take no lock."""

from twinohm.errors import RunFileError
from twinohm.inputs import open_input
from twinohm.runlog.folder import RunFolder
from twinohm.runlog.log_lines import LogRecord


class Tail:
    """Whole lines of a log as they are written, at first those of its last `most` bytes, or all if that is None."""

    def __init__(self, folder: RunFolder, most: int | None = 4_000_000) -> None:
        self._path, self._run_json, self._most = folder.log, folder.path / "run.json", most
        self._reader = folder.reader()
        self._at: int | None = None  # the byte after the last whole line
        self.behind = False  # whether the last call returned less than there was
        self.torn = 0  # bytes of a last line that has no end yet

    @property
    def unproven(self) -> str | None:
        """Which of the lines that were read no checksum follows, None if there are none."""
        return self._reader.unproven

    @property
    def changed_at(self) -> float:
        """When the log was written to, or its run.json while there is no log: seconds of time.time()."""
        return (self._path if self._path.exists() else self._run_json).stat().st_mtime

    def read(self, most: int | None = None) -> list[LogRecord]:
        """Return the records written since the last call, from about `most` bytes: the next call goes on there.

        Raises RunFileError as RunFolder.records() does.
        """
        try:
            with open_input(self._path) as log:
                if self._at is None:
                    size = log.seek(0, 2)
                    self._at = log.seek(max(0, size - self._most) if self._most is not None else 0)
                    if self._at:
                        self._at += len(log.readline())
                        log.seek(0)
                        self._reader.read(log.readline())  # says of which run the log is
                        self._reader.skip()
                log.seek(self._at)
                data = log.read(-1 if most is None else most)
                self.behind = len(data) == most
                if self.behind:
                    data += log.readline()  # a line may be longer than `most`
        except FileNotFoundError:
            return []
        except OSError as error:
            raise RunFileError(f"{self._path}: cannot be read ({error.strerror}); restore it") from error
        whole = data[: data.rfind(b"\n") + 1]
        self.torn = len(data) - len(whole)
        self._at += len(whole)
        return [record for line in whole.splitlines(keepends=True) if (record := self._reader.read(line)) is not None]
