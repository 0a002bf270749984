"""Diodes in the sockets of a board: the circuit against ngspice, the ensemble against the firmware, the user's side.

The law is Shockley's with a resistance in series (model/diode_network.py).
"""

import json
from pathlib import Path

import numpy as np
import pytest
from matplotlib.figure import Figure

import twinohm
from tests.command_line import run_here
from tests.sim.replay import Replay
from tests.sim.test_ensemble import same_as_firmware
from tests.sim.test_ngspice import spice_voltages
from twinohm.diagnostics.selftest import selftest
from twinohm.ensemble import Ensemble
from twinohm.errors import BoardFileError, UsageError
from twinohm.model.board import Board
from twinohm.model.board_diodes import parse_diode, with_diodes
from twinohm.model.board_file import load_board
from twinohm.model.circuit import Network
from twinohm.model.current_limits import check_currents, worst_sources_mA
from twinohm.model.diode_network import DiodeNetwork, Junctions
from twinohm.model.diode_values import nominal_diodes
from twinohm.model.diodes import DIODE_PARTS, THERMAL_V, Diode
from twinohm.model.networks import FREE
from twinohm.model.placement import Placement
from twinohm.model.profile import PROFILES, profile_from
from twinohm.plot.graph import NetworkDrawing
from twinohm.runlog.plan import plan_run
from twinohm.runlog.runner import run
from twinohm.sim.component_truth import draw_truth
from twinohm.sim.ground_truth import TrueNetwork
from twinohm.sim.parts.fixture import Fixture
from twinohm.sim.twin_networks import TwinNetworks
from twinohm.tasks import find_task

LAB16 = load_board("lab16")
ONE = with_diodes(LAB16, [Diode("C", "A")])
PLACEMENT = Placement(("E", "A", "I", "F"), ("H", "D"))


def plugged(random: np.random.Generator, board: Board = LAB16) -> Board:
    """The board with 1 to 4 random diodes of random parts, none of them between two others' nodes alone."""
    diodes = []
    for _ in range(random.integers(1, 5)):
        anode, cathode = random.choice(board.nodes, 2, replace=False)
        diodes.append(Diode(str(anode), str(cathode), str(random.choice(list(DIODE_PARTS)))))
    return with_diodes(board, diodes)


# -- the circuit -------------------------------------------------------------------------------------------------------


def deck(cases: list[TwinNetworks]) -> str:
    """All cases as one SPICE deck that prints the nodes of the free networks, in order."""
    lines, printed = ["* networks with diodes"], []
    for k, twins in enumerate(cases):
        board, values = twins.board, twins.diodes
        for i, (a, b) in enumerate(board.edge_nodes):
            ohm = twins.taps[FREE, i] * twins.parts.pot_ohm[FREE, i] / 128
            ohm += twins.parts.wiper_ohm[FREE, i] + twins.parts.series_ohm[FREE, i]
            lines.append(f"Re{k}_{i} n{k}_{a} n{k}_{b} {ohm:.17g}")
        for node in range(len(board.nodes)):
            lines.append(f"Rleak{k}_{node} n{k}_{node} 0 1e15")
            if conductance := twins._drive_S[FREE, node]:
                lines.append(f"Vs{k}_{node} s{k}_{node} 0 {twins._drive_V[node]:.17g}")
                lines.append(f"Rs{k}_{node} s{k}_{node} n{k}_{node} {1 / conductance:.17g}")
            printed.append(f"print v(n{k}_{node})")
        for i, (anode, cathode) in enumerate(board.diode_nodes):
            lines.append(f"Rd{k}_{i} n{k}_{anode} d{k}_{i} {values.series_ohm[i]:.17g}")
            junction = f"v(d{k}_{i},n{k}_{cathode}) / {values.emission_V[i]:.17g}"
            law = f"{values.saturation_A[FREE, i]:.17g} * (exp(min({junction}, 60)) - 1)"
            lines.append(f"B{k}_{i} d{k}_{i} n{k}_{cathode} I={law}")  # ngspice's own diode differs where it blocks
    lines += [".options gmin=1e-15 reltol=1e-9 vntol=1e-10 abstol=1e-16 itl1=1000 temp=27 tnom=27", ".control"]
    return "\n".join([*lines, "set numdgt=15", "op", *printed, ".endc", ".end", ""])


