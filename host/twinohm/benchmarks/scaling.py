"""Ticks per second of growing square lattices: simulated, and of machines that must settle. Who is faster from where?

A simulated tick is a free solve, a clamped solve and a step of every edge, on one core. `machine.py` has the machines.
"""

import time
from collections.abc import Callable
from typing import TypedDict

import numpy as np

from twinohm.benchmarks.ensemble import one_core
from twinohm.benchmarks.lattice import DRIVERS, inputs_of, lattice, n_edges, output_of
from twinohm.benchmarks.machine import CHANGES, CONSTANT_US, EDGE_US, technologies, tick_rates
from twinohm.ensemble.sparse import Solver, SparseTwins
from twinohm.model.pot_parts import DEFAULT_POT, POT_PARTS
from twinohm.model.random_streams import BENCHMARK

SIDES = (8, 23, 40, 71, 224)  # 112, 1,012, 3,120, 9,940 and 99,904 edges
LDL_MEASURED_UP_TO = 10_000  # edges; the order of the compiled LDL^T takes too long to find beyond
MIN_TAP, POT = 4, POT_PARTS[DEFAULT_POT]
SIMULATION, CONTROLLER = "simulation", "controller"
PAPER_EDGES = 500
PAPER = f"a laboratory network of only {PAPER_EDGES} edges will already outpace its in silico counterpart"  # abstract


class ScalingRow(TypedDict):
    """The ticks per second of a simulation or a machine, by number of edges.

    wins_from: the number of edges from which on a machine is faster than the simulation. The smallest lattice's if it
    always is, None if it is not at the largest.
    """

    what: str
    drivers: str
    change: str
    ticks_per_s: dict[int, float]
    wins_from: int | None


def scaling(seconds: float = 2.0, advance: Callable[[], None] = lambda: None) -> list[ScalingRow]:
    """Return the rows of the simulation, of each machine, and of a controller that reads and steps every edge.

    `seconds`: processor time for each solver and lattice. `advance` is called after each of steps().
    """
    simulated: dict[int, float] = {}
    with one_core():
        for side in SIDES:
            simulated[n_edges(side)] = _fastest(side, seconds)
            advance()
    rows = [ScalingRow(what=SIMULATION, drivers="", change="", ticks_per_s=simulated, wins_from=None)]
    for technology in technologies():
        for drivers in DRIVERS:
            rates = {n_edges(side): tick_rates(technology, side, drivers) for side in SIDES}
            for change, which in zip(CHANGES, zip(*rates.values(), strict=True), strict=True):
                rows.append(_machine(technology.name, drivers, change, dict(zip(rates, which, strict=True)), simulated))
            advance()
    reading = {edges: 1e6 / (CONSTANT_US + EDGE_US * edges) for edges in simulated}
    return [*rows, _machine(CONTROLLER, "", "", reading, simulated)]


def steps() -> int:
    """Return how often scaling() calls `advance`."""
    return len(SIDES) + len(technologies()) * len(DRIVERS)


def wins_from(machine: dict[int, float], simulated: dict[int, float]) -> int | None:
    """Return the number of edges from which on the machine is faster: interpolated between logarithms, two figures."""
    edges = sorted(simulated)
    ahead = np.log([machine[n] / simulated[n] for n in edges])
    if ahead[-1] <= 0:
        return None
    behind = np.flatnonzero(ahead <= 0)
    if not behind.size:
        return edges[0]
    last = int(behind[-1])
    between = np.interp(0, ahead[last : last + 2], np.log(edges[last : last + 2]))
    return round(float(f"{np.exp(between):.2g}"))


def _machine(what: str, drivers: str, change: str, rates: dict[int, float], simulated: dict[int, float]) -> ScalingRow:
    shown = {edges: three_figures(rate) for edges, rate in rates.items()}
    return {
        "what": what,
        "drivers": drivers,
        "change": change,
        "ticks_per_s": shown,
        "wins_from": wins_from(shown, simulated),
    }


def three_figures(value: float) -> float:
    """Return a measured value without the digits that say nothing."""
    return float(f"{value:.3g}")


def _fastest(side: int, seconds: float) -> float:
    solvers: tuple[Solver, ...] = ("superlu", "ldl") if n_edges(side) <= LDL_MEASURED_UP_TO else ("superlu",)
    return three_figures(max(_ticks_per_s(side, solver, seconds) for solver in solvers))


def _ticks_per_s(side: int, solver: Solver, seconds: float) -> float:
    """Return the ticks per second of processor time of a solver.

    The best of 20 parts of `seconds` counts: what else runs on the computer only makes a part slower.
    """
    nodes, edges = lattice(side)
    twins = SparseTwins(nodes, edges, inputs_of(side, "corner"), [output_of(side)], solver=solver)
    taps = BENCHMARK.generator(0).integers(MIN_TAP, POT.positions, len(edges)).astype(np.float64)
    drive, desired = np.array([5.0, 0.0]), np.array([3.0])
    twins.tick(taps, drive, desired, 1.0)  # compiles
    best, end = 0.0, time.process_time() + seconds
    while (start := time.process_time()) < end:
        done = 0
        while (elapsed := time.process_time() - start) < seconds / 20:
            twins.tick(taps, drive, desired, 1.0)
            done += 1
        best = max(best, done / elapsed)
    return best
