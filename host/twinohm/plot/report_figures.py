"""Figures for a report or a talk, each like one of the paper's: 2 divider, 3 tasks, 4 sequence, 5 damage.

Each shows runs of the plain rule (preset paper) and, paler, runs with levers (preset best) if they are given.
"""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from twinohm.errors import RunError
from twinohm.faces import option
from twinohm.plot.graph import INPUT, OUTPUT, draw_graph, resistance_kohm
from twinohm.plot.history import History, Stretch
from twinohm.plot.page import LEFT, RIGHT, footer, page, words
from twinohm.plot.panel import errors, log_axis, stretches, ticks_axis, title
from twinohm.plot.style import COLOURS, FAINT, INK, QUIET, orders, percent, rms
from twinohm.runlog.folder import RunFolder
from twinohm.tasks.baselines import LDA, LOGISTIC
from twinohm.tasks.sequence import SEQUENCE

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_PLAIN, _LEVERS = COLOURS[0], COLOURS[2]
_DASHES = (0, (4, 3))
_FAINTLY = 0.6


def figure_divider(folder: RunFolder, out: Path) -> Path:
    """Draw Fig. 2 to the PNG `out`: the output follows its target, and both resistances drift at a steady ratio.

    Raises RunError if the board does not have two edges.
    """
    plain = History.read(folder)
    if len(plain.run.edges) != 2:
        raise RunError(f"{folder.path}: this figure needs two edges; run divider with {option('board', 'divider')}")
    with page(out, "A divider follows its target", footer([plain])) as figure:
        output = figure.add_axes((LEFT, 0.53, 0.55, 0.31))
        kohm = figure.add_axes((LEFT, 0.17, 0.55, 0.26), sharex=output)
        plane = figure.add_axes((0.69, 0.335, 0.284, 0.505))
        note = "Every point of a dashed line gives that output: the board finds the line and then may drift along it."
        figure.text(0.69, 0.165, textwrap.fill(note, 36))
        _follow(output, plain)
        _drift(kohm, plain)
        stretches([output, kohm], plain)
        output.tick_params(labelbottom=False)
        _plane(plane, plain)
    return out


def _follow(axes: Axes, plain: History) -> None:
    node = plain.run.nodes.index(plain.outputs[0])
    volts = plain.data["true_free_V" if plain.virtual else "free_V"][:, node]
    axes.plot(plain.data["tick"], volts, color=_PLAIN, lw=2.2)
    for one, target in _targets(plain):
        axes.hlines(target, one.start, one.stop, INK, lw=1.6, ls=_DASHES, zorder=5)
        axes.text(one.stop - 3, target + 0.15, f"{target:g} V", ha="right")
    words(axes, [("free output", _PLAIN), ("dashed: target", INK)], left=True)
    title(axes, "A  Output")
    axes.set_ylabel("voltage (V)")
    axes.set_ylim(0, 5.2)


def _targets(plain: History) -> list[tuple[Stretch, float]]:
    node = plain.run.nodes.index(plain.outputs[0])
    return [(one, float(plain.data["desired_V"][plain.data["tick"] >= one.start][0, node])) for one in plain.stretches]


def _drift(axes: Axes, plain: History) -> None:
    tick, kohm = plain.data["tick"], resistance_kohm(plain)
    apart = int(np.abs(kohm[:, 0] - kohm[:, 1]).argmax())
    for i, edge in enumerate(plain.run.edges):
        colour, above = COLOURS[2 + i], kohm[apart, i] > kohm[apart, 1 - i]
        axes.plot(tick, kohm[:, i], color=colour, lw=2)
        axes.annotate(
            edge,
            (tick[apart], kohm[apart, i]),
            (0, 12 if above else -12),
            textcoords="offset points",
            color=colour,
            ha="center",
            va="center",
        )
    title(axes, "B  Resistances", "of the free network")
    axes.set_ylabel("resistance (kΩ)")
    axes.set_ylim(0, 1.2 * kohm.max())
    ticks_axis(axes, plain.stop)


