"""The options --port and --set of every command that talks to a board."""

import functools
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import click

from twinohm.errors import UsageError


class PortType(click.ParamType[str]):
    """A port; its token is taken out before anything can show it."""

    name = "text"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the port without its token."""
        from twinohm.link.port_tokens import take_token

        return take_token(value)


PORT = PortType()
Changes = tuple[tuple[str, str], ...]


def _parse(context: click.Context, option: click.Parameter, texts: Sequence[str]) -> Changes:
    """Return (key, value) of every --set. Raises UsageError."""
    pairs = [text.partition("=") for text in texts]
    for text, (key, equals, _) in zip(texts, pairs, strict=True):
        if not key or not equals:
            raise UsageError(f"--set {text}: write KEY=VALUE, for example noise_V=0.002")
    return tuple((key, value) for key, _, value in pairs)


set_option = click.option(
    "--set",
    "changes",
    multiple=True,
    metavar="KEY=VALUE",
    callback=_parse,
    help="Change a setting of a virtual board, for example noise_V=0.002.",
)


def port_argument(default: str = "sim://lab16") -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Add --port to a command."""
    return click.option(
        "--port",
        default=default,
        show_default=True,
        type=PORT,
        help="Serial device, socket://, sim://, emu://, or auto.",
    )


def port_option(default: str = "sim://lab16") -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Add --port and --set to a command; its argument `port` has the settings of --set in its URL."""

    def decorate(command: Callable[..., None]) -> Callable[..., None]:
        @functools.wraps(command)
        def call(*arguments: Any, port: str, changes: Changes, **options: Any) -> None:
            from twinohm.runlog.port_changes import with_changes

            command(*arguments, port=with_changes(port, changes), **options)

        return port_argument(default)(set_option(call))

    return decorate


def refuse_script(port: str, boards: Path | None, why: str) -> None:
    """Raise UsageError if the script of a virtual port has an event at a tick above 0, which `why` never comes."""
    from twinohm.link.transports import port_at
    from twinohm.sim.settings import SimSettings

    if port_at(port).virtual:
        SimSettings.parse(port, boards).require_reached(1, why)
