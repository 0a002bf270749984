"""Pages in the user's browser: their options, and serving them until Ctrl-C."""

from __future__ import annotations

import gc
import os
import sys
import webbrowser
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from twinohm.cli.commands import PAGES_GO_ON
from twinohm.cli.number_types import Whole
from twinohm.cli.path_type import FilePath
from twinohm.cli.streams import say
from twinohm.errors import UsageError

if TYPE_CHECKING:
    from twinohm.web.server import Page


def page_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options of a command that shows a page."""
    for option in (
        click.option("--no-browser", is_flag=True, help="Print the address of the page only; open no browser."),
        click.option(
            "--web-port", default=0, type=Whole(min=0, max=65535), help="TCP port of the page.  [default: any free one]"
        ),
    ):
        command = option(command)
    return command


def show_pages(pages: Mapping[str, Page], port: int, no_browser: bool) -> None:
    """Serve pages until Ctrl-C; print the address, and open the first page unless `no_browser`."""
    from twinohm.web.server import serve

    def ready(address: str) -> None:
        say(f"page: {address} (Ctrl-C ends it)", err=True)
        if not no_browser:
            _open_browser(address)

    try:
        serve(pages, port, ready)
    except KeyboardInterrupt:
        gc.freeze()  # else the interpreter looks through all objects of Bokeh at its end, which takes half a second
        say(PAGES_GO_ON, err=True)


def _open_browser(address: str) -> None:
    """Open a page, unless only a browser of the terminal could: it would take the terminal."""
    chosen = any(os.environ.get(name) for name in ("BROWSER", "DISPLAY", "WAYLAND_DISPLAY"))
    if chosen or sys.platform in ("win32", "darwin"):
        webbrowser.open(address)


@click.command()
@click.argument("folder", type=FilePath(), default=Path("runs"))
@page_options
def dashboard(folder: Path, web_port: int, no_browser: bool) -> None:
    """Show all runs in FOLDER as a page in the browser.

    The page grows with the folder: choose runs to compare their errors and scores, or open the page of one. FOLDER is
    `runs` if it is left out. Only logs are read. The page can be opened on this computer alone.
    """
    from twinohm.web.dashboard import dashboard_pages

    if not folder.is_dir():
        raise UsageError(f"{folder}: is no folder; start a run with `twinohm run`, or name the folder of your runs")
    show_pages(dashboard_pages(folder), web_port, no_browser)
