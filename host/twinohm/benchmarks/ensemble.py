"""Measure the ensemble engine beside numpy and libngspice: ticks/s of allostery on lab16, in one run on one core.

A tick is a free solve, a clamped solve and a step of all 16 edges. The engine is the one that `reproduce` calls. It is
measured with machine code for the graph and with the compiled loops that large graphs take; without noise, which tells
what noise costs; and with more threads. numpy and ngspice make ticks without quantisation, mismatch, noise and, at eta
1, without a measurement; all of that is to their advantage.
"""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NotRequired, TypedDict

import numpy as np

from twinohm.benchmarks.libngspice import NgSpice
from twinohm.ensemble import Ensemble
from twinohm.ensemble.arrays import Array
from twinohm.ensemble.engine import cores
from twinohm.model.board import Board
from twinohm.model.board_file import load_board
from twinohm.model.circuit import Network
from twinohm.model.components import TIE_V
from twinohm.model.levers import Levers
from twinohm.model.profile import PROFILES, Profile, profile_from
from twinohm.tasks import find_task
from twinohm.tasks.presets import PRESETS

REPLICAS = 4096


class EnsembleRow(TypedDict):
    """Speed of one engine."""

    what: str
    ticks_per_s: int | None
    ratio: float | None
    first_s: float | None  # of the first call, which may compile
    why: NotRequired[str]  # why there is no figure


def ensemble_bench(seconds: float = 1.0) -> list[EnsembleRow]:
    """Return rows of what, ticks_per_s, ratio (to numpy batched over REPLICAS replicas); a row left out says `why`.

    Each row takes about `seconds` and shows the best of its repeats, since others may use the machine too.
    """
    allostery = Allostery(load_board("lab16"))
    rows: list[EnsembleRow] = []
    blas = np.show_config(mode="dicts")["Build Dependencies"]["blas"]["name"]
    with one_core():
        for what, profile, levers, generated in (
            ("ensemble engine, profile ideal", PROFILES["ideal"], Levers(), True),
            ("ensemble engine, profile lab", PROFILES["lab"], Levers(), True),
            ("ensemble engine, profile lab, preset best", PROFILES["lab"], PRESETS["best"].levers, True),
            ("ensemble engine, profile lab without noise", profile_from("lab", {"noise_V": "0"}), Levers(), True),
            ("compiled loops, profile ideal", PROFILES["ideal"], Levers(), False),
            ("compiled loops, profile lab", PROFILES["lab"], Levers(), False),
        ):
            rows.append(_row(what, allostery.engine(profile, levers, generated, threads=1), seconds))
        batched = _row(
            f"numpy {np.__version__}, batched over {REPLICAS:,} replicas, no BLAS", allostery.numpy_batched(), seconds
        )
        rows += [batched, _row(f"numpy, one replica, {blas} on this core", allostery.numpy_single(), seconds)]
        try:
            rows.append(_row("libngspice", allostery.ngspice(), seconds))
        except OSError as error:
            rows.append({"what": "libngspice", "ticks_per_s": None, "ratio": None, "first_s": None, "why": str(error)})
    for name in ("ideal", "lab"):
        what = f"ensemble engine, profile {name}, {cores()} threads"
        rows.append(_row(what, allostery.engine(PROFILES[name], Levers(), True), seconds))
    for row in rows:
        if row["ticks_per_s"] is not None and batched["ticks_per_s"] is not None:
            row["ratio"] = float(f"{row['ticks_per_s'] / batched['ticks_per_s']:.3g}")
    return rows


@contextmanager
def one_core() -> Iterator[None]:
    """Keep this process and its libraries' threads on one core, where the system can do that."""
    if not hasattr(os, "sched_setaffinity"):
        yield
        return
    cores = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(cores)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, cores)


def _row(what: str, ticks: Callable[[], int], seconds: float) -> EnsembleRow:
    """Return the row of `ticks`, which makes some and returns how many; its first call may compile and is not timed."""
    start = time.perf_counter()
    ticks()
    first_s = round(time.perf_counter() - start, 2)
    best, end = 0.0, time.perf_counter() + seconds
    while time.perf_counter() < end:
        start = time.perf_counter()
        done = ticks()
        best = max(best, done / (time.perf_counter() - start))
    return {"what": what, "ticks_per_s": round(best), "ratio": None, "first_s": first_s}


