"""Twins on large graphs: every solver makes the same ticks, and an independent one gives the same voltages."""

import builtins
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.command_line import run_here
from twinohm.benchmarks import large
from twinohm.benchmarks.lattice import Drivers, inputs_of, lattice, output_of
from twinohm.ensemble import last_factor
from twinohm.ensemble.factors import SuperLU
from twinohm.ensemble.last_factor import LastFactor
from twinohm.ensemble.sparse import SOLVERS, Solver, SparseTwins
from twinohm.errors import TwinOhmError, UsageError
from twinohm.model.graphs import named_graph

SMALL, MEDIUM = 8, 40  # 112 and 3,120 edges
EXACT: tuple[Solver, ...] = ("superlu", "cholmod")


def twins(side: int, solver: Solver, drivers: Drivers = "corner") -> SparseTwins:
    nodes, edges = lattice(side)
    return SparseTwins(nodes, edges, inputs_of(side, drivers), [output_of(side)], solver=solver)


def start(side: int) -> np.ndarray:
    return np.random.default_rng(side).integers(4, 128, len(lattice(side)[1])).astype(float)


@pytest.mark.parametrize("solver", EXACT)
@pytest.mark.parametrize(("side", "ticks"), [(SMALL, 300), (MEDIUM, 60)])
def test_exact_solvers_make_the_same_ticks(solver: Solver, side: int, ticks: int) -> None:
    one, other = twins(side, "ldl"), twins(side, solver)
    taps = start(side)
    others = taps.copy()
    for _ in range(ticks):
        volts, others_volts = one.tick(taps, [5.0, 0.0], [3.0]), other.tick(others, [5.0, 0.0], [3.0])
        np.testing.assert_array_equal(taps, others)
        np.testing.assert_allclose(volts, others_volts, atol=1e-9)


def test_ties_of_equal_taps_are_ties_for_every_solver() -> None:
    """All taps are 64 and the lattice is symmetric, so many edges have no margin at all at the first tick."""
    made = []
    for solver in SOLVERS:
        taps = np.full(len(lattice(SMALL)[1]), 64.0)
        machine = twins(SMALL, solver)
        for _ in range(20):
            machine.tick(taps, [5.0, 0.0], [3.0])
        made.append(taps)
    for taps in made[1:]:
        np.testing.assert_array_equal(taps, made[0])


@pytest.mark.parametrize("drivers", ["corner", "spread"])
def test_one_edge_in_a_thousand_steps_the_other_way_by_the_last_factor(drivers: Drivers) -> None:
    """At every tick from the same taps. All taps drift at first and swing later: both are in it."""
    machine, exact = twins(MEDIUM, "gradients", drivers), twins(MEDIUM, "cholmod", drivers)
    inputs_V = np.random.default_rng(0).uniform(0, 5, len(inputs_of(MEDIUM, drivers)))
    taps, different, ticks = start(MEDIUM), 0, 100
    for _ in range(ticks):
        others = taps.copy()
        volts, others_volts = machine.tick(taps, inputs_V, [3.0]), exact.tick(others, inputs_V, [3.0])
        np.testing.assert_allclose(volts, others_volts, atol=1e-3)
        different += int((taps != others).sum())
    assert different < 1e-3 * ticks * taps.size


def test_most_ticks_are_made_with_the_last_factor_whatever_the_example() -> None:
    nodes, edges = lattice(MEDIUM)
    solver = LastFactor(nodes, edges)
    machine = SparseTwins(nodes, edges, inputs_of(MEDIUM, "corner"), [output_of(MEDIUM), 7], solver="cholmod")
    exact = machine._factor
    taps, random = start(MEDIUM), np.random.default_rng(0)
    for _ in range(60):
        given = random.uniform(0, 5, 2), random.uniform(1, 4, 2)
        machine._factor = solver.factor
        free, clamped = machine.solve(taps, *given)
        machine._factor = exact
        exact_free, exact_clamped = machine.solve(taps, *given)
        np.testing.assert_allclose(free, exact_free, atol=1e-3)
        np.testing.assert_allclose(clamped, exact_clamped, atol=3e-3)
        machine.tick(taps, *given)
    assert 1 < solver.factors <= 30