@pytest.mark.slow
def test_ngspice_gives_the_same_node_voltages(ngspice: Path, tmp_path: Path) -> None:
    """200 random taps, drives and sets of diodes."""
    random = np.random.default_rng(16)
    cases = []
    for seed in range(200):
        twins = TwinNetworks(plugged(random), PROFILES["lab"], Fixture(), seed)
        driven = random.choice(9, random.integers(2, 6), replace=False)
        for node in driven:
            twins.set_driver(int(node), random.integers(200, 3901) / 1000)
            twins.set_switch(FREE, int(node), 1)
        for edge in range(16):
            twins.set_tap(FREE, edge, int(random.integers(4, 128)))
        cases.append(twins)
    ours = np.concatenate([twins.voltages(FREE) for twins in cases])
    theirs = np.array(spice_voltages(ngspice, deck(cases), tmp_path))
    assert np.abs(ours - theirs).max() < 10e-6
    bare = Network(9, LAB16.edge_nodes)
    without = [bare.solve(twins._edge_S[FREE], twins._drive_S[FREE], twins._drive_V) for twins in cases]
    changes = [np.abs(volts - twins.voltages(FREE)).max() for volts, twins in zip(without, cases, strict=True)]
    assert np.mean(np.array(changes) > 0.05) > 0.3  # the diodes matter


def test_one_diode_and_one_resistor_obey_the_law() -> None:
    junctions = Junctions(np.array([4.352e-9]), np.array([0.0493]), np.array([200.0]))
    network = DiodeNetwork(3, [(1, 2)], [(0, 1)], junctions)
    for volts in (3.7, 0.7, 0.3, -3.7):
        node_V = network.solve(np.array([1e-4]), np.array([1.0, 0, 1e9]), np.array([volts, 0, 0]))
        current = (node_V[1] - node_V[2]) * 1e-4
        junction_V = node_V[0] - node_V[1] - 200 * current
        assert current == pytest.approx(4.352e-9 * np.expm1(junction_V / 0.0493), rel=1e-6, abs=1e-11)
        leaving_A = network.leaving_A(np.array([1e-4]), node_V)
        assert leaving_A == pytest.approx([current, 0, -current], abs=1e-12)


def test_every_part_is_within_the_limits_of_its_data_sheet() -> None:
    def volts(name: str, amperes: float) -> float:
        part = DIODE_PARTS[name]
        return part.emission_V * np.log1p(amperes / part.saturation_A) + part.series_ohm * amperes

    assert 0.6 < volts("1N4148", 0.01) < 1.0
    assert 0.2 < volts("BAT42", 0.01) < 0.4 and volts("BAT42", 0.05) < 0.65
    assert 1.6 < volts("LED", 0.01) < 2.0
    assert abs(THERMAL_V - 1.380649e-23 * 300.15 / 1.602176634e-19) < 1e-6


# -- the ensemble and the firmware -------------------------------------------------------------------------------------


def test_the_ensemble_gives_the_true_outputs_of_the_host(monkeypatch: pytest.MonkeyPatch) -> None:
    random = np.random.default_rng(7)
    for seed in range(12):
        board = plugged(random)
        driven = {*PLACEMENT.inputs}
        if any({diode.anode, diode.cathode} <= driven for diode in board.diodes):
            continue
        taps = random.integers(4, 128, 16)
        inputs_V = random.uniform(0, 5, (7, 4)).round(3).tolist()
        ours = Ensemble(board, PROFILES["lab"], [seed, 1, seed]).outputs(PLACEMENT, taps, inputs_V)
        theirs = TrueNetwork(board, draw_truth(board, PROFILES["lab"], seed)).outputs(
            taps.tolist(), PLACEMENT.inputs, inputs_V, PLACEMENT.outputs
        )
        np.testing.assert_allclose(ours[0], theirs, atol=1e-9)
        np.testing.assert_allclose(ours[2], theirs, atol=1e-9)


