"""Advisory locks that say who holds them. The system frees a lock when its holder dies, so none is ever stale.

flock and msvcrt rather than the package filelock: that one empties the file each time it asks, and with it the holder's
name.
"""

import errno
import os
import sys
from contextlib import suppress
from datetime import datetime
from pathlib import Path

LOCKED_BYTE = 1 << 20  # Windows keeps readers from a locked byte too, so it lies beyond the text


class Lock:
    """A lock on `path`, a file that holds the holder's name and is removed with the lock."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._fd: int | None = None

    def take(self) -> str | None:
        """Take the lock. Return None if this process holds it then, else a text that names the holder.

        On a file system without locks it counts as taken. Raises OSError if the file cannot be made.
        """
        if self._fd is not None:
            return None
        while True:
            fd, writable = _open(self._path)
            try:
                _lock(fd)
            except OSError as error:
                if error.errno in (errno.EACCES, errno.EAGAIN, errno.EDEADLK):
                    holder = os.read(fd, 400).decode(errors="replace").strip()
                    os.close(fd)
                    return holder or "another process"
            with suppress(OSError):
                if os.path.samestat(os.fstat(fd), os.stat(self._path)):
                    break
            os.close(fd)  # its holder has just removed the file
        self._fd = fd
        if writable:
            since = datetime.now().astimezone().isoformat(timespec="seconds")
            command = " ".join([Path(sys.argv[0]).name, *sys.argv[1:]])
            os.ftruncate(fd, 0)
            os.write(fd, f"process {os.getpid()} ({command}) since {since}\n"[:400].encode())
        return None

    def release(self) -> None:
        """Release the lock, if it is held."""
        if self._fd is not None:
            fd, self._fd = self._fd, None
            with suppress(OSError):
                os.unlink(self._path)
            with suppress(OSError):
                _unlock(fd)
            os.close(fd)
            with suppress(OSError):  # Windows does not remove an open file
                if sys.platform == "win32":
                    os.unlink(self._path)


def _open(path: Path) -> tuple[int, bool]:
    try:
        return os.open(path, os.O_RDWR), True
    except FileNotFoundError:
        return os.open(path, os.O_RDWR | os.O_CREAT, 0o644), True
    except PermissionError:  # another user's file: it can be locked all the same
        return os.open(path, os.O_RDONLY), False


if sys.platform == "win32":
    import msvcrt

    def _lock(fd: int) -> None:
        os.lseek(fd, LOCKED_BYTE, os.SEEK_SET)
        try:
            msvcrt.locking(fd, msvcrt.LK_NBLCK, 1)
        finally:
            os.lseek(fd, 0, os.SEEK_SET)

    def _unlock(fd: int) -> None:
        os.lseek(fd, LOCKED_BYTE, os.SEEK_SET)
        msvcrt.locking(fd, msvcrt.LK_UNLCK, 1)

else:
    import fcntl

    def _lock(fd: int) -> None:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def _unlock(fd: int) -> None:
        fcntl.flock(fd, fcntl.LOCK_UN)
