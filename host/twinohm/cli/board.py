"""twinohm boards, ports, exec, repl, sim, emulate."""

import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import click

import twinohm
from twinohm.cli.commands import RUN_AGAIN
from twinohm.cli.given_options import refuse_options
from twinohm.cli.interrupts import Interrupts
from twinohm.cli.number_types import Whole
from twinohm.cli.path_type import FilePath
from twinohm.cli.port_option import Changes, port_option, set_option
from twinohm.cli.run import boards_option, json_option
from twinohm.cli.show import print_rows
from twinohm.cli.streams import say
from twinohm.model.board_file import load_boards
from twinohm.plain_text import plain


@click.command()
@boards_option
@json_option
def boards(boards: Path | None, as_json: bool) -> None:
    """List the boards and what their wiring can do."""
    rows = []
    for board in load_boards(boards).values():
        can = board.capabilities
        rows.append(
            {
                "board": board.name,
                "nodes": len(board.nodes),
                "edges": board.n_edges,
                "state": "planned" if board.planned else "ready" if board.wired else "without pins",
                "any node any role": can.free_roles,
                "opens switches": can.opens_switches,
                "reads CMP, SGN": can.reads_comparators,
                "sets U/D": can.sets_direction,
                "holds an edge": can.holds_edges,
                "outputs at": [name for name in can.measures_free if name not in board.wired_free],
                "what": board.title,
            }
        )
    if not as_json:  # a line has no room for all columns
        rows = [{key: row[key] for key in row if key not in ("opens switches", "what")} for row in rows]
    print_rows(rows, as_json)


@click.command()
@json_option
def ports(as_json: bool) -> None:
    """List serial devices and virtual ports."""
    from twinohm.link.transports import serial_ports

    rows = [
        {"port": info.device, "what": info.description, "serial_number": info.serial_number, "board": info.micropython}
        for info in serial_ports()
    ]
    rows += [
        {"port": f"{scheme}://{board.name}", "what": what, "serial_number": None, "board": True}
        for scheme, what in (("sim", "virtual board"), ("emu", "emulated RP2040"))
        for board in load_boards().values()
        if not board.planned
    ]
    print_rows(rows, as_json)


@click.command("exec")
@click.argument("code")
@port_option()
def exec_(code: str, port: str) -> None:
    """Run CODE at the board's prompt and print its output.

    `learner` is defined there. Afterwards the board is made safe, also when
    the code fails and after Ctrl-C. On a terminal, control characters but tab and
    newline are shown as escapes; a pipe or file gets them as they are.
    """
    with twinohm.open(port) as client:
        try:
            output = client.exec(code)
        except KeyboardInterrupt as stopped:
            if client.close():
                stopped.add_note(f"the board is safe; {RUN_AGAIN}")
            raise
    sys.stdout.write(plain(output) if sys.stdout.isatty() else output)


@click.command()
@port_option()
def repl(port: str) -> None:
    """Open the board's own prompt; Ctrl-] leaves. Uses mpremote on a serial device."""
    from twinohm.link import terminal
    from twinohm.link.transports import find_device, open_port, port_at

    if port_at(port).is_device:
        open_port(port).close()  # mpremote gives no reason where it cannot open it
        sys.exit(subprocess.call([sys.executable, "-m", "mpremote", "connect", find_device(port), "resume", "repl"]))
    terminal.attach(open_port(port))


def virtual_board_options(command: Callable[..., None]) -> Callable[..., None]:
    """Add the arguments and options of a virtual board that a command powers on."""
    for option in reversed(
        (
            click.argument("board"),
            click.option(
                "--seed",
                type=Whole(min=0),
                help="Seed of component values and noise.  [default: 0]",
            ),
            click.option("--profile", help="Imperfections: ideal, lab or quiet.  [default: lab]"),
            click.option(
                "--tcp",
                type=Whole(0, 65535),
                help="Offer the board as socket://localhost:PORT (0: any free port).",
            ),
            click.option("--pty", is_flag=True, help="Offer the board as a serial device."),
            set_option,
            boards_option,
        )
    ):
        command = option(command)
    return command


@click.command()
@virtual_board_options
def sim(
    board: str,
    seed: int | None,
    profile: str | None,
    tcp: int | None,
    pty: bool,
    changes: Changes,
    boards: Path | None,
) -> None:
    """Power on a virtual BOARD and open its prompt.

    With --tcp or --pty, offer it as a port instead.
    """
    from twinohm.sim.settings import SimSettings

    settings = SimSettings.complete("sim://", board, seed, profile, boards, changes=changes)
    if (pty or tcp is not None) and "clock" not in dict(changes):
        settings = replace(settings, clock="patient")  # the host may end and leave the board alone
    _power_on(board, settings.url(), tcp, pty)


@click.command()
@virtual_board_options
@click.option(
    "--flash",
    type=FilePath(dir_okay=False),
    help="File of the chip's flash.  [default: in the cache]",
)
@click.option("--uf2", help="MicroPython for a new --flash: FILE, or URL#sha256=HEX.")
def emulate(
    board: str,
    seed: int | None,
    profile: str | None,
    tcp: int | None,
    pty: bool,
    changes: Changes,
    boards: Path | None,
    flash: Path | None,
    uf2: str | None,
) -> None:
    """Power on a BOARD with an emulated RP2040 and open its prompt.

    The chip runs real MicroPython. With --tcp or --pty, offer the board as a port instead.
    """
    from twinohm.sim.settings import SimSettings

    if flash is not None and flash.exists():
        refuse_options(f"{flash} has its MicroPython already, and is used as it is", "--uf2")
    changes += tuple((key, str(value)) for key, value in (("flash", flash), ("uf2", uf2)) if value is not None)
    _power_on(board, SimSettings.complete("emu://", board, seed, profile, boards, changes=changes).url(), tcp, pty)


def _power_on(board: str, url: str, tcp: int | None, pty: bool) -> None:
    from twinohm.link import terminal
    from twinohm.link.transports import open_port

    if pty:
        refuse_options("--pty offers the board as a serial device", "--tcp")
    port = open_port(url)

    def ready(where: str) -> None:
        say(f"{board} is at {where}; Ctrl-C ends it")

    try:
        if pty:
            terminal.serve_pty(port, ready)
        elif tcp is not None:
            terminal.serve_tcp(port, tcp, ready)
        else:
            terminal.attach(port)
    except KeyboardInterrupt:
        interrupts = click.get_current_context().find_object(Interrupts)
        if not (pty or tcp is not None) or (interrupts is not None and interrupts.number != signal.SIGINT):
            raise  # SIGTERM and SIGHUP end the board too, and the user has not asked for it