@pytest.mark.parametrize("profile", ["ideal", "lab"])
def test_the_ensemble_equals_the_firmware_tap_for_tap(profile: str) -> None:
    query = f"profile={profile}&noise_V=0&diode=C>A&diode=G>E:BAT42"
    board = with_diodes(LAB16, map(parse_diode, ("C>A", "G>E:BAT42")))
    run = PLACEMENT, [4.0, 1.0, 0.0, 5.0], [2.0, 3.0], 1.0
    same_as_firmware("lab16", query, profile_from(profile, {"noise_V": "0"}), 5, run, board=board)


def test_true_voltages_follow_from_run_json(tmp_path: Path) -> None:
    """By another solver, from the values that run.json has."""
    folder = run(
        plan_run(find_task("allostery"), port="sim://lab16?seed=4", ticks=60, diodes=["C>A", "E>D:BAT42"]), tmp_path
    )
    described = json.loads((folder.path / "run.json").read_bytes())
    assert described["board_table"]["diodes"] == ["C>A", "E>D:BAT42"] and len(described["truth"]["diodes"]) == 3
    replay, taps = Replay(described), described["start_taps"]
    for tick in folder.ticks():
        theirs = replay.free_V(tick.tick, taps, list(tick.inputs_V.values()))
        assert tick.true_free_V == pytest.approx(theirs, abs=1e-6)
        taps = tick.taps


# -- the user's side ---------------------------------------------------------------------------------------------------


def test_a_run_with_a_diode_is_logged_resumed_and_differs_from_one_without(tmp_path: Path) -> None:
    frames = [
        twinohm.run("allostery", ticks=40, diodes=diodes, out=tmp_path, progress=False, seed=2).ticks
        for diodes in ([], ["A>C"], ["C>A"])
    ]
    taps = [frame[[name for name in frame if str(name).startswith("taps")]] for frame in frames]
    assert not taps[1].equals(taps[0]) and taps[2].equals(taps[0])  # C is below A in this task: C>A blocks
    plan = plan_run(find_task("allostery"), seed=2, ticks=40, diodes=["C>A"])
    assert "diode=C>A" in plan.port and plan.board.diodes == (Diode("C", "A"),)


@pytest.mark.slow
def test_a_stopped_run_goes_on_with_its_diode(tmp_path: Path) -> None:
    calls = iter([False, True])
    part = twinohm.run(
        "allostery",
        ticks=300,
        profile="ideal",
        diodes=["C>A"],
        out=tmp_path,
        progress=False,
        stop=lambda: next(calls, True),
    )
    assert len(part.ticks) < 300
    whole = twinohm.resume(part, progress=False)
    other = twinohm.run("allostery", ticks=300, profile="ideal", diodes=["C>A"], out=tmp_path, progress=False)
    columns = [name for name in whole.ticks if str(name).startswith("tap")]
    assert len(columns) == 16 and whole.ticks[columns].equals(other.ticks[columns])


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--diode", "C"], "not a diode; write anode>cathode"),
        (["--diode", "C>A:1N4007"], "parts are 1N4148, BAT42, LED"),
        (["--diode", "C>Z"], "there is no node 'Z'"),
        (["--diode", "C>C"], "joins a node to itself"),
        (["--diode", "B>F"], "diode B>F: B and F are both driven"),
        (["--board", "divider", "--diode", "TOP>MID"], "board divider has no sockets at its nodes"),
        (["--diode", "C>A"] * 17, "17 diodes; a board has 16 at most"),
    ],
)
def test_a_diode_that_cannot_be_is_one_line(arguments: list[str], words: str, tmp_path: Path) -> None:
    done = run_here("run", "divider" if "divider" in arguments else "allostery", *arguments, cwd=tmp_path)
    assert done.returncode == 2 and words in done.stderr and done.stderr.count("\n") == 1, done.stderr
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("diodes", "fault"),
    [
        ("C>A", "missing:diode.C>A.free"),
        ("C>A", "reversed:diode.C>A.clamped"),
        ("C>A:BAT42", "mismatched:diode.C>A.free"),
        ("C>A:LED", "missing:diode.C>A.clamped"),
        ("I>B I>D B>I", "reversed:diode.I>D.free"),
        ("I>B I>D B>I", "missing:diode.I>B.free"),
        ("D>I G>I D>B", "mismatched:diode.G>I.free"),
        ("C>A", "open:switch.E.free"),
        ("C>A", "swapped:driver.A,driver.C"),
    ],
)
def test_the_self_test_names_a_diode_and_other_faults_of_the_nodes(diodes: str, fault: str) -> None:
    plugged = "&".join(f"diode={text}" for text in diodes.split())
    with twinohm.open(f"sim://lab16?seed=3&{plugged}&fault={fault}") as board:
        (finding,) = selftest(board).findings
        assert board.side_channel.violations == 0
    wanted = fault.rpartition(".")[0] if fault.startswith("mismatched") else fault
    assert wanted in finding.fault.split("|") and finding.parts


