"""The figure of `twinohm rules`: every rule in every contest, and the curves of both experiments."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from twinohm.model.rules import EDGE, IDEAL, RULES, SUPERVISOR
from twinohm.plot.page import LEFT, RIGHT, page
from twinohm.plot.style import COLOURS, FAINT, INK, QUIET
from twinohm.studies.rules_benchmark import BASELINE, CONTESTS, DESCENT, FOLLOWED_MV, UNTRAINED, Result, RuleRow
from twinohm.tasks.baselines import AFFINE, LOGISTIC

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_COLOURS = {EDGE: COLOURS[0], SUPERVISOR: COLOURS[1], IDEAL: QUIET}
_WORDS = {EDGE: "an edge alone", SUPERVISOR: "needs the supervisor", IDEAL: "ideal, no circuit"}
_NAMES = {"cycle": "two tasks in turn"}
_TOP, _HEIGHT, _GAP = 0.845, 0.375, 0.012
_BELOW, _LOW = 0.185, 0.165  # height and bottom of the curves
_NAMED = 0.105  # width of the names of rules
_CURVES = ("sign", "desync", "unanimous", "by-error", "overclamp", "gradient")
_CURVE_COLOURS = {name: COLOURS[k] for k, name in enumerate(_CURVES[:-1])} | {"gradient": QUIET}
_DASHES = (0, (4, 3))


def draw_rules(rows: Sequence[RuleRow], results: Sequence[Result], where: str, out: Path) -> None:
    """Draw the rows of table() and the curves of the results to the PNG `out`. where: what boards, in words.

    Raises UsageError if `out` is not TwinOhm's to replace, DiskError if it cannot be written.
    """
    foot = [
        f"{where}. Dot: median of {max(row['boards'] for row in rows)} boards, bar: their quartiles. Same boards, "
        "placements and ticks for every rule; eta and strength of each are chosen for each task on other boards. "
        "Dashed: untrained. Dotted: best affine function (xor) or logistic regression. The best linear network has no "
        "error where the unit is mV; a score below one step of the converters counts as one step.",
    ]
    with page(out, "Learning rules on the same boards", foot) as figure:
        contests = [name for name in CONTESTS if any(row["contest"] == name for row in rows)]
        used = [name for name in RULES if any(row["rule"] == name for row in rows)]
        width = (RIGHT - LEFT - _NAMED) / len(contests)
        for k, contest in enumerate(contests):
            left = LEFT + _NAMED + k * width
            axes = figure.add_axes((left, _TOP - _HEIGHT, width - _GAP, _HEIGHT))
            _contest(axes, contest, [row for row in rows if row["contest"] == contest], used, k == 0)
        _legend(figure, used)
        _curves(figure, results)


def _contest(axes: Axes, contest: str, rows: Sequence[RuleRow], used: Sequence[str], named: bool) -> None:
    place = {name: -k for k, name in enumerate(used)}
    classes = rows[0]["unit"] == "%"
    for row in rows:
        if row["rule"] not in place:
            continue
        y, colour = place[row["rule"]], _COLOURS[row["needs"]]
        axes.plot([row["q25"], row["q75"]], [y, y], color=colour, lw=3.2, alpha=0.45, solid_capstyle="butt")
        face = "white" if row["needs"] == IDEAL else colour
        axes.plot([row["median"]], [y], "o", color=colour, mfc=face, ms=6.5, mew=1.6, clip_on=False)
    for row in rows:
        if row["needs"] == BASELINE and row["rule"] in (UNTRAINED, LOGISTIC, AFFINE):
            dashes = _DASHES if row["rule"] == UNTRAINED else ":"
            if classes or row["rule"] == UNTRAINED:
                axes.axvline(row["median"], color=INK, lw=1.1, ls=dashes, zorder=0)
    if not classes:
        axes.set_xscale("log")
        axes.set_xlim(1, 2500)
        axes.set_xticks([1, 10, 100, 1000], ["1", "10", "100", "1000"])
        axes.minorticks_off()
    else:
        low = min(row["q25"] for row in rows if row["rule"] in place or row["rule"] == UNTRAINED)
        axes.set_xlim(min(low, 95) - 2, 101)
    axes.set_xlabel("rms error (mV)" if not classes else "right (%)", size=10)
    axes.tick_params(labelsize=9, length=3)
    axes.set_yticks(list(place.values()), list(place) if named else [])
    axes.tick_params(axis="y", length=0, labelsize=11)
    if named:
        for label in axes.get_yticklabels():
            label.set_color(_COLOURS[RULES[label.get_text()].needs])
    axes.set_ylim(-len(used) + 0.4, 0.6)
    axes.grid(color=FAINT, lw=0.4)
    axes.set_axisbelow(True)
    axes.set_title(_NAMES.get(contest, contest), size=11, loc="left", color=INK)


def _legend(figure: Figure, used: Sequence[str]) -> None:
    needs = [one for one in (EDGE, SUPERVISOR, IDEAL) if any(RULES[name].needs == one for name in used)]
    for k, one in enumerate(needs):
        figure.text((0.56, 0.69, 0.865)[k], 0.945, f"● {_WORDS[one]}", color=_COLOURS[one], size=12, va="center")


def _curves(figure: Figure, results: Sequence[Result]) -> None:
    """Draw error and excursion of two tasks in turn, and the test error of double descent."""
    panels = (
        ("cycle", "error_mV", "Two tasks in turn: error (mV)", "ticks of each task in a turn"),
        ("cycle", "excursion_taps", "Two tasks in turn: change of a tap in a turn", "ticks of each task in a turn"),
        (DESCENT, "test_mV", "Noisy examples: test error (mV)", "number of training examples"),
    )
    width = (RIGHT - LEFT - 0.1) / len(panels)
    drawn: list[str] = []
    for k, (contest, curve, title, across) in enumerate(panels):
        mine = {one.job.rule: one for one in results if one.job.contest == contest and one.job.rule in _CURVES}
        if not mine:
            continue
        axes = figure.add_axes((LEFT + k * width, _LOW, width - 0.045, _BELOW))
        for name in (name for name in _CURVES if name in mine):
            _curve(axes, [(one.x, one.low, one.median, one.high) for one in mine[name].curves[curve]], name)
            drawn += [name] if name not in drawn else []
        if contest == DESCENT:
            fitted = next(iter(mine.values())).curves["least_squares_mV"]
            axes.plot([one.x for one in fitted], [one.median for one in fitted], color=INK, lw=1.2, ls=":")
            axes.annotate("least squares", (fitted[5].x, fitted[5].median), (8, 4), textcoords="offset points", size=9)
        if curve == "error_mV":
            axes.axhline(FOLLOWED_MV, color=FAINT, lw=1)
        axes.set_xscale("log")
        axes.set_yscale("log")
        axes.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
        axes.yaxis.set_major_formatter(lambda value, _: f"{value:g}")
        axes.minorticks_off()
        axes.set_xlabel(across, size=10)
        axes.tick_params(labelsize=9)
        axes.grid(color=FAINT, lw=0.4)
        axes.set_title(title, size=11, loc="left")
    for k, name in enumerate(drawn):
        y = _LOW + _BELOW - 0.012 - 0.03 * k
        figure.text(RIGHT - 0.1, y, f"— {name}", color=_CURVE_COLOURS[name], size=11, va="center")


def _curve(axes: Axes, points: Sequence[tuple[int, float, float, float]], name: str) -> None:
    x, low, middle, high = np.array(points, dtype=float).T
    low, middle, high = (np.where(each > 0, each, np.nan) for each in (low, middle, high))  # the axis is logarithmic
    colour = _CURVE_COLOURS[name]
    axes.fill_between(x, low, high, color=colour, alpha=0.12, lw=0)
    axes.plot(x, middle, color=colour, lw=1.8, marker="o", ms=3.5, ls=_DASHES if name == "gradient" else "-")
