"""Power of the networks, and edges at an end of their range, in the summary of a run."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import twinohm
from tests.command_line import run_here
from tests.sim.replay import Replay
from twinohm.model.board_file import load_board
from twinohm.model.settling import settling_us
from twinohm.runlog.folder import RunFolder
from twinohm.runlog.power import NetworkPower, PowerMeter


def test_power_is_that_of_the_true_voltages_and_resistances(tmp_path: Path) -> None:
    """Solved again by the tests' own circuit; edges are pulled and put back, and the board warms by 20 K."""
    port = "sim://lab16?at=30:remove=A-B&at=130:remove=E-H&at=160:insert=A-B&drift_K=100"
    done = run_here("run", "allostery", "--ticks", "200", "--no-plot", "--port", port, cwd=tmp_path)
    folder = RunFolder(next((tmp_path / "runs").iterdir()))
    replay = Replay(json.loads((folder.path / "run.json").read_bytes()))
    replay.taps = list(folder.description().start_taps)
    whole, edges = replay.fixed.copy(), folder.description().edges
    watts = []
    for record in list(folder.ticks()):
        watts.append([])
        replay.fixed = whole.copy()
        gone = ["A-B"] * (30 <= record.tick < 160) + ["E-H"] * (record.tick >= 130)
        replay.fixed[:, [edges.index(edge) for edge in gone]] = np.inf
        replay.kelvin = 0.1 * record.tick
        for network in (0, 1):
            driven = record.inputs_V | (record.clamp_V if network else {})
            places = {replay.nodes.index(name): task_V for name, task_V in driven.items()}
            volts = replay.solve(network, {node: replay.dac(node, replay.code(v)) for node, v in places.items()})
            pot_ohm = replay.pot[network] * (1 + 800e-6 * replay.kelvin)
            ohm = np.array(replay.taps) * pot_ohm / 128 + replay.fixed[network]
            watts[-1].append(sum((volts[a] - volts[b]) ** 2 / ohm[i] for i, (a, b) in enumerate(replay.edges)))
        replay.taps = record.taps
    power = folder.summary().power
    free_W, clamped_W = np.mean(watts[-100:], axis=0)
    assert power.of == "true"
    assert (power.free_mW, power.clamped_mW) == pytest.approx((1e3 * free_W, 1e3 * clamped_W), rel=1e-6)
    times_us = [record.t_us for record in folder.ticks()][-100:]
    assert power.tick_uJ == pytest.approx(np.median(np.diff(times_us)) * (free_W + clamped_W), rel=1e-6)
    assert power.inference_uJ == pytest.approx(settling_us(load_board("lab16"), ["B", "D", "I"], {"E-H"}) * free_W)
    there = [tap for edge, tap in zip(folder.description().edges, replay.taps, strict=True) if edge != "E-H"]
    share = sum(tap <= 5 or tap >= 126 for tap in there) / 15
    assert folder.summary().rail_share == share > 0
    assert f"edges:     {100 * share:.0f} % ended within one tap of an end of their range" in done.stdout
    assert f"networks:  free {power.free_mW:.3g} mW, clamped {power.clamped_mW:.3g} mW, " in done.stdout


def estimated(folder: RunFolder) -> NetworkPower | None:
    """The power of a run as if it had been on copper."""
    run = replace(folder.description(), truth=None)
    meter, taps = PowerMeter(run), run.start_taps
    for record in folder.ticks():
        meter.add(record, taps, frozenset())
        taps = record.taps
    return meter.power()


def test_on_copper_power_is_estimated_if_all_nodes_are_known(tmp_path: Path) -> None:
    run_here("run", "divider", "--board", "divider", "--ticks", "120", "--no-plot", cwd=tmp_path)
    folder = RunFolder(next((tmp_path / "runs").iterdir()))
    true, power = folder.summary().power, estimated(folder)
    assert power.of == "estimated" and power.free_mW == pytest.approx(true.free_mW, rel=0.3)
    assert power.free_mW != true.free_mW
    hidden = RunFolder(Path(__file__).parents[1] / "data" / "runs" / "format2-iris")
    assert estimated(hidden) is None


def test_what_a_fault_breaks_is_not_called_true(tmp_path: Path) -> None:
    for port, known in (("sim://lab16", "true"), ("sim://lab16?fault=shorted:pot.G-H.free", "fault-free")):
        made = twinohm.run("allostery", port=port, ticks=12, out=tmp_path / known, progress=False)
        assert made.summary.power is not None and made.summary.power.of == known
        shown = run_here("analyse", str(made.path), cwd=tmp_path).stdout
        assert ("component values without the faults of the port" in shown) == (known != "true")
