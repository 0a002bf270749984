"""Measure the paper's scaling claim: with how many edges is a machine of a fixed tick rate faster than its simulation?

Square lattices; a simulated tick is a free solve, a clamped solve and a step of every edge, on one core.
"""

import time
from typing import TypedDict

import numpy as np

from twinohm.benchmarks.ensemble import one_core
from twinohm.ensemble.sparse import SparseTwins
from twinohm.model.pot_parts import DEFAULT_POT, POT_PARTS
from twinohm.model.random_streams import BENCHMARK

SIDES = (8, 23, 71, 224)  # 112, 1,012, 9,940 and 99,904 edges
FIXED_UP_TO = 10_000  # edges; the fixed elimination order takes too long to find beyond
MACHINES_HZ = (4, 1_000, 10_000)  # the paper's; a microcontroller's; an edge that only needs two clock edges
MIN_TAP, POT = 4, POT_PARTS[DEFAULT_POT]
PAPER = "500 edges already outpace the simulation, at 3 to 5 Hz"


def lattice(side: int) -> tuple[int, list[tuple[int, int]]]:
    """Return number of nodes and edges of a square lattice of side x side nodes."""
    right = [(r * side + c, r * side + c + 1) for r in range(side) for c in range(side - 1)]
    down = [(r * side + c, (r + 1) * side + c) for r in range(side - 1) for c in range(side)]
    return side * side, right + down


class ScalingRow(TypedDict):
    """A lattice with its fastest solver, or a machine: its rate, and the number of edges from which it is faster."""

    edges: int | str
    solver: str
    ticks_per_s: float


def scaling(seconds: float = 2.0) -> list[ScalingRow]:
    """Return a row for each lattice with its fastest solver, then one for each machine rate: the size it wins from."""
    rows: list[ScalingRow] = []
    sizes, speeds = [], []  # logarithms
    with one_core():
        for side in SIDES:
            nodes, edges = lattice(side)
            solvers = {"SuperLU": False} | ({"compiled LDL^T": True} if len(edges) <= FIXED_UP_TO else {})
            rates = {name: _ticks_per_s(nodes, edges, fixed, seconds) for name, fixed in solvers.items()}
            best = max(rates, key=lambda name: rates[name])
            rate = float(f"{rates[best]:.3g}")
            rows.append({"edges": len(edges), "solver": best, "ticks_per_s": rate})
            sizes.append(np.log(len(edges)))
            speeds.append(np.log(rate))
    for hz in MACHINES_HZ:
        edges_at = float(np.exp(np.interp(-np.log(hz), np.negative(speeds), sizes)))
        inside = min(speeds) <= np.log(hz) <= max(speeds)
        bound = "" if inside else ("more than " if np.log(hz) < min(speeds) else "fewer than ")
        what = f"a machine at {hz} Hz wins from here"
        rows.append({"edges": f"{bound}{float(f'{edges_at:.2g}'):.0f}", "solver": what, "ticks_per_s": hz})
    return rows


def _ticks_per_s(nodes: int, edges: list[tuple[int, int]], fixed: bool, seconds: float) -> float:
    side = round(nodes**0.5)
    inputs, outputs = [0, nodes - 1], [side - 1, nodes // 2 + side // 2]
    twins = SparseTwins(nodes, edges, inputs, outputs, fixed=fixed)
    taps = BENCHMARK.generator(0).integers(MIN_TAP, POT.positions, len(edges)).astype(np.float64)
    drive, desired = np.array([5.0, 0.0]), np.array([3.0, 2.0])
    twins.tick(taps, drive, desired, 1.0)  # compiles
    done, start = 0, time.perf_counter()
    while (elapsed := time.perf_counter() - start) < seconds or done < 2:
        twins.tick(taps, drive, desired, 1.0)
        done += 1
    return done / elapsed