def test_a_factor_that_is_of_no_use_is_replaced_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(last_factor, "MOST_STEPS", 2)
    nodes, edges = lattice(SMALL)
    solver, current = LastFactor(nodes, edges), np.zeros((nodes, 2), order="F")
    current[0, 0] = current[5, 1] = 1.0
    driver_S = np.where(np.arange(nodes) == 0, 0.4, 0.0)
    for edge_S in (np.full(len(edges), 1e-5), np.geomspace(1e-5, 1e-3, len(edges))):
        volts = solver.factor(edge_S, driver_S)(current)
        np.testing.assert_allclose(volts[0, 0], 2.5, rtol=1e-9)  # all the current flows through the driver
    assert solver.factors == 2


def test_inputs_at_0_V_leave_everything_at_0_V() -> None:
    machine, taps = twins(SMALL, "gradients"), start(SMALL)
    for _ in range(4):
        free, _ = machine.solve(taps, [0.0, 0.0], [3.0])
        np.testing.assert_array_equal(free, 0.0)
        assert machine.tick(taps, [0.0, 0.0], [3.0]) == 0.0


@pytest.mark.parametrize("solver", SOLVERS)
def test_ngspice_has_the_same_voltages(solver: Solver, ngspice: Path, tmp_path: Path) -> None:
    """After some ticks, so that the last factor is not that of these taps; on a graph that is no lattice."""
    graph = named_graph("random:60,150,seed=3")
    inputs, outputs, given, wanted = [0, 1, 2], [3, 4], [5.0, 0.0, 2.0], [3.0, 1.5]
    machine = SparseTwins(60, graph.edges, inputs, outputs, solver=solver)
    taps = np.random.default_rng(1).integers(4, 128, 150).astype(float)
    for _ in range(5):
        machine.tick(taps, given, wanted, 0.5)
    free, clamped = machine.solve(taps, given, wanted, 0.5)
    lines = ["* both networks", ".options gmin=1e-18 reltol=1e-9 vntol=1e-12 abstol=1e-15"]
    nudged = dict(zip(outputs, 0.5 * (free[outputs] + wanted), strict=True))
    for net, driven in (("f", {}), ("c", nudged)):
        for i, ((a, b), tap) in enumerate(zip(graph.edges, taps, strict=True)):
            lines.append(f"R{net}{i} {net}{a} {net}{b} {1040 + tap * 100e3 / 128:.12g}")
        for node, volts in (dict(zip(inputs, given, strict=True)) | driven).items():
            lines += [f"V{net}{node} d{net}{node} 0 {volts:.12g}", f"Rd{net}{node} d{net}{node} {net}{node} 2.5"]
    names = " ".join(f"v({net}{node})" for net in "fc" for node in range(60))
    lines += [".control", "set numdgt=12", "op", f"wrdata out.txt {names}", "quit", ".endc", ".end", ""]
    (tmp_path / "deck.cir").write_text("\n".join(lines))
    subprocess.run([str(ngspice), "-b", "deck.cir"], cwd=tmp_path, capture_output=True, check=True, timeout=60)
    volts = np.loadtxt(tmp_path / "out.txt")[1::2]
    close = 1e-4 if solver == "gradients" else 1e-9
    np.testing.assert_allclose(np.concatenate([free, clamped]), volts, atol=close)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"edges": [(0, 1, 2)]}, r"edges has shape \(1, 3\): give \(n_edges, 2\)"),
        ({"edges": [(0, 1), (1, 4)]}, r"edges: give at least one, of nodes 0..3"),
        ({"inputs": []}, "inputs: give at least one"),
        ({"outputs": [0]}, "a node is named twice"),
        ({"edges": [(0, 1), (2, 3)]}, "node 2 is joined to no input"),
        ({"edges": [(0, 1), (1,)]}, r"edges = .*: give whole numbers, those of nodes"),
        ({"inputs": ["a"]}, r"inputs = \['a'\]: give whole numbers, those of nodes"),
        ({"outputs": [1.5]}, r"outputs = \[1.5\]: give whole numbers"),
        ({"n_nodes": "q"}, "n_nodes = 'q': give a whole number, 2 or more"),
        ({"solver": "lu"}, "solver = 'lu': not known; there are ldl, superlu, cholmod, gradients"),
    ],
)
def test_what_is_wrong_is_named(given: dict[str, Any], words: str) -> None:
    network: dict[str, Any] = {"n_nodes": 4, "edges": [(0, 1), (1, 2), (2, 3)], "inputs": [0], "outputs": [3]}
    with pytest.raises(UsageError, match=words):
        SparseTwins(**network | given)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"taps": np.full(4, 64.0)}, "taps = .*: give a numpy array of 3 numbers, one an edge"),
        ({"taps": [64, 64, 64]}, "taps = .*: give a numpy array of 3 numbers, one an edge"),
        ({"taps": np.array([64.0, np.nan, 64.0])}, "taps of edge 1: nan; give 0 or more"),
        ({"inputs_V": [5.0, 1.0]}, "inputs_V = .*: give finite numbers, 1 of them"),
        ({"inputs_V": ["five"]}, "inputs_V = .*: give numbers, 1 of them"),
        ({"desired_V": [np.inf]}, "desired_V = .*: give finite numbers, 1 of them"),
        ({"eta": "x"}, "eta = 'x': give a"),
    ],
)
def test_a_wrong_tick_is_refused_and_moves_no_tap(given: dict[str, Any], words: str) -> None:
    tick: dict[str, Any] = {"taps": np.full(3, 64.0), "inputs_V": [5.0], "desired_V": [3.0]} | given
    before = np.array(tick["taps"])
    with pytest.raises(UsageError, match=words):
        SparseTwins(4, [(0, 1), (1, 2), (2, 3)], [0], [3]).tick(**tick)
    np.testing.assert_array_equal(before, tick["taps"])


