"""The public library: install MicroPython and the firmware on a board."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from twinohm.errors import BoardMismatch, TwinOhmError, UsageError
from twinohm.faces import option
from twinohm.link.arguments import callback, port_name
from twinohm.model.unused_settings import refuse_unused
from twinohm.remedies import Symptom
from twinohm.run_arguments import (
    Bars,
    File,
    flag,
    folder_path,
    optional_file,
    optional_text,
    progress_shown,
    text,
)

if TYPE_CHECKING:
    from twinohm.model.board import Board

__all__ = ["flash"]

AUTO = "auto"
Note = Callable[[str], None]
Ask = Callable[[str], bool]


@dataclass(frozen=True)
class Flashed:
    """What flash() has done. Names are those of files on the board, or in the folder."""

    board: str
    port: str | None = None  # None: a folder was written
    firmware: str | None = None  # its hash, as the board says it
    folder: Path | None = None
    written: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    unchanged: int = 0
    kept: Mapping[str, str] = field(default_factory=dict)  # files of the user's by name, and what they are called now


def flash(
    board: str = "lab16",
    *,
    port: str = AUTO,
    uf2: str | None = None,
    drive: File | None = None,
    compiled: bool = True,
    to: File | None = None,
    yes: bool = False,
    boards: File | None = None,
    progress: bool | Bars = True,
    note: Note = lambda text: None,
    ask: Ask | None = None,
) -> Flashed:
    """Install firmware on a board, and MicroPython if it is missing. Return what was done.

    The new firmware is started and must answer. If power or cable fail before that, the old firmware stays. Files that
    TwinOhm did not install are never lost: one that is in the way is kept as NAME.bak on the board.

    board, boards: board that the Pico is soldered to, and path of a boards.toml of your own.
    port: a serial device, an emu:// URL, or "auto" for the only Pico that is plugged in.
    uf2: MicroPython to install, a file or URL#sha256=HEX; None: from the cache, if the Pico has none.
    drive: folder where the drive of a Pico in BOOTSEL is or will be mounted; None: it is found.
    compiled: install modules as .mpy, else as .py.
    to: folder to write the files to; no board is touched.
    yes: take a board without TwinOhm that "auto" finds.
    progress: whether to show bars, or a function to call with (what, done, of).
    note: is called with each remark.
    ask: asks a person a question and returns whether the answer is yes; None: nobody is there.

    Raises UsageError for wrong arguments, and for a board that nobody has named; BoardNotFound, BoardBusy,
    BoardMismatch, LinkLost and BoardError of the board; TwinOhmError if a library is missing, or the answer is no.
    """
    from twinohm.diagnostics.doctor import require_installable
    from twinohm.firmware.sources import firmware_files
    from twinohm.install.folder import write_folder
    from twinohm.install.installer import install, transport
    from twinohm.link.transports import find_device, hold_port, port_at
    from twinohm.model.board_file import load_board

    callback("note", note, "a text")
    callback("ask", ask, "a text, that returns True or False", optional=True)
    port, uf2, boards = port_name(port), optional_text("uf2", uf2), optional_file("boards", boards)
    drive = None if drive is None else folder_path("drive", drive)
    wired = load_board(text("board", board), boards)
    wired.require_ready()
    compiled, yes = flag("compiled", compiled), flag("yes", yes)
    kept = partial(_report_kept, note)
    if to is not None:
        given = {"port": None if port == AUTO else port, "uf2": uf2, "drive": drive, "yes": yes or None}
        refuse_unused(given, dict.fromkeys(given, "`to` writes a folder, and touches no board"))
        folder = folder_path("to", to)
        files = firmware_files(wired, compiled, chip=None)
        return Flashed(wired.name, folder=folder, written=tuple(files), kept=dict(write_folder(files, folder, kept)))
    there = port_at(port)
    if not there.is_device:
        refuse_unused({"--drive": drive}, {"--drive": f"{port} is no Pico on USB, which has a drive"})
        if not there.virtual:
            reason = f"{port} is no Pico on USB, MicroPython cannot be installed through it"
            refuse_unused({"--uf2": uf2}, {"--uf2": reason})
    consent = Consent(port == AUTO and not yes, ask)
    with _bars(progress) as report:
        if there.is_device:
            port = find_device(with_micropython(port, uf2, drive, consent, report))
        elif there.virtual:
            port = _emulated(port, wired, uf2, boards)
        require_installable(port)
        lock = hold_port(port)
        try:
            with transport(port) as pico:
                _require_consent(consent, pico, port)
                new = firmware_files(wired, compiled, pico.chip)
                done = install(pico, new, partial(report, f"firmware to {port}"), kept)
                _restart(pico)
        finally:
            if lock is not None:
                lock.release()
    firmware = running_firmware(port, wired)
    return Flashed(
        wired.name, port, firmware, None, tuple(done.written), tuple(done.removed), done.unchanged, dict(done.kept)
    )


class Consent:
    """Asks before a board is taken that nobody has named, once. needed: whether nobody has. ask: as for flash()."""

    def __init__(self, needed: bool, ask: Ask | None = None) -> None:
        self._needed, self._ask = needed, ask

    def require(self, what: str, named: str) -> None:
        """Ask whether to install on a board. what: what was found; named: the option that names that board.

        Raises UsageError if nobody is there to ask, TwinOhmError if the answer is no.
        """
        if not self._needed:
            return
        if self._ask is None:
            raise UsageError(f"port auto: {what}; name it with {named}, or give --yes to take it")
        if not self._ask(f"{what}. Install TwinOhm there?"):
            raise TwinOhmError(f"nothing was installed; name the board that you mean with --port, or {named}")
        self._needed = False


def _require_consent(consent: Consent, chip: Any, port: str) -> None:
    """Ask before TwinOhm is installed on a board that has none; without consent, start what the board has."""
    from twinohm.install.installer import has_twinohm

    if not has_twinohm(chip):
        try:
            consent.require(f"{port} has no TwinOhm", option("port", port))
        except BaseException:
            _restart(chip)
            raise


def _report_kept(note: Note, name: str, backup: str) -> None:
    note(f"{name} is not TwinOhm's: kept as {backup}")


def with_micropython(port: str, uf2: str | None, drive: Path | None, consent: Consent, report: Bars) -> str:
    """Return the port of a Pico that runs MicroPython.

    MicroPython is copied first to a Pico that waits in BOOTSEL, or if `uf2` names one.
    """
    from twinohm.diagnostics.doctor import require_installable
    from twinohm.firmware.uf2 import read_uf2
    from twinohm.install import bootsel
    from twinohm.install.installer import transport
    from twinohm.link.transports import find_device, serial_ports

    waiting = bootsel.find_drive(drive)
    before = {info.device for info in serial_ports() if info.micropython}
    if waiting is None and port == "auto" and not before:
        raise bootsel.no_drive_error(Symptom.NO_PICO.error(f"port {port}"))
    if waiting is None and uf2 is None:
        if drive is not None:
            raise UsageError(
                f"--drive {drive}: no Pico in BOOTSEL there; --uf2 brings one that runs MicroPython into BOOTSEL"
            )
        return port
    micropython = read_uf2(uf2, None if waiting is None else bootsel.chip_at(waiting))
    found = waiting is not None
    if waiting is None:
        device = find_device(port)
        require_installable(device)
        with transport(device) as pico:
            micropython.require_chip(pico.chip, device)
            _require_consent(consent, pico, device)
            pico.exec_raw_no_follow("import machine\nmachine.bootloader()")
        before.discard(device)
        waiting = bootsel.wait_for_drive(drive)
    if (chip := bootsel.chip_at(waiting)) is not None:  # also where the drive of another Pico has come
        micropython.require_chip(chip, str(waiting))
    if found and drive is None:
        what = f"a Pico in BOOTSEL is at {waiting}, and MicroPython replaces its program"
        consent.require(what, option("drive", waiting))
    bootsel.copy(micropython, waiting, partial(report, f"{micropython.path.name} to {waiting}"))
    return bootsel.wait_for_port(before)


def _emulated(port: str, board: Board, uf2: str | None, boards: Path | None) -> str:
    from twinohm.sim.settings import SimSettings

    if not SimSettings.parse(port, boards).has_flash:
        raise UsageError(
            f"{port}: this virtual board runs the firmware's own files, there is nothing to flash; use emu://"
        )
    changes = [] if uf2 is None else [("uf2", uf2)]
    return SimSettings.complete(port, board.name, None, None, boards, changes=changes).url()


def _restart(chip: Any) -> None:
    """Reset the interpreter: main.py starts the new firmware, tap counts stay."""
    chip.exit_raw_repl()
    chip.serial.write(b"\x04")
    chip.serial.flush()


def running_firmware(port: str, board: Board) -> str:
    """Return the hash in the HELLO of the new firmware. Raises BoardMismatch if it is not what was installed."""
    from twinohm.api import open as open_board
    from twinohm.firmware.sources import firmware_hash

    with open_board(port) as client:
        hello = client.hello
    if (hello.board, hello.firmware) != (board.name, firmware_hash()):
        raise BoardMismatch(
            f"{port}: the board runs {hello.firmware} for {hello.board}, not {firmware_hash()} for {board.name}: "
            "flash again"
        )
    return hello.firmware


def _bars(progress: object) -> AbstractContextManager[Bars]:
    from rich.progress import DownloadColumn

    from twinohm.progress_bar import bars

    return progress_shown(progress, lambda: bars(amount=DownloadColumn()), "what, done, of")
