"""Draw a run as the paper's Figs 2B-C and 3A draw one: error, outputs and taps against tick."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from twinohm.plot.figure_file import write_drawn
from twinohm.plot.graph import conductance_bar, draw_graph
from twinohm.plot.history import History
from twinohm.plot.panel import DETAIL, FEW, MANY, errors, fitted, labels, line, log_axis, stretches, ticks_axis, title
from twinohm.plot.style import COLOURS, INK, QUIET, count, orders, our_style, percent, rms, volts
from twinohm.runlog.folder import RunFolder
from twinohm.tasks import TASKS
from twinohm.tasks.baselines import LDA, LOGISTIC, NETWORK

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_WIDTH, _LEFT, _RIGHT = 11.0, 0.08, 0.86  # inches, figure fractions
_HEAD, _LINE, _FOOT = 1.02, 0.3, 0.8  # inches: title with one line of facts, one more line, the axis of ticks
_NETWORK = 3.4  # inches, the network below the axis of ticks
_ROW = 12  # scores of single stretches are written as a row if there are no more than these
MOST_LEVELS = 6  # of wanted differences that have a colour each
CHANGED_NOTE = "run.json was changed after the run: what stands here may be false"
LONGEST_PORT = 90  # characters of a port in the heading

FIGURE = "run.png"


def run_figure(folder: RunFolder, out: Path | None = None, force: bool = False, fmt: str = "png") -> Path:
    """Write draw_run() of a run to `out`, .png, .pdf or .svg, and return the path; None: run.`fmt` in its folder.

    force: replace also a file at `out` that TwinOhm did not make.

    Raises RunError if the log is empty or damaged, UsageError if the figure cannot be there, DiskError if it cannot be
    written.
    """
    path = out or folder.path / f"run.{fmt}"
    write_drawn(partial(draw_run, folder), path, force, own=out is None)
    return path


def draw_run(folder: RunFolder) -> Figure:
    """Draw the log of a run and return the figure.

    From the top: share of right classes (%) where there are classes; mean squared error (V^2, log scale), of the test
    set where there is one; output voltages and the desired ones (V), or their difference where examples change often;
    taps; the network at the end. Voltages and error are the true ones where the port knows them.

    Raises RunError if the log is empty or damaged.
    """
    from matplotlib.figure import Figure

    history = History.read(folder)
    named = not history.phases and not np.isnan(history.tests.accuracy).all()
    panels = {"accuracy": 2.1} if named else {}
    panels |= {"error": 1.5 if named else 2.4, "volts": 1.9, "taps": 1.9}  # inches
    head = _HEAD + _LINE * (len(history.levers) + (not history.mixed) + history.changed + bool(_phase_words(history)))
    height = head + sum(panels.values()) + 0.55 * (len(panels) - 1) + 0.12 + _NETWORK + _FOOT
    with our_style():
        figure = Figure(figsize=(_WIDTH, height), dpi=160, facecolor="white")
        axes = dict(zip(panels, np.ravel(figure.subplots(len(panels), 1, sharex=True)), strict=True))
        top = height - head - 0.12
        for name, tall in panels.items():
            axes[name].set_position((_LEFT, (top - tall) / height, _RIGHT - _LEFT, tall / height))
            top -= tall + 0.55
        _heading(figure, history)
        ticks_axis(axes["taps"], history.stop)
        if named:
            _draw_accuracy(axes["accuracy"], history)
        _draw_error(axes["error"], history)
        if history.run.levers.pairs:
            _draw_differences(axes["volts"], history)
        elif history.changes_often:
            _draw_deviations(axes["volts"], history)
        else:
            _draw_volts(axes["volts"], history)
        _draw_taps(axes["taps"], history)
        figure.align_ylabels()
        stretches(list(axes.values()), history)
        _draw_network(figure, history, height)
    return figure


def _draw_network(figure: Figure, history: History, height: float) -> None:
    """Draw the network at the end of the run at the foot of the figure, with the scale of its edges' colours."""
    bottom, tall = 0.3 / height, (_NETWORK - 0.4) / height
    axes = figure.add_axes((_LEFT, bottom, 0.62 * (_RIGHT - _LEFT), tall))
    scale = draw_graph(axes, history, history.stretches[-1], coloured=True)
    bar = figure.add_axes((_LEFT + 0.68 * (_RIGHT - _LEFT), bottom + 0.1 * tall, 0.012, 0.72 * tall))
    conductance_bar(figure, bar, *scale)
    known = history.run.known
    words = (
        f"Network after {count(history.stop)} tick{'s' * (history.stop != 1)}",
        f"Orange: inputs. Light blue: outputs.{' Arrows: diodes.' * bool(history.run.recorded_board.diodes)}",
        f"Edges: {known} conductance of the",
        "free network, by colour and width.",
    )
    for line_no, text in enumerate(words):
        figure.text(
            _LEFT + 0.76 * (_RIGHT - _LEFT),
            bottom + (0.78 - 0.09 * line_no) * tall,
            text,
            size=12 if not line_no else 10,
            color=INK if not line_no else QUIET,
            weight="bold" if not line_no else "normal",
            parse_math=False,
        )


