"""Open and read input files. What is no regular file, or is larger than its kind may be, is refused unread.

A device such as /dev/zero has no end, and a pipe (FIFO) is not even opened until somebody writes to it.
"""

import errno
import os
import stat
from codecs import BOM_UTF8, BOM_UTF16_BE, BOM_UTF16_LE, BOM_UTF32_BE, BOM_UTF32_LE
from pathlib import Path
from typing import BinaryIO

from twinohm.errors import UsageError

MOST_NAME = 64  # characters of a name of ours in a folder
MB = 1_000_000
TABLE_BYTES = 1 * MB  # boards.toml, a task, a calibration
DATA_BYTES = 100 * MB  # a CSV file
RECORD_BYTES = 300 * MB  # run.json, results that a search or sweep keeps
UF2_BYTES = 16 * MB  # more than a Pico's flash holds

BOMS = {  # encodings by the first bytes; the longer ones first: that of UTF-32 begins as that of UTF-16 does
    BOM_UTF8: "utf-8",
    BOM_UTF32_LE: "utf-32-le",
    BOM_UTF32_BE: "utf-32-be",
    BOM_UTF16_LE: "utf-16-le",
    BOM_UTF16_BE: "utf-16-be",
}
_KINDS = {stat.S_IFLNK: "symbolic link", stat.S_IFDIR: "folder", stat.S_IFIFO: "pipe", stat.S_IFSOCK: "socket"}


def kind_name(mode: int) -> str:
    """Return the name of what is no regular file, from its st_mode."""
    return _KINDS.get(stat.S_IFMT(mode), "device")


def split_mark(data: bytes) -> tuple[str, bytes]:
    """Return the encoding that the first bytes of a text say, "" if they say none, and the bytes behind them."""
    mark = next((mark for mark in BOMS if data.startswith(mark)), b"")
    return BOMS.get(mark, ""), data[len(mark) :]


def possible_path(path: Path) -> Path:
    """Return a path that the file system can have, with files of ours in it. Raises UsageError for another one.

    Every path that a user names passes here, whether a file is there or not. Whether it can be used is asked later.
    """
    shown = str(path) if len(str(path)) <= 80 else f"{str(path)[:40]}...{str(path)[-20:]}"
    for one in (path, path.absolute() / ("x" * MOST_NAME)):
        try:
            os.lstat(one)
        except OSError as error:
            if error.errno == errno.ENAMETOOLONG:
                raise UsageError(
                    f"{shown}: is longer, with {len(str(path))} characters, than the file system allows; "
                    "name a shorter one"
                ) from None
        except ValueError as error:  # a NUL, or what is no character
            raise UsageError(f"{shown!r}: can be no path ({error}); name another one") from None
    return path


def is_binary(data: bytes) -> bool:
    """Return whether a file without an encoding's mark has zeros at its beginning, as no text has."""
    return b"\0" in data[:1000] and not split_mark(data)[0]


def open_input(path: Path) -> BinaryIO:
    """Open a regular file for reading. Raises OSError; of another kind of file its `strerror` is words of ours."""
    fd = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    try:
        mode = os.fstat(fd).st_mode
        if stat.S_ISDIR(mode):
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
        if not stat.S_ISREG(mode):
            raise OSError(errno.EINVAL, f"a {kind_name(mode)}, not a file", str(path))
        return open(fd, "rb")
    except BaseException:
        os.close(fd)
        raise


def read_input(path: Path, most_bytes: int) -> bytes:
    """Return the content of a regular file. Raises OSError as open_input() does, and for more than `most_bytes`."""
    with open_input(path) as file:
        size = os.fstat(file.fileno()).st_size
        data = file.read(min(size, most_bytes) + 1)  # no buffer of the limit's size
        while size < len(data) <= most_bytes:  # it grows, or has no size, as in /proc
            if not (more := file.read(min(MB, most_bytes + 1 - len(data)))):
                break
            data += more
    if len(data) > most_bytes:
        raise OSError(errno.EFBIG, f"larger than {most_bytes // MB} MB, the limit for such a file", str(path))
    return data
