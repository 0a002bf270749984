"""Text of boards and files on a page: always text, never markup."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

from bokeh.models import Div, PlainText

from twinohm.plain_text import plain
from twinohm.plot.style import COLOURS, QUIET

_ALL = ":host { font: inherit; color: inherit; white-space: pre-wrap; overflow-wrap: anywhere; width: 100%; }"
_STYLES = {
    "title": "font-size: 24px; font-weight: bold",
    "state": "font-weight: bold",
    "facts": f"color: {QUIET}",
    "problems": f"color: {COLOURS[1]}; font-weight: bold",
    "now": "font-family: monospace",
    "events": "display: block; max-height: 220px; overflow-y: auto",
}


def words(name: str) -> Div:
    """Return an element for text; `name` is its place on the page, and gives it its style."""
    styles = [_ALL, f":host {{ {_STYLES.get(name, '')} }}"]
    return Div(name=name, render_as_text=True, disable_math=True, stylesheets=styles, margin=0)


def write(element: Div, text: str | Iterable[str]) -> None:
    """Show a text, or lines of text, in an element of words()."""
    shown = plain(text if isinstance(text, str) else "\n".join(text))
    if element.text != shown:
        element.text = shown


def write_links(element: Div, links: Iterable[tuple[str, str]]) -> None:
    """Show links, (address, text), in an element of words(). Addresses are of this server, their parts quoted."""
    element.render_as_text = False  # the only markup with foreign text, so all of that is escaped
    shown = " · ".join(f'<a href="{escape(address)}">{escape(plain(text))}</a>' for address, text in links)
    if element.text != shown:
        element.text = shown


def label(text: str) -> PlainText:
    """Return text for an axis or a title of a figure, where a string may be TeX."""
    return PlainText(text=plain(text))