def _heading(figure: Figure, history: History) -> None:
    run, tall = history.run, figure.get_figheight()
    ticks = len(history.data["tick"])
    facts = [f"board {run.board}"]
    facts += [f"profile {run.profile}"] if run.profile else []
    facts += [f"seed {run.seed}"] if run.seed is not None else []
    facts.append(f"η = {run.eta:g}")
    facts.append(f"calibration of {run.calibration.title}" if run.calibration else "no calibration")
    port = _port(run.port)
    facts += [f"{count(ticks)} tick{'s' * (ticks != 1)}"]
    facts += [port if len(port) <= LONGEST_PORT else port[: LONGEST_PORT - 1] + "…"]
    lines = [(run.task, 20, INK), ("  ·  ".join(fact for fact in facts if fact), 12, QUIET)]
    lines += [] if history.mixed else [(_scores(history), 12, INK)]
    lines += [(f"{kind}: {', '.join(words)}", 11, QUIET) for kind, words in history.levers.items()]
    lines += [(phases, 11, QUIET)] if (phases := _phase_words(history)) else []
    lines += [(CHANGED_NOTE, 12, COLOURS[1])] if history.changed else []
    down = 0.3
    for text, size, colour in lines:
        shown = figure.text(_LEFT, 1 - down / tall, text, size=size, color=colour, va="center", parse_math=False)
        shown.set_fontweight("bold" if size > 12 else "normal")
        fitted(shown, size, right=0.99)
        down += 0.34 if size > 12 else _LINE
    source = "Taps and voltages: virtual board, true values" if history.virtual else "Taps counted, voltages measured"
    figure.text(_RIGHT, 0.16 / tall, source, size=9, color=QUIET, ha="right")


def _phase_words(history: History) -> str:
    """Return what the names of a built-in task's phases stand for, "" if they say it themselves."""
    task = TASKS.get(history.run.task)
    words = task.phase_words if task is not None and history.phases else {}
    return "  ·  ".join(f"{phase}: {text}" for phase, text in words.items())


def _scores(history: History) -> str:
    """Return the scores of the run in one line: the plateau first."""
    scores, step_V = history.scores(), history.step_V
    held, best, chance = (
        orders(scores.first, error_V2, step_V).removesuffix(" orders")
        for error_V2 in (scores.held, scores.best, scores.chance)
    )
    parts = [
        f"{_plateau_word(history)} {orders(scores.first, scores.plateau, step_V)} ({rms(scores.plateau, step_V)} rms)",
        f"held {held} ({rms(scores.held, step_V)})",
        f"best {best} ({rms(scores.best, step_V)}; by chance {chance})",
    ]
    if history.restored_V2 is not None:
        parts.append(f"restored {rms(history.restored_V2, step_V)} (supervisor)")
    return "  ·  ".join(parts)


def _plateau_word(history: History) -> str:
    return "median plateau" if len(history.finished) > 1 else "plateau"


