"""Pages in the user's browser: their options, and serving them until Ctrl-C."""

from __future__ import annotations

import os
import sys
import webbrowser
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import click

from twinohm.cli.number_types import Whole
from twinohm.cli.streams import say

if TYPE_CHECKING:
    from twinohm.web.server import Page

GO_ON = "runs go on; the same command shows them again"


def page_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options of a command that shows a page."""
    for option in (
        click.option("--browser/--no-browser", default=True, show_default=True, help="Open the page in the browser."),
        click.option(
            "--web-port", default=0, type=Whole(min=0, max=65535), help="TCP port of the page.  [default: any free one]"
        ),
    ):
        command = option(command)
    return command


def show_pages(pages: Mapping[str, Page], port: int, browser: bool) -> None:
    """Serve pages until Ctrl-C; print the address, and open the first page unless `browser` is False."""
    from twinohm.web.server import serve

    def ready(address: str) -> None:
        say(f"page: {address} (Ctrl-C ends it)", err=True)
        if browser:
            _open_browser(address)

    try:
        serve(pages, port, ready)
    except KeyboardInterrupt:
        say(GO_ON, err=True)


def _open_browser(address: str) -> None:
    """Open a page, unless only a browser of the terminal could: it would take the terminal."""
    chosen = any(os.environ.get(name) for name in ("BROWSER", "DISPLAY", "WAYLAND_DISPLAY"))
    if chosen or sys.platform in ("win32", "darwin"):
        webbrowser.open(address)