@pytest.mark.parametrize("diodes", ["C>A", "C>A:BAT42", "C>A:LED", "I>B I>D B>I", "D>I G>I D>B"])
def test_sound_diodes_pass_the_self_test_which_says_what_it_leaves_out(diodes: str, tmp_path: Path) -> None:
    port = "sim://lab16?seed=5&" + "&".join(f"diode={text}" for text in diodes.split())
    done = run_here("selftest", "--port", port, "--json", cwd=tmp_path)
    result = json.loads(done.stdout)
    assert done.returncode == 0 and result["well"] and result["not_tested"] == ["pots", "comparators"]
    assert result["not_visible"] == []


def test_a_diode_that_is_said_to_be_there_is_missed(tmp_path: Path) -> None:
    done = run_here("selftest", "--port", "sim://lab16", "--diode", "C>A", cwd=tmp_path)
    assert done.returncode == 1
    words = "1N4148 C>A of the free network: diode C>A.free does not conduct; plug it in, or check the socket"
    assert words in done.stdout and "diodes in the sockets do not allow it: pots, comparators" in done.stderr
    wrong = run_here("selftest", "--diode", "C>Z", cwd=tmp_path)
    assert wrong.returncode == 2 and "there is no node 'Z'" in wrong.stderr and wrong.stderr.count("\n") == 1


def test_a_figure_draws_the_diode(tmp_path: Path) -> None:
    axes = Figure().add_subplot()
    done = twinohm.run("allostery", ticks=5, diodes=["A>C", "E>D"], out=tmp_path, progress=False)
    NetworkDrawing(axes, done.folder.description())
    arrows = [text.arrow_patch for text in axes.texts if text.arrow_patch is not None]
    assert len(arrows) == 2


def test_boards_toml_may_have_diodes(tmp_path: Path) -> None:
    text = (Path(__file__).parents[2] / "boards.toml").read_text(encoding="utf-8")
    mine = tmp_path / "boards.toml"
    mine.write_text(text.replace("[lab16]\n", '[lab16]\ndiodes = ["C>A", "B>I:LED"]\n', 1))
    assert load_board("lab16", mine).diodes == (Diode("C", "A"), Diode("B", "I", "LED"))
    mine.write_text(text.replace("[lab16]\n", '[lab16]\ndiodes = ["C>A", "B-I"]\n', 1))
    with pytest.raises(BoardFileError, match=r'diodes\[1\] = "B-I": not a diode; write anode>cathode'):
        load_board("lab16", mine)


def test_a_diode_raises_the_current_of_a_driver_and_is_limited() -> None:
    without = worst_sources_mA(LAB16, ("E", "A", "I", "F"), ("H", "D"))
    with_one = worst_sources_mA(ONE, ("E", "A", "I", "F"), ("H", "D"))
    assert with_one["A"] > without["A"] + 0.5 and with_one["A"] < LAB16.source_limit_mA
    weak = {"source_limit_mA": with_one["A"] - 0.1}
    check_currents(LAB16.model_copy(update=weak), ("E", "A", "I", "F"), ("H", "D"))
    with pytest.raises(UsageError, match="the driver of node A would have to give"):
        check_currents(ONE.model_copy(update=weak), ("E", "A", "I", "F"), ("H", "D"))


def test_the_power_of_a_diode_is_counted() -> None:
    network = DiodeNetwork(2, [(0, 1)], [(0, 1)], nominal_diodes(ONE).junctions(FREE))
    volts = np.array([1.0, 0.0])
    through_A = (network.leaving_A(np.array([1e-5]), volts)[0]) - 1e-5
    assert through_A > 1e-3
    assert network.dissipated_W(np.array([1e-5]), volts) == pytest.approx(1e-5 + through_A, rel=1e-9)
