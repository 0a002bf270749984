"""The figure of an analysis: the network by susceptibility and by power, two spectra, the rule and the gradient."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from twinohm.plot.graph import INPUT, OUTPUT, node_places
from twinohm.plot.style import COLOURS, FAINT, INK, QUIET, our_style
from twinohm.studies.analysis import CircuitTask, Modes

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from twinohm.model.circuit import Floats

_FLOOR = 1e-12  # of the largest eigenvalue; smaller ones are rounding


def draw_analysis(circuit: CircuitTask, name: str, basis: str) -> Figure:
    """Draw an analysis. name: of task and board. basis: what its numbers are of."""
    from matplotlib.figure import Figure

    with our_style():
        figure = Figure(figsize=(12.8, 9.0), dpi=150, facecolor="white")
        grid = figure.add_gridspec(2, 3, left=0.055, right=0.985, top=0.835, bottom=0.075, hspace=0.47, wspace=0.3)
        panels = [[figure.add_subplot(grid[row, column]) for column in range(3)] for row in range(2)]
        susceptibility = 1e3 * circuit.susceptibility_V
        power = 1e6 * circuit.power_W.mean(axis=0)
        _network(panels[0][0], circuit, susceptibility, "Susceptibility", "mV per relative change of k")
        _network(panels[1][0], circuit, power, "Power", "µW, mean of the examples")
        _ranked(panels[0][1], circuit, susceptibility)
        _scatter(panels[1][1], circuit)
        there = np.ix_(*2 * [circuit.network.present > 0])
        _spectrum(panels[0][2], Modes.of(1e6 * circuit.hessian[there]), "Cost Hessian", "mV² per tap²", "edges")
        _spectrum(panels[1][2], Modes.of(1e6 * circuit.physical_hessian), "Physical Hessian", "µS", "nodes")
        figure.text(0.02, 0.965, name, size=20, color=INK, va="center", parse_math=False)
        figure.text(0.02, 0.92, basis, size=13, color=QUIET, va="center", parse_math=False)
    return figure


def _head(axes: Axes, word: str, note: str) -> None:
    axes.set_title(f"{word}\n", loc="left", size=15, weight="bold", pad=4)
    axes.text(0, 1.02, note, transform=axes.transAxes, size=11.5, color=QUIET, va="bottom", parse_math=False)


def _network(axes: Axes, circuit: CircuitTask, values: Floats, word: str, note: str) -> None:
    """Draw the network with edges as dark and wide as their values, the largest three with their numbers."""
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import Normalize

    board = circuit.board
    places = node_places(board.nodes, board.edges)
    most = float(values.max()) or 1.0
    shades = ScalarMappable(Normalize(-0.12 * most, most), "viridis_r").to_rgba(values)
    largest = set(np.argsort(-values)[:3].tolist())
    for k, (a, b) in enumerate(board.edge_nodes):
        (xa, ya), (xb, yb) = places[board.nodes[a]], places[board.nodes[b]]
        there = circuit.network.present[k] > 0
        axes.plot(
            [xa, xb],
            [ya, yb],
            color=shades[k] if there else FAINT,
            lw=1.2 + 7 * values[k] / most if there else 1.2,
            ls="-" if there else (0, (2, 2)),
            zorder=1,
            solid_capstyle="butt",
        )
        if k in largest and values[k] > 0:
            box: Any = {"facecolor": "white", "edgecolor": "none", "pad": 0.8, "alpha": 0.85}
            text = f"{values[k]:.3g}"
            axes.text((xa + xb) / 2, (ya + yb) / 2, text, size=11, ha="center", va="center", zorder=4, bbox=box)
    small = min(1.0, (20 / len(board.nodes)) ** 0.5)
    for node in board.nodes:
        inputs, outputs = circuit.placement
        role = INPUT if node in inputs else OUTPUT if node in outputs else "white"
        edge = QUIET if role == "white" else INK
        axes.scatter(*places[node], s=430 * small**2, color=role, edgecolor=edge, linewidth=1, zorder=3)
        size = 12.5 * small * min(1.0, 2.6 / len(node))
        axes.annotate(node, places[node], ha="center", va="center_baseline", size=size, zorder=5, parse_math=False)
    axes.margins(0.08, 0.08)
    axes.set_aspect("equal", "datalim")
    axes.axis("off")
    _head(axes, word, note)


def _ranked(axes: Axes, circuit: CircuitTask, values: Floats) -> None:
    """Draw the susceptibilities as bars, the largest first: of 24 edges at most."""
    there = np.flatnonzero(circuit.network.present)
    order = there[np.argsort(-values[there], kind="stable")][:24]
    axes.barh(range(len(order)), values[order], color=COLOURS[0], height=0.72)
    axes.set_yticks(range(len(order)), [circuit.board.edges[k] for k in order], size=min(12, 210 / len(order)))
    axes.invert_yaxis()
    axes.tick_params(axis="y", length=0)
    axes.set_xlabel("mV per relative change of k", size=12)
    _head(axes, "Edges by susceptibility", "which hurt most when pulled, to first order")


def _scatter(axes: Axes, circuit: CircuitTask) -> None:
    """Draw the rule's step of every edge against the negative gradient."""
    downhill, step = -1e6 * circuit.gradient, circuit.steps.mean(axis=0)
    there = circuit.network.present > 0
    agrees = downhill * step >= 0
    axes.axhline(0, color=FAINT, lw=1, zorder=0)
    axes.axvline(0, color=FAINT, lw=1, zorder=0)
    for which, colour in ((agrees & there, COLOURS[0]), (~agrees & there, COLOURS[1])):
        axes.scatter(downhill[which], step[which], s=70, color=colour, alpha=0.8, linewidth=0)
    aligned = circuit.alignment()
    most = float(np.abs(downhill).max()) or 1.0
    axes.set_xscale("symlog", linthresh=most / 100)
    axes.set_xlim(-2 * most, 2 * most)
    top = 10 ** np.floor(np.log10(most))
    axes.minorticks_off()
    axes.set_xticks([-top, 0, top], [f"{value:g}".replace("-", "\u2212") for value in (-top, 0, top)])
    axes.set_ylim(-1.15, 1.15)
    axes.set_yticks([-1, 0, 1], ["down", "0", "up"])
    axes.set_xlabel("−gradient of the cost, mV² per tap", size=12)
    if aligned.cosine is None:
        note = "nothing moves: no error, or no slope"
    else:
        note = f"cosine {aligned.cosine:.2f} (chance ± {aligned.chance:.2f})".replace("-", "\u2212")
    _head(axes, "Step of the sign rule", note)


