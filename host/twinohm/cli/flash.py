"""twinohm flash: install MicroPython and the firmware on a board."""

import sys
from functools import partial
from pathlib import Path

import click

from twinohm import api_flash
from twinohm.cli.given_options import refuse_options
from twinohm.cli.path_type import FilePath
from twinohm.cli.port_option import PORT
from twinohm.cli.run import boards_option, json_option
from twinohm.cli.show import print_json
from twinohm.cli.streams import say


@click.command()
@click.option("--board", default="lab16", show_default=True, help="Board that the Pico is soldered to.")
@click.option("--port", default="auto", show_default=True, type=PORT, help="Serial device, emu://, or auto.")
@click.option("--uf2", help="MicroPython to install: FILE, or URL#sha256=HEX.  [default: from the cache, if needed]")
@click.option(
    "--drive",
    type=FilePath(),
    help="Folder where the drive of a Pico in BOOTSEL is or will be mounted.  [default: found]",
)
@click.option("--compiled/--source", default=True, show_default=True, help="Install modules as .mpy or as .py.")
@click.option("--to", type=FilePath(), help="Write the files to this folder instead.")
@click.option("--yes", is_flag=True, help="Take a board without TwinOhm that auto finds, without asking.")
@boards_option
@json_option
def flash(
    board: str,
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
    if to is not None:
        refuse_options("--to writes a folder, and touches no board", "--port", "--uf2", "--drive", "--yes")
    done = api_flash.flash(
        board,
        port=port,
        uf2=uf2,
        drive=drive,
        compiled=compiled,
        to=to,
        yes=yes,
        boards=boards,
        note=partial(say, err=True),
        ask=confirm if sys.stdin is not None and sys.stdin.isatty() else None,
    )
    if done.folder is not None:
        say(f"{len(done.written)} files in {done.folder}", err=True)
        if as_json:
            print_json({"board": done.board, "folder": str(done.folder), "kept": dict(done.kept)})
        return
    say(
        f"{len(done.written)} files written, {len(done.removed)} removed, {done.unchanged} unchanged; "
        f"{done.board} runs firmware {done.firmware}",
        err=True,
    )
    if as_json:
        print_json(
            {
                "board": done.board,
                "port": done.port,
                "firmware": done.firmware,
                "written": list(done.written),
                "removed": list(done.removed),
                "unchanged": done.unchanged,
                "kept": dict(done.kept),
            }
        )


def confirm(question: str) -> bool:
    """Ask a person at the terminal."""
    return click.confirm(question, err=True)
