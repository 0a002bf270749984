"""The command line. Human text goes to stderr, results to stdout; exit codes 0 done, 1 failed, 2 wrong arguments."""

import os
import sys
import traceback

import click

import twinohm
from twinohm.cli import board, calibrate, flash, logs, measure, place, run, selftest, sweep
from twinohm.cli.verbosity import verbose_option
from twinohm.errors import TwinOhmError

DEBUG = "TWINOHM_DEBUG"  # environment variable; 1: every error shows its traceback


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(twinohm.__version__, prog_name="twinohm")
def twinohm_command() -> None:
    """TwinOhm: a physical learning machine. Start with `twinohm run allostery`."""


twinohm_command.params.append(verbose_option())

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
    command.params.append(verbose_option())
    twinohm_command.add_command(command)


def main() -> None:
    """Run the command line and exit.

    An error that the user can mend (TwinOhmError, or a wrong argument) is one line; with TWINOHM_DEBUG=1 its traceback
    comes first. Any other exception is a bug in TwinOhm and shows its traceback.
    """
    try:
        sys.exit(twinohm_command(prog_name="twinohm", standalone_mode=False))
    except TwinOhmError as error:
        _show_traceback_if_asked()
        click.echo(f"twinohm: {error}", err=True)
        sys.exit(error.exit_code)
    except click.ClickException as error:
        _show_traceback_if_asked()
        error.show()
        sys.exit(error.exit_code)
    except click.Abort:
        _show_traceback_if_asked()
        click.echo("Aborted!", err=True)
        sys.exit(1)
    except BrokenPipeError:
        os._exit(1)  # the reader of our output has closed it
    except Exception:
        traceback.print_exc()
        click.echo("twinohm: this is a bug in TwinOhm, please report it with the traceback above", err=True)
        sys.exit(1)


def _show_traceback_if_asked() -> None:
    if os.environ.get(DEBUG) == "1":
        traceback.print_exc()


if __name__ == "__main__":
    main()
