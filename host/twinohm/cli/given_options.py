"""Options of the running command that the user gave, and the refusal of those that it would not use."""

from itertools import pairwise

import click
from click.core import ParameterSource

from twinohm.errors import UsageError
from twinohm.model.unused_settings import refuse_unused


def refuse_options(why: str, *options: str) -> None:
    """Raise UsageError for the first of `options`, such as --ticks, that the user gave; `why` nothing uses it."""
    refuse_unused(_given_options(), dict.fromkeys(options, why))


class Commands(click.Group):
    """Commands whose options have a value if they are given: an empty one would be taken for the default."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command of `args`. Raises UsageError for an option that is given an empty text."""
        for before, text in pairwise(args):
            named = before if not text else text.removesuffix("=")
            if named.startswith("--") and "=" not in named and (not text or text.endswith("=")):
                raise UsageError(f"{named}: empty; give it a value, or leave it out")
        return super().resolve_command(ctx, args)


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
