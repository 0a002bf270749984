"""Ticks per second of one replica on large square lattices, by each solver that there is, and what each needs.

A tick is a free solve, a clamped solve and a step of every edge, in processor time of one core. Two opposite corners
are inputs, the node in the middle is the output, and the run begins at random taps, so that they move most. Every row
has a process of its own, whose memory is shown.
"""

import re
import time
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import NotRequired, TypedDict

import numpy as np

from twinohm.benchmarks.lattice import inputs_of, lattice, n_edges, output_of
from twinohm.benchmarks.scaling import LDL_MEASURED_UP_TO, MIN_TAP, POT, three_figures
from twinohm.ensemble.sparse import SOLVERS, Solver, SparseTwins
from twinohm.extras import install_command
from twinohm.model.random_streams import BENCHMARK
from twinohm.processes import Workers

SIDES = (71, 224, 708)  # 9,940, 99,904 and 1,001,112 edges
LEAST_TICKS = 3
COMPARED = 5  # ticks whose steps are compared with those of "cholmod"
TODAY: Solver = "superlu"  # what ratios are to
INPUTS_V, DESIRED_V = (5.0, 0.0), (3.0,)


class LargeRow(TypedDict):
    """Speed of one solver on one lattice, in the mean of all ticks after the first.

    ratio: to SuperLU. first_s: until the first tick is made, order and compilation included. peak_MB: memory of the
    process, of Linux alone. differ: the share of edges that step the other way than by a factorisation of every tick,
    in the mean of COMPARED ticks; of "gradients" alone.
    """

    edges: int
    solver: str
    ticks_per_s: float | None
    ratio: float | None
    first_s: float | None
    peak_MB: int | None
    differ: float | None
    why: NotRequired[str]  # why there is no figure


def large_bench(seconds: float = 10.0, advance: Callable[[], None] = lambda: None) -> list[LargeRow]:
    """Return the rows of each lattice, with SuperLU first. A row takes `seconds`, or LEAST_TICKS.

    `advance` is called after each of steps().
    """
    rows: list[LargeRow] = []
    for side, solver in _measured():
        if solver in ("cholmod", "gradients") and not find_spec("cvxopt"):
            rows.append(_without(side, solver, f"cvxopt is missing: {install_command('large')}"))
        else:
            with Workers(1) as worker:
                rows.append(worker.submit(measure, side, solver, seconds).result())
        advance()
    today = {row["edges"]: row["ticks_per_s"] for row in rows if row["solver"] == TODAY}
    for row in rows:
        before, now = today[row["edges"]], row["ticks_per_s"]
        row["ratio"] = three_figures(now / before) if now and before else None
    return rows


def steps() -> int:
    """Return how often large_bench() calls `advance`."""
    return len(list(_measured()))


def measure(side: int, solver: Solver, seconds: float) -> LargeRow:
    """Return the row of a solver on a lattice of side x side nodes, without its ratio."""
    n_nodes, pairs = lattice(side)
    edges = np.array(pairs)
    del pairs  # a million tuples take more memory than the solvers' arrays
    inputs, outputs = inputs_of(side, "corner"), [output_of(side)]
    taps = BENCHMARK.generator(0).integers(MIN_TAP, POT.positions, len(edges)).astype(np.float64)
    start = time.perf_counter()
    twins = SparseTwins(n_nodes, edges, inputs, outputs, solver=solver)
    twins.tick(taps, INPUTS_V, DESIRED_V)
    first_s = time.perf_counter() - start
    ticks, start = 0, time.process_time()
    while (elapsed := time.process_time() - start) < seconds or ticks < LEAST_TICKS:
        twins.tick(taps, INPUTS_V, DESIRED_V)
        ticks += 1
    row = _without(side, solver)
    row |= {"ticks_per_s": three_figures(ticks / elapsed), "first_s": three_figures(first_s), "peak_MB": _peak_MB()}
    if solver == "gradients":
        exact, other = SparseTwins(n_nodes, edges, inputs, outputs, solver="cholmod"), []
        for _ in range(COMPARED):
            stepped = taps.copy()
            exact.tick(stepped, INPUTS_V, DESIRED_V)
            twins.tick(taps, INPUTS_V, DESIRED_V)
            other.append(np.mean(stepped != taps))
        row["differ"] = float(f"{np.mean(other):.1g}")
    return row


def _measured() -> Iterator[tuple[int, Solver]]:
    """Yield the sides and solvers that are measured, SuperLU first."""
    for side in SIDES:
        small = n_edges(side) <= LDL_MEASURED_UP_TO
        yield from ((side, solver) for solver in sorted(SOLVERS, key=TODAY.__ne__) if small or solver != "ldl")


def _without(side: int, solver: Solver, why: str = "") -> LargeRow:
    row = LargeRow(
        edges=n_edges(side),
        solver=solver,
        ticks_per_s=None,
        ratio=None,
        first_s=None,
        peak_MB=None,
        differ=None,
    )
    return row | {"why": why} if why else row


def _peak_MB() -> int | None:
    """Return the most memory that this process has had, None where the system does not say it."""
    if not (status := Path("/proc/self/status")).exists():
        return None
    peak = re.search(r"^VmHWM:\s+(\d+) kB$", status.read_text(), re.MULTILINE)
    return round(int(peak[1]) / 1000) if peak else None