def _plane(axes: Axes, plain: History) -> None:
    """Draw both resistances against each other: a target is a line through the origin."""
    tick, (upper, lower) = plain.data["tick"], resistance_kohm(plain).T
    top = 1.15 * max(upper.max(), lower.max())
    supply = float(np.nanmax(plain.data["inputs_V"]))
    axes.plot(upper, lower, color=FAINT, lw=1.2, zorder=1)
    for k, (one, target) in enumerate(_targets(plain)):
        slope, colour = target / (supply - target), COLOURS[k % len(COLOURS)]
        end = np.array([1, slope]) * top / max(1, slope)
        axes.plot([0, end[0]], [0, end[1]], color=colour, lw=1, ls=_DASHES, zorder=0)
        box = {"facecolor": "white", "edgecolor": "none", "pad": 1}
        x, y = (0.94 * end).tolist()
        axes.text(x, y, f"{target:g} V", color=colour, ha="center", va="center", bbox=box)
        part = (tick >= one.start) & (tick < one.stop)
        axes.plot(upper[part], lower[part], color=colour, lw=2.2)
    axes.plot(upper[0], lower[0], "o", ms=8, mfc="white", mec=INK, mew=2, zorder=5)
    axes.annotate("start", (upper[0], lower[0]), (9, 7), textcoords="offset points")
    title(axes, "C  One resistance against the other")
    first, second = plain.run.edges
    axes.set(xlabel=f"{first} (kΩ)", ylabel=f"{second} (kΩ)", xlim=(0, top), ylim=(0, top))


def figure_tasks(
    allostery: RunFolder, regression: RunFolder, iris: RunFolder, out: Path, best: Mapping[str, RunFolder] | None = None
) -> Path:
    """Draw Fig. 3 to the PNG `out`: the network of each of three tasks, and its error or accuracy.

    `best`: runs with levers, by task.
    """
    plain = {"allostery": History.read(allostery), "regression": History.read(regression), "iris": History.read(iris)}
    other = {task: History.read(folder) for task, folder in (best or {}).items() if task in plain}
    with page(out, "Three tasks on one network", footer([*plain.values(), *other.values()])) as figure:
        for k, (task, history) in enumerate(plain.items()):
            left, width = LEFT + 0.315 * k, 0.255
            graph = figure.add_axes((left, 0.6, width, 0.22))
            figure.text(left, 0.865, f"{'ABC'[k]}  {task.capitalize()}", size=13, weight="bold")
            draw_graph(graph, history, history.stretches[-1])
            axes = figure.add_axes((left, 0.175, width, 0.385))
            if task == "iris":
                _accuracy(axes, history, other.get(task))
            else:
                _fall(axes, history, other.get(task), 4 if task == "allostery" else 2)
            ticks_axis(axes, history.stop)
        right = RIGHT
        for word, colour in (("output", OUTPUT), ("input", INPUT)):
            box = {"facecolor": colour, "edgecolor": INK, "boxstyle": "round,pad=0.25"}
            figure.text(right, 0.945, word, size=11, ha="right", va="center", bbox=box)
            right -= 0.058
        figure.text(right, 0.945, "wider edges conduct more", size=11, ha="right", va="center", color=QUIET)
    return out


