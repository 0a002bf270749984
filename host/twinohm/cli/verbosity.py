"""The package's log on stderr: warnings always, more with the option -v of every command."""

import logging

import click

from twinohm.cli.streams import say

LEVELS = (logging.WARNING, logging.INFO, logging.DEBUG)  # by the number of -v
WARNING = "warning: %(message)s"  # as other warnings of a command are
FORMAT = "%(asctime)s.%(msecs)03d %(levelname)-5s %(name)s: %(message)s"
TIME = "%H:%M:%S"
KEY = "twinohm.verbosity"  # in click's Context.meta, which a group shares with its commands


class EchoHandler(logging.Handler):
    """Prints on stderr as the rest of the command line does, above a progress bar if there is one."""

    def emit(self, record: logging.LogRecord) -> None:
        say(self.format(record), err=True)


def verbose_option() -> click.Option:
    """Return a new option -v; given before and after the name of a command it counts twice."""
    return click.Option(
        ["-v", "--verbose"],
        count=True,
        expose_value=False,
        is_eager=True,
        callback=_set_verbosity,
        help="Show state changes and files written; -vv: also requests and replies.",
    )


def _set_verbosity(ctx: click.Context, param: click.Parameter, count: int) -> None:
    ctx.meta[KEY] = verbosity = ctx.meta.get(KEY, 0) + count
    package = logging.getLogger("twinohm")
    handler = next((one for one in package.handlers if isinstance(one, EchoHandler)), None)
    if handler is None:
        handler = EchoHandler()
        package.addHandler(handler)
    handler.setFormatter(logging.Formatter(FORMAT, TIME) if verbosity else logging.Formatter(WARNING))
    package.setLevel(LEVELS[min(verbosity, len(LEVELS) - 1)])
