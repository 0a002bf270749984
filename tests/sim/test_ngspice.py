"""ngspice, an independent solver, agrees with ours on random taps, switches, voltages and component values."""

import json
import subprocess
from pathlib import Path

import numpy as np
import pytest

import twinohm
from tests.sim.replay import Replay
from twinohm.diagnostics.calibrator import calibrate
from twinohm.model.board_file import load_board
from twinohm.model.calibration import save_calibration
from twinohm.model.profile import PROFILES
from twinohm.runlog.plan import plan_run
from twinohm.runlog.runner import run
from twinohm.sim.parts.fixture import Fixture
from twinohm.sim.twin_networks import TwinNetworks
from twinohm.tasks import find_task

STATES = 25


def netlist(twins: TwinNetworks, network: int) -> str:
    """One network of `twins` as a SPICE deck that prints every node voltage."""
    board = twins.board
    lines = ["* one network"]
    for i, (a, b) in enumerate(board.edge_nodes):
        if twins._present[network, i]:
            ohm = twins.taps[network, i] * twins.parts.pot_ohm[network, i] / 128
            ohm += twins.parts.wiper_ohm[network, i] + twins.parts.series_ohm[network, i]
            lines.append(f"Re{i} n{a} n{b} {ohm:.17g}")
    for node in range(len(board.nodes)):
        lines.append(f"Rleak{node} n{node} 0 1e15")
        lines.append(f"Vs{node} s{node} 0 {twins._drive_V[node]:.17g}")
        conductance = twins._drive_S[network, node]
        if conductance:
            lines.append(f"Rs{node} s{node} n{node} {1 / conductance if np.isfinite(conductance) else 1e-9:.17g}")
    lines += [".options gmin=1e-18 reltol=1e-9", ".control", "set numdgt=15", "op"]
    lines += [f"print v(n{node})" for node in range(len(board.nodes))]
    return "\n".join([*lines, ".endc", ".end", ""])


def spice_voltages(ngspice: Path, deck: str, tmp_path: Path) -> list[float]:
    path = tmp_path / "deck.cir"
    path.write_text(deck)
    done = subprocess.run([str(ngspice), "-b", str(path)], capture_output=True, text=True, timeout=60)
    volts = [float(line.split("=")[1]) for line in done.stdout.splitlines() if line.startswith("v(n")]
    assert volts, done.stdout + done.stderr
    return volts


@pytest.mark.parametrize("name", ["lab16", "divider"])
def test_ngspice_gives_the_same_node_voltages(name: str, ngspice: Path, tmp_path: Path) -> None:
    random = np.random.default_rng(7)
    board = load_board(name)
    worst = 0.0
    for state in range(STATES):
        twins = TwinNetworks(board, PROFILES["lab"], Fixture(), seed=state)
        for node in range(len(board.nodes)):
            twins.set_driver(node, random.integers(200, 4001) / 1000)
            if board.switches:
                for network in (0, 1):
                    twins.set_switch(network, node, int(random.random() < 0.4))
        for edge in range(board.n_edges):
            twins.set_present(edge, bool(random.random() < 0.9) or name == "divider")
            for network in (0, 1):
                twins.set_tap(network, edge, int(random.integers(4, 128)))
        for network in (0, 1):
            ours = twins.voltages(network)
            theirs = spice_voltages(ngspice, netlist(twins, network), tmp_path)
            worst = max(worst, float(np.abs(ours - theirs).max()))
    assert worst < 1e-6


@pytest.mark.parametrize("name", ["lab16", pytest.param("edge16", marks=pytest.mark.slow)])
def test_a_calibrated_board_gives_in_ngspice_what_it_is_asked_for(name: str, ngspice: Path, tmp_path: Path) -> None:
    """From run.json: DACs and their corrections by tests/sim/replay.py, the free network by ngspice."""
    port = f"sim://{name}?seed=3"
    with twinohm.open(port) as client:
        save_calibration(calibrate(client))
    folder = run(plan_run(find_task("allostery"), port=port, ticks=1, calibration="auto"), tmp_path)
    described = json.loads((folder.path / "run.json").read_bytes())
    replay, (tick,) = Replay(described), folder.ticks()
    per_V, reference = 5 / (replay.high - replay.low), described["truth"]["adc_reference"][0]
    asked = {replay.nodes.index(name): volts for name, volts in tick.inputs_V.items()}

    def solve() -> np.ndarray:
        lines = ["* the free network"]
        for i, (a, b) in enumerate(replay.edges):
            ohm = replay.taps[i] * replay.pot[0][i] / 128 + replay.fixed[0][i]
            lines.append(f"Re{i} n{a} n{b} {ohm:.17g}")
        for node, volts in asked.items():
            lines.append(f"Vs{node} s{node} 0 {replay.dac(node, replay.code(volts)):.17g}")
            lines.append(f"Rs{node} s{node} n{node} {replay.switch_ohm[0][node]:.17g}")
        lines += [".options gmin=1e-18 reltol=1e-9", ".control", "set numdgt=15", "op"]
        lines += [f"print v(n{node})" for node in range(len(replay.nodes))]
        return np.array(spice_voltages(ngspice, "\n".join([*lines, ".endc", ".end", ""]), tmp_path))

    volts = solve()
    assert (volts - replay.low) * per_V == pytest.approx([tick.true_free_V[node] for node in replay.nodes], abs=1e-6)
    wanted = [replay.low + asked[node] / per_V for node in asked]
    off = volts[list(asked)] / reference - wanted  # in the board's own volts
    replay.corrections = [(0, 0)] * len(replay.nodes)
    before = solve()[list(asked)] / reference - wanted
    assert np.abs(off).max() < 0.004 and np.abs(off).max() < 0.5 * np.abs(before).max(), (off, before)
