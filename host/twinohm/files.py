"""Every file that TwinOhm writes is opened here: a plain file alone, never through a link, whole or not at all.

`write_own` writes names that are TwinOhm's, in a run folder or a cache; `write_output` writes what a user names, and
replaces only a file with MARK in it. tests/unit/test_files.py checks that no other module opens a file to write it.
"""

import errno
import io
import logging
import mmap
import os
import re
import secrets
import shutil
import stat
import time
from collections.abc import Iterable, Mapping
from contextlib import ExitStack, closing, suppress
from pathlib import Path

from twinohm.errors import DiskError, UsageError
from twinohm.inputs import kind_name

logger = logging.getLogger(__name__)

MARK = "Made by TwinOhm (twinohm.files)"  # as metadata in figures, Parquet and NetCDF, as a comment in Markdown
_IN_PDF = MARK.replace("(", "\\(").replace(")", "\\)")
RUN_FILES = ("run.json", "ticks.jsonl", "examples.npz", "summary.json", ".lock")  # no output ever replaces them
ENDINGS = (  # of names: each says what is in a file
    *(".parquet", ".csv", ".nc", ".jsonl", ".json", ".toml", ".md"),
    *(".png", ".pdf", ".svg", ".gif", ".mp4"),
)
PART_S = 86400.0  # age from which on a part of a file is nobody's
_PART = re.compile(r"\.[0-9a-f]{16}\.part")
_SAFE = sum(getattr(os, name, 0) for name in ("O_NOFOLLOW", "O_NONBLOCK", "O_CLOEXEC", "O_BINARY"))
_NEW = os.O_RDWR | os.O_CREAT | os.O_EXCL


def is_plain(path: Path) -> bool:
    """Return whether a plain file is at `path`, False if nothing is. Raises UsageError for anything else."""
    try:
        kind = os.lstat(path).st_mode
    except FileNotFoundError:
        return False
    except OSError as error:
        raise UsageError(f"{path}: cannot be written ({error.strerror}); name another file") from None
    if not stat.S_ISREG(kind):
        raise _refusal(path, kind)
    return True


def check_place(path: Path) -> None:
    """Raise UsageError if a file cannot or must not be at `path`, whatever is in the one that is there.

    Its folder must be there and writable; a link, folder, device or pipe is refused, and the records of a run.
    """
    if not os.path.isdir(path.parent):
        raise UsageError(f"{path}: there is no folder {path.parent}; make it, or name another file")
    if not os.access(path.parent, os.W_OK):
        raise UsageError(f"{path}: folder {path.parent} cannot be written; name another file")
    there = is_plain(path)
    if (path.parent / "run.json").exists():
        taken = path.name.lower() in RUN_FILES  # also of one that the run has not written yet
        for name in RUN_FILES if there else ():
            with suppress(FileNotFoundError):
                taken = taken or os.path.samefile(path, path.parent / name)
        if taken:
            raise UsageError(f"{path}: is the record of a run, and no output replaces it; name another file")


def check_output(path: Path, force: bool | None = None) -> None:
    """Raise UsageError unless an output may be written to `path`, which a user has named.

    It may if check_place() agrees and the name is free, or the file there is empty or made by TwinOhm. `force`: replace
    any plain file but a run's records; None where the command has no --force.
    """
    check_place(path)
    if not force and is_plain(path) and not _is_ours(path):
        remedy = (
            "move it away, or name another place" if force is None else "name another file, or replace it with --force"
        )
        raise UsageError(f"{path}: is there already, and it is not known that twinohm made it; {remedy}")


def check_ending(path: Path, what: str, *endings: str) -> None:
    """Raise UsageError if a name ends as that of another kind of file does; `endings` are right for `what`."""
    ending = path.suffix.lower()
    if ending in ENDINGS and ending not in endings:
        names = " or ".join(endings)
        raise UsageError(f"{path}: ends with {ending}, but {what} is to be written; give a name that ends with {names}")


def write_output(files: Mapping[Path, bytes], force: bool | None = None) -> None:
    """Write files that a user has named: all of them, or none. Raises what check_output() and write_own() raise."""
    for path in files:
        check_output(path, force)
    _replace(files, 0o666)


def write_own(files: Mapping[Path, bytes], private: bool = False) -> None:
    """Write files whose names are TwinOhm's own; what is there is replaced, and stays if the disk refuses.

    `private`: nobody but the user can read them. Raises UsageError if a link, folder, device or pipe is there,
    DiskError if a file cannot be written.
    """
    _replace(files, 0o600 if private else 0o666)


