"""Draw the network: nodes by role, edges as wide as they conduct, pulled edges crossed out."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

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
    from matplotlib.artist import Artist
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
    taps, truth, pots = data["taps"], run.possible_truth, run.pots
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
        known = run.known
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
    bar = figure.colorbar(conductances(least, most), cax=axes)
    levels = np.geomspace(*bar.ax.get_ylim(), 5).tolist()
    bar.ax.minorticks_off()
    bar.set_ticks(levels, labels=[f"{level:.3g}" for level in levels])
    bar.ax.set_title("µS", size=10, color=QUIET)


def conductances(least: float, most: float) -> ScalarMappable:
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
    inputs, desired = data["inputs_V"], data["desired_V"]
    given, wanted = (~np.isnan(volts[row]) for volts in (inputs, desired))
    state = NetworkState(
        resistance_kohm(history)[row],
        pulled_edges(history.cuts, one, one.stop - 1),
        {node for node, there in zip(run.nodes, given, strict=True) if there},
        {node for node, there in zip(run.nodes, wanted, strict=True) if there},
    )
    conductance_uS = 1000 / state.kohm
    least, most = float(conductance_uS.min()), float(conductance_uS.max())
    drawing = NetworkDrawing(axes, run, size)
    drawing.show(state, conductances(least, most) if coloured else None)
    for k, node in enumerate(run.nodes):
        volts = inputs[:, k] if given[k] else desired[:, k]
        if values and (volts == volts[0]).all():
            drawing.write_value(node, f"{volts[0]:.3g} V")
    return least, most


@dataclass(frozen=True)
class NetworkState:
    """What the drawing of a network shows of a moment.

    kohm: resistance of each edge (edges,), kilohm. pulled: the edges that are pulled, and whether in this stretch.
    """

    kohm: Floats
    pulled: Mapping[str, bool]
    inputs: Collection[str]
    outputs: Collection[str]


def pulled_edges(cuts: Sequence[tuple[int, str]], one: Stretch, tick: int) -> dict[str, bool]:
    """Return the edges that are pulled at `tick` of a stretch, and whether at its beginning."""
    return {edge: at == one.start for at, edge in cuts if at <= tick}


class NetworkDrawing:
    """A network on axes, whose edges and nodes change with each state that it shows.

    size: of the nodes' names, points; smaller for more than ROOM of them.
    """

    def __init__(self, axes: Axes, run: RunDescription, size: float = 11) -> None:
        from matplotlib.collections import LineCollection

        self._axes, self._run = axes, run
        self._places = node_places(run.nodes, run.edges)
        self._size = size * min(1.0, (ROOM / len(run.nodes)) ** 0.5)
        lines = np.array([[self._places[node] for node in edge_ends(edge, run.nodes)] for edge in run.edges])
        self._edges = LineCollection(list(lines), zorder=1, capstyle="butt", clip_on=False)
        axes.add_collection(self._edges)
        for diode in run.recorded_board.diodes:
            self._draw_diode(self._places[diode.anode], self._places[diode.cathode])
        self._crosses = axes.scatter(lines[:, :, 0].mean(axis=1), lines[:, :, 1].mean(axis=1), marker="x", zorder=2)
        places = np.array([self._places[node] for node in run.nodes])
        dot = (1.75 * self._size) ** 2  # points squared
        self._nodes = axes.scatter(places[:, 0], places[:, 1], s=dot, linewidths=1, zorder=3, clip_on=False)
        names: list[Artist] = []
        for node in run.nodes:
            small = self._size * min(1, 2.6 / max(len(node), 1))  # the name fits its circle
            place = self._places[node]
            names.append(axes.annotate(node, place, ha="center", va="center_baseline", size=small, color=INK, zorder=4))
        self.moving = (self._edges, self._crosses, self._nodes, *names)  # what show() changes and what lies above it
        axes.margins(0.07, 0.07)
        axes.set_aspect("equal", "datalim")
        axes.axis("off")

    def _draw_diode(self, anode: tuple[float, float], cathode: tuple[float, float]) -> None:
        """Draw an arrow beside the straight line from node to node, which an edge may have."""
        self._axes.annotate(
            "",
            cathode,
            anode,
            arrowprops={
                "arrowstyle": "-|>",
                "connectionstyle": "arc3,rad=0.25",
                "color": COLOURS[1],
                "linewidth": 1.8 * self._size / 11,
                "mutation_scale": 1.6 * self._size,
                "shrinkA": self._size,
                "shrinkB": self._size,
            },
            zorder=2,
        )

    def show(self, state: NetworkState, scale: ScalarMappable | None = None) -> None:
        """Show a state. scale: colours of the edges' conductances in uS, None: all grey."""
        pulled = [state.pulled.get(edge) for edge in self._run.edges]
        shades: list[Any] = [QUIET] * len(pulled) if scale is None else list(scale.to_rgba(1000 / state.kohm))
        colours, widths, dashes, crosses, strokes = [], [], [], [], []
        for new, shade, kohm in zip(pulled, shades, state.kohm.tolist(), strict=True):
            if new is None:
                widths.append(edge_width(kohm, self._size / 11))
                colours.append(shade)
            else:
                widths.append(1.5 if new else 0.72)
                colours.append(COLOURS[1] if new else FAINT)
            dashes.append("-" if new is None else (0, (2, 2)))
            crosses.append(0.0 if new is None else 81.0 if new else 25.0)
            strokes.append(0.0 if new is None else 2.5 if new else 1.2)
        self._edges.set(color=colours, linewidth=widths, linestyle=dashes)
        self._crosses.set(color=colours, sizes=crosses, linewidth=strokes)
        nodes = self._run.nodes
        roles = [INPUT if node in state.inputs else OUTPUT if node in state.outputs else "white" for node in nodes]
        self._nodes.set(facecolor=roles, edgecolor=[QUIET if role == "white" else INK for role in roles])

    def write_value(self, node: str, text: str) -> None:
        """Write a text above or below a node, away from the middle of the network."""
        up = self._places[node][1] > np.mean([y for _, y in self._places.values()])
        self._axes.annotate(
            text,
            self._places[node],
            (0, 1.75 * self._size if up else -1.75 * self._size),
            textcoords="offset points",
            ha="center",
            va="center",
            size=0.9 * self._size,
            zorder=4,
            bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.5, "alpha": 0.8},
        )


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
