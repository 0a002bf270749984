"""boards.toml's circuit, the virtual board, the netlist's own equations and ngspice give the same node voltages."""

import subprocess
from pathlib import Path

import numpy as np
import pytest

import twinohm
from hardware.generator.build import build
from hardware.generator.files import generate
from hardware.generator.nets import node_net
from hardware.generator.spice import deck, parameters, spice_net
from hardware.netcheck.check import claim_signals
from hardware.netcheck.claims import Claims
from hardware.netcheck.equations import State, solve
from hardware.netcheck.named_mistakes import SOLDERED
from hardware.netcheck.rule import expected_volts
from hardware.netcheck.supplies import check_supplies
from hardware.netcheck.values import number
from tests.conftest import ROOT
from tests.hardware.kicad_files import write
from tests.tiers import in_tiers
from twinohm.model.board import Board
from twinohm.model.board_file import load_board
from twinohm.model.netlist import Netlist
from twinohm.model.networks import NETWORKS
from twinohm.model.profile import PROFILES
from twinohm.sim.parts.fixture import Fixture
from twinohm.sim.parts.hc74 import EdgeFlipFlops
from twinohm.sim.wiring import wire
from twinohm.tasks.xor import XOR

STATES = 20
WITHIN_V = 1e-3


def draw(board: Board, random: np.random.Generator) -> tuple[np.ndarray, np.ndarray, dict[str, np.ndarray]]:
    """Draw a state: taps by edge, volts by node, driven nodes of each network."""
    taps = random.integers(board.pots.min_tap, 128, board.n_edges)
    volts = random.uniform(*board.range_V, len(board.nodes))
    if board.switches:
        role = random.integers(0, 3, len(board.nodes))
        role[random.integers(len(board.nodes))] = 0
        return taps, volts, {"free": role == 0, "clamped": role < 2}
    wired = {"free": board.wired_free, "clamped": board.wired_clamped}
    return taps, volts, {network: np.array([node in wired[network] for node in board.nodes]) for network in NETWORKS}


def spice(ngspice: Path, board: Board, state: tuple, folder: Path) -> dict[str, float]:  # type: ignore[type-arg]
    taps, volts, driven = state
    values = parameters(board)
    values |= {f"tap_{spice_net(edge)}": float(tap) for edge, tap in zip(board.edges, taps, strict=True)}
    values |= {f"dac_{node}": float(volt) for node, volt in zip(board.nodes, volts, strict=True)}
    if board.switches:
        for network in NETWORKS:
            for node, on in zip(board.nodes, driven[network], strict=True):
                values[f"closed_{node}_{network}"] = float(on)
    (folder / "state.cir").write_text(deck(board, values, f"{board.name}_analogue.inc"))
    done = subprocess.run([ngspice, "-b", "state.cir"], cwd=folder, capture_output=True, text=True, timeout=60)
    words = [line.split(" = ") for line in done.stdout.splitlines() if line.startswith("v(")]
    assert words, done.stdout + done.stderr
    return {name[2:-1]: float(value) for name, value in words}


def virtual(board: Board, state: tuple) -> dict[str, np.ndarray]:  # type: ignore[type-arg]
    """Return the node voltages of the virtual board, by network."""
    taps, volts, driven = state
    twins = wire(board, PROFILES["ideal"], Fixture(), 0)
    for node, volt in enumerate(volts):
        twins.set_driver(node, float(volt))
    for at, network in enumerate(NETWORKS):
        for edge, tap in enumerate(taps):
            twins.set_tap(at, edge, int(tap))
        for node, on in enumerate(driven[network] if board.switches else ()):
            twins.set_switch(at, node, int(on))
    return {network: np.array(twins.voltages(at)) for at, network in enumerate(NETWORKS)}


