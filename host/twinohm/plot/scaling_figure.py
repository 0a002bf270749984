"""The figure of `bench scaling`: ticks per second against edges, simulated and of machines."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from twinohm.benchmarks.lattice import DRIVERS
from twinohm.benchmarks.machine import STEP_V
from twinohm.benchmarks.scaling import CONTROLLER, PAPER_EDGES, SIMULATION, ScalingRow
from twinohm.plot.page import LEFT, page
from twinohm.plot.panel import labels, log_axis
from twinohm.plot.style import COLOURS, FAINT, INK, QUIET, count

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_DASHES = {"spread": "-", "corner": (0, (4, 3))}
_FOOT = (
    "Simulation: the faster of two sparse direct solvers on one core. Machines (pots of 100 or 10 kohm, or on a chip): "
    "calculated, none is built. A tick is two settlings to 1 LSB of the ADC, taps in the middle, and a fixed part. "
    f"Lower line: after inputs change over the full range; upper line: after {1000 * STEP_V:g} mV.",
    f"Corner: {DRIVERS['corner']}. Spread: {DRIVERS['spread']}. Edges decide for themselves; a controller that reads "
    "and steps each of them is slower than its limit.",
    "The paper's: its claim, and the step frequency of the chip. Ours: everything else; resistance and capacitance of "
    "the chip are assumed.",
)


def figure_scaling(rows: Sequence[ScalingRow], out: Path) -> None:
    """Draw the rows of scaling() to the PNG `out`."""
    with page(out, "Simulation and machine on growing square lattices", _FOOT) as figure:
        axes = figure.add_axes((LEFT, 0.215, 0.63, 0.67))
        log_axis(axes)
        axes.set_xscale("log")
        axes.xaxis.set_major_formatter(lambda edges, _: count(edges))
        axes.set_xlabel("edges of the lattice")
        axes.set_ylabel("ticks/s")
        by_machine: dict[tuple[str, str], list[ScalingRow]] = {}
        for row in rows:
            by_machine.setdefault((row["what"], row["drivers"]), []).append(row)
        technologies = list(dict.fromkeys(row["what"] for row in rows if row["drivers"]))
        ends, texts, colours = [], [], []
        for (what, drivers), both in by_machine.items():
            colour = {SIMULATION: INK, CONTROLLER: QUIET}.get(what) or COLOURS[technologies.index(what)]
            _band(axes, both, colour)
            last = [list(row["ticks_per_s"].values())[-1] for row in both]
            ends.append((last[0] * last[-1]) ** 0.5)
            texts.append(_label(what, drivers, both))
            colours.append(colour)
        axes.set_xlim(0.9 * min(rows[0]["ticks_per_s"]), max(rows[0]["ticks_per_s"]))
        axes.set_ylim(top=2 * axes.get_ylim()[1])
        axes.grid(color=FAINT, lw=0.4)
        axes.errorbar([PAPER_EDGES], [4], yerr=[[1], [1]], color=INK, marker="s", ms=5, capsize=3)
        paper = f"the paper: {PAPER_EDGES} edges\noutpace a simulation,\nat 3 to 5 Hz"
        axes.annotate(paper, (PAPER_EDGES, 3), (0, -10), textcoords="offset points", size=10, ha="center", va="top")
        labels(axes, ends, texts, colours, 10.5)


def _band(axes: Axes, rows: Sequence[ScalingRow], colour: str) -> None:
    """Draw one line a row, and fill between two."""
    edges = list(rows[0]["ticks_per_s"])
    rates = [list(row["ticks_per_s"].values()) for row in rows]
    if len(rows) > 1:
        axes.fill_between(edges, rates[0], rates[1], color=colour, alpha=0.2, lw=0)
    what, drivers = rows[0]["what"], rows[0]["drivers"]
    width = 2.6 if what == SIMULATION else 1.4
    for rate in rates:
        dashes = ":" if what == CONTROLLER else _DASHES.get(drivers, "-")
        marker = "o" if what == SIMULATION else None
        axes.plot(edges, rate, color=colour, lw=width, ls=dashes, marker=marker, clip_on=False)


def _label(what: str, drivers: str, rows: Sequence[ScalingRow]) -> str:
    if what == SIMULATION:
        return "simulation (measured)"
    name = f"{what}, {drivers}" if drivers else "limit of the controller"
    words = {None: "at no size", min(rows[0]["ticks_per_s"]): "at every size"}
    won = dict.fromkeys(row["wins_from"] for row in reversed(rows))
    return f"{name}\nfaster {' or '.join(words.get(edges) or f'from {count(edges or 0)}' for edges in won)}"
