"""Draw the network: nodes by role, edges as wide as they conduct, pulled edges crossed out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from twinohm.errors import RunFileError
from twinohm.model.temperature import drifted_K, warmed
from twinohm.plot.graph_layout import graph_layout
from twinohm.plot.history import Floats, History, Stretch
from twinohm.plot.style import COLOURS, FAINT, INK, QUIET, count, our_style
from twinohm.runlog.description import RunDescription
from twinohm.runlog.export import Columns
from twinohm.runlog.folder import RunFolder

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.cm import ScalarMappable
    from matplotlib.figure import Figure

# Where the paper's Fig. 1B has the nodes of its 16-edge graph.
_PAPER = {
    "A": (100, -161),
    "B": (149, -141),
    "C": (218, -134),
    "D": (276, -138),
    "E": (187, -178),
    "F": (248, -178),
    "G": (113, -205),
    "H": (164, -226),
    "I": (81, -238),
}
INPUT, OUTPUT = COLOURS[4], COLOURS[5]
ROOM = 20  # nodes of full size
LEAST_RATIO = 4.0  # of the greatest to the least conductance of a scale
_WIDEST = 7.0  # points, at 4 kilohm


def resistance_kohm(history: History) -> Floats:
    """Return the resistance of the free network's edges at each tick (ticks, edges), kilohm, as edge_kohm() does."""
    return edge_kohm(history.run, history.data)


def edge_kohm(run: RunDescription, data: Columns) -> Floats:
    """Return the resistance of the free network's edges at each tick (ticks, edges), kilohm.

    It is the true one if the port knows it, else the nominal one. data: taps and ticks of the log.
    """
    taps, truth, pots = data["taps"], run.truth, run.pots
    if truth is None:
        ohm: NDArray[np.floating] = pots.edge_ohm(taps)
    else:
        per_tap_ohm = pots.chip.per_tap_ohm(np.array(truth.pot_ohm[0]))
        if (by := truth.temperature) is not None:
            kelvin = np.array([[drifted_K(by.drift_K, tick)] for tick in data["tick"].tolist()]).reshape(-1, 1)
            per_tap_ohm = warmed(per_tap_ohm, by.pot_per_K, kelvin)
        ohm = taps * per_tap_ohm + np.array(truth.wiper_ohm[0]) + np.array(truth.series_ohm[0])
    return np.asarray(ohm, dtype=np.float64) / 1000


def draw_network(folder: RunFolder) -> Figure:
    """Draw the network at the end of a run and return the figure: nodes by role, edges as wide as they conduct.

    Raises RunError if the log is empty or damaged.
    """
    from matplotlib.figure import Figure

    history = History.read(folder)
    run = history.run
    with our_style():
        figure = Figure(figsize=(6.4, 5.2), dpi=160, facecolor="white")
        axes = figure.add_axes((0.04, 0.05, 0.78, 0.8))
        least, most = draw_graph(axes, history, history.stretches[-1], coloured=True)
        known = "true" if run.truth is not None else "nominal"
        conductance_bar(figure, figure.add_axes((0.86, 0.12, 0.025, 0.66)), least, most)
        for down, text, size, colour in (
            (0.965, f"{run.task} on {run.board}, after {count(history.stop)} ticks", 13, INK),
            (
                0.915,
                f"Orange: inputs. Light blue: outputs. Colour of an edge: its {known} conductance in the free network",
                9,
                QUIET,
            ),
        ):
            figure.text(0.02, down, text, size=size, color=colour, va="center", parse_math=False)
    return figure


def conductance_bar(figure: Figure, axes: Axes, least: float, most: float) -> None:
    """Draw the scale of the colours that draw_graph() gives edges of these conductances, microsiemens."""
    bar = figure.colorbar(_conductances(least, most), cax=axes)
    levels = np.geomspace(*bar.ax.get_ylim(), 5).tolist()
    bar.ax.minorticks_off()
    bar.set_ticks(levels, labels=[f"{level:.3g}" for level in levels])
    bar.ax.set_title("uS", size=10, color=QUIET)


def _conductances(least: float, most: float) -> ScalarMappable:
    """Return the scale of an edge's colour, from the least to the most conductance of any, microsiemens."""
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import LogNorm

    return ScalarMappable(LogNorm(*colour_range(least, most)), "viridis_r")


def colour_range(least: float, most: float) -> tuple[float, float]:
    """Return the ends of the scale of colours for edges from the least to the most conductance.

    Conductances that hardly differ hardly differ in colour: the ends are LEAST_RATIO apart or more.
    """
    wider = max(1.0, (LEAST_RATIO * least / most) ** 0.5)
    return least / wider, most * wider


