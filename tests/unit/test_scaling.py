"""The scaling measurement: its lattices, that its twins learn, and how fast physical lattices settle."""

import json
import re
import subprocess
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.command_line import run_here
from tests.conftest import ROOT
from twinohm.benchmarks import machine, scaling
from twinohm.benchmarks.lattice import DRIVERS, Drivers, inputs_of, lattice, output_of
from twinohm.benchmarks.machine import STEP_V, Technology, lattice_decay, settling_s, slow_decay, technologies
from twinohm.benchmarks.scaling import SIDES, wins_from
from twinohm.ensemble.sparse import SparseTwins
from twinohm.model.board_file import load_board
from twinohm.model.circuit import Network
from twinohm.model.settling import SETTLED_V, Decay, capacitance_F, node_capacitance

BOARD, TEN_KOHM, CHIP = technologies()


def settled(side: int, drivers: Drivers, technology: Technology = BOARD, volts: float = BOARD.full_V) -> float:
    return settling_s(lattice_decay(technology, side, inputs_of(side, drivers)), volts)


def farads(side: int, technology: Technology = BOARD) -> np.ndarray:
    return node_capacitance(*lattice(side), technology.node_F, technology.wiper_F, technology.end_F)


def test_lattices_have_the_edges_they_say() -> None:
    assert [len(lattice(side)[1]) for side in SIDES] == [112, 1012, 3120, 9940, 99904]
    nodes, edges = lattice(5)
    assert nodes == 25 and len(set(edges)) == 40 and max(max(edge) for edge in edges) == 24


@pytest.mark.parametrize("side", SIDES)
def test_one_node_in_16_is_driven_and_none_is_far_from_it(side: int) -> None:
    rows, columns = np.divmod(inputs_of(side, "spread"), side)
    assert rows.size / side**2 == pytest.approx(1 / 16, rel=0.15)
    assert max(np.abs(rows - row).min() for row in range(side)) <= 2
    assert output_of(side) not in inputs_of(side, "spread")
    assert inputs_of(side, "corner") == [0, side**2 - 1]


def test_the_measured_twins_learn() -> None:
    nodes, edges = lattice(8)
    twins = SparseTwins(nodes, edges, [0, nodes - 1], [7, 36], solver="ldl")
    taps = np.full(len(edges), 64.0)
    errors = []
    for _ in range(150):
        volts = twins.tick(taps, [5.0, 0.0], [3.0, 2.0], 1.0)
        errors.append(float(((volts - [3.0, 2.0]) ** 2).mean()))
    assert min(errors) < errors[0] / 50


def test_one_node_settles_like_its_resistor_and_capacitor() -> None:
    decay = slow_decay(machine.csc_array([[1e-4]]), np.array([3e-10]))
    assert settling_s(decay, 3.7) == pytest.approx(3e-6 * np.log(3.7 / SETTLED_V), rel=1e-3)


@pytest.mark.parametrize("drivers", DRIVERS)
@pytest.mark.parametrize("side", [4, 8, 17])
def test_the_slow_modes_settle_as_all_modes_do(side: int, drivers: Drivers) -> None:
    nodes, edges = lattice(side)
    moving = np.setdiff1d(range(nodes), inputs_of(side, drivers))
    matrix = Network(nodes, edges).conductance(np.full(len(edges), 1 / BOARD.edge_ohm))[np.ix_(moving, moving)]
    exact = Decay.exact(matrix, farads(side)[moving])
    for volts in (BOARD.full_V, STEP_V):
        assert settled(side, drivers, volts=volts) == pytest.approx(settling_s(exact, volts), rel=2e-3)


