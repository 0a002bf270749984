"""Draw a sweep: its score against one parameter, or two, with the spread over boards."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from twinohm.errors import UsageError
from twinohm.plot.figure_file import write_drawn
from twinohm.plot.style import COLOURS, FAINT, INK, QUIET, our_style, percent
from twinohm.studies.sweep_grid import Value
from twinohm.studies.sweep_results import Spread, SweepResults

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

CURVES = len(COLOURS)  # values of a second parameter that are curves; more are a map
LOG_RATIO = 10.0  # of the greatest to the least value of a logarithmic axis
_MARKS = "osD^vP"
_WORDS = {"eta": "η"}


def sweep_figure(path: Path, out: Path | None = None, force: bool = False, fmt: str = "png") -> Path:
    """Write draw_sweep() of a sweep's file to `out`, .png, .pdf or .svg, and return the path.

    out: None: beside the file, with its name and the end `fmt`. force: replace also a file that TwinOhm did not make.

    Raises what draw_sweep() raises, UsageError if the figure cannot be there, DiskError if it cannot be written.
    """
    figure = out or path.parent / f"{path.stem}.{fmt}"
    write_drawn(partial(draw_sweep, path), figure, force)
    return figure


def draw_sweep(path: Path) -> Figure:
    """Draw a sweep and return the figure.

    The score is the share of right classes (%), or the rms of the plateau (mV, log scale). It is drawn against one
    parameter: median and quartiles over the boards of a point. A second parameter is a family of curves, or a map of
    medians if it has more than CURVES values. The untrained network is drawn or named beside it.

    Raises UsageError if the file is no sweep, or if not one or two parameters vary; TwinOhmError without pyarrow.
    """
    from matplotlib.figure import Figure

    sweep = SweepResults.read(path)
    varied = sweep.varied
    if len(varied) not in (1, 2):
        names = f" ({', '.join(varied)})" if varied else ""
        raise UsageError(
            f"{path}: {len(varied)} parameters vary{names}, and a figure shows one or two; --vary those in a sweep of "
            "their own"
        )
    with our_style():
        figure = Figure(figsize=(9, 5.6), dpi=160, facecolor="white")
        axes = figure.add_axes((0.1, 0.2, 0.84 if len(varied) == 1 else 0.7, 0.62))
        score = _Score(sweep)
        # the axis is the parameter with most values; of numbers before words
        across = max(varied, key=lambda name: (_numeric(varied[name]), len(varied[name])))
        other = next((name for name in varied if name != across), None)
        if other is None:
            spreads = _draw_curves(axes, sweep, score, across, None)
        elif len(varied[other]) <= CURVES:
            spreads = _draw_curves(axes, sweep, score, across, other)
        else:
            spreads = _draw_map(figure, axes, sweep, score, across, other)
        write = partial(figure.text, 0.02, va="center", parse_math=False)
        write(0.945, f"{sweep.task} on {sweep.board}", size=17, weight="bold")
        fixed = ", ".join(f"{name} = {_text(value)}" for name, value in sweep.fixed.items())
        write(0.885, f"{score.about}{f'. Fixed: {fixed}' if fixed else ''}", size=10, color=QUIET)
        write(0.035, _foot(sweep, spreads), size=9, color=QUIET)
    return figure


class _Score:
    """What is drawn of each row, and of the untrained network."""

    def __init__(self, sweep: SweepResults) -> None:
        self.classes = any(row.get("true_accuracy") is not None for row in sweep.rows)
        self.label = "right (%)" if self.classes else "rms error of the plateau (mV)"
        kind = "Share of the test set with the right class" if self.classes else "Error of the plateau"
        self.about = f"{kind}, true values"
        untrained = sweep.spread(self.untrained)
        self.start = None if untrained is None else untrained.median
        self.start_text = ""
        if self.start is not None:
            self.start_text = (
                f"ntrained network: {percent(self.start / 100) if self.classes else f'{self.start:.0f} mV'}"
            )

    def __call__(self, row: dict[str, Any]) -> float | None:
        if self.classes:
            return None if row["true_accuracy"] is None else 100 * float(row["true_accuracy"])
        return 1000 * float(row["true_rms_plateau_V"])

    def untrained(self, row: dict[str, Any]) -> float | None:
        if self.classes:
            return None if row["true_accuracy_first"] is None else 100 * float(row["true_accuracy_first"])
        return 1000 * math.sqrt(row["true_mse_first"])


def _draw_curves(axes: Axes, sweep: SweepResults, score: _Score, across: str, other: str | None) -> list[Spread | None]:
    """Draw a curve for each value of `other`. Return the spreads of all points."""
    values = sweep.varied[across]
    places = _scale(axes, "x", across, values)
    every: list[Spread | None] = []
    for k, second in enumerate(sweep.varied[other] if other else [None]):
        at = {} if other is None else {other: second}
        spreads = [sweep.spread(score, **{across: value}, **at) for value in values]
        every += spreads
        there = [(x, one) for x, one in sorted(zip(places, spreads, strict=True), key=lambda pair: pair[0]) if one]
        x = np.array([place for place, _ in there])
        low, middle, high = np.array([(one.q25, one.median, one.q75) for _, one in there]).reshape(-1, 3).T
        colour, mark = COLOURS[k % CURVES], _MARKS[k % CURVES]
        label = None if other is None else f"{_word(other)} = {_text(second)}"
        line = "-" if _numeric(values) else ""
        axes.errorbar(
            x, middle, [middle - low, high - middle], color=colour, marker=mark, ls=line, ms=6, lw=1.6, capsize=3,
            label=label,
        )  # fmt: skip
    if not score.classes:
        axes.set_yscale("log")
        axes.yaxis.set_major_formatter(lambda value, _: f"{value:g}")
        axes.yaxis.set_minor_formatter(lambda value, _: f"{value:g}" if _leading(value) in "25" else "")
    if score.start is not None:
        axes.axhline(score.start, color=INK, lw=1, ls=(0, (4, 3)), zorder=0)
        axes.annotate(
            f"u{score.start_text}", (0, score.start), (4, -4), axes.get_yaxis_transform(),
            "offset points", size=10, color=INK, va="top",
        )  # fmt: skip
    axes.set_ylabel(score.label)
    axes.grid(axis="y", color=FAINT, lw=0.4)
    if other is not None:
        axes.legend(loc="center left", bbox_to_anchor=(1.01, 0.5), frameon=False, fontsize=10)
    return every


def _draw_map(
    figure: Figure, axes: Axes, sweep: SweepResults, score: _Score, across: str, other: str
) -> list[Spread | None]:
    """Draw medians as colours, a cell for each point, and their numbers. Return the spreads of all points."""
    from matplotlib.colors import LogNorm, Normalize

    columns, rows = _sorted(sweep.varied[across]), _sorted(sweep.varied[other])
    spreads = [[sweep.spread(score, **{across: x, other: y}) for x in columns] for y in rows]
    medians = np.array([[np.nan if one is None else one.median for one in row] for row in spreads])
    low, high = float(np.nanmin(medians)), float(np.nanmax(medians))
    norm = Normalize(low, high) if score.classes else LogNorm(low, high)
    image = axes.imshow(medians, cmap="cividis", norm=norm, aspect="auto", origin="lower")
    axes.set_xticks(range(len(columns)), [_text(x) for x in columns], rotation=45 if len(columns) > 8 else 0)
    axes.set_yticks(range(len(rows)), [_text(y) for y in rows])
    axes.set(xlabel=_word(across), ylabel=_word(other))
    axes.tick_params(length=0)
    if len(columns) <= 16:
        for (row, column), median in np.ndenumerate(medians):
            text = "–" if np.isnan(median) else f"{median:.3g}"
            dark = np.isnan(median) or float(norm(median)) > 0.5
            axes.text(column, row, text, ha="center", va="center", size=8, color=INK if dark else "white")
    bar = figure.colorbar(image, cax=figure.add_axes((0.83, 0.2, 0.02, 0.62)))
    bar.ax.minorticks_off()
    ticks = np.linspace(low, high, 5) if score.classes else np.geomspace(low, high, 5)
    bar.set_ticks(ticks.tolist(), labels=[f"{tick:.3g}" for tick in ticks])
    bar.set_label(score.label)
    if score.start is not None:
        score.about += f". U{score.start_text}"
    return [one for row in spreads for one in row]


def _scale(axes: Axes, which: str, name: str, values: Sequence[Value]) -> list[float]:
    """Make the axis of a parameter; return the places of its values. Words, and none, have places of equal distance."""
    axes.set_xlabel(_word(name))
    if not _numeric(values):
        axes.set_xticks(range(len(values)), [_text(value) for value in values])
        axes.set_xlim(-0.5, len(values) - 0.5)
        return [float(place) for place in range(len(values))]
    places = [float(value) for value in values if isinstance(value, int | float)]
    if min(places) > 0 and max(places) >= LOG_RATIO * min(places):
        axes.set_xscale("log")
    if len(places) <= 8:
        axes.set_xticks(places, [_text(value) for value in values])
        axes.minorticks_off()
    else:
        axes.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
    return places


def _numeric(values: Sequence[Value]) -> bool:
    return all(isinstance(value, int | float) and not isinstance(value, bool) for value in values)


def _sorted(values: Sequence[Value]) -> list[Value]:
    return sorted(values, key=lambda value: float(value or 0)) if _numeric(values) else list(values)


def _word(name: str) -> str:
    """Return a parameter's name with its unit, which is the end of the name."""
    for end, unit in (("_V", "V"), ("_ohm", "Ω"), ("_K", "K"), ("_sd", "relative sd")):
        if name.endswith(end):
            return f"{name.removesuffix(end).replace('_', ' ')} ({unit})"
    return _WORDS.get(name, name.replace("_", " "))


def _text(value: Value) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "none" if value is None else f"{value:.3g}" if isinstance(value, float) else str(value)


def _leading(value: float) -> str:
    return f"{value:e}"[0]


def _foot(sweep: SweepResults, spreads: Sequence[Spread | None]) -> str:
    """Say how many boards each point has, and what is missing."""
    counts = sorted({one.boards for one in spreads if one is not None})
    boards = " to ".join(map(str, dict.fromkeys((counts[0], counts[-1]))))
    plural = "s" * (counts[-1] > 1)
    text = (
        f"Median{' and quartiles' * (counts[-1] > 1)} of {boards} virtual board{plural} a point, by the ensemble engine"
    )
    if missing := sum(one is None for one in spreads):
        text += f". No result: {missing} of {len(spreads)} points"
    if sweep.more:
        text += f". Rows in {sweep.path.name}.unfinished are not shown"
    return f"{text}."
