"""twinohm flash: install MicroPython and the firmware on a board."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import click
from rich.progress import DownloadColumn

import twinohm
from twinohm.cli.given_options import refuse_options
from twinohm.cli.port_option import PORT
from twinohm.cli.run import boards_option, json_option
from twinohm.cli.show import print_json
from twinohm.cli.streams import say
from twinohm.errors import BoardMismatch, TwinOhmError, UsageError
from twinohm.firmware.sources import firmware_files, firmware_hash
from twinohm.model.board import Board
from twinohm.model.board_file import load_board
from twinohm.progress_bar import bars
from twinohm.remedies import Symptom


@click.command()
@click.option("--board", "board_name", default="lab16", show_default=True, help="Board that the Pico is soldered to.")
@click.option("--port", default="auto", show_default=True, type=PORT, help="Serial device, emu://, or auto.")
@click.option("--uf2", help="MicroPython to install: FILE, or URL#sha256=HEX.  [default: from the cache, if needed]")
@click.option(
    "--drive",
    type=click.Path(path_type=Path),
    help="Folder where the drive of a Pico in BOOTSEL is or will be mounted.  [default: found]",
)
@click.option("--compiled/--source", default=True, show_default=True, help="Install modules as .mpy or as .py.")
@click.option("--to", type=click.Path(path_type=Path), help="Write the files to this folder instead.")
@click.option("--yes", is_flag=True, help="Take a board without TwinOhm that auto finds, without asking.")
@boards_option
@json_option
def flash(
    board_name: str,
    port: str,
    uf2: str | None,
    drive: Path | None,
    compiled: bool,
    to: Path | None,
    yes: bool,
    boards: Path | None,
    as_json: bool,
) -> None:
    """Install firmware on a board, and MicroPython if it is missing.

    The new firmware is started and must answer. If power or cable fail before that, the old firmware stays. Files that
    TwinOhm did not install are never lost: one that is in the way is kept as NAME.bak on the board.
    """
    from twinohm.diagnostics.doctor import require_installable
    from twinohm.install.folder import write_folder
    from twinohm.install.installer import install, transport
    from twinohm.link.transports import find_device, hold_port, port_at

    board = load_board(board_name, boards)
    board.require_ready()
    if to is not None:
        refuse_options("--to writes a folder, and touches no board", "--port", "--uf2", "--drive", "--yes")
        files = firmware_files(board, compiled, chip=None)
        kept = write_folder(files, to, _report_kept)
        say(f"{len(files)} files in {to}", err=True)
        if as_json:
            print_json({"board": board.name, "folder": str(to), "kept": kept})
        return
    there = port_at(port)
    if not there.is_device:
        refuse_options(f"{port} is no Pico on USB, which has a drive", "--drive")
        if not there.virtual:
            refuse_options(f"{port} is no Pico on USB, MicroPython cannot be installed through it", "--uf2")
    consent = Consent(needed=port == "auto" and not yes)
    if there.is_device:
        port = find_device(_with_micropython(port, uf2, drive, consent))
    elif there.virtual:
        port = _emulated(port, board, uf2, boards)
    require_installable(port)
    lock = hold_port(port)
    try:
        with transport(port) as pico:
            _require_consent(consent, pico, port)
            files = firmware_files(board, compiled, pico.chip)
            with _bar(f"firmware to {port}") as progress:
                done = install(pico, files, progress, _report_kept)
            _restart(pico)
    finally:
        if lock is not None:
            lock.release()
    firmware = _running_firmware(port, board)
    say(
        f"{len(done.written)} files written, {len(done.removed)} removed, {done.unchanged} unchanged; "
        f"{board.name} runs firmware {firmware}",
        err=True,
    )
    if as_json:
        print_json(
            {
                "board": board.name,
                "port": port,
                "firmware": firmware,
                "written": list(done.written),
                "removed": list(done.removed),
                "unchanged": done.unchanged,
                "kept": dict(done.kept),
            }
        )


class Consent:
    """Asks before a board is taken that nobody has named, once. needed: whether nobody has."""

    def __init__(self, needed: bool) -> None:
        self._needed = needed

    def require(self, what: str, option: str) -> None:
        """Ask whether to install on a board. what: what was found; option: what names that board.

        Raises UsageError if there is no terminal to ask at, TwinOhmError if the answer is no.
        """
        if not self._needed:
            return
        if sys.stdin is None or not sys.stdin.isatty():
            raise UsageError(f"port auto: {what}; name it with {option}, or give --yes to take it")
        if not click.confirm(f"{what}. Install TwinOhm there?", err=True):
            raise TwinOhmError(f"nothing was installed; name the board that you mean with --port, or {option}")
        self._needed = False


def _require_consent(consent: Consent, chip: Any, port: str) -> None:
    """Ask before TwinOhm is installed on a board that has none; without consent, start what the board has."""
    from twinohm.install.installer import has_twinohm

    if not has_twinohm(chip):
        try:
            consent.require(f"{port} has no TwinOhm", f"--port {port}")
        except BaseException:
            _restart(chip)
            raise


def _report_kept(name: str, backup: str) -> None:
    say(f"{name} is not TwinOhm's: kept as {backup}", err=True)


def _with_micropython(port: str, uf2: str | None, drive: Path | None, consent: Consent) -> str:
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
        consent.require(what, f"--drive {waiting}")
    with _bar(f"{micropython.path.name} to {waiting}") as progress:
        bootsel.copy(micropython, waiting, progress)
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


def _running_firmware(port: str, board: Board) -> str:
    """Return the hash in the HELLO of the new firmware. Raises BoardMismatch if it is not what was installed."""
    with twinohm.open(port) as client:
        hello = client.hello
    if (hello.board, hello.firmware) != (board.name, firmware_hash()):
        raise BoardMismatch(
            f"{port}: the board runs {hello.firmware} for {hello.board}, not {firmware_hash()} for {board.name}: "
            "flash again"
        )
    return hello.firmware


@contextmanager
def _bar(what: str) -> Iterator[Callable[[int, int], None]]:
    with bars(amount=DownloadColumn()) as progress:
        yield partial(progress, what)
