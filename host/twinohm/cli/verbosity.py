"""The option -v of every command: show the package's log on stderr."""

import logging

import click

from twinohm.cli.streams import say

LEVELS = (logging.WARNING, logging.INFO, logging.DEBUG)  # by the number of -v
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
    if verbosity and not any(isinstance(handler, EchoHandler) for handler in package.handlers):
        handler = EchoHandler()
        handler.setFormatter(logging.Formatter(FORMAT, TIME))
        package.addHandler(handler)
    package.setLevel(LEVELS[min(verbosity, len(LEVELS) - 1)])
