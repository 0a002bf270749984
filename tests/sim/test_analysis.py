"""`twinohm analyse`: every derivative equals finite differences of the tests' own circuit, solved from run.json."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import twinohm
from tests.command_line import run_here
from tests.sim.replay import Replay
from twinohm.model.board_file import load_board
from twinohm.model.profile import PROFILES
from twinohm.run_analysis import Analysis
from twinohm.runlog.folder import RunFolder
from twinohm.studies.analysis import CircuitTask, Modes, dimension
from twinohm.studies.pulled_edges import pull_edges
from twinohm.tasks import find_task

pytestmark = pytest.mark.slow
AGREES = 1e-4  # of the largest derivative
TAP = 1e-3  # of the finite differences


@pytest.fixture(scope="module", params=["allostery", "xor"])
def analysis(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Analysis:
    """Of a run through the firmware on lab16; xor has a diode and asks for the difference of two outputs."""
    out = tmp_path_factory.mktemp(request.param)
    return twinohm.run(request.param, ticks=40, seed=3, out=out, progress=False).analyse()


def answers(analysis: Analysis, taps: np.ndarray) -> np.ndarray:
    """All answers (examples, answers), task volts, by the tests' own circuit."""
    replay = Replay(json.loads((analysis.folder.path / "run.json").read_bytes()))
    placement, rows = analysis.circuit.placement, []
    for inputs_V in analysis.circuit.inputs_V:
        volts = replay.free_V(0, taps, inputs_V)
        outputs = np.array([volts[name] for name in placement.outputs])
        rows.append(outputs[::2] - outputs[1::2] if analysis.folder.description().levers.pairs else outputs)
    return np.array(rows)


def cost(analysis: Analysis, taps: np.ndarray) -> float:
    wanted = np.array(analysis.circuit.desired_V)
    found = answers(analysis, taps)
    if not analysis.folder.description().levers.pairs:
        return float(((found - wanted) ** 2).mean())
    wanted = wanted[:, ::2] - wanted[:, 1::2]
    beyond = found * np.sign(wanted) >= np.abs(wanted)  # the hinge
    return float((np.where(beyond, 0, found - wanted) ** 2).mean())


def test_jacobian_and_gradient_equal_finite_differences_of_an_independent_circuit(analysis: Analysis) -> None:
    circuit, taps = analysis.circuit, analysis.circuit.taps
    assert analysis.of == "true" and analysis.tick == 40
    assert analysis.scores["rms_error_mV"] == pytest.approx(1e3 * cost(analysis, taps) ** 0.5, rel=1e-6)
    for edge in range(0, 16, 3):
        low, high = (taps + sign * TAP * (np.arange(16) == edge) for sign in (-1, 1))
        change = (answers(analysis, high) - answers(analysis, low)).ravel() / (2 * TAP)
        assert np.abs(circuit.jacobian[:, edge] - change).max() < AGREES * np.abs(circuit.jacobian).max()
        slope = (cost(analysis, high) - cost(analysis, low)) / (2 * TAP)
        assert abs(circuit.gradient[edge] - slope) < AGREES * np.abs(circuit.gradient).max()


def test_the_cost_hessian_equals_finite_differences_of_the_gradient(analysis: Analysis) -> None:
    circuit = analysis.circuit
    hessian, levers = circuit.hessian, analysis.folder.description().levers

    def gradient(taps: np.ndarray) -> np.ndarray:
        given = circuit.board, circuit.network, taps, circuit.placement, circuit.inputs_V, circuit.desired_V
        return CircuitTask(*given, levers, 0.5).gradient

    for edge in range(16):
        low, high = (circuit.taps + sign * TAP * (np.arange(16) == edge) for sign in (-1, 1))
        change = (gradient(high) - gradient(low)) / (2 * TAP)
        assert np.abs(hessian[:, edge] - change).max() < AGREES * np.abs(hessian).max()
    assert np.abs(hessian - circuit.gauss_newton).max() > 0.01 * np.abs(hessian).max()  # far from the solution


def test_susceptibility_power_and_physical_hessian_are_those_of_the_edges(analysis: Analysis) -> None:
    circuit = analysis.circuit
    table = analysis.edges
    relative = 1e-5
    ohm = 1 / circuit.edge_S
    taps = circuit.taps - relative * ohm / circuit.network.per_tap_ohm * (np.arange(16) == 11)
    moved = (answers(analysis, taps) - answers(analysis, circuit.taps)) / relative
    assert table["susceptibility_mV"]["E-H"] == pytest.approx(1e3 * np.sqrt((moved**2).mean()), rel=1e-3)
    assert table["power_uW"].sum() == pytest.approx(analysis.scores["power_uW"])
    summary = twinohm.load_run(analysis.folder.path).summary
    assert summary.power is not None
    if not circuit.board.diodes:
        assert analysis.scores["power_uW"] == pytest.approx(1e3 * summary.power.free_mW, rel=0.3)  # mean of 40 ticks
        incidence = circuit.network.network.incidence
        laplacian = incidence.T @ (circuit.edge_S[:, None] * incidence)
        inside = [k for k, node in enumerate(circuit.board.nodes) if node not in circuit.placement.inputs]
        assert np.allclose(circuit.physical_hessian, laplacian[np.ix_(inside, inside)])


