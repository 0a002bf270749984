"""Install the firmware's files on a board with mpremote's transport, so that an interruption leaves one whole firmware.

1. End an installation that was interrupted in step 5. Hash the files on the board; equal ones are left alone.
2. Copy to NAME.bak what would be replaced or removed and is the user's (firmware/manifest.py).  3. Write the files that
change as NAME.new and hash them. A package that the board lacks is written as FOLDER.new, since an unfinished one would
hide the module of its name in an older firmware.  4. Write the list twinohm.todo; from then on the new firmware is
valid.  5. Rename and remove by that list; boot.py does so at boot if the installation was interrupted here
(firmware/twinohm_update.py).

Only files of earlier layouts are removed (firmware/retired.todo), and modules that are installed in another form (.py
beside .mpy).
"""

import errno
import io
import logging
import struct
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from twinohm.errors import BoardError, LinkLost
from twinohm.firmware.manifest import MANIFEST, NEW, Ownership, file_hash
from twinohm.firmware.sources import STARTED
from twinohm.install.board_files import FOLDERS, read_hashes
from twinohm.json_records import shorten
from twinohm.link.arguments import code_text
from twinohm.link.interpreter import QUERY, Interpreter
from twinohm.link.port_stream import PortStream
from twinohm.link.port_tokens import first_line
from twinohm.link.repl import PROMPT, RawRepl
from twinohm.link.serial_port import SerialPort
from twinohm.model.chips import Chip
from twinohm.paths import firmware_dir
from twinohm.remedies import Symptom

logger = logging.getLogger(__name__)

UPDATE = "twinohm_update"
LIST = "twinohm.todo"
TIMEOUT_S = 120  # a board that works is silent for so long at most
LONGEST_S = 600.0  # for one piece of code
SILENCE_S = 10.0  # for a reply of mpremote's own
STILL_WORKS = "the firmware that was there still works: flash again"
MOST_BYTES = 1_000_000  # of the output of one piece of code
PROMPT_S = 10.0  # for the prompt of a board that runs something
COPY = """
import os
def copy(name, to):
    buffer = bytearray(512)
    with open(name, 'rb') as file, open(to + '.new', 'wb') as new:
        while True:
            n = file.readinto(buffer)
            if not n:
                break
            new.write(memoryview(buffer)[:n])
    os.rename(to + '.new', to)
"""


@dataclass(frozen=True)
class Installed:
    """Paths on the board that were written and removed, and how many files were equal already.

    `kept`: files of the user that were replaced or removed, and the names of their copies.
    """

    written: tuple[str, ...]
    removed: tuple[str, ...]
    unchanged: int
    kept: Mapping[str, str]


