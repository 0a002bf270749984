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
    """Commands whose options and arguments have a value if they are given.

    An empty one would be taken for the default, and an empty path for the present folder.
    """

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command of `args`. Raises UsageError for an option or argument that is given an empty text."""
        name, command, rest = super().resolve_command(ctx, args)
        params = () if command is None else command.params
        flags = {option for one in params if getattr(one, "is_flag", False) for option in one.opts + one.secondary_opts}
        for before, text in pairwise(args):
            named = before if not text else text.removesuffix("=")
            if named.startswith("--") and "=" not in named and (not text or text.endswith("=")) and named not in flags:
                raise UsageError(f"{named}: empty; give it a value, or leave it out")
        if command is not None and "" in rest:
            given, _, _ = command.make_parser(click.Context(command)).parse_args([*rest])
            for argument in (one for one in command.params if isinstance(one, click.Argument)):
                value = given.get(str(argument.name))
                if value == "" or (isinstance(value, tuple) and "" in value):
                    end = "" if argument.required else ", or leave it out"
                    raise UsageError(f"{argument.human_readable_name}: empty; give it a value{end}")
        return name, command, rest


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