def draw_graph(
    axes: Axes, history: History, one: Stretch, size: float = 11, values: bool = True, coloured: bool = False
) -> tuple[float, float]:
    """Draw the network at the end of a stretch. Return the least and the most conductance of its edges, uS.

    `size`: of the nodes' names, points; smaller for more than ROOM of them. `values`: whether voltages that stay the
    same are written beside their nodes. `coloured`: whether edges have the colour of their conductance, beside their
    width.
    """
    run, data = history.run, history.data
    row = int(np.flatnonzero(data["tick"] < one.stop)[-1])
    places = node_places(run.nodes, run.edges)
    size *= min(1.0, (ROOM / len(run.nodes)) ** 0.5)
    kohm = resistance_kohm(history)[row]
    there, gone = history.present(one.stop - 1), {edge: tick for tick, edge in history.cuts}
    conductance_uS = 1000 / kohm
    least, most = float(conductance_uS.min()), float(conductance_uS.max())
    scale = _conductances(least, most) if coloured else None
    for i, edge in enumerate(run.edges):
        (x0, y0), (x1, y1) = (places[node] for node in edge_ends(edge, run.nodes))
        if there[i]:
            width = edge_width(kohm[i], size / 11)
            shade = QUIET if scale is None else scale.to_rgba(conductance_uS[i])
            axes.plot([x0, x1], [y0, y1], color=shade, lw=width, zorder=1, solid_capstyle="butt", clip_on=False)
        else:
            new = gone[edge] == one.start
            colour = COLOURS[1] if new else FAINT
            cross, width = (9, 2.5) if new else (5, 1.2)
            axes.plot([x0, x1], [y0, y1], color=colour, lw=0.6 * width, ls=(0, (2, 2)), zorder=1)
            axes.plot((x0 + x1) / 2, (y0 + y1) / 2, "x", color=colour, ms=cross, mew=width, zorder=2)
    inputs, desired = data["inputs_V"], data["desired_V"]
    for k, node in enumerate(run.nodes):
        given, wanted = (not np.isnan(volts[row, k]) for volts in (inputs, desired))
        face = INPUT if given else OUTPUT if wanted else "white"
        line = INK if given or wanted else QUIET
        axes.plot(*places[node], "o", ms=1.75 * size, mfc=face, mec=line, mew=1, zorder=3, clip_on=False)
        small = size * min(1, 2.6 / max(len(node), 1))  # the name fits its circle
        axes.annotate(node, places[node], ha="center", va="center_baseline", size=small, color=INK, zorder=4)
        volts = inputs[:, k] if given else desired[:, k]
        if values and (given or wanted) and (volts == volts[0]).all():
            up = places[node][1] > np.mean([y for _, y in places.values()])
            axes.annotate(
                f"{volts[0]:.3g} V",
                places[node],
                (0, 1.75 * size if up else -1.75 * size),
                textcoords="offset points",
                ha="center",
                va="center",
                size=0.9 * size,
                zorder=4,
                bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.5, "alpha": 0.8},
            )
    axes.margins(0.07, 0.07)
    axes.set_aspect("equal", "datalim")
    axes.axis("off")
    return least, most


def edge_width(kohm: float, size: float = 1.0) -> float:
    """Return how wide an edge is drawn, points; `size` is that of the figure."""
    return float(max(0.7, size * _WIDEST * (4 / kohm) ** 0.5))


def node_places(nodes: Sequence[str], edges: Sequence[str]) -> dict[str, tuple[float, float]]:
    """Return the paper's places for its nodes, for any others places that fit their graph."""
    if set(nodes) <= set(_PAPER):
        return {node: _PAPER[node] for node in nodes}
    index = {node: i for i, node in enumerate(nodes)}
    pairs = [(index[a], index[b]) for a, b in (edge_ends(edge, nodes) for edge in edges)]
    return {node: (float(x), float(y)) for node, (x, y) in zip(nodes, graph_layout(len(nodes), pairs), strict=True)}


def edge_ends(edge: str, nodes: Sequence[str]) -> tuple[str, str]:
    """Return the two nodes of an edge; a node's name may hold a hyphen itself. Raises RunFileError if it has none."""
    for a in nodes:
        for b in nodes:
            if edge == f"{a}-{b}":
                return a, b
    raise RunFileError(f"run.json: edge {edge} joins no two of its nodes; restore it or name another run")