def test_without_cvxopt_scipy_solves_and_a_warning_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("twinohm.ensemble.sparse.find_spec", lambda name: None)
    nodes, edges = lattice(MEDIUM)
    with pytest.warns(
        UserWarning, match=r"3120 edges are solved by SuperLU.*cvxopt is missing: .* install .*(cvxopt|large)"
    ):
        machine = SparseTwins(nodes, edges, [0], [5])
    assert isinstance(machine._factor.__self__, SuperLU)


def test_a_solver_whose_package_is_missing_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def no_cvxopt(name: str, *rest: Any) -> Any:
        if name == "cvxopt":
            raise ImportError("no cvxopt")
        return real(name, *rest)

    monkeypatch.setattr(builtins, "__import__", no_cvxopt)
    monkeypatch.delitem(sys.modules, "twinohm.ensemble.cholmod", raising=False)
    with pytest.raises(TwinOhmError, match="CHOLMOD comes with cvxopt, which is missing: .*install.*(cvxopt|large)"):
        twins(SMALL, "cholmod")


@pytest.mark.slow
def test_bench_large(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(large, "SIDES", (6,))
    monkeypatch.setattr(large.large_bench, "__defaults__", (0.01, lambda: None))
    done = run_here("bench", "large", "--json", cwd=tmp_path)
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode == 0, done.stderr
    assert [row["solver"] for row in rows] == ["superlu", "ldl", "cholmod", "gradients"]
    assert all(row["edges"] == 60 and row["ticks_per_s"] > 0 and row["peak_MB"] > 10 for row in rows)
    assert rows[0]["ratio"] == 1.0 and [row["differ"] is None for row in rows] == [True, True, True, False]
