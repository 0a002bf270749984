"""Parts of every panel: lines of any length, titles, and labels that do not overlap."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from twinohm.plot.history import Floats, History, Ints
from twinohm.plot.style import COLOURS, FAINT, QUIET, count

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.text import Text

DETAIL = 2500  # ticks that a panel can show one by one; above it lines become medians in a band
FEW = 20  # measurements of a test set; fewer are drawn as points, since a line would look like a curve
MANY = 40  # stretches that are marked one by one
_SUPERSCRIPT = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
_LEADER = {"arrowstyle": "-", "lw": 0.5, "shrinkA": 0, "shrinkB": 0, "relpos": (0, 0.5)}


def title(axes: Axes, word: str, note: str = "") -> None:
    """Write a bold word above the panel and a grey note beside it."""
    head = axes.set_title(word, loc="left", size=13, weight="bold", pad=8)
    beside = (head.get_window_extent().width * 72 / _dpi(axes) + 12, 8)
    axes.annotate(note, (0, 1), beside, "axes fraction", "offset points", size=10, color=QUIET, parse_math=False)


def line(
    axes: Axes, x: Ints, y: Floats, colour: Any, width: float, band: bool = True, ticks: int = 0, alpha: float = 1
) -> None:
    """Draw y (ticks,) against tick x; more than DETAIL ticks become medians in a band from least to most.

    `ticks`: number of ticks of the whole panel, if y is only a part of it.
    """
    ticks = max(ticks, len(x))
    step = 4 * ticks // DETAIL // 2 * 2  # even, so that taps that alternate from tick to tick do not alias
    whole = len(x) // step * step if ticks > DETAIL else 0
    if not whole:
        axes.plot(x, y, color=colour, lw=width, alpha=alpha, marker="o" if len(x) < 3 else None)
        return
    parts = y[:whole].reshape(-1, step)
    middle = x[:whole:step] + step // 2
    if band:
        low, high = parts.min(axis=1), parts.max(axis=1)
        axes.fill_between(middle, low, high, color=colour, alpha=0.25 * alpha, lw=0.5)
    axes.plot(middle, np.median(parts, axis=1), color=colour, lw=width, alpha=alpha)


def log_axis(axes: Axes) -> None:
    """Make y logarithmic, with powers of ten as plain text: names may have dollar signs, so nothing is mathtext."""
    axes.set_yscale("log")
    axes.yaxis.set_major_formatter(lambda value, _: f"10{str(round(np.log10(value))).translate(_SUPERSCRIPT)}")


def errors(axes: Axes, history: History, colour: Any, width: float, alpha: float = 1, stop: int | None = None) -> None:
    """Draw the scored error against tick, up to `stop`: in parts if only some phases have test sets."""
    for one in history.stretches if history.mixed else [None]:
        part = history.scored(one).between(0, (stop or history.stop) + 1)
        ticks = len(history.every.tick) if len(part.tick) > DETAIL / 25 else 0
        line(axes, part.tick, part.error_V2, colour, width, ticks=ticks, alpha=alpha)
        if len(history.tests.tick) and len(part.tick) < FEW:
            axes.plot(part.tick, part.error_V2, "o", ms=4, color=colour, alpha=alpha)


def ticks_axis(axes: Axes, stop: int) -> None:
    """Label the axis of ticks, 0..stop."""
    from matplotlib.ticker import MaxNLocator

    axes.set_xlim(0, stop)
    axes.set_xlabel("tick")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=8, steps=[1, 2, 5, 10]))
    axes.xaxis.set_major_formatter(lambda tick, _: count(tick))


def stretches(panels: Sequence[Axes], history: History, size: float = 9) -> None:
    """Draw lines where a stretch begins; write the phases' names or the pulled edges at the top of the first panel."""
    if len(history.stretches) <= MANY:
        for axes in panels:
            for one in history.stretches[1:]:
                axes.axvline(one.start, color=FAINT, lw=0.8, zorder=0)
    pulled: dict[int, str] = {}
    for tick, edge in history.cuts:
        pulled[tick] = f"{pulled[tick]}, {edge}" if tick in pulled else edge
    for tick, edges in pulled.items():
        for axes in panels:
            axes.axvline(tick, color=COLOURS[1], lw=0.9, ls=(0, (4, 3)), zorder=0)
        _at_top(panels[0], tick, f"{edges} pulled", COLOURS[1], size)
    if history.phases and len(history.stretches) <= MANY:
        for one in history.stretches:
            if one.start not in pulled:
                _at_top(panels[0], one.start, one.name.replace(" ", "\n", 1), QUIET, size)


def _at_top(axes: Axes, tick: int, text: str, colour: Any, size: float) -> None:
    axes.annotate(
        text,
        (tick, 1),
        (4, -2),
        axes.get_xaxis_transform(),
        "offset points",
        size=size,
        color=colour,
        va="top",
        linespacing=1.1,
        parse_math=False,
        bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.5, "alpha": 0.8},
    )


def labels(axes: Axes, heights: Sequence[float], texts: Sequence[str], colours: Sequence[Any], size: float) -> None:
    """Write each text right of the axes at its height (data units), moved only as far as texts would overlap.

    `size`: points; smaller if there are many texts, none is written if they could not be read.
    """
    if not texts:
        return
    panel = axes.bbox.height * 72 / _dpi(axes)  # points
    size = min(size, panel / len(texts) / 1.15)
    if size < 4:
        return
    places = axes.transAxes.inverted().transform(axes.transData.transform([(0, y) for y in heights]))[:, 1] * panel
    order = np.argsort(places, kind="stable")
    tall = max(1 + text.count("\n") for text in texts)
    spread = spread_out(places[order], 1.15 * size * tall, panel)
    for i, y in zip(order, spread, strict=True):
        axes.annotate(
            texts[i],
            (1, places[i] / panel),
            (16, y - places[i]),
            "axes fraction",
            "offset points",
            size=size,
            color=colours[i],
            va="center",
            annotation_clip=False,
            parse_math=False,
            arrowprops=_LEADER | {"color": colours[i]},
        )


def spread_out(places: Floats, gap: float, top: float) -> Floats:
    """Return sorted places moved apart to `gap`, each cluster about its own middle, within 0..top."""
    clusters: list[list[float]] = []
    for place in places:
        clusters.append([float(place)])
        while len(clusters) > 1 and _row(clusters[-2], gap, top)[-1] + gap > _row(clusters[-1], gap, top)[0]:
            clusters[-2:] = [clusters[-2] + clusters[-1]]
    return np.concatenate([_row(cluster, gap, top) for cluster in clusters])


def _row(cluster: list[float], gap: float, top: float) -> Floats:
    half = gap * (len(cluster) - 1) / 2
    return float(np.clip(np.mean(cluster), half, max(top - half, half))) + np.linspace(-half, half, len(cluster))


def fitted(text: Text, size: float, right: float) -> None:
    """Make a text of `size` points end at `right` (figure fraction): up to a fifth smaller, then shorter."""
    figure = text.figure
    assert figure is not None
    room = right * figure.bbox.width - text.get_window_extent().x0
    text.set_fontsize(size * float(np.clip(room / text.get_window_extent().width, 0.8, 1)))
    whole = text.get_text()
    for kept in range(len(whole) - 1, 0, -1):
        if text.get_window_extent().width <= room:
            return
        text.set_text(whole[:kept].rstrip(" ·") + "…")


def _dpi(axes: Axes) -> float:
    figure = axes.get_figure(root=True)
    assert figure is not None
    return figure.dpi