def _draw_accuracy(axes: Axes, history: History) -> None:
    seen = ~np.isnan(history.tests.accuracy)
    tick, share = history.tests.tick[seen], history.tests.accuracy[seen]
    colour = COLOURS[0]
    axes.plot(tick, 100 * share, color=colour, lw=1.8, clip_on=False, marker="o" if len(tick) < FEW else "", ms=4)
    axes.plot(tick[[0, -1]], 100 * share[[0, -1]], "o", ms=7, mfc="white", mec=colour, mew=2, clip_on=False, zorder=5)
    title(
        axes,
        "Accuracy",
        "Share of the test set with the right class. Dashed: other methods, fitted on the training set",
    )
    axes.set_ylabel("right (%)")
    methods = [one for one in history.run.baselines if one.right is not None and one.name in (NETWORK, LOGISTIC, LDA)]
    rights = {one.name: one.right or 0.0 for one in methods}
    for right in rights.values():
        axes.axhline(100 * right, color=QUIET, lw=1, ls=(0, (4, 3)), zorder=1)
    axes.set_ylim(max(0, 100 * min((share.min(), *rights.values())) - 8), 100)
    start = f"start  {percent(share[0])}"
    below = share[0] <= share[: 1 + len(share) // 8].max()
    place = (8, -11 if below else 11)
    axes.annotate(start, (tick[0], 100 * share[0]), place, textcoords="offset points", color=INK, va="center")
    heights = [100 * right for right in (share[-1], *rights.values())]
    texts = [f"end  {percent(share[-1])}", *(f"{name} {percent(right)}" for name, right in rights.items())]
    labels(axes, heights, texts, [colour, *(QUIET for _ in rights)], size=9)


def _draw_error(axes: Axes, history: History) -> None:
    from matplotlib.ticker import NullFormatter

    colour, every = COLOURS[0], history.every
    tested = len(history.tests.tick) > 0
    log_axis(axes)
    if tested:
        line(axes, every.tick, every.error_V2, colour, 0.8, alpha=0.3)
    elif history.virtual:
        line(axes, every.tick, np.maximum(history.data["error_V2"], every.error_V2.min()), COLOURS[4], 0.8, band=False)
    seen = [every.error_V2 if not tested else np.quantile(every.error_V2, [0.02, 1])]
    errors(axes, history, colour, 1.6)
    seen += [history.scored(one).error_V2 for one in history.stretches]
    kind = "true" if history.virtual else "measured"
    if tested:
        note = f"Mean square, {kind}: test set (strong), each example learned (faint)"
    else:
        note = f"Mean square over the outputs: {'true (blue), measured (thin, orange)' if history.virtual else kind}"
    title(axes, "Error", note)
    axes.set_ylabel("MSE (V²)")
    axes.yaxis.set_minor_formatter(NullFormatter())
    row = 1 < len(history.finished) <= _ROW
    low, high = np.log10([min(map(np.min, seen)), max(map(np.max, seen))])
    room = max(high - low, 1)
    below, above = 0.33 if row else 0.12, 0.25 if history.phases else 0.08
    axes.set_ylim(10 ** (low - below * room), 10 ** (high + above * room))
    if len(history.finished) <= MANY:
        for one in history.finished:
            end = history.scored(one).end
            axes.hlines(history.scored(one).plateau_V2, end.tick[0], end.tick[-1], INK, lw=2.5, zorder=4)
    if row:
        for one in history.finished:
            _score(axes, history, one)
    if not history.mixed:
        _best_and_plateau(axes, history)
    elif row:
        axes.text(1.015, 0.03, "plateau, rms", transform=axes.transAxes, size=9, color=QUIET)


def _score(axes: Axes, history: History, one: Any) -> None:
    """Write a stretch's plateau in the row at the foot of the panel."""
    scored = history.scored(one)
    text = rms(scored.plateau_V2, history.step_V)
    if len(scored.accuracy) and not np.isnan(scored.accuracy[-1]):
        text = f"{percent(scored.accuracy[-1])} right"
    middle = (one.start + one.stop) / 2
    axes.text(middle, 0.03, text, transform=axes.get_xaxis_transform(), ha="center", size=9, color=INK)


def _best_and_plateau(axes: Axes, history: History) -> None:
    scored, scores, step = history.scored(), history.scores(), history.step_V
    best, tick = scores.best, scored.tick[scores.best_tick]
    late = tick > history.stop / 2
    axes.plot(tick, best, "o", ms=7, mfc="white", mec=COLOURS[0], mew=2, zorder=5, clip_on=False)
    axes.annotate(
        f"best  {orders(scores.first, best, step)}",
        (tick, best),
        xytext=(-10 if late else 10, -10),
        textcoords="offset points",
        ha="right" if late else "left",
        bbox={"facecolor": "white", "edgecolor": "none", "pad": 1, "alpha": 0.8},
        va="center",
    )
    text = f"{_plateau_word(history)}\n{orders(scores.first, scores.plateau, step)}\n{rms(scores.plateau, step)} rms"
    labels(axes, [scores.plateau], [text], [INK], size=12)


def _draw_volts(axes: Axes, history: History) -> None:
    data, run, names = history.data, history.run, history.outputs
    outputs = [run.nodes.index(node) for node in names]
    seen, desired = data["true_free_V" if history.virtual else "free_V"][:, outputs], data["desired_V"][:, outputs]
    colours = [COLOURS[i % len(COLOURS)] for i in range(len(outputs))]
    for i, colour in enumerate(colours):
        line(axes, data["tick"], seen[:, i], colour, 1.5)
    for i, colour in enumerate(colours):
        same = [j for j in range(len(outputs)) if np.array_equal(desired[:, i], desired[:, j], equal_nan=True)]
        dash = (4.0 * same.index(i), (4.0, 4.0 * max(len(same) - 1, 1)))  # equal targets share one line, dash by dash
        corners = np.flatnonzero(np.append(True, desired[1:, i] != desired[:-1, i]))
        x, y = np.append(data["tick"][corners], data["tick"][-1]), np.append(desired[corners, i], desired[-1, i])
        axes.step(x, y, where="post", color=colour, lw=2, ls=dash, zorder=1)
    inputs = data["inputs_V"]
    steady = [i for i in range(len(run.nodes)) if (inputs[:, i] == inputs[0, i]).all()]
    levels = ", ".join(f"{run.nodes[i]} = {round(inputs[0, i], 2) + 0.0:g} V" for i in steady)
    title(axes, "Outputs", f"Dashed: desired. Inputs {levels}" if levels else "Dashed: desired")
    axes.set_ylabel("voltage (V)")
    low, high = float(np.nanmin([seen, desired])), float(np.nanmax([seen, desired]))
    pad = max(0.08 * (high - low), 0.05)
    axes.set_ylim(low - pad, high + pad)
    last = [float(volt) for volt in seen[-1]]
    labels(axes, last, [f"{node}  {volts(volt)}" for node, volt in zip(names, last, strict=True)], colours, size=12)


def _draw_deviations(axes: Axes, history: History) -> None:
    """Draw output minus desired as dots, in a colour for each output of a phase."""
    data = history.data
    missed = data["true_free_V" if history.virtual else "free_V"] - data["desired_V"]
    given = ~np.isnan(missed)
    place = np.cumsum(given, axis=1) - 1
    size = 3.0 if len(missed) <= DETAIL / 2 else 1.5
    used = range(int(place.max()) + 1)
    for i in used:
        row, node = np.nonzero(given & (place == i))
        colour = COLOURS[i % len(COLOURS)]
        axes.plot(data["tick"][row], missed[row, node], "o", ms=size, mew=0, alpha=0.6, color=colour)
    low, high = np.quantile(missed[given], [0.005, 0.995])
    axes.set_ylim(min(1.15 * low, -0.02), max(1.15 * high, 0.02))
    axes.axhline(0, color=INK, lw=0.8, zorder=0)
    title(axes, "Outputs", "Free output minus the desired one, for the example of each tick; a colour for each output")
    axes.set_ylabel("difference (V)")
    if not history.phases:
        for i, k in enumerate(np.flatnonzero(given[-1]).tolist()):
            colour = COLOURS[i % len(COLOURS)]
            axes.text(1.02, 0.9 - 0.12 * i, f"● {history.run.nodes[k]}", color=colour, transform=axes.transAxes)


def _draw_differences(axes: Axes, history: History) -> None:
    """Draw the difference of each two outputs as dots, in a colour for each that is wanted; dashed: the wanted ones.

    Of more than MOST_LEVELS wanted ones, what is found minus what is wanted, in a colour for each pair of outputs.
    """
    data, names = history.data, history.outputs
    outputs = [history.run.nodes.index(node) for node in names]
    seen, wanted = (
        data[name][:, outputs][:, ::2] - data[name][:, outputs][:, 1::2]
        for name in ("true_free_V" if history.virtual else "free_V", "desired_V")
    )
    pairs = [f"{a} − {b}" for a, b in zip(names[::2], names[1::2], strict=True)]
    size = 3.0 if len(seen) <= DETAIL / 2 else 1.5
    levels = np.unique(wanted)
    axes.set_ylabel("difference (V)")
    axes.axhline(0, color=INK, lw=0.8, zorder=0)
    if len(levels) > MOST_LEVELS:
        for k, missed in enumerate((seen - wanted).T):
            colour = COLOURS[k % len(COLOURS)]
            axes.plot(data["tick"], missed, "o", ms=size, mew=0, alpha=0.6, color=colour)
            axes.text(1.02, 0.9 - 0.12 * k, f"● {pairs[k]}", color=colour, transform=axes.transAxes)
        low, high = np.quantile(seen - wanted, [0.005, 0.995])
        axes.set_ylim(min(1.15 * low, -0.02), max(1.15 * high, 0.02))
        title(axes, "Answers", "Difference of two outputs minus the wanted one, for the example of each tick")
        return
    for k, level in enumerate(levels.tolist()):
        row, column = np.nonzero(wanted == level)
        colour = COLOURS[k % len(COLOURS)]
        axes.plot(data["tick"][row], seen[row, column], "o", ms=size, mew=0, alpha=0.6, color=colour)
        axes.axhline(level, color=colour, lw=1.2, ls=(0, (4, 3)), zorder=0)
    title(axes, "Answers", f"{', '.join(pairs)} for the example of each tick, in the colour of the wanted one, dashed")
    low, high = np.quantile(seen, [0.005, 0.995])
    axes.set_ylim(min(1.15 * low, 1.3 * levels.min(), -0.02), max(1.15 * high, 1.3 * levels.max(), 0.02))
    texts = [f"wanted {volts(level)}" for level in levels.tolist()]
    labels(axes, levels.tolist(), texts, [COLOURS[k % len(COLOURS)] for k in range(len(levels))], size=9)


def _draw_taps(axes: Axes, history: History) -> None:
    from matplotlib import colormaps

    run, tick, taps = history.run, history.data["tick"], history.data["taps"]
    edges = run.edges
    gone = {edge: cut for cut, edge in reversed(history.cuts)}
    ranks = np.argsort(np.argsort(taps[-1], kind="stable"))
    colours = [colormaps["viridis"](0.72 * rank / max(len(edges) - 1, 1)) for rank in ranks]
    for i, colour in enumerate(colours):
        there = tick < gone.get(edges[i], history.stop)
        line(axes, tick[there], taps[there, i].astype(float), colour, 1.1, band=False, ticks=len(tick))
        if not there.all():
            axes.plot(tick[there][-1:], taps[there, i][-1:], "x", ms=7, mew=2, color=COLOURS[1], zorder=5)
    least = run.min_tap
    title(axes, "Taps", f"One line per edge{' until it is pulled (×)' if gone else ''}. Dotted: smallest tap, {least}")
    axes.axhline(least, color=QUIET, lw=0.8, ls=":", zorder=0)
    pot = run.pots.chip
    axes.set_ylim(-2, pot.top_tap + 2)
    axes.set_yticks([*(i * pot.positions // 4 for i in range(4)), pot.top_tap])
    axes.set_ylabel("tap")
    left = [i for i, edge in enumerate(edges) if edge not in gone]
    labels(axes, [float(taps[-1, i]) for i in left], [edges[i] for i in left], [colours[i] for i in left], size=8)


def _port(port: str) -> str:
    """Return the port without its script, and without seed and profile, which the heading names anyway."""
    place, _, query = port.partition("?")
    rest = "&".join(part for part in query.split("&") if not part.startswith(("seed=", "profile=", "at=")))
    return f"{place}?{rest}" if rest else place
