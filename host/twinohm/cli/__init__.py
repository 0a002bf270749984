"""The command line. Human text goes to stderr, results to stdout; exit codes 0 done, 1 failed, 2 wrong arguments."""

import io
import os
import sys
import traceback
from typing import Any

from twinohm_command import end_if_not_loaded

from twinohm.cli.environment import repair_environment
from twinohm.cli.interrupts import Interrupts
from twinohm.cli.streams import repair_streams, say
from twinohm.errors import TwinOhmError
from twinohm.faces import command_line

DEBUG = "TWINOHM_DEBUG"  # environment variable; 1: every error shows its traceback


def main() -> None:
    """Run the command line and exit.

    An error that the user can mend (TwinOhmError, or a wrong argument) is one line; with TWINOHM_DEBUG=1 its traceback
    comes first. Any other exception is a bug in TwinOhm and shows its traceback.
    """
    repair_streams()
    repair_environment()
    try:
        with command_line(), Interrupts() as interrupts:
            try:
                _run(interrupts)
            except KeyboardInterrupt as error:
                _show_traceback_if_asked()
                interrupts.tell(*getattr(error, "__notes__", ()))
                sys.exit(1)
    except Exception as error:
        end_if_not_loaded(error)
        say(traceback.format_exc().rstrip(), err=True)
        say("twinohm: this is a bug in TwinOhm, please report it with the traceback above", err=True)
        sys.exit(1)


def _run(interrupts: Interrupts) -> None:
    import click  # these imports take most of a second, in which Ctrl-C must work too

    from twinohm.cli.commands import how_to_go_on, twinohm_command

    try:
        os.getcwd()
    except FileNotFoundError:
        say("twinohm: the current folder was deleted; change to another one, such as `cd`", err=True)
        sys.exit(2)
    interrupts.how_to_go_on = how_to_go_on(sys.argv[1:])
    try:
        code = twinohm_command(prog_name="twinohm", standalone_mode=False, obj=interrupts)
        sys.stdout.flush()  # what fails here is an error in words, and not one of the interpreter's end
        sys.exit(code)
    except TwinOhmError as error:
        _show_traceback_if_asked()
        say(f"twinohm: {error}", err=True)
        sys.exit(error.exit_code)
    except click.ClickException as error:
        _show_traceback_if_asked()
        text = io.StringIO()
        error.show(text)
        say(text.getvalue().rstrip(), err=True)
        sys.exit(error.exit_code)
    except click.Abort as error:
        if isinstance(error.__cause__, KeyboardInterrupt):
            raise error.__cause__ from None
        _show_traceback_if_asked()
        say("Aborted!", err=True)
        sys.exit(1)
    except BrokenPipeError:
        os._exit(1)  # the reader of our output has closed it
    except Exception as error:
        if interrupts.raised:  # a library has turned KeyboardInterrupt into an error of its own
            raise KeyboardInterrupt from error
        raise


def _show_traceback_if_asked() -> None:
    if os.environ.get(DEBUG) == "1":
        say(traceback.format_exc().rstrip(), err=True)


def __getattr__(name: str) -> Any:
    """Import the group of all commands when it is asked for: the module itself must be there quickly."""
    if name == "twinohm_command":
        from twinohm.cli.commands import twinohm_command

        return twinohm_command
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
