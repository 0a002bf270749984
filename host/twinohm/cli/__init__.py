"""The command line. Human text goes to stderr, results to stdout; exit codes 0 done, 1 failed, 2 wrong arguments."""

import os
import sys

import click

import twinohm
from twinohm.cli import board, calibrate, flash, logs, measure, place, run, selftest, sweep
from twinohm.errors import TwinOhmError


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(twinohm.__version__, prog_name="twinohm")
def twinohm_command() -> None:
    """TwinOhm: a physical learning machine. Start with `twinohm run allostery`."""


for command in (
    run.run,
    run.tasks,
    board.boards,
    board.ports,
    flash.flash,
    board.exec_,
    board.repl,
    board.sim,
    board.emulate,
    logs.plot,
    logs.export,
    logs.resume,
    logs.watch,
    place.place,
    sweep.sweep,
    measure.reproduce,
    measure.bench,
    selftest.selftest,
    calibrate.calibrate,
):
    twinohm_command.add_command(command)


def main() -> None:
    """Entry point: every error the project knows is one line and an exit code, never a traceback."""
    try:
        twinohm_command(prog_name="twinohm")
    except TwinOhmError as error:
        click.echo(f"twinohm: {error}", err=True)
        sys.exit(error.exit_code)
    except BrokenPipeError:
        os._exit(1)  # the reader of our output has gone


if __name__ == "__main__":
    main()