@contextmanager
def transport(port: str) -> Iterator[Any]:
    """Yield mpremote's transport at the raw prompt of `port`. Raises LinkError.

    Nothing is written on a board that the firmware does not fit.
    """
    from mpremote.transport import TransportError, TransportExecError
    from mpremote.transport_serial import SerialTransport
    from serial import SerialException

    class Transport(SerialTransport):  # type: ignore[misc, unused-ignore]
        """Waits longer than mpremote's 10 s, but never without end.

        An emulated chip hashes and erases at a tenth of a real one's speed. mpremote has no limit for a port that
        prints without pause.
        """

        def enter_raw_repl(self, soft_reset: bool = False, timeout_overall: float = 10.0) -> None:
            RawRepl(PortStream(SerialPort(self.serial))).enter(timeout_overall)
            self.serial.write(b"\x01")  # once more: mpremote reads the prompt's `>` before each piece of code
            if not self.read_until(1, PROMPT[:-1], timeout_overall).endswith(PROMPT[:-1]):
                raise TransportError("could not enter raw repl")
            self.in_raw_repl = True

        def exec_raw_no_follow(self, command: Any) -> None:
            with redirect_stdout(io.StringIO()):  # mpremote prints what it does not expect
                super().exec_raw_no_follow(code_text(command) if isinstance(command, str) else command)

        def exec(self, command: Any, data_consumer: Any = None, timeout: float = TIMEOUT_S) -> bytes:
            output, error = self.exec_raw(command, timeout, data_consumer)
            if error:
                raise TransportExecError(output, error.decode(errors="replace"))
            return bytes(output)

        def eval(self, expression: Any, parse: bool = True) -> Any:
            with _understood():
                return super().eval(expression, parse)

        def fs_listdir(self, src: str = "") -> Any:
            with _understood():
                return super().fs_listdir(src)

        def fs_readfile(self, src: str, *_: Any) -> bytes:
            with _understood():
                self.exec(f"f=open({src!r},'rb')\nr=f.read")
                content = b""
                while part := self.eval("r(256)"):
                    content += part
                    if len(content) > MOST_BYTES:
                        raise ValueError(f"{src} has no end")
                self.exec("f.close()")
                return content

        def fs_writefile(self, *arguments: Any, **named: Any) -> None:
            with _understood():
                super().fs_writefile(*arguments, **named)

        def fs_hashfile(self, *arguments: Any, **named: Any) -> bytes:
            with _understood():
                return bytes.fromhex(super().fs_hashfile(*arguments, **named).hex())

        def read_until(
            self,
            min_num_bytes: int,
            ending: bytes,
            timeout: float | None = 10.0,
            data_consumer: Any = None,
            timeout_overall: float | None = None,
        ) -> bytes:
            data, heard = bytearray(), time.monotonic()
            end = heard + (timeout_overall or LONGEST_S)
            while not data.endswith(ending) and len(data) < MOST_BYTES and (now := time.monotonic()) < end:
                if self.is_pty or self.serial.in_waiting:
                    if new := self.serial.read(1):
                        data += new
                        heard = now
                        if data_consumer is not None:
                            data_consumer(new)
                elif timeout is not None and now > heard + timeout:
                    break
                else:
                    time.sleep(0.001)
            return bytes(data)

    @contextmanager
    def _understood() -> Iterator[None]:
        """Raise TransportError for a reply that mpremote cannot read, and for an error of the board's file system."""
        try:
            yield
        except (SerialException, BrokenPipeError):  # the port, or what shows the progress
            raise
        except OSError as error:
            if error.errno in (None, errno.ENOSPC):  # None: of no board
                raise
            raise TransportError(f"the board's file system: {error}") from None
        except (ValueError, SyntaxError, TypeError, AttributeError, RecursionError, MemoryError) as error:
            raise TransportError(f"the board's reply cannot be read ({shorten(str(error))})") from None

    try:
        board = Transport(port, timeout=SILENCE_S)
        board.serial.write(first_line(port))
    except (TransportError, SerialException) as error:
        raise Symptom.CANNOT_OPEN.error(port, reason=error) from None
    try:
        board.enter_raw_repl(soft_reset=False, timeout_overall=PROMPT_S)
        board.chip = _require_interpreter(board, port)
        yield board
    except TransportExecError as error:
        raise BoardError(f"{port}: {error.error_output.strip()}") from None
    except LinkLost as error:
        raise LinkLost(f"{error}; {STILL_WORKS}") from None
    except (TransportError, SerialException, struct.error) as error:  # struct.error: too few bytes for mpremote
        raise LinkLost(f"{port}: {error}; {STILL_WORKS}") from None
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        raise BoardError(
            f"{port}: the board's flash is full; remove files of yours and flash again; what was there still works"
        ) from None
    finally:
        try:
            board.close()
        except (OSError, SerialException):
            pass  # it has gone


def _require_interpreter(board: Any, port: str) -> Chip:
    """Return the board's chip. Raises BoardMismatch if the firmware does not fit it, or its Python."""
    found = Interpreter.parse(board.exec(QUERY, timeout=SILENCE_S).decode(errors="replace"), port)
    found.check_version(port)
    found.check_chip(port)
    assert found.chip is not None
    return found.chip


def has_twinohm(board: Any) -> bool:
    """Whether the board has a firmware of TwinOhm. board: of transport()."""
    return any(entry.name == FOLDERS[0] for entry in board.fs_listdir(""))


