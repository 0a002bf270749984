"""Types of the command line's numbers. Only these parse the text of an option, so 0_3, nan and inf are no numbers."""

from collections.abc import Callable
from typing import Any

import click

from twinohm.json_records import shorten
from twinohm.model.number_text import parse_number, parse_whole


class Number(click.FloatRange):
    """A number, in a range if one is given."""

    name = "number"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        return super().convert(_parse(self.fail, parse_number, value, param, ctx), param, ctx)


class Whole(click.IntRange):
    """A whole number, in a range if one is given."""

    name = "whole number"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        return super().convert(_parse(self.fail, parse_whole, value, param, ctx), param, ctx)


def _parse(
    fail: Callable[..., Any],
    parse: Callable[[str], float],
    value: Any,
    param: click.Parameter | None,
    ctx: click.Context | None,
) -> Any:
    """Return what `parse` makes of a text; a default that is a number stays. Raises click.BadParameter by `fail`."""
    if not isinstance(value, str):
        return value
    try:
        return parse(value)
    except ValueError as error:
        fail(f"{shorten(repr(value))}: {error}", param, ctx)