def netlist_state(netlist: Netlist, board: Board, state: tuple) -> State:  # type: ignore[type-arg]
    """Return the state for the netlist's equations; parts are found by the generator's names."""
    taps, volts, driven = state
    circuit = build(board)
    given = State(pot_ohm=board.pots.ohm, wiper_ohm=board.pots.wiper_ohm)
    given.sources = {"GND": 0.0, "+5V": 5.0, "+9V": 9.0, "+3V3": 3.3}
    given.sources |= {f"/drive/DAC.{node}": float(volt) for node, volt in zip(board.nodes, volts, strict=True)}
    for edge, tap in zip(board.edges, taps, strict=True):
        given.taps |= {circuit.part(f"{edge}/pot_{network}").ref: int(tap) for network in NETWORKS}
    if board.switches:
        given.switch_ohm = board.switches.on_ohm
        for network, numbers in zip(NETWORKS, (board.switches.free, board.switches.clamped), strict=True):
            for number in np.array(numbers)[driven[network]]:
                given.closed.add((circuit.part(f"switches{number // 8}").ref, int(number % 8)))
    return given


def generated(board: str, root: Path) -> Path:
    """Return a folder root/<board> with the generated files of a board, and models.lib where its decks include it."""
    folder = root / board
    folder.mkdir()
    write(generate(board), folder)
    (root / "models.lib").write_text((ROOT / "hardware" / "models.lib").read_text())
    return folder


@pytest.mark.parametrize("name", in_tiers(SOLDERED, "edge16".__eq__))
def test_four_solvers_give_the_same_node_voltages(name: str, ngspice: Path, tmp_path: Path) -> None:
    board = load_board(name)
    folder = generated(name, tmp_path)
    netlist = Netlist.read(ROOT / "hardware" / name / f"{name}.net")
    random = np.random.default_rng(5)
    worst = 0.0
    for _ in range(STATES):
        state = draw(board, random)
        taps, volts, driven = state
        ohm = taps * board.pots.ohm / 128 + board.pots.wiper_ohm + board.pots.series_ohm
        from_netlist = solve(netlist, netlist_state(netlist, board, state))
        from_spice = spice(ngspice, board, state, folder)
        on_fixture = virtual(board, state)
        for network in NETWORKS:
            ours = expected_volts(board, 1 / ohm, driven[network], volts)
            worst = max(worst, np.abs(on_fixture[network] - ours).max())
            for node, right in zip(board.nodes, ours, strict=True):
                net = node_net(board, node, network)
                worst = max(worst, abs(from_netlist[net] - right), abs(from_spice[spice_net(net).lower()] - right))
    assert worst < WITHIN_V


def with_sockets_full(folder: Path) -> Path:
    """A boards.toml whose lab16 has three diodes."""
    text, mine = (ROOT / "boards.toml").read_text(encoding="utf-8"), folder / "boards.toml"
    mine.write_text(text.replace("[lab16]\n", '[lab16]\ndiodes = ["C>A", "G>B:BAT42", "B>D:LED"]\n', 1))
    return mine


@pytest.mark.slow
def test_diodes_of_a_board_are_in_its_lists_and_not_in_its_netlist(tmp_path: Path) -> None:
    """They are plugged in, not soldered."""
    files, socket = generate("lab16", with_sockets_full(tmp_path)), build(load_board("lab16")).part("header_free").ref
    assert files["lab16.net"] == generate("lab16")["lab16.net"]
    assert "C>A.free C>A.clamped,2,1N4148" in files["bom.csv"] and "G>B.clamped,2,BAT42" in files["bom.csv"]
    assert f"- [ ] 1N4148, free network: anode {socket}.3 (node C), cathode {socket}.1 (node A)" in files["wiring.md"]