def _spectrum(axes: Axes, modes: Modes, word: str, unit: str, parts: str) -> None:
    """Draw the eigenvalues against their rank, as large as the mode takes part."""
    from matplotlib.ticker import LogLocator, MaxNLocator

    values, participation = modes.values[::-1], modes.participation[::-1]
    seen = np.abs(values) > _FLOOR * np.abs(values).max(initial=0)
    rank = np.arange(1, len(values) + 1)
    for sign, colour in ((1, COLOURS[0]), (-1, COLOURS[1])):
        which = seen & (np.sign(values) == sign)
        size = 25 + 30 * participation[which]
        axes.scatter(rank[which], np.abs(values[which]), s=size, color=colour, alpha=0.8, linewidth=0)
    if seen.any():
        axes.set_yscale("log")
        shown = np.abs(values[seen])
        few = shown.max() < 100 * shown.min()
        axes.yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0) if few else (1.0,)))
        axes.yaxis.set_major_formatter(lambda value, _: f"{value:g}" if 1e-3 <= value < 1e4 else f"{value:.0e}")
        axes.minorticks_off()
    axes.xaxis.set_major_locator(MaxNLocator(5, integer=True))
    axes.set_xlabel(f"mode; larger dots: in more {parts}", size=12)
    negative = bool((seen & (values < 0)).any())
    axes.set_xlim(0, len(values) + 1)
    _head(axes, word, f"{unit}; orange: negative" if negative else unit)
