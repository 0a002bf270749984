"""Standard input, output and error of the command line, as a user's shell left them: closed, full, or not in UTF-8.

A result that cannot be written is an error in words. Text for people on stderr is dropped where nothing takes it: a run
goes on without its progress bar. Characters that a stream cannot encode appear as escapes, such as \\u2582 or \\udcff.
"""

import io
import os
import sys
from typing import Any, NoReturn, cast

from twinohm.errors import DiskError, UsageError
from twinohm.plain_text import plain

NAMES = ("standard input", "standard output", "standard error")
CLOSED = (os.O_RDONLY, os.O_RDONLY, os.O_WRONLY)  # nothing can be written to a standard output that is closed


class _Stream(io.FileIO):
    """A standard stream whose errors are in words; those of stderr are dropped. BrokenPipeError stays as it is."""

    def __init__(self, number: int, mode: str) -> None:
        super().__init__(number, mode, closefd=False)
        self._number = number

    def write(self, data: Any, /) -> int:
        try:
            return super().write(data)
        except BrokenPipeError:
            raise
        except OSError as error:
            if self._number == 2:
                return len(memoryview(data).cast("B"))
            discard_output()
            raise DiskError(
                f"{NAMES[1]}: cannot be written ({error.strerror}); send it to another file, or free the disk"
            ) from error

    def readinto(self, buffer: Any, /) -> int | None:
        try:
            return super().readinto(buffer)
        except OSError as error:
            self._fail_to_read(error)

    def readall(self) -> bytes:
        try:
            return super().readall() or b""
        except OSError as error:
            self._fail_to_read(error)

    @staticmethod
    def _fail_to_read(error: OSError) -> NoReturn:
        raise UsageError(f"{NAMES[0]}: cannot be read ({error.strerror}); give a file or a terminal") from error


def say(text: object, err: bool = False) -> None:
    """Print a line whose control characters are made visible: a result, or with `err` what is for people."""
    print(plain(str(text)), file=sys.stderr if err else sys.stdout, flush=True)


def discard_output() -> None:
    """Let everything that is still written to standard output vanish: it has failed, and its buffer is not empty."""
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, 1)
    os.close(null)


def repair_streams() -> None:
    """Make sys.stdin, sys.stdout and sys.stderr such that each can be used, and its errors are those of _Stream."""
    for number, flags in enumerate(CLOSED):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, flags)  # takes the lowest number that is free: this one
    stdin = cast(io.TextIOWrapper | None, sys.stdin)
    if stdin is None or (stdin is sys.__stdin__ and not stdin.isatty()):  # None if it was closed
        sys.stdin = io.TextIOWrapper(io.BufferedReader(_Stream(0, "r")), errors="surrogateescape")
    sys.stdout = _output(sys.stdout, sys.__stdout__, 1)
    sys.stderr = _output(sys.stderr, sys.__stderr__, 2)


def _output(stream: Any, original: Any, number: int) -> Any:
    """Return what takes the place of an output: a terminal stays what it is, and so does one that a test has set."""
    if stream is not None and (stream is not original or stream.isatty()):
        if stream is original:
            stream.reconfigure(errors="backslashreplace")
        return stream
    encoding = stream.encoding if stream is not None else "utf-8"
    return io.TextIOWrapper(
        io.BufferedWriter(_Stream(number, "w")),
        encoding=encoding,
        errors="backslashreplace",
        line_buffering=number == 2,
        write_through=number == 2,
    )
