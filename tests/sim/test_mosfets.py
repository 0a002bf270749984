"""Networks of MOSFETs: the solver converges in cut-off, and ngspice's level 1 transistors give the same voltages."""

import subprocess
from pathlib import Path

import numpy as np
import pytest

from twinohm.ensemble.mosfets import GMIN, solve
from twinohm.model.board_file import load_board
from twinohm.model.placement import Placement
from twinohm.studies.mosfet16 import Boards, problem, train

ENDS = np.array(load_board("lab16").edge_nodes)
S = 5e-4  # A/V^2


def draw(seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Gains, gates above thresholds (some in cut-off), driven nodes, voltages."""
    random = np.random.default_rng(seed)
    driven = np.zeros(9, bool)
    driven[random.choice(9, random.integers(2, 7), replace=False)] = True
    return random.uniform(0.8, 1.2, 16), random.uniform(-0.3, 2.2, 16), driven, random.uniform(0, 2, 9)


@pytest.mark.slow
def test_every_network_converges_to_the_same_voltages_from_anywhere_also_in_cut_off() -> None:
    cut_off = 0
    for seed in range(3000):
        gain, above, driven, volts = draw(seed)
        low, high = volts[driven].min(), volts[driven].max()
        other = np.where(driven, volts, high)
        assert solve(ENDS, gain, above, driven, volts) >= 0 and solve(ENDS, gain, above, driven, other) >= 0
        assert np.abs(volts - other).max() < 1e-5
        assert low - 1e-9 <= volts.min() and volts.max() <= high + 1e-9
        cut_off += (above < volts.min()).any()
    assert cut_off > 1000


@pytest.mark.slow
def test_ngspice_gives_the_same_voltages(ngspice: Path, tmp_path: Path) -> None:
    worst = 0.0
    for seed in range(20):
        gain, above, driven, volts = draw(seed)
        assert solve(ENDS, gain, above, driven, volts) >= 0
        lines = ["* MOSFETs as edges, bulk at 0 V: no body effect"]
        for e, (a, b) in enumerate(ENDS):
            lines += [f"M{e} n{a} g{e} n{b} 0 t{e} W=1u L=1u", f"Vg{e} g{e} 0 {above[e] + 0.8:.17g}"]
            lines += [f".model t{e} nmos level=1 vto=0.8 kp={S * gain[e]:.17g} lambda=0 gamma=0 is=1e-30"]
            lines += [f"R{e} n{a} n{b} {1 / (S * GMIN):.17g}"]
        lines += [f"V{node} n{node} 0 {volts[node]:.17g}" for node in np.flatnonzero(driven)]
        lines += [".options gmin=1e-18 reltol=1e-9 abstol=1e-18 vntol=1e-9", ".control", "set numdgt=15", "op"]
        lines += [*(f"print v(n{node})" for node in range(9)), ".endc", ".end", ""]
        path = tmp_path / "deck.cir"
        path.write_text("\n".join(lines))
        done = subprocess.run([str(ngspice), "-b", str(path)], capture_output=True, text=True, timeout=60)
        theirs = [float(line.split("=")[1]) for line in done.stdout.splitlines() if line.startswith("v(n")]
        assert len(theirs) == 9, done.stdout + done.stderr
        worst = max(worst, float(np.abs(volts - theirs).max()))
    assert worst < 1e-4


@pytest.mark.slow
def test_boards_of_other_seeds_than_the_search_learn_xor() -> None:
    placement = Placement(("E", "G", "C", "B"), ("H", "A"))
    found = train(problem("xor"), [placement] * 16, Boards.draw(range(16)), 2000, 1.0)
    assert found.failed == 0 and found.right.mean() > 0.8
    assert not (found.before_V * found.problem.test_wanted_V > 0).all(axis=1).any()


def test_no_affine_function_of_the_inputs_is_xor() -> None:
    assert problem("xor").best_affine_V == pytest.approx(0.3)  # the target itself