@pytest.mark.parametrize("drivers", DRIVERS)
def test_ngspice_sees_a_lattice_settle_as_fast(drivers: Drivers, ngspice: Path, tmp_path: Path) -> None:
    nodes, edges = lattice(8)
    driven, expected = inputs_of(8, drivers), settled(8, drivers)
    moving = [node for node in range(nodes) if node not in driven]
    lines = ["* a lattice whose nodes start at the end of the range and whose inputs are at 0 V"]
    lines += [f"Re{i} n{a} n{b} {BOARD.edge_ohm}" for i, (a, b) in enumerate(edges)]
    lines += [f"Vd{node} n{node} 0 0" for node in driven]
    lines += [f"Cn{node} n{node} 0 {farads(8)[node]:.6g} ic={BOARD.full_V}" for node in moving]
    names = " ".join(f"v(n{node})" for node in moving)
    run = [f"tran {expected / 1000} {1.2 * expected} uic", f"wrdata out.txt {names}"]
    lines += [".options reltol=1e-5 vntol=1e-7", ".control", "set wr_singlescale", *run, "quit", ".endc", ".end", ""]
    (tmp_path / "deck.cir").write_text("\n".join(lines))
    subprocess.run([str(ngspice), "-b", "deck.cir"], cwd=tmp_path, capture_output=True, check=True, timeout=60)
    table = np.loadtxt(tmp_path / "out.txt")
    outside = np.flatnonzero(np.abs(table[:, 1:]).max(axis=1) > SETTLED_V)
    assert table.shape[1] == 1 + len(moving)
    assert table[outside[-1], 0] == pytest.approx(expected, rel=0.01)


def test_two_corners_settle_a_lattice_in_a_time_that_grows_like_its_edges() -> None:
    """A little faster: as N log N, the resistance between two points of a sheet growing with the logarithm."""
    edges = np.array([len(lattice(side)[1]) for side in (12, 23, 40, 71)])
    times = np.array([settled(side, "corner") for side in (12, 23, 40, 71)])
    exponents = np.diff(np.log(times)) / np.diff(np.log(edges))
    assert np.all((exponents > 1.05) & (exponents < 1.3)) and np.all(np.diff(exponents) < 0)


def test_inputs_that_are_spread_settle_a_lattice_of_any_size_in_one_time() -> None:
    times = [settled(side, "spread") for side in (8, 12, 23, 40, 71)]
    assert max(times) < 1.15 * min(times)


def test_what_makes_a_machine_faster() -> None:
    base = settled(12, "corner")
    assert settled(12, "corner", replace(BOARD, edge_ohm=BOARD.edge_ohm / 2)) == pytest.approx(base / 2, rel=1e-3)
    assert settled(12, "corner", volts=STEP_V) < 0.5 * base
    more = lattice_decay(BOARD, 12, [*inputs_of(12, "corner"), output_of(12)])
    assert settling_s(more, BOARD.full_V) < 0.5 * base
    for technology in technologies():
        rates = np.array([machine.tick_rates(technology, side, "corner") for side in (8, 12, 23)])
        assert np.all(np.diff(rates[:, 0]) < 0) and np.all(np.diff(rates[:, 1]) < 0)
        assert np.all(rates[:, 0] < rates[:, 1]) and np.all(rates < 1e6 / np.array(technology.fixed_us))


def test_a_tick_is_a_settling_of_each_network_and_a_fixed_part() -> None:
    clamped = lattice_decay(BOARD, 8, [*inputs_of(8, "corner"), output_of(8)])
    for k, (volts, chip_us) in enumerate(((3.7, 666), (0.05, 366))):
        settling = settled(8, "corner", volts=volts) + settling_s(clamped, volts)
        fixed_us = chip_us + 2 * (volts / 0.55 + 2)  # slew of the DAC, response of a comparator
        rate = machine.tick_rates(BOARD, 8, "corner")[k]
        assert 1 / rate == pytest.approx(settling + 1e-6 * fixed_us, rel=1e-6)
    assert min(CHIP.fixed_us) == max(CHIP.fixed_us) == 0.25


