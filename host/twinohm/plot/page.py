"""A slide: its size, its title, and a footer that says what was run and which of its values are ours."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

from twinohm.files import MARK, write_output
from twinohm.plot.history import History
from twinohm.plot.style import INK, QUIET, our_style

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

LEFT, RIGHT = 0.065, 0.975  # of what is drawn, as figure fractions
_SIZE = (13.33, 7.5)  # inches


@contextmanager
def page(out: Path, head: str, foot: Sequence[str]) -> Iterator[Figure]:
    """Yield an empty slide with title `head`; write it to `out` as PNG when the block ends.

    `foot`: paragraphs of the footer, such as footer(). Raises UsageError if `out` is not TwinOhm's to replace,
    DiskError if it cannot be written.
    """
    lines = "\n".join(part for text in foot for part in textwrap.wrap(text, 180))
    from matplotlib.figure import Figure

    with our_style():
        figure = Figure(figsize=_SIZE, dpi=160, facecolor="white")
        figure.text(LEFT, 0.945, head, size=20, weight="bold", va="center", color=INK)
        below = figure.text(LEFT, 0.018, lines, size=9, color=QUIET, va="bottom", parse_math=False)
        below.set_linespacing(1.35)
        yield figure
        image = BytesIO()
        figure.savefig(image, format="png", metadata={"Software": MARK})
    write_output({out: image.getvalue()})


def words(axes: Axes, lines: Sequence[tuple[str, str]], left: bool = False) -> None:
    """Write (text, colour) lines at the top of a panel, on its right or left side."""
    for k, (text, colour) in enumerate(lines):
        axes.annotate(
            text,
            (0 if left else 1, 1),
            (6 if left else 0, -2 - 16 * k),
            "axes fraction",
            "offset points",
            size=11,
            color=colour,
            ha="left" if left else "right",
            va="top",
        )


def footer(histories: Sequence[History]) -> list[str]:
    """Return what the footer says of the runs that are drawn."""
    first = histories[0]
    run = first.run
    ours = dict.fromkeys(f"{h.run.task}: {h.run.ours}" for h in histories if h.run.ours)
    where = [f"{'Virtual board' if first.virtual else 'Board'} {run.board}"]
    where += [f"profile {run.profile}"] if run.profile else []
    where += [f"hardware seed {run.seed}"] if run.seed is not None else []
    where += [f"calibration of {run.calibration.title}" if run.calibration else "no calibration"]
    where += ["true values" if first.virtual else "measured values"]
    used: dict[str, list[str]] = {}
    for history in histories:
        for kind, names in history.levers.items():
            used.setdefault(kind, []).extend(name for name in names if name not in used.get(kind, []))
    lines = [f"Ours, not the paper's: {'; '.join(ours)}."] if ours else []
    lines.append(f"{', '.join(where)}.")
    lines.append(" ".join(f"{kind.capitalize()}: {', '.join(names)}." for kind, names in used.items()))
    return lines
