"""The commands: where each is, what it does, and how it goes on after it was stopped.

Only the module of the command that is asked for is imported: a list of commands must be there at once.
"""

from collections.abc import Iterator, MutableMapping, Sequence
from importlib import import_module
from typing import NamedTuple

import click

from twinohm.cli.given_options import Commands
from twinohm.cli.verbosity import verbose_option
from twinohm.version import __version__

AGAIN = "nothing was kept; the same command begins again"
READS_ONLY = "the same command does it again"
RUN_AGAIN = "the same command runs the code again"
PAGES_GO_ON = "runs go on; the same command shows them again"


class Entry(NamedTuple):
    """A command: module of this package and name there, its first sentence, what to tell the user of a stopped one."""

    module: str
    name: str
    summary: str
    go_on: str


ENTRIES = {
    "run": Entry(
        "run",
        "run",
        "Train a board on TASK, log every tick and draw the result.",
        "`twinohm resume` goes on with a run that has a folder; without one the same command begins",
    ),
    "tasks": Entry("run", "tasks", "List the built-in tasks.", READS_ONLY),
    "data": Entry("data", "data", "Show what is made of a data FILE, and what could be learned.", READS_ONLY),
    "boards": Entry("board", "boards", "List the boards and what their wiring can do.", READS_ONLY),
    "ports": Entry("board", "ports", "List serial devices and virtual ports.", READS_ONLY),
    "board": Entry(
        "board_new", "board", "Make boards of your own.", "no board was added; the same command makes it again"
    ),
    "flash": Entry(
        "flash",
        "flash",
        "Install firmware on a board, and MicroPython if it is missing.",
        "the board starts its old firmware or the new one, whole; the same command goes on",
    ),
    "doctor": Entry("doctor", "doctor", "Examine a board and its port, and say what to do.", READS_ONLY),
    "exec": Entry(
        "board",
        "exec_",
        "Run CODE at the board's prompt and print its output.",
        f"whether the board is safe is not known; {RUN_AGAIN}",
    ),
    "repl": Entry(
        "board",
        "repl",
        "Open the board's own prompt; Ctrl-] leaves.",
        "the board is as you left it; the same command opens the prompt again",
    ),
    "sim": Entry(
        "board",
        "sim",
        "Power on a virtual BOARD and open its prompt.",
        "the virtual board is off; the same command powers on a new one",
    ),
    "emulate": Entry(
        "board",
        "emulate",
        "Power on a BOARD with an emulated RP2040 and open its prompt.",
        "the emulated board is off and its flash is kept; the same command powers it on",
    ),
    "plot": Entry("logs", "plot", "Draw the figure of a run or of a sweep, or animate a run.", READS_ONLY),
    "export": Entry("logs", "export", "Write the log of RUN as tables or as arrays.", READS_ONLY),
    "resume": Entry(
        "logs",
        "resume",
        "Continue an interrupted RUN at the tick that it had.",
        "what was logged is kept; the same command goes on",
    ),
    "analyse": Entry("analyse", "analyse", "Analyse the circuit of RUN with the examples that it learned.", READS_ONLY),
    "check": Entry("logs", "check", "Check the log of RUN: numbers, taps, words, events, checksums.", READS_ONLY),
    "runs": Entry("logs", "runs", "List the runs in a folder with their scores, the newest last.", READS_ONLY),
    "compare": Entry("logs", "compare", "Show in which settings RUNS differ, and their scores.", READS_ONLY),
    "dashboard": Entry("pages", "dashboard", "Show all runs in FOLDER as a page in the browser.", PAGES_GO_ON),
    "watch": Entry(
        "logs",
        "watch",
        "Follow RUN, or the newest run, from another terminal.",
        "the run goes on; the same command follows it again",
    ),
    "place": Entry(
        "place",
        "place",
        "Search placements for TASK, and diodes with --diodes.",
        "finished results are in its file; the same command goes on",
    ),
    "sweep": Entry(
        "sweep",
        "sweep",
        "Run TASK at every point of a grid of parameters.",
        "finished rows are kept; the same command goes on",
    ),
    "pulls": Entry("pulls", "pulls", "Measure whether susceptibility says which edges hurt.", AGAIN),
    "reproduce": Entry("measure", "reproduce", "Measure the paper's claims and write a report.", AGAIN),
    "rules": Entry("rules", "rules", "Compare rules of learning, all or only each RULE.", AGAIN),
    "bench": Entry("measure", "bench", "Measure how fast boards are, or what a calibration gains.", AGAIN),
    "selftest": Entry("selftest", "selftest", "Test the parts of a board and name those that fail.", AGAIN),
    "match": Entry(
        "match",
        "match",
        "Measure POTS potentiometers and pair the most alike.",
        "what was measured is above; the same command begins again",
    ),
    "dac-address": Entry(
        "dac_address",
        "dac_address",
        "Give the DAC whose /LDAC has the wire an ADDRESS.",
        "the DAC has its old address or the new one; the same command goes on",
    ),
    "calibrate": Entry(
        "calibrate",
        "calibrate",
        "Calibrate the converters of a board against each other.",
        "the calibration that was there stays; the same command begins again",
    ),
}


class _Loaded(MutableMapping[str, click.Command]):
    """The commands by name; each is imported when it is first asked for."""

    def __init__(self) -> None:
        self._loaded: dict[str, click.Command] = {}

    def __getitem__(self, name: str) -> click.Command:
        if name not in self._loaded:
            entry = ENTRIES[name]
            command: click.Command = getattr(import_module(f"twinohm.cli.{entry.module}"), entry.name)
            for one in (command, *(command.commands.values() if isinstance(command, click.Group) else ())):
                one.params.append(verbose_option())
            self._loaded[name] = command
        return self._loaded[name]

    def __contains__(self, name: object) -> bool:
        return name in ENTRIES

    def __iter__(self) -> Iterator[str]:
        return iter(ENTRIES)

    def __len__(self) -> int:
        return len(ENTRIES)

    def __setitem__(self, name: str, command: click.Command) -> None:
        raise TypeError("commands stand in ENTRIES")

    def __delitem__(self, name: str) -> None:
        raise TypeError("commands stand in ENTRIES")


class _TopCommands(Commands):
    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of all commands, without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, ENTRIES[name].summary) for name in sorted(ENTRIES)])


@click.group(
    cls=_TopCommands,
    commands=_Loaded(),
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(__version__, prog_name="twinohm")
def twinohm_command() -> None:
    """TwinOhm: a physical learning machine. Start with `twinohm run allostery`."""


twinohm_command.params.append(verbose_option())


def how_to_go_on(arguments: Sequence[str]) -> str:
    """Import the command of these arguments. Return what to tell the user when it was stopped."""
    names = [argument for argument in arguments if not argument.startswith("-")]
    command = twinohm_command.commands.get(names[0]) if names else None  # imports it
    return READS_ONLY if command is None else ENTRIES[names[0]].go_on