def install(
    board: Any,
    files: Mapping[str, bytes],
    progress: Callable[[int, int], None],
    report_kept: Callable[[str, str], None] = lambda name, backup: None,
) -> Installed:
    """Make the board's files those of `files` (path on the board to content, with their list in front).

    board: of transport(). progress: called with the bytes written so far and in all. report_kept: called with path and
    new name of a user's file, once its copy is whole. Raises BoardError if a file does not have its content after it
    was written.
    """
    board.exec((firmware_dir() / f"{UPDATE}.py").read_text())
    board.exec("finish()")
    there = _hashes(board)
    wanted = {name: file_hash(data) for name, data in files.items()}
    changed = [name for name in files if there.get(name) != wanted[name]]
    stale = sorted(there.keys() & _replaced(files))
    done, total = 0, sum(len(files[name]) for name in changed)
    progress(0, total)
    packages = {name: _missing_package(name, there) for name in changed}
    places = {name: _place_of_new(name, package) for name, package in packages.items()}
    kept = _keep_users_files(board, there, [*changed, *stale, *places.values()], report_kept)
    for left in there.keys() - set(places.values()):  # by an installation of other files that was cut off
        if any(package and left.startswith(package + NEW + "/") for package in packages.values()):
            board.exec(f"os.remove({left!r})")
    folders = {parent.as_posix() for place in places.values() for parent in PurePosixPath(place).parents} - {"."}
    for folder in sorted(folders):  # a folder comes before those in it
        if not any(name.startswith(folder + "/") for name in there):
            board.exec(f"try:\n os.mkdir({folder!r})\nexcept OSError:\n pass")
    for name in changed:
        before = done

        def written(part: int, _: int, before: int = before) -> None:
            progress(before + part, total)

        if there.get(places[name]) != wanted[name]:  # left by an installation that was cut off
            board.fs_writefile(places[name], files[name], progress_callback=written)
            _require_content(board, places[name], wanted[name], name)
        logger.info("wrote %s on the board", name)
        done += len(files[name])
        progress(done, total)
    if changed or stale:
        # boot.py is the last but for main.py: until then the board starts what it started before, and then boot.py
        # ends this.
        names = dict.fromkeys(packages[name] or name for name in changed)
        renamed = [name for name in names if name not in STARTED] + [name for name in STARTED if name in names]
        lines = [*renamed, *("-" + name for name in stale)]
        board.fs_writefile(LIST + NEW, "\n".join(lines).encode())
        board.exec(f"os.rename({LIST + NEW!r}, {LIST!r})")
    board.exec("finish()")
    return Installed(tuple(changed), tuple(stale), len(files) - len(changed), kept)


def _hashes(board: Any) -> dict[str, str]:
    """Return the hash by path of all files on the board. Raises LinkLost for a list that is none."""
    return read_hashes(lambda code: bytes(board.exec(code)).decode(errors="replace"))


def _keep_users_files(
    board: Any, there: Mapping[str, str], names: Sequence[str], report_kept: Callable[[str, str], None]
) -> dict[str, str]:
    """Copy those of `names` that are the user's to free names; return the names of the copies.

    there: hash by path of all files on the board. Raises BoardError if a copy comes out wrong.
    """
    manifests = [board.fs_readfile(name) for name in (MANIFEST, MANIFEST + NEW) if name in there]
    owners = Ownership(there, manifests)
    kept = {name: owners.backup_name(name) for name in names if owners.is_users(name)}
    board.exec(COPY)
    for name, backup in kept.items():
        if backup not in there:
            board.exec(f"copy({name!r}, {backup!r})")
            _require_content(board, backup, there[name], backup)
        logger.info("kept %s on the board as %s", name, backup)
        report_kept(name, backup)
    return kept


def _require_content(board: Any, path: str, wanted: str, name: str) -> None:
    """Raise BoardError, naming `name`, if the file at `path` has another hash."""
    if board.fs_hashfile(path, "sha256").hex() != wanted:
        raise BoardError(f"{name} came out wrong on the board's flash: flash again; if it stays, change the Pico")


def _missing_package(name: str, there: Mapping[str, str]) -> str | None:
    """Return the outermost package of file `name` that an installed package lacks, or None if there is none.

    there: the files on the board by path. In a firmware that is not there at all, nothing can be hidden.
    """
    for folder in reversed(PurePosixPath(name).parents[:-1]):
        package = folder.as_posix()
        if not any(path.startswith(package + "/") for path in there):
            return package if "/" in package else None
    return None


def _place_of_new(name: str, package: str | None) -> str:
    """Return where the new content of file `name` is written; package: of _missing_package()."""
    return name + NEW if package is None else package + NEW + name.removeprefix(package)


def _replaced(files: Mapping[str, bytes]) -> set[str]:
    """Return the paths of files that an earlier TwinOhm installed and `files` does not have."""
    retired = (firmware_dir() / "retired.todo").read_text().split()
    paths = {line.removeprefix("-") for line in retired}
    for name in (name for name in files if name != MANIFEST):
        stem = name.removesuffix(".mpy").removesuffix(".py")
        paths |= {stem + ".py", stem + ".mpy"}
    paths -= set(files)
    return paths | {name + NEW for name in paths}
