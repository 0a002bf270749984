"""Advisory locks that say who holds them. The system frees a lock when its holder dies, so none is ever stale.

flock and msvcrt rather than the package filelock: that one empties the file each time it asks, and with it the holder's
name.
"""

import errno
import os
import sys
import time
import weakref
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from twinohm.clock import local_now
from twinohm.errors import DiskError, UsageError
from twinohm.files import check_place, open_plain
from twinohm.this_command import this_command

LOCKED_BYTE = (1 << 31) - 2  # Windows keeps readers from a locked byte too, so it lies beyond the text
HELD = (errno.EACCES, errno.EAGAIN, errno.EDEADLK)  # another program has the lock
MOMENT_S = 0.02  # longer than is_held() has a lock
HOLDER = b"process "  # every lock file begins so


class Lock:
    """A lock on `path`, a file that holds the holder's name and is removed with the lock.

    A lock that is dropped without release() is released when it is collected. `private`: other users cannot read it.
    """

    def __init__(self, path: Path, private: bool = False) -> None:
        self._path, self._mode = path, 0o600 if private else 0o644
        self._release: weakref.finalize[[Path, int, int], Lock] | None = None  # while it is held

    def take(self) -> str | None:
        """Take the lock. Return None if this process holds it then, else a text that names the holder.

        On a file system without locks it counts as taken. Raises OSError if the file cannot be made, UsageError if
        another file, or no plain one, has its name.
        """
        if self._release is not None:
            return None
        while True:
            fd, writable = _open(self._path, self._mode)
            if not lock_file(fd):
                text = os.read(fd, 400)
                os.close(fd)
                return _name(text)
            with suppress(OSError):
                if os.path.samestat(os.fstat(fd), os.lstat(self._path)):
                    break
            os.close(fd)  # its holder has just removed the file
        try:
            _check_text(self._path, os.read(fd, 400))
        except UsageError:
            os.close(fd)
            raise
        self._release = weakref.finalize(self, _release, self._path, fd, os.getpid())
        if writable:
            since = local_now().isoformat(timespec="seconds")
            command = " ".join(this_command())
            os.ftruncate(fd, 0)
            os.lseek(fd, 0, os.SEEK_SET)
            os.write(fd, f"process {os.getpid()} ({command}) since {since}\n"[:400].encode())
        return None

    def holder(self) -> str | None:
        """Return a text that names another holder, None if none is known. Nothing is changed.

        Raises OSError if the file cannot be read, UsageError if another file, or no plain one, has its name.
        """
        if self._release is not None:
            return None
        try:
            fd = open_plain(self._path, os.O_RDONLY)
        except FileNotFoundError:
            return None
        text = os.read(fd, 400)
        os.close(fd)
        if is_held(self._path):
            return _name(text)
        _check_text(self._path, text)
        return None

    def release(self) -> None:
        """Release the lock, if it is held."""
        if self._release is not None:
            release, self._release = self._release, None
            release()


def is_held(path: Path) -> bool | None:
    """Return whether a program holds the Lock on `path`, None if that cannot be known. The file is not changed."""
    try:
        fd = open_plain(path, os.O_RDWR if sys.platform == "win32" else os.O_RDONLY)
    except FileNotFoundError:
        return False
    except (OSError, UsageError):
        return None
    try:
        _lock(fd, shared=True)
        return False
    except OSError as error:
        return True if error.errno in HELD else None
    finally:
        os.close(fd)


@contextmanager
def only_writer(path: Path) -> Iterator[None]:
    """Have a file to this program alone until the end of the block: it is read there, and written with what it had.

    The lock is a file beside it, `.NAME.lock`, which is there until then.

    Raises UsageError if a file cannot be at `path`, or naming who writes it now, DiskError if the disk refuses.
    """
    check_place(path)
    lock = Lock(path.parent / f".{path.name}.lock")
    try:
        holder = lock.take()
    except OSError as error:
        raise DiskError(f"{path}: cannot be locked ({error.strerror}); name another file") from error
    if holder is not None:
        raise UsageError(f"{path}: is being written by {holder}; wait until it is done, or name another file")
    try:
        yield
    finally:
        lock.release()


def names_this_process(holder: str) -> bool:
    """Whether a text of Lock.take() names this very process."""
    return holder.startswith(f"process {os.getpid()} ")


def _release(path: Path, fd: int, taken_by: int) -> None:
    if os.getpid() != taken_by:  # a fork of the holder: the lock is not its own
        os.close(fd)
        return
    with suppress(OSError):
        os.unlink(path)
    with suppress(OSError):
        _unlock(fd)
    os.close(fd)
    with suppress(OSError):  # Windows does not remove an open file
        if sys.platform == "win32":
            os.unlink(path)


def lock_file(fd: int) -> bool:
    """Lock an open file until it is closed. Return False if another program, or another part of this one, has it.

    On a file system without locks it counts as locked.
    """
    for last in (False, True):
        try:
            _lock(fd)
        except OSError as error:
            if error.errno not in HELD:
                return True
            if not last:
                time.sleep(MOMENT_S)  # is_held() may have it
            continue
        return True
    return False


def _name(text: bytes) -> str:
    """Return the name of a holder from the text of its lock file."""
    return text.decode(errors="replace").strip() or "another process"


def _check_text(path: Path, text: bytes) -> None:
    """Raise UsageError if the text of a file is not that of a lock."""
    if text and not text.startswith(HOLDER):
        raise UsageError(f"{path}: is no lock of twinohm, and its name is needed for one; move it away")


def _open(path: Path, mode: int) -> tuple[int, bool]:
    try:
        return open_plain(path, os.O_RDWR), True
    except FileNotFoundError:
        return open_plain(path, os.O_RDWR | os.O_CREAT, mode), True
    except PermissionError:  # another user's file: it can be locked all the same
        return open_plain(path, os.O_RDONLY), False


if sys.platform == "win32":
    import msvcrt

    def _lock(fd: int, shared: bool = False) -> None:
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

    def _lock(fd: int, shared: bool = False) -> None:
        fcntl.flock(fd, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)

    def _unlock(fd: int) -> None:
        fcntl.flock(fd, fcntl.LOCK_UN)