@pytest.mark.parametrize("drivers", DRIVERS)
def test_a_step_of_all_pots_moves_the_farthest_node_by_about_what_the_criterion_has(drivers: Drivers) -> None:
    random, (nodes, edges) = np.random.default_rng(0), lattice(23)
    network, driven = Network(nodes, edges), inputs_of(23, drivers)
    pots = load_board("lab16").pots
    drive_S = np.where(np.isin(range(nodes), driven), np.inf, 0.0)
    moved = []
    for _ in range(2):
        drive_V = np.where(drive_S > 0, random.choice([0.2, 3.9], nodes), 0.0)
        if drivers == "corner":
            drive_V[driven] = 0.2, 3.9
        taps = random.integers(pots.min_tap + 1, pots.top_tap, len(edges))
        steps = random.choice([-1, 1], len(edges))
        before, after = (network.solve(1 / pots.edge_ohm(at), drive_S, drive_V) for at in (taps, taps + steps))
        moved.append(np.abs(after - before).max())
    assert STEP_V / 6 < min(moved) and max(moved) < 1.2 * STEP_V


def test_technologies_are_those_of_the_documents() -> None:
    board = load_board("lab16")
    text = (ROOT / "docs" / "benchmarks.md").read_text(encoding="utf-8")
    for inputs, us in (("changing", machine.CHANGING_US), ("constant", machine.CONSTANT_US)):
        (numbers,) = re.findall(rf"^ lab16, inputs {inputs} +(.*)", text, re.MULTILINE)
        _, tick, _, _, settling, *_ = map(float, numbers.split())
        assert us == tick - settling
    assert f"One more edge costs {machine.EDGE_US} us besides settling" in text
    degree_4 = farads(8)[2 * 8 + 2]
    assert degree_4 == pytest.approx(1e-12 * (board.node_pF + 2 * board.pots.wiper_pF + 2 * board.pots.end_pF))
    assert BOARD.edge_ohm == 51_040 and TEN_KOHM.edge_ohm == 6_040
    assert capacitance_F(board).sum() == pytest.approx(1e-12 * (9 * board.node_pF + 16 * 150))
    assert farads(8, CHIP)[2 * 8 + 2] * CHIP.edge_ohm == pytest.approx(1e-9)


@pytest.mark.parametrize(
    ("machine_hz", "expected"),
    [((10, 10, 10), None), ((1000, 1000, 1000), 100), ((50, 50, 50), 2000), ((500, 50, 50), 2000)],
    ids=["slower", "faster", "crosses once", "crosses twice"],
)
def test_from_where_a_machine_wins(machine_hz: tuple[float, ...], expected: int | None) -> None:
    simulated = {100: 400.0, 1000: 100.0, 4000: 25.0}
    assert wins_from(dict(zip(simulated, machine_hz, strict=True)), simulated) == expected


def test_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scaling, "SIDES", (4, 8))
    monkeypatch.setattr(scaling.scaling, "__defaults__", (0.001, lambda: None))
    done = run_here("bench", "scaling", "--json", "--out", "scaling.png", cwd=tmp_path)
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode == 0 and len(rows) == 1 + 3 * 2 * 2 + 1
    assert [row["what"] for row in rows[::4]] == ["simulation", "100 kohm", "10 kohm", "on-chip"]
    assert all(list(row["ticks_per_s"]) == ["24", "112"] for row in rows)
    assert rows[-2]["drivers"] == "spread" and rows[-2]["change"] == "step" and rows[-2]["wins_from"] == 24
    assert rows[1]["wins_from"] is None
    assert "a laboratory network of only 500 edges" in done.stderr and "figure: scaling.png" in done.stderr
    assert (tmp_path / "scaling.png").read_bytes().startswith(b"\x89PNG")


def test_a_figure_of_somebody_else_is_refused_before_anything_is_measured(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scaling, "scaling", None)
    (tmp_path / "mine.png").write_text("mine")
    done = run_here("bench", "scaling", "--out", "mine.png", cwd=tmp_path)
    assert done.returncode == 2 and "mine.png: is there already" in done.stderr
    assert (tmp_path / "mine.png").read_text() == "mine"
