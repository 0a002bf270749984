"""A figure as the bytes of a file: PNG, PDF or SVG by its name."""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

from twinohm.errors import UsageError
from twinohm.files import MARK, check_output, is_plain, write_output, write_own
from twinohm.plot.style import our_style

if TYPE_CHECKING:
    from matplotlib.figure import Figure

FORMATS = {".png": {"Software": MARK}, ".pdf": {"Creator": MARK}, ".svg": {"Creator": MARK}}  # and their metadata


def format_of(path: Path) -> str:
    """Return "png", "pdf" or "svg" by the end of a file's name. Raises UsageError for any other end."""
    if (suffix := path.suffix.lower()) not in FORMATS:
        raise UsageError(
            f"{path}: a figure is written as .png, .pdf or .svg, an animation as .gif or .mp4; give a name that ends so"
        )
    return suffix[1:]


def write_drawn(draw: Callable[[], Figure], path: Path, force: bool = False, own: bool = False) -> Figure:
    """Draw a figure, write it to `path` in the format of its name, and return it. The place is checked before.

    own: the name is one of TwinOhm's in a run folder; else a user's, and `force` replaces also a file that is not ours.

    Raises UsageError if the figure cannot be there, DiskError if it cannot be written, and what `draw` raises.
    """
    fmt = format_of(path)
    is_plain(path) if own else check_output(path, force)
    figure = draw()
    image = {path: image_of(figure, fmt)}
    if own:
        write_own(image)
    else:
        write_output(image, force)
    return figure


def image_of(figure: Figure, fmt: str) -> bytes:
    """Return a figure as a file of format "png", "pdf" or "svg", which says in its metadata who made it."""
    image = BytesIO()
    with our_style():
        figure.savefig(image, format=fmt, bbox_inches="tight", pad_inches=0.15, metadata=FORMATS[f".{fmt}"])
    return image.getvalue()
