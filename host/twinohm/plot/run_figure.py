"""The picture of a run, in the manner of the paper's Figs 2B-C and 3A: error, outputs and taps against tick."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from twinohm.errors import RunError
from twinohm.runs.export import Columns, columns
from twinohm.runs.folder import Record, RunFolder, aside
from twinohm.runs.scores import FLOOR_V2, Scores, last_quarter, run_scores

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Floats = NDArray[np.float64]

# Okabe and Ito's colours, told apart by colour-blind eyes, strongest first.
_COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
_INK, _QUIET, _FAINT = "#1a1a1a", "#6b6b6b", "#c9c9c9"
_STYLE: Any = {  # its type differs between releases of matplotlib
    "font.size": 12,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": _QUIET,
    "axes.labelcolor": _INK,
    "axes.unicode_minus": True,
    "text.color": _INK,
    "xtick.color": _QUIET,
    "ytick.color": _QUIET,
    "xtick.labelcolor": _INK,
    "ytick.labelcolor": _INK,
    "lines.solid_capstyle": "round",
}
_LEADER = {"arrowstyle": "-", "lw": 0.5, "shrinkA": 0, "shrinkB": 0, "relpos": (0, 0.5)}
_HEIGHT = 8.5  # inches
_DETAIL = 2500  # ticks that a panel can show one by one; above it lines become medians in a band
_TOP_TAP = 127


def run_figure(folder: RunFolder) -> Path:
    """Draw the log of a run as `run.png` in its folder and return the path.

    Top: mean squared error (V^2, log); middle: output voltages and the desired ones (V); bottom: taps. Voltages and
    error are the true ones where the port knows them, else the measured ones. RunError if the log is empty or damaged.
    """
    from matplotlib import rc_context
    from matplotlib.figure import Figure
    from matplotlib.ticker import MaxNLocator

    run, data = _checked(folder), columns(folder)
    block = run.get("block")
    shown = "true_error_V2" if "true_error_V2" in data else "error_V2"
    scores = run_scores(data[shown], block)
    with rc_context(_STYLE):
        figure = Figure(figsize=(11, _HEIGHT), dpi=160, facecolor="white")
        error, volts, taps = figure.subplots(3, 1, sharex=True, height_ratios=(5, 4, 4))
        figure.subplots_adjust(left=0.08, right=0.86, top=0.87, bottom=0.095, hspace=0.27)
        _heading(figure, run, len(data["tick"]), virtual="true_error_V2" in data)
        _draw_error(error, data, shown, scores, block)
        _draw_volts(volts, data, run)
        _draw_taps(taps, data, run)
        figure.align_ylabels()
        _blocks(figure.axes, data["tick"], block)
        taps.set_xlabel("tick")
        taps.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=8, steps=[1, 2, 5, 10]))
        taps.xaxis.set_major_formatter(lambda tick, _: _count(int(tick)))
        with aside(folder.path / "run.png") as part:
            figure.savefig(part, format="png", bbox_inches="tight", pad_inches=0.15, metadata={"Software": None})
    return folder.path / "run.png"


def _checked(folder: RunFolder) -> Record:
    run, file = folder.run(), folder.path / "run.json"
    for key in ("task", "board", "nodes", "edges", "placement", "min_tap"):
        if key not in run:
            raise RunError(f"{file}: {key} is missing; the run did not get as far as its first tick")
    strange = set(run["placement"]["outputs"]) - set(run["nodes"])
    if strange:
        raise RunError(f"{file}: output {min(strange)} of placement is none of the nodes; correct it")
    return run


def _heading(figure: Figure, run: Record, ticks: int, virtual: bool) -> None:
    facts = [f"board {run['board']}", _port(run.get("port") or "")]
    facts += [f"profile {run['profile']}"] if run.get("profile") else []
    facts += [f"seed {run['seed']}"] if run.get("seed") is not None else []
    facts += [f"η = {run['eta']:g}"] if run.get("eta") is not None else []
    facts += [f"{_count(ticks)} tick{'s' * (ticks != 1)}"]
    line = "  ·  ".join(str(fact) for fact in facts if fact)
    figure.text(0.08, 0.963, run["task"], size=20, weight="bold", va="center", parse_math=False)
    figure.text(0.08, 0.925, line, size=12, color=_QUIET, va="center", parse_math=False)
    source = "Taps and voltages: virtual board, true values" if virtual else "Taps counted, voltages measured"
    figure.text(0.86, 0.018, source, size=9, color=_QUIET, ha="right")


def _draw_error(axes: Axes, data: Columns, shown: str, scores: Scores, block: int | None) -> None:
    from matplotlib.ticker import NullFormatter

    tick, colour = data["tick"], _COLOURS[0]
    errors = np.maximum(data[shown], FLOOR_V2)
    axes.set_yscale("log")
    if shown != "error_V2":
        _line(axes, tick, np.maximum(data["error_V2"], FLOOR_V2), _COLOURS[4], 0.8, band=False)
    _line(axes, tick, errors, colour, 1.6)
    words = "true (blue), measured (thin, orange)" if shown != "error_V2" else "measured"
    _title(axes, "Error", f"Mean square over the outputs: {words}")
    axes.set_ylabel("MSE (V²)")
    low, high = errors.min(), errors.max()
    axes.set_ylim(low / 5, max(high * 2.5, low * 10))
    axes.yaxis.set_minor_formatter(NullFormatter())
    _plateaus(axes, tick, errors, block)
    best = max(scores.best, FLOOR_V2)
    late = scores.best_tick > len(tick) / 2
    axes.plot(tick[scores.best_tick], best, "o", ms=7, mfc="white", mec=colour, mew=2, zorder=5, clip_on=False)
    axes.annotate(
        f"best  {_orders(scores.orders_best)}, {_rms(best**0.5)} rms",
        (tick[scores.best_tick], best),
        xytext=(-10 if late else 10, -3),
        textcoords="offset points",
        ha="right" if late else "left",
        bbox={"facecolor": "white", "edgecolor": "none", "pad": 1},
        va="center",
    )
    plateau = max(scores.plateau, FLOOR_V2)
    word = "median plateau" if block and len(tick) > block else "plateau"
    text = f"{word}\n{_orders(scores.orders_plateau)}\n{_rms(scores.rms_plateau_V)} rms"
    _labels(axes, [plateau], [text], [_INK], size=12)


def _plateaus(axes: Axes, tick: NDArray[np.int64], errors: Floats, block: int | None) -> None:
    """A bar over the last quarter of each block, at its median."""
    size = block or len(tick)
    if len(tick) / size > 40:
        return
    for start in range(0, len(tick), size):
        part = slice(start, min(start + size, len(tick)))
        if start and part.stop - start < size:  # not finished, not scored
            return
        quarter = slice(part.stop - last_quarter(part.stop - start), part.stop)
        axes.hlines(np.median(errors[quarter]), tick[quarter.start], tick[part.stop - 1], _INK, lw=2.5, zorder=4)


def _draw_volts(axes: Axes, data: Columns, run: Record) -> None:
    outputs = [run["nodes"].index(node) for node in run["placement"]["outputs"]]
    volts, desired = data.get("true_free_V", data["free_V"])[:, outputs], data["desired_V"][:, outputs]
    colours = [_COLOURS[i % len(_COLOURS)] for i in range(len(outputs))]
    for i, colour in enumerate(colours):
        _line(axes, data["tick"], volts[:, i], colour, 1.5)
    for i, colour in enumerate(colours):
        same = [j for j in range(len(outputs)) if np.array_equal(desired[:, i], desired[:, j], equal_nan=True)]
        dash = (4.0 * same.index(i), (4.0, 4.0 * max(len(same) - 1, 1)))  # equal targets share one line, dash by dash
        corners = np.flatnonzero(np.append(True, desired[1:, i] != desired[:-1, i]))
        x, y = np.append(data["tick"][corners], data["tick"][-1]), np.append(desired[corners, i], desired[-1, i])
        axes.step(x, y, where="post", color=colour, lw=2, ls=dash, zorder=1)
    inputs = data["inputs_V"]
    steady = [i for i in range(len(run["nodes"])) if (inputs[:, i] == inputs[0, i]).all()]
    levels = ", ".join(f"{run['nodes'][i]} = {round(inputs[0, i], 2) + 0.0:g} V" for i in steady)
    _title(axes, "Outputs", f"Dashed: desired. Inputs {levels}" if levels else "Dashed: desired")
    axes.set_ylabel("voltage (V)")
    seen = np.concatenate([volts, desired])
    low, high = float(np.nanmin(seen)), float(np.nanmax(seen))
    pad = max(0.08 * (high - low), 0.05)
    axes.set_ylim(low - pad, high + pad)
    _labels(
        axes,
        [float(v) for v in volts[-1]],
        [f"{node}  {_volt(v)}" for node, v in zip(run["placement"]["outputs"], volts[-1], strict=True)],
        colours,
        size=12,
    )


def _draw_taps(axes: Axes, data: Columns, run: Record) -> None:
    from matplotlib import colormaps

    taps = data["taps"]
    edges = run["edges"]
    ranks = np.argsort(np.argsort(taps[-1], kind="stable"))
    colours = [colormaps["viridis"](0.72 * rank / max(len(edges) - 1, 1)) for rank in ranks]
    for i, colour in enumerate(colours):
        _line(axes, data["tick"], taps[:, i].astype(float), colour, 1.1, band=False)
    least = run["min_tap"]
    _title(axes, "Taps", f"One line per edge. Dotted: smallest tap, {least}")
    axes.axhline(least, color=_QUIET, lw=0.8, ls=":", zorder=0)
    axes.set_ylim(-2, _TOP_TAP + 2)
    axes.set_yticks([0, 32, 64, 96, 127])
    axes.set_ylabel("tap")
    _labels(axes, [float(tap) for tap in taps[-1]], edges, colours, size=8)


def _title(axes: Axes, word: str, note: str) -> None:
    axes.set_title(word, loc="left", size=13, weight="bold", pad=8)
    axes.annotate(note, (0, 1), (75, 8), "axes fraction", "offset points", size=10, color=_QUIET, parse_math=False)


def _line(axes: Axes, x: NDArray[np.int64], y: Floats, colour: Any, width: float, band: bool = True) -> None:
    if len(x) <= _DETAIL:
        axes.plot(x, y, color=colour, lw=width, marker="o" if len(x) < 3 else None)
        return
    step = 4 * len(x) // _DETAIL // 2 * 2  # even: the machine's flutter of period 2 does not beat with it
    whole = len(x) // step * step
    parts = y[:whole].reshape(-1, step)
    middle = x[:whole:step] + step // 2
    if band:
        axes.fill_between(middle, parts.min(axis=1), parts.max(axis=1), color=colour, alpha=0.25, lw=0.5)
    axes.plot(middle, np.median(parts, axis=1), color=colour, lw=width)


def _blocks(panels: Sequence[Axes], tick: NDArray[np.int64], block: int | None) -> None:
    panels[0].set_xlim(0, int(tick[-1]) + 1)
    if block and 1 < len(tick) / block <= 40:
        for axes in panels:
            for start in tick[block::block]:
                axes.axvline(start, color=_FAINT, lw=0.8, zorder=0)


def _labels(axes: Axes, heights: Sequence[float], texts: Sequence[str], colours: Sequence[Any], size: float) -> None:
    """Write each text right of the axes at its height, moved only as far as texts would overlap."""
    panel = axes.get_position().height * _HEIGHT * 72  # points
    size = min(size, panel / len(texts) / 1.15)
    if size < 4:  # too many to be read
        return
    places = axes.transAxes.inverted().transform(axes.transData.transform([(0, y) for y in heights]))[:, 1] * panel
    order = np.argsort(places, kind="stable")
    spread = _spread(places[order], 1.15 * size, panel)
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


def _spread(places: Floats, gap: float, top: float) -> Floats:
    """Sorted places moved apart to `gap`, each cluster about its own middle, within 0..top."""
    clusters: list[list[float]] = []
    for place in places:
        clusters.append([float(place)])
        while len(clusters) > 1 and _row(clusters[-2], gap, top)[-1] + gap > _row(clusters[-1], gap, top)[0]:
            clusters[-2:] = [clusters[-2] + clusters[-1]]
    return np.concatenate([_row(cluster, gap, top) for cluster in clusters])


def _row(cluster: list[float], gap: float, top: float) -> Floats:
    half = gap * (len(cluster) - 1) / 2
    return float(np.clip(np.mean(cluster), half, max(top - half, half))) + np.linspace(-half, half, len(cluster))


def _port(port: str) -> str:
    """The port without the seed and profile, which stand beside it."""
    place, _, query = port.partition("?")
    rest = "&".join(part for part in query.split("&") if not part.startswith(("seed=", "profile=")))
    return f"{place}?{rest}" if rest else place


def _count(number: int) -> str:
    return f"{number:,}".replace(",", "\u2009")


def _orders(value: float) -> str:
    return f"{value:.1f} orders".replace("-", "\u2212")


def _rms(volt: float) -> str:
    unit, size = ("V", 1.0) if volt >= 1 else ("mV", 1e-3) if volt >= 1e-3 else ("µV", 1e-6)
    return f"{volt / size:.{0 if volt >= 10 * size else 1}f} {unit}"


def _volt(volt: float) -> str:
    return f"{volt:.2f} V".replace("-", "\u2212")