def write_folder(path: Path, files: Mapping[str, bytes]) -> None:
    """Make a folder with its first files in it, both at once: whoever is interrupted leaves a whole one, or none.

    Raises FileExistsError if the name is taken, OSError if the folder cannot be made, and DiskError.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    _remove_old_parts(path.parent)
    part = _part_of(path)
    try:
        part.mkdir()
        write_own({part / name: content for name, content in files.items()})
        if os.path.lexists(path):
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST))
        try:
            part.rename(path)
        except OSError as error:  # another process has taken the name since
            raise FileExistsError(errno.EEXIST, error.strerror) if error.errno == errno.ENOTEMPTY else error from None
        _sync_folder(path.parent)
    finally:
        shutil.rmtree(part, ignore_errors=True)


def write_once(path: Path, content: bytes) -> None:
    """Write a file that the user alone can read, whole, unless `path` is there: then that stays, whoever made it.

    Of several processes at once, one writes. Raises DiskError if the disk refuses, or has no hard links.
    """
    try:
        with ExitStack() as parts:
            part = _write_part(path, content, 0o600, parts)
            with suppress(FileExistsError):
                os.link(part, path)
            _sync_folder(path.parent)
    except OSError as error:
        raise _disk_error(path, error) from error


def check_tree(folder: Path, names: Iterable[str]) -> None:
    """Raise UsageError if a file that is to be written below `folder` is no plain one, or a folder above it a link."""
    for name in names:
        for above in Path(name).parents[:-1]:
            if (folder / above).is_symlink():
                raise _refusal(folder / above, stat.S_IFLNK)
        is_plain(folder / name)


def open_plain(path: Path, flags: int, mode: int = 0o666) -> int:
    """Open a plain file as os.open() does; return its descriptor.

    Raises UsageError if `path` is a link, folder, device or pipe, and OSError.
    """
    is_plain(path)
    try:
        fd = os.open(path, flags | _SAFE, mode)
    except OSError as error:
        if error.errno == errno.ELOOP:  # it has become one since is_plain() looked
            raise _refusal(path, stat.S_IFLNK) from None
        raise
    kind = os.fstat(fd).st_mode
    if not stat.S_ISREG(kind):
        os.close(fd)
        raise _refusal(path, kind)
    return fd


def open_new(path: Path) -> io.FileIO:
    """Open a file that must not be there yet, where it cannot be renamed into place, as on a Pico's drive."""
    return io.FileIO(open_plain(path, _NEW), "wb")


def open_append(path: Path) -> io.FileIO:
    """Open a file of records to read it and to append to it; make it if it is not there. Raises as open_plain()."""
    return io.FileIO(open_plain(path, os.O_RDWR | os.O_CREAT | os.O_APPEND), "r+b")


def append(file: io.FileIO, data: bytes) -> None:
    """Add all of `data` to the end of a file, or nothing. Raises OSError."""
    end = file.seek(0, os.SEEK_END)
    if file.write(data) != len(data):  # a full disk takes a part
        file.truncate(end)
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def private_folder(path: Path) -> Path:
    """Make a folder that the user alone can enter, and return its path.

    Raises UsageError if it is a link or another user's, and OSError.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with suppress(FileExistsError):
        path.mkdir(0o700)
    there = os.lstat(path)
    if not stat.S_ISDIR(there.st_mode) or (hasattr(os, "getuid") and there.st_uid != os.getuid()):
        raise UsageError(f"{path}: is no folder of yours; move it away")
    if there.st_mode & 0o077:
        path.chmod(0o700)
    return path


def _replace(files: Mapping[Path, bytes], mode: int) -> None:
    path = next(iter(files))
    try:
        with ExitStack() as parts:
            written: dict[Path, Path] = {}
            for path, content in files.items():
                is_plain(path)
                written[path] = _write_part(path, content, mode, parts)
            for path, part in written.items():
                os.replace(part, path)  # a link that has come there meanwhile is replaced, not followed
                _sync_folder(path.parent)
                logger.info("wrote %s", path)
    except OSError as error:
        raise _disk_error(path, error) from error


def _write_part(path: Path, content: bytes, mode: int, parts: ExitStack) -> Path:
    """Write a file beside `path` that `parts` removes, and return its path."""
    _remove_old_parts(path.parent)
    part = _part_of(path)
    parts.callback(_remove, part)
    with open(open_plain(part, _NEW, mode), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    return part


def _part_of(path: Path) -> Path:
    return path.parent / f".{secrets.token_hex(8)}.part"


def _remove_old_parts(folder: Path) -> None:
    """Remove what processes that were killed while they wrote have left in a folder. No write takes PART_S."""
    for part in folder.glob(".*.part"):
        with suppress(OSError):
            there = os.lstat(part)
            if _PART.fullmatch(part.name) and time.time() - there.st_mtime > PART_S:
                if stat.S_ISREG(there.st_mode):
                    part.unlink()
                elif stat.S_ISDIR(there.st_mode):
                    shutil.rmtree(part)


def _disk_error(path: Path, error: OSError) -> DiskError:
    why = error.strerror or error
    return DiskError(f"{path}: cannot be written ({why}); choose another place or free the disk")


def _remove(part: Path) -> None:
    with suppress(OSError):
        part.unlink()


def _sync_folder(folder: Path) -> None:
    """Have the names in a folder on the disk too, where the system can do that."""
    with suppress(OSError):
        fd = os.open(folder, os.O_RDONLY)
        with suppress(OSError):
            os.fsync(fd)
        os.close(fd)


def _refusal(path: Path, kind: int) -> UsageError:
    return UsageError(
        f"{path}: is a {kind_name(kind)}, and twinohm writes plain files alone; move it away, or name another file"
    )


def _is_ours(path: Path) -> bool:
    """Return whether a plain file is empty or has MARK in it. Raises UsageError if it cannot be read."""
    try:
        with open(open_plain(path, os.O_RDONLY), "rb") as file:
            if not os.fstat(file.fileno()).st_size:
                return True
            with closing(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)) as content:
                return any(content.find(mark.encode()) >= 0 for mark in (MARK, _IN_PDF))
    except OSError as error:
        raise UsageError(f"{path}: cannot be read ({error.strerror}); name another file") from None
