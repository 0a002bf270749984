"""The commands, and how each goes on after it was stopped."""

from collections.abc import Sequence

import click

import twinohm
from twinohm.cli import (
    analyse,
    board,
    board_new,
    calibrate,
    dac_address,
    data,
    doctor,
    flash,
    logs,
    match,
    measure,
    pages,
    place,
    pulls,
    rules,
    run,
    selftest,
    sweep,
)
from twinohm.cli.given_options import Commands
from twinohm.cli.verbosity import verbose_option

AGAIN = "nothing was kept; the same command begins again"
READS_ONLY = "the same command does it again"
GO_ON = {  # what to tell the user of a stopped command
    run.run: "`twinohm resume` goes on with a run that has a folder; without one the same command begins",
    run.tasks: READS_ONLY,
    data.data: READS_ONLY,
    board.boards: READS_ONLY,
    board.ports: READS_ONLY,
    board_new.board: "no board was added; the same command makes it again",
    flash.flash: "the board starts its old firmware or the new one, whole; the same command goes on",
    doctor.doctor: READS_ONLY,
    board.exec_: f"whether the board is safe is not known; {board.RUN_AGAIN}",
    board.repl: "the board is as you left it; the same command opens the prompt again",
    board.sim: "the virtual board is off; the same command powers on a new one",
    board.emulate: "the emulated board is off and its flash is kept; the same command powers it on",
    logs.plot: READS_ONLY,
    logs.export: READS_ONLY,
    logs.resume: "what was logged is kept; the same command goes on",
    analyse.analyse: READS_ONLY,
    logs.check: READS_ONLY,
    logs.runs: READS_ONLY,
    logs.compare: READS_ONLY,
    pages.dashboard: pages.GO_ON,
    logs.watch: "the run goes on; the same command follows it again",
    place.place: "finished results are in its file; the same command goes on",
    sweep.sweep: "finished rows are kept; the same command goes on",
    pulls.pulls: AGAIN,
    measure.reproduce: AGAIN,
    rules.rules: AGAIN,
    measure.bench: AGAIN,
    selftest.selftest: AGAIN,
    match.match: "what was measured is above; the same command begins again",
    dac_address.dac_address: "the DAC has its old address or the new one; the same command goes on",
    calibrate.calibrate: "the calibration that was there stays; the same command begins again",
}


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(twinohm.__version__, prog_name="twinohm")
def twinohm_command() -> None:
    """TwinOhm: a physical learning machine. Start with `twinohm run allostery`."""


twinohm_command.params.append(verbose_option())

for command in GO_ON:
    command.params.append(verbose_option())
    twinohm_command.add_command(command)
    for subcommand in command.commands.values() if isinstance(command, click.Group) else ():
        subcommand.params.append(verbose_option())


def how_to_go_on(arguments: Sequence[str]) -> str:
    """Return what to tell the user when the command of these arguments was stopped."""
    names = [argument for argument in arguments if not argument.startswith("-")]
    command = twinohm_command.commands.get(names[0]) if names else None
    return READS_ONLY if command is None else GO_ON[command]
