"""Options of the running command that the user gave, and the refusal of those that it would not use."""

import click
from click.core import ParameterSource

from twinohm.model.unused_settings import refuse_unused


def refuse_options(why: str, *options: str) -> None:
    """Raise UsageError for the first of `options`, such as --ticks, that the user gave; `why` nothing uses it."""
    refuse_unused(_given_options(), dict.fromkeys(options, why))


def _given_options() -> dict[str, object]:
    """Return the values of all options on the command line, by each of their names."""
    context = click.get_current_context()
    asked = (ParameterSource.COMMANDLINE, ParameterSource.ENVIRONMENT)
    return {
        name: context.params.get(str(option.name), True)
        for option in context.command.params
        if context.get_parameter_source(str(option.name)) in asked
        for name in (*option.opts, *option.secondary_opts)
    }