class Allostery:
    """The same task for every engine. Each method returns a function that makes ticks and returns how many."""

    def __init__(self, board: Board) -> None:
        task = find_task("allostery")
        self.board = board
        self.placement = task.placement_on(board)
        (self.inputs_V, self.desired_V) = task.examples[0]
        self.inputs, self.outputs = ([board.node_index(name) for name in names] for names in self.placement)
        self.a, self.b = np.array(board.edge_nodes).T
        n = len(board.nodes)
        self.drive_S = np.zeros((2, n))
        assert board.switches is not None
        self.drive_S[:, self.inputs] = self.drive_S[1, self.outputs] = 1 / board.switches.on_ohm
        self.drive_V = np.zeros(n)
        self.drive_V[self.inputs] = self.inputs_V

    def edge_S(self, taps: Array) -> Array:
        return np.asarray(1 / self.board.pots.edge_ohm(taps))

    def step(self, taps: Array, free: Array, clamped: Array) -> None:
        """Step `taps` (.., n_edges) in place by eq. 6 of the paper, from voltages (.., n_nodes)."""
        drop, clamped_drop = free[..., self.a] - free[..., self.b], clamped[..., self.a] - clamped[..., self.b]
        up = ((clamped_drop - drop) / 2 > TIE_V) == (drop > TIE_V)
        np.clip(taps + np.where(up, 1, -1), self.board.pots.min_tap, self.board.pots.top_tap, out=taps)

    def engine(
        self,
        profile: Profile,
        levers: Levers,
        generated: bool,
        threads: int | None = None,
        ticks: int = 200,
        replicas: int = 512,
    ) -> Callable[[], int]:
        ensemble = Ensemble(self.board, profile, range(replicas), threads=threads, generated=generated)
        inputs_V, desired_V = np.tile(self.inputs_V, (ticks, 1)), np.tile(self.desired_V, (ticks, 1))
        state = ensemble.start()

        def run() -> int:
            nonlocal state
            state = ensemble.train(self.placement, inputs_V, desired_V, 1.0, levers, state, record=()).state
            return replicas * ticks

        return run

    def numpy_single(self, ticks: int = 500) -> Callable[[], int]:
        network = Network(len(self.board.nodes), self.board.edge_nodes)
        taps = np.full(self.board.n_edges, float(self.board.pots.start_tap))

        def run() -> int:
            drive_V = self.drive_V.copy()
            for _ in range(ticks):
                edge_S = self.edge_S(taps)
                free = network.solve(edge_S, self.drive_S[0], self.drive_V)
                drive_V[self.outputs] = self.desired_V
                self.step(taps, free, network.solve(edge_S, self.drive_S[1], drive_V))
            return ticks

        return run

    def numpy_batched(self, ticks: int = 4) -> Callable[[], int]:
        """Eliminate for all replicas at once: several times as fast as numpy.linalg.solve on a stack."""
        n = len(self.board.nodes)
        taps = np.full((self.board.n_edges, REPLICAS), float(self.board.pots.start_tap))
        clamped_V = self.drive_V.copy()
        clamped_V[self.outputs] = self.desired_V

        def solve(edge_S: Array, drive_S: Array, drive_V: Array) -> Array:
            matrix = np.zeros((n, n + 1, REPLICAS))  # the last column: currents
            matrix[range(n), range(n)] = drive_S[:, None]
            matrix[:, n] = (drive_S * drive_V)[:, None]
            for g, (a, b) in zip(edge_S, self.board.edge_nodes, strict=True):
                matrix[a, a] += g
                matrix[b, b] += g
                matrix[a, b] -= g
                matrix[b, a] -= g
            for k in range(n - 1):
                matrix[k + 1 :, k + 1 :] -= (matrix[k + 1 :, k] / matrix[k, k])[:, None] * matrix[k, k + 1 :]
            volts = np.empty((n, REPLICAS))
            for k in range(n - 1, -1, -1):
                volts[k] = (matrix[k, n] - (matrix[k, k + 1 : n] * volts[k + 1 :]).sum(axis=0)) / matrix[k, k]
            return volts

        def run() -> int:
            for _ in range(ticks):
                edge_S = self.edge_S(taps)
                free = solve(edge_S, self.drive_S[0], self.drive_V)
                self.step(taps.T, free.T, solve(edge_S, self.drive_S[1], clamped_V).T)
            return ticks * REPLICAS

        return run

    def ngspice(self, ticks: int = 50) -> Callable[[], int]:
        nodes, outputs = range(len(self.board.nodes)), self.outputs
        taps = np.full(self.board.n_edges, float(self.board.pots.start_tap))
        deck = ["twins", ".options gmin=1e-18 reltol=1e-9"]
        for net in "fc":
            for i, (a, b) in enumerate(self.board.edge_nodes):
                deck.append(f"r{net}{i} {net}{a} {net}{b} 1k")
            for node in nodes:
                drive_S = self.drive_S["fc".index(net), node]
                if drive_S:
                    deck.append(f"v{net}{node} s{net}{node} 0 {self.drive_V[node]}")
                    deck.append(f"rs{net}{node} s{net}{node} {net}{node} {1 / drive_S}")
        for k, node in enumerate(outputs):
            deck[deck.index(f"vc{node} sc{node} 0 0.0")] = f"vc{node} sc{node} 0 {self.desired_V[k]}"
        spice = NgSpice([*deck, ".end"])

        def run() -> int:
            for _ in range(ticks):
                for i, ohm in enumerate(1 / self.edge_S(taps)):
                    spice.command(f"alter rf{i}={ohm:.12g}")
                    spice.command(f"alter rc{i}={ohm:.12g}")
                spice.command("op")
                free, clamped = (np.array([spice.volts(f"{net}{node}") for node in nodes]) for net in "fc")
                spice.command("destroy all")
                self.step(taps, free, clamped)
            return ticks

        return run