@pytest.mark.slow
def test_the_deck_of_a_trained_xor_board_gives_the_same_node_voltages(ngspice: Path, tmp_path: Path) -> None:
    mine = with_sockets_full(tmp_path)
    board = load_board("lab16", mine)
    (tmp_path / "models.lib").write_text((ROOT / "hardware" / "models.lib").read_text())
    (folder := tmp_path / "lab16").mkdir()
    write(generate("lab16", mine), folder)
    trained = twinohm.run(
        "xor", boards=mine, profile="ideal", engine="ensemble", ticks=400, out=tmp_path / "runs", progress=False
    )
    taps, (inputs, outputs) = list(trained.folder.ticks())[-1].taps, trained.settings.placement
    worst = 0.0
    for pattern in XOR.inputs_V:
        given = dict(zip(inputs, pattern, strict=True)) | dict(zip(outputs, (2.0, 3.0), strict=True))
        volts = np.array([board.physical(given.get(node, 0.0)) for node in board.nodes])
        on = {"free": np.isin(board.nodes, inputs), "clamped": np.isin(board.nodes, [*inputs, *outputs])}
        state = np.array(taps), volts, on
        from_spice, ours = spice(ngspice, board, state, folder), virtual(board, state)
        for network in NETWORKS:
            for node, right in zip(board.nodes, ours[network], strict=True):
                worst = max(worst, abs(from_spice[spice_net(node_net(board, node, network)).lower()] - right))
    assert worst < 10e-6


@pytest.mark.parametrize("name", SOLDERED)
@pytest.mark.slow
def test_spice_comparators_obey_the_rule(name: str, ngspice: Path, tmp_path: Path) -> None:
    board = load_board(name)
    folder = generated(name, tmp_path)
    random = np.random.default_rng(6)
    compared = 0
    for _ in range(STATES):
        taps, volts, driven = state = draw(board, random)
        ohm = taps * board.pots.ohm / 128 + board.pots.wiper_ohm + board.pots.series_ohm
        free, clamped = (expected_volts(board, 1 / ohm, driven[network], volts) for network in NETWORKS)
        read = spice(ngspice, board, state, folder)
        for edge, (a, b) in zip(board.edges, board.edge_nodes, strict=True):
            cmp, sgn = (read[spice_net(f"{line}.{edge}").lower()] > 1.65 for line in ("CMP", "SGN"))
            before, after = free[a] - free[b], clamped[a] - clamped[b]
            if before * after > 0 and min(abs(before), abs(after), abs(abs(before) - abs(after))) > 0.01:
                assert (cmp == sgn) == (abs(after) > abs(before)), edge
                compared += 1
    assert compared > 10


def test_flip_flops_of_netlist_and_virtual_board_agree() -> None:
    """Both get the same levels of the comparators, LATCH, /PRE and /CLR in the same order, and give the same U/D."""
    board = load_board("edge16")
    netlist = Netlist.read(ROOT / "hardware" / "edge16" / "edge16.net")
    findings: list[str] = []
    claims = Claims(netlist, findings)
    check_supplies(claims, board)
    directions = claim_signals(claims, board)[1]
    assert directions is not None
    levels = [0] * (2 * board.n_edges)
    fixture = Fixture(lambda part, text: findings.append(f"{part}: {text}"))
    lines = {key: fixture.net(key, int(key != "latch")) for key in ("latch", "preset", "clear")}
    nets = [fixture.net(edge) for edge in board.edges]
    EdgeFlipFlops(fixture, lines["latch"], lines["preset"], lines["clear"], lambda: levels, nets)
    random = np.random.default_rng(7)
    directions.set_lines(latch=False, preset=True, clear=True)
    for _ in range(60):
        levels[:] = random.integers(0, 2, 2 * board.n_edges).tolist()
        pairs = zip(levels[: board.n_edges], levels[board.n_edges :], strict=True)
        directions.compare([(bool(cmp), bool(sgn)) for cmp, sgn in pairs])
        line = str(random.choice(["latch", "preset", "clear"]))
        for level in (1, 0) if line == "latch" else (0, 1):
            fixture.now_ns += 1000
            lines[line].set(level)
            directions.set_lines(**{line: bool(level)})
            assert [bool(net.level) for net in nets] == directions.levels(), line
    assert findings == []


def test_values_are_read_in_ohms_and_farads() -> None:
    assert [number(value) for value in ("4k7", "10k 0.1%", "33", "1k", "1u5")] == [4700, 10000, 33, 1000, 1.5e-6]
