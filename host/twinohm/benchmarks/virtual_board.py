"""Measure the virtual board beside one numpy solve of both networks, timed in the same run."""

import time
from pathlib import Path
from typing import TypedDict

import numpy as np

from twinohm.model.board_file import load_board
from twinohm.model.circuit import Network
from twinohm.model.random_streams import BENCHMARK
from twinohm.processes import scratch_folder
from twinohm.runlog.plan import plan_run
from twinohm.runlog.runner import run
from twinohm.tasks import find_task


class SimRow(TypedDict):
    """Speed of the virtual board; times in us."""

    what: str
    ticks_per_s: float
    us_per_tick: float
    numpy_solve_us: float
    ratio: float  # us_per_tick to numpy_solve_us


def sim_bench(ticks: int = 2000, port: str = "sim://") -> SimRow:
    """Return the speed of allostery through firmware, wire, parts and log, beside the time of a bare solve."""
    solve_us = _solve_us()
    with scratch_folder() as folder:
        marks: list[tuple[float, int]] = []
        plan = plan_run(find_task("allostery"), "lab16", port, ticks=ticks)
        run(plan, Path(folder), lambda done, error: marks.append((time.perf_counter(), done)))
    seconds = marks[-1][0] - marks[0][0]
    per_tick_us = 1e6 * seconds / (marks[-1][1] - marks[0][1])
    return {
        "what": "sim://lab16 allostery, firmware + wire + parts + log",
        "ticks_per_s": round(1e6 / per_tick_us, 1),
        "us_per_tick": round(per_tick_us, 1),
        "numpy_solve_us": round(solve_us, 1),
        "ratio": round(per_tick_us / solve_us, 1),
    }


def _solve_us(repeats: int = 2000) -> float:
    """Return the time of one solve of the free and one of the clamped network of lab16, by circuit.Network."""
    board = load_board("lab16")
    network = Network(len(board.nodes), board.edge_nodes)
    edge_S = 1 / BENCHMARK.generator(0).uniform(4e3, 1e5, board.n_edges)
    drive_S = np.array([0.4, 0, 0, 0.4, 0, 0, 0, 0, 0.4])
    drive_V = np.array([4.0, 0, 0, 1.0, 0, 0, 0, 0, 0.2])
    start = time.perf_counter()
    for _ in range(repeats):
        network.solve(edge_S, drive_S, drive_V)
        network.solve(edge_S, drive_S, drive_V)
    return 1e6 * (time.perf_counter() - start) / repeats