def _fall(axes: Axes, plain: History, other: History | None, claimed: int) -> None:
    """Draw the error against tick, the plain rule over the levers, and the fall that the paper reports."""
    log_axis(axes)
    if other:
        errors(axes, other, _LEVERS, 1.2, _FAINTLY, plain.stop)
    errors(axes, plain, _PLAIN, 1.6)
    scored, scores, step = plain.scored(), plain.scores(), plain.step_V
    axes.axhline(scores.first / 10**claimed, color=INK, lw=1, ls=_DASHES)
    axes.plot(scored.tick[scores.best_tick], scores.best, "o", ms=7, mfc="white", mec=_PLAIN, mew=2, zorder=5)
    axes.hlines(scores.plateau, scored.end.tick[0], scored.end.tick[-1], INK, lw=2.5, zorder=4)
    plateau, best, chance = (
        orders(scores.first, error, step).removesuffix(" orders")
        for error in (scores.plateau, scores.best, scores.chance)
    )
    lines = [(f"plain rule: plateau {plateau} orders,", _PLAIN), (f"best {best} (by chance {chance})", _PLAIN)]
    if other:
        end = other.scores()
        plateau = orders(end.first, end.plateau, step)
        lines.append((f"with levers: plateau {plateau} at tick {other.stop}", _LEVERS))
    lines.append((f"dashed: {claimed} orders below the start (paper)", INK))
    axes.set_ylabel("test MSE (V²)" if len(plain.tests.tick) else "MSE (V²)")
    low, high = axes.get_ylim()
    axes.set_ylim(low, high * (high / low) ** (0.13 * len(lines)))
    words(axes, lines)


def _accuracy(axes: Axes, plain: History, other: History | None) -> None:
    others = {one.name: 100 * one.right for one in plain.run.baselines if one.right and one.name in (LOGISTIC, LDA)}
    lines, low = [], min((95.0, *others.values()))
    for history, name, colour in ((plain, "plain rule", _PLAIN), (other, "with levers", _LEVERS)):
        if history:
            shown = history.tests.between(0, plain.stop + 1)
            alpha, width = (1, 2.0) if history is plain else (_FAINTLY, 1.4)
            axes.plot(shown.tick, 100 * shown.accuracy, color=colour, lw=width, alpha=alpha, zorder=2 + alpha)
            low = min(low, 100 * shown.accuracy.min())
            first, last = (percent(history.tests.accuracy[k]) for k in (0, -1))
            lines.append((f"{name}: {first} to {last} at tick {history.stop}", colour))
    lines += [(f"dashed: {name} {percent(right / 100)}", INK) for name, right in others.items()]
    lines.append(("dotted: 95 % (paper: more)", QUIET))
    for right in others.values():
        axes.axhline(right, color=INK, lw=1, ls=_DASHES)
    axes.axhline(95, color=QUIET, lw=1.2, ls=":")
    low = 5 * np.floor(low / 5)
    axes.set_yticks(np.arange(low, 101, 5))
    axes.set_ylim(low, 100 + 0.13 * len(lines) * (100 - low))
    axes.set_ylabel("test flowers right (%)")
    words(axes, lines)


def figure_sequence(folder: RunFolder, out: Path, best: RunFolder | None = None) -> Path:
    """Draw Fig. 4 to the PNG `out`: errors of tasks in a row, and the taps after each run of the repeated one."""
    plain = History.read(folder)
    others = [History.read(best)] if best else []
    with page(out, "Seven tasks in a row, without a reset", footer([plain, *others])) as figure:
        axes = figure.add_axes((LEFT, 0.47, 0.845, 0.38))
        _stages(axes, plain, others)
        title(axes, "A  Error", SEQUENCE.about)
        visits = _visits(plain)
        if visits:
            word = f"B  Taps after each run of task {visits[0].name}"
            _lower(figure, word, "plain rule: the same task, other solutions")
            _visited(figure.add_axes((LEFT + 0.085, 0.11, 0.61, 0.2)), plain, visits)
    return out


def _visits(plain: History) -> list[Stretch]:
    """Return the stretches of the task that is repeated; the first word of their names is the same."""
    firsts = [one.name.partition(" ")[0] for one in plain.stretches]
    again = next((word for word in firsts if firsts.count(word) > 1), None)
    return [one for one, word in zip(plain.stretches, firsts, strict=True) if word == again]


