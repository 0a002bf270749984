"""Where everything stands on a page, and how it looks."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from bokeh.document import Document
from jinja2 import Template

from twinohm.plain_text import plain
from twinohm.plot.style import INK, QUIET

_TEMPLATE = Template(Path(__file__).with_name("page.html").read_text(encoding="utf-8"))


def lay_out(document: Document, page: str, title: str, roots: Iterable[Any], **variables: str) -> None:
    """Fill a document with elements, which page.html places by their names. `page`: which of its pages."""
    for root in roots:
        document.add_root(root)
    document.title = plain(title)
    document.template = _TEMPLATE
    document.template_variables.update(page=page, ink=INK, quiet=QUIET, **variables)