def test_the_step_of_an_ideal_machine_goes_down_the_gradient(analysis: Analysis) -> None:
    aligned = analysis.alignment
    assert aligned.cosine is not None and aligned.cosine > 1.5 * aligned.chance
    assert aligned.agreeing is not None and aligned.agreeing >= 0.75


def test_participation_is_one_for_one_part_and_all_for_equal_parts() -> None:
    modes = Modes.of(np.array([[2.0, 1, 0], [1, 2, 0], [0, 0, 7]]))
    assert modes.values.tolist() == pytest.approx([1, 3, 7])
    assert modes.participation.tolist() == pytest.approx([2, 2, 1])
    assert dimension(np.array([3.0, 3.0, 0.0])) == pytest.approx(2) and dimension(np.zeros(2)) == 0


def test_edges_that_the_task_pulled_are_not_there_and_the_first_taps_have_all(tmp_path: Path) -> None:
    run = twinohm.run("damage", engine="ensemble", ticks=250, seed=1, out=tmp_path, progress=False)
    last, first = run.analyse(), run.analyse(0)
    assert last.edges.index[~last.edges["there"]].tolist() == ["A-H", "E-H"]
    assert (last.edges.loc[["A-H", "E-H"], ["conductance_uS", "susceptibility_mV", "step"]] == 0).all(axis=None)
    assert first.edges["there"].all() and (first.edges["tap"] == 64).all()
    assert "without A-H, E-H" in last.basis and len(last.cost_modes) == 14
    assert run.analyse(100).edges["there"].all() and not run.analyse(101).edges["there"]["E-H"]


def test_a_run_on_copper_is_analysed_with_nominal_parts_and_says_so(tmp_path: Path) -> None:
    run = twinohm.run("allostery", engine="ensemble", ticks=5, out=tmp_path, progress=False)
    folder = RunFolder.create(tmp_path, replace(run.settings, truth=None, hmac=None, log_format=1, task="copper"))
    folder.append(run.folder.ticks())
    folder.close()
    found = twinohm.load_run(folder.path).analyse()
    assert found.of == "nominal" and "nominal parts: those of the board differ" in found.basis
    board = run.settings.recorded_board
    ohm = board.pots.edge_ohm(found.circuit.taps)
    assert found.edges["conductance_uS"].tolist() == pytest.approx((1e6 / ohm).tolist())


def test_the_command_prints_the_same_and_draws(analysis: Analysis, tmp_path: Path) -> None:
    path = str(analysis.folder.path.absolute())
    done = run_here("analyse", path, "--json", cwd=tmp_path)
    found = json.loads(done.stdout)
    assert done.returncode == 0 and found["rank"] == analysis.rank and found["figure"] is None
    assert [row["edge"] for row in found["edges"]] == analysis.edges.index.tolist()
    assert len(found["cost_modes"]) == 16
    done = run_here("analyse", path, "--out", "a.png", cwd=tmp_path)
    assert f"rank {analysis.rank} of {len(analysis.jacobian)} answers" in done.stdout
    assert (tmp_path / "a.png").read_bytes().startswith(b"\x89PNG")
    wrong = run_here("analyse", path, "--tick", "41", cwd=tmp_path)
    assert wrong.returncode == 2 and wrong.stderr == "twinohm: tick = 41: the run has 40 ticks; give 0 to 40\n"


def test_susceptibility_ranks_the_edges_that_hurt(tmp_path: Path) -> None:
    """The rise of one board is computed again by the tests' own circuit."""
    done = run_here("pulls", "damage", "--seeds", "16", "--json", cwd=tmp_path)
    rows = {row["predictor"]: row for row in map(json.loads, done.stdout.splitlines())}
    best = rows["susceptibility"]
    assert best["boards"] == 16 and best["edges"] == 16
    assert best["correlation_low"] > 0.8 > rows["power"]["correlation_high"]
    assert best["correlation_low"] < best["correlation"] < best["correlation_high"]
    task, board = find_task("damage"), load_board("lab16")
    pulls = pull_edges(task, board, PROFILES["lab"], [5], task.placement_on(board))
    run = twinohm.run("damage", engine="ensemble", ticks=100, seed=5, out=tmp_path, progress=False)
    found = run.analyse()
    assert pulls.susceptibility[0] == pytest.approx(1e-3 * found.edges["susceptibility_mV"].to_numpy())
    replay = Replay(json.loads((run.path / "run.json").read_bytes()))
    replay.fixed[:, run.settings.edges.index("A-E")] = 1e15
    volts = replay.free_V(0, run.summary.taps, (5, 0))
    rise = ((volts["E"] - 2) ** 2 + (volts["A"] - 3) ** 2) / 2 - found.circuit.cost_V2
    assert pulls.rise_V2[0][1] == pytest.approx(rise, rel=1e-6)


def test_pulls_refuses_targets_that_change(tmp_path: Path) -> None:
    done = run_here("pulls", "divider", "--board", "lab16", cwd=tmp_path)
    assert done.returncode == 2 and "its targets or its nodes change while it runs" in done.stderr