def _visited(axes: Axes, plain: History, visits: Sequence[Stretch]) -> None:
    taps = np.array([plain.data["taps"][plain.data["tick"] < one.stop][-1] for one in visits])
    axes.imshow(taps, cmap="cividis", vmin=0, vmax=plain.run.pots.top_tap, aspect="auto")
    bright = 0.55 * plain.run.pots.top_tap
    for (row, column), tap in np.ndenumerate(taps):
        axes.text(
            column,
            row,
            str(tap),
            ha="center",
            va="center",
            size=11,
            color="white" if tap < bright else INK,
        )
    axes.set_xticks(range(taps.shape[1]), plain.run.edges, size=10)
    axes.set_yticks(range(len(visits)), [one.name for one in visits], size=12)
    axes.tick_params(length=0, top=True, labeltop=True, bottom=False, labelbottom=False)
    axes.spines[:].set_visible(False)
    for row, one in enumerate(visits):
        text = f"{rms(plain.scored(one).plateau_V2, plain.step_V)} rms"
        if row:
            text += f"\n{np.abs(taps[row] - taps[0]).mean():.0f} taps an edge from the first"
        axes.text(taps.shape[1] - 0.3, row, text, size=11, va="center")


def figure_damage(folder: RunFolder, out: Path, best: RunFolder | None = None) -> Path:
    """Draw Fig. 5 to the PNG `out`: the error as edges are pulled, and the network at the end of each stage."""
    plain = History.read(folder)
    others = [History.read(best)] if best else []
    with page(out, "Edges are pulled, and the rest learns again", footer([plain, *others])) as figure:
        wide = 0.845
        axes = figure.add_axes((LEFT, 0.45, wide, 0.4))
        _stages(axes, plain, others)
        title(axes, "A  Error")
        for one in plain.stretches:
            left, width = (wide * ticks / plain.stop for ticks in (one.start, one.stop - one.start))
            graph = figure.add_axes((LEFT + left, 0.1, width, 0.24))
            draw_graph(graph, plain, one, size=8, values=one.start == 0)
        note = "plain rule, at the end of each stage; wider edges conduct more; yellow: inputs, light blue: outputs"
        _lower(figure, "B  Network", note)
    return out


def _lower(figure: Figure, word: str, note: str) -> None:
    """Write the title of the lower part of a slide."""
    head = figure.text(LEFT, 0.352, word, size=13, weight="bold")
    right = head.get_window_extent().x1 / figure.bbox.width
    figure.text(right + 0.012, 0.352, note, size=10, color=QUIET)


def _stages(axes: Axes, plain: History, others: Sequence[History]) -> None:
    """Draw the error, and write each stretch's plateau in rows below."""
    log_axis(axes)
    for other in others:
        errors(axes, other, _LEVERS, 1.2, _FAINTLY)
    errors(axes, plain, _PLAIN, 1.6)
    low, high = np.log10(axes.get_ylim())
    rows = [(plain, _PLAIN, "plain rule"), *((other, _LEVERS, "with levers") for other in others)]
    axes.set_ylim(10 ** (low - 0.12 * (high - low) * len(rows)), 10 ** (high + 0.15 * (high - low)))
    axes.set_yticks([10.0**power for power in range(2 * int(np.ceil(low / 2)), int(high) + 1, 2)])
    axes.minorticks_off()
    across = axes.get_xaxis_transform()
    for row, (history, colour, name) in enumerate(rows):
        height = 0.035 + 0.08 * (len(rows) - 1 - row)
        for one in history.stretches:
            scored = history.scored(one)
            named = len(scored.accuracy) > 0 and not np.isnan(scored.accuracy[-1])
            text = f"{percent(scored.accuracy[-1])} right" if named else rms(scored.plateau_V2, history.step_V)
            axes.text((one.start + one.stop) / 2, height, text, transform=across, ha="center", size=11, color=colour)
        axes.text(1.008, height, name, transform=axes.transAxes, size=11, color=colour)
    axes.text(1.008, 0.04 + 0.08 * len(rows), "plateau, rms", transform=axes.transAxes, size=10, color=QUIET)
    stretches([axes], plain, size=11)
    ticks_axis(axes, plain.stop)
    axes.set_ylabel("MSE (V²)")
