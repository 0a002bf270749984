"""A figure as the bytes of a file: PNG, PDF or SVG by its name."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

from twinohm.errors import UsageError
from twinohm.files import MARK

if TYPE_CHECKING:
    from matplotlib.figure import Figure

FORMATS = {".png": {"Software": MARK}, ".pdf": {"Creator": MARK}, ".svg": {"Creator": MARK}}  # and their metadata


def format_of(path: Path) -> str:
    """Return "png", "pdf" or "svg" by the end of a file's name. Raises UsageError for any other end."""
    if (suffix := path.suffix.lower()) not in FORMATS:
        raise UsageError(f"{path}: a figure is written as .png, .pdf or .svg; give a name that ends so")
    return suffix[1:]


def image_of(figure: Figure, fmt: str) -> bytes:
    """Return a figure as a file of format "png", "pdf" or "svg", which says in its metadata who made it."""
    image = BytesIO()
    figure.savefig(image, format=fmt, bbox_inches="tight", pad_inches=0.15, metadata=FORMATS[f".{fmt}"])
    return image.getvalue()
