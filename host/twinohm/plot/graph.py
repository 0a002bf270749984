"""Draw the network: nodes by role, edges as wide as they conduct, pulled edges crossed out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from twinohm.model.temperature import drifted_K, warmed
from twinohm.plot.history import Floats, History, Stretch
from twinohm.plot.style import COLOURS, FAINT, INK, QUIET

if TYPE_CHECKING:
    from matplotlib.axes import Axes

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
_WIDEST = 7.0  # points, at 4 kilohm


def resistance_kohm(history: History) -> Floats:
    """Return the resistance of the free network's edges at each tick (ticks, edges), kilohm.

    It is the true one if the port knows it, else the nominal one.
    """
    taps, truth, pots = history.data["taps"], history.run.truth, history.run.pots
    if truth is None:
        ohm: NDArray[np.floating] = pots.edge_ohm(taps)
    else:
        per_tap_ohm = pots.chip.per_tap_ohm(np.array(truth.pot_ohm[0]))
        if (by := truth.temperature) is not None:
            kelvin = np.array([[drifted_K(by.drift_K, tick)] for tick in history.data["tick"].tolist()])
            per_tap_ohm = warmed(per_tap_ohm, by.pot_per_K, kelvin)
        ohm = taps * per_tap_ohm + np.array(truth.wiper_ohm[0]) + np.array(truth.series_ohm[0])
    return np.asarray(ohm, dtype=np.float64) / 1000


def draw_graph(axes: Axes, history: History, one: Stretch, size: float = 11, values: bool = True) -> None:
    """Draw the network at the end of a stretch.

    `size`: of the nodes' names, points. `values`: whether voltages that stay the same are written beside their nodes.
    """
    run, data = history.run, history.data
    row = int(np.flatnonzero(data["tick"] < one.stop)[-1])
    places = _places(run.nodes)
    kohm = resistance_kohm(history)[row]
    there, gone = history.present(one.stop - 1), {edge: tick for tick, edge in history.cuts}
    for i, edge in enumerate(run.edges):
        (x0, y0), (x1, y1) = (places[node] for node in _ends(edge, run.nodes))
        if there[i]:
            width = max(0.7, size / 11 * _WIDEST * (4 / kohm[i]) ** 0.5)
            axes.plot([x0, x1], [y0, y1], color=QUIET, lw=width, zorder=1, solid_capstyle="butt", clip_on=False)
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
        axes.annotate(node, places[node], ha="center", va="center_baseline", size=size, color=INK, zorder=4)
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


def _places(nodes: Sequence[str]) -> dict[str, tuple[float, float]]:
    """Return the paper's places for its nodes, a circle for any others."""
    if set(nodes) <= set(_PAPER):
        return {node: _PAPER[node] for node in nodes}
    angles = np.pi / 2 - 2 * np.pi * np.arange(len(nodes)) / len(nodes)
    return {node: (float(np.cos(a)), float(np.sin(a))) for node, a in zip(nodes, angles, strict=True)}


def _ends(edge: str, nodes: Sequence[str]) -> tuple[str, str]:
    """Return the two nodes of an edge; a node's name may hold a hyphen itself."""
    return next((a, b) for a in nodes for b in nodes if edge == f"{a}-{b}")
