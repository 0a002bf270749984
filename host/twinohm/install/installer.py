"""Install the firmware's files on a board with mpremote's transport, so that an interruption leaves one whole firmware.

1. Hash the files on the board; equal ones are left alone.  2. Write the others as NAME.new and hash them.  3. Write the
list twinohm.todo; from then on the new firmware is valid.  4. Rename and remove by that list; main.py does so at boot
if the installation was interrupted here (firmware/twinohm_update.py).

Only files that TwinOhm installs are removed: those of earlier layouts (firmware/retired.todo), and a module that is
installed in another form (.py beside .mpy).
"""

import hashlib
import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from twinohm.errors import BoardError, BoardNotFound, LinkLost
from twinohm.paths import firmware_dir

logger = logging.getLogger(__name__)

UPDATE = "twinohm_update"
LIST = "twinohm.todo"
NEW = ".new"
TIMEOUT_S = 120
FOLDERS = ("twinohm_fw", "adafruit_bus_device")  # at the top of the board's file system
HASHES = f"""
import os, hashlib
def hashes(path):
    found = {{}}
    for name, kind, *_ in os.ilistdir(path or '/'):
        at = path + name
        if kind & 0x4000:
            if path or name in {FOLDERS}:
                found.update(hashes(at + '/'))
        else:
            sha, buffer = hashlib.sha256(), bytearray(512)
            with open(at, 'rb') as file:
                while True:
                    n = file.readinto(buffer)
                    if not n:
                        break
                    sha.update(memoryview(buffer)[:n])
            found[at] = sha.digest()
    return found
"""


@dataclass(frozen=True)
class Installed:
    """Paths on the board that were written and removed, and how many files were equal already."""

    written: tuple[str, ...]
    removed: tuple[str, ...]
    unchanged: int


@contextmanager
def transport(port: str) -> Iterator[Any]:
    """Yield mpremote's transport at the raw prompt of `port`. Raises BoardNotFound, LinkLost or BoardError."""
    from mpremote.transport import TransportError, TransportExecError
    from mpremote.transport_serial import SerialTransport
    from serial import SerialException

    class Transport(SerialTransport):  # type: ignore[misc, unused-ignore]
        """Waits longer than mpremote's 10 s: an emulated chip hashes and erases at a tenth of a real one's speed."""

        def exec_raw(self, command: Any, timeout: float = TIMEOUT_S, data_consumer: Any = None) -> Any:
            return super().exec_raw(command, timeout, data_consumer)

    try:
        board = Transport(port)
    except (TransportError, SerialException) as error:
        raise BoardNotFound(f"{port}: {error}; `twinohm ports` lists what there is") from None
    try:
        board.enter_raw_repl(soft_reset=False)
        yield board
    except TransportExecError as error:
        raise BoardError(f"{port}: {error.error_output.strip()}") from None
    except (TransportError, SerialException) as error:
        raise LinkLost(f"{port}: {error}; the firmware that was there still works: flash again") from None
    finally:
        try:
            board.close()
        except (OSError, SerialException):
            pass  # it has gone


def install(board: Any, files: Mapping[str, bytes], progress: Callable[[int, int], None]) -> Installed:
    """Make the board's files those of `files` (path on the board to content).

    board: of transport(). progress: called with the bytes written so far and in all. Raises BoardError if a file does
    not have its content after it was written.
    """
    board.exec(HASHES)
    there: dict[str, bytes] = board.eval("hashes('')")
    wanted = {name: hashlib.sha256(data).digest() for name, data in files.items()}
    changed = [name for name in files if there.get(name) != wanted[name]]
    stale = sorted(there.keys() & _replaced(files))
    done, total = 0, sum(len(files[name]) for name in changed)
    progress(0, total)
    folders = {parent.as_posix() for name in changed for parent in PurePosixPath(name).parents} - {"."}
    for folder in sorted(folders):  # a folder comes before those in it
        if not any(name.startswith(folder + "/") for name in there):
            board.exec(f"try:\n os.mkdir({folder!r})\nexcept OSError:\n pass")
    for name in changed:
        before = done

        def written(part: int, _: int, before: int = before) -> None:
            progress(before + part, total)

        if there.get(name + NEW) != wanted[name]:  # left by an installation that was cut off
            board.fs_writefile(name + NEW, files[name], progress_callback=written)
            if board.fs_hashfile(name + NEW, "sha256") != wanted[name]:
                raise BoardError(
                    f"{name} came out wrong on the board's flash: flash again; if it stays, change the Pico"
                )
        logger.info("wrote %s on the board", name)
        done += len(files[name])
        progress(done, total)
    if changed or stale:
        lines = [*changed, *("-" + name for name in stale)]
        board.fs_writefile(LIST + NEW, "\n".join(lines).encode())
        board.exec(f"os.rename({LIST + NEW!r}, {LIST!r})")
    board.exec((firmware_dir() / f"{UPDATE}.py").read_text())
    board.exec("finish()")
    return Installed(tuple(changed), tuple(stale), len(files) - len(changed))


def _replaced(files: Mapping[str, bytes]) -> set[str]:
    """Return the paths of files that an earlier TwinOhm installed and `files` does not have."""
    retired = (firmware_dir() / "retired.todo").read_text().split()
    paths = {line.removeprefix("-") for line in retired}
    for name in files:
        stem = name.removesuffix(".mpy").removesuffix(".py")
        paths |= {stem + ".py", stem + ".mpy"}
    paths -= set(files)
    return paths | {name + NEW for name in paths}
