"""The figures of hardware/README.md: the cheap ones measured again, the parts' models against their data sheets."""

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from hardware.figures import clock
from hardware.figures.clock import line_of, read_edge, simulate
from hardware.figures.comparator import decision_us
from hardware.figures.deck import Deck, crossed
from hardware.figures.settling import settling_us
from hardware.figures.tolerance import averaging_error, share_interval, source_mA, wrong_counts, wrong_share
from tests.conftest import ROOT
from twinohm.model.board import Board
from twinohm.model.board_file import load_board
from twinohm.model.current_limits import worst_sources_mA
from twinohm.model.settling import settling_us as wait_us

LAB16 = load_board("lab16")
DIVIDER = load_board("divider")


@pytest.mark.parametrize(
    ("board", "inputs"),
    [
        pytest.param(LAB16, ("A", "B", "C"), marks=pytest.mark.slow),
        pytest.param(LAB16, ("C", "D", "F"), marks=pytest.mark.slow),
        pytest.param(LAB16, ("C", "D"), marks=pytest.mark.slow),
        pytest.param(LAB16, ("D",), marks=pytest.mark.slow),
        (DIVIDER, ("TOP", "BOT")),
    ],
    ids=lambda value: value.name if isinstance(value, Board) else ",".join(value),
)
def test_the_board_waits_as_long_as_its_slowest_state_takes(
    board: Board, inputs: tuple[str, ...], ngspice: Path
) -> None:
    slow = settling_us(board, inputs, 127, 130e3, "dac")
    assert slow <= wait_us(board, inputs) < 1.1 * slow + 12  # us: 14 pF of copper, and the comparators' response
    assert settling_us(board, inputs, 64, 100e3, "dac") < 0.6 * slow  # as R does


@pytest.mark.slow
def test_a_step_of_the_pots_settles_sooner(ngspice: Path) -> None:
    for board, inputs in ((LAB16, ("A", "B", "C")), (DIVIDER, ("TOP", "BOT"))):
        assert 0 < settling_us(board, inputs, 127, 130e3, "pot") < 0.4 * wait_us(board, inputs)


def test_comparator_as_its_data_sheet(ngspice: Path) -> None:
    """SNOSBJ3: 1.3 us at 5 mV, 0.3 us at a large overdrive; slower the less there is."""
    took = {overdrive: decision_us(overdrive, rising=False) for overdrive in (2, 5, 100)}
    assert took[5] == pytest.approx(1.3, abs=0.2) and took[100] == pytest.approx(0.3, abs=0.1)
    assert took[2] > 2 * took[5]


def test_a_track_is_a_line_of_the_known_impedance() -> None:
    """50 ohm on FR-4 is a track about 1.9 times as wide as its dielectric is thick."""
    ohm, delay = line_of(1.9, 1.0)
    assert ohm == pytest.approx(50, abs=1.5)
    assert 1 / delay == pytest.approx(1.64e11, rel=0.03)  # mm/s: effective permittivity 3.3


def test_a_matched_line_without_loads_has_the_edge_a_delay_later(ngspice: Path) -> None:
    ohm, delay = line_of(0.2, 0.2)
    time, volts = simulate(500.0, 1, ohm - 10, 10, 1e-15, 0.2, rises=True)
    assert crossed(time, volts[:, 0], 2.5) == pytest.approx(6e-9 + 500 * delay, abs=0.1e-9)
    took, back = read_edge(time, volts[:, 0])
    assert took == pytest.approx(2e-9 * 1.6 / 5, abs=0.1e-9) and back < 1e-3


def test_an_edge_that_turns_back_is_measured() -> None:
    time = np.arange(8) * 1e-9
    volts = np.array([0, 1.0, 2.0, 1.5, 1.7, 3.0, 4.5, 5.0])
    assert read_edge(time, volts) == (pytest.approx(3e-9), pytest.approx(0.5))
    assert read_edge(time, 5 - volts)[1] == pytest.approx(0.0)  # 3.0, 3.5, 3.3 V: above both thresholds
    assert read_edge(time, volts * 0.4)[0] == float("inf")


@pytest.mark.slow
def test_kit5_has_the_levels_of_its_own_driver_and_pots(ngspice: Path) -> None:
    (line,) = clock.report(load_board("kit5"))
    found = re.fullmatch(
        r"kit5 CLK: (\d+) mm, 10 pots, 220 ohm: turns back by (\d+) mV between 0.8 and 2.0 V, "
        r"passes them in (\d+) ns, .*",
        line,
    )
    assert found is not None, line
    length, back, took = map(int, found.groups())
    assert 150 < length < 250 and back < 150 and took < 100
    slow, volts = simulate(200.0, 10, 10_000, 50, 10e-12, 1.5, rises=True, supply_V=3.3)  # its end is waited for
    assert volts[-1].min() > 3.2 and crossed(slow, volts[:, 0], 3.3 * 0.632) == pytest.approx(1.15e-6, rel=0.1)


@pytest.mark.parametrize("node", ["A", "C", "E"])
def test_limits_agree_with_ngspice(ngspice: Path, node: str) -> None:
    """At the corner that current_limits.py takes; a mixed corner is less."""
    board, low = LAB16, LAB16.pots.ohm * (1 - LAB16.pots.tolerance)
    limit = worst_sources_mA(board, board.nodes, ())[node]
    assert source_mA(board, node, [low] * 2 * board.n_edges) == pytest.approx(limit, rel=0.01)
    assert source_mA(board, node, [low, board.pots.ohm] * board.n_edges) < limit
    assert source_mA(board, node, [low] * 2 * board.n_edges, wiper_ohm=0) < board.source_limit_mA


@pytest.mark.slow
def test_averagers_cost_what_their_tolerance_says(ngspice: Path) -> None:
    fine, coarse = (averaging_error(LAB16, 4, error) for error in (0.001, 0.01))
    assert coarse[0] == pytest.approx(10 * fine[0], rel=0.1)
    assert 0.002 < coarse[0] < coarse[1] < 0.03


@pytest.mark.slow
def test_twins_that_differ_give_more_wrong_signs(ngspice: Path) -> None:
    equal, unequal = (wrong_counts(LAB16, 12, 0.1, twins=sd) for sd in (0.0, 0.1))
    assert wrong_share(unequal) > wrong_share(equal) + 0.03
    low, high = share_interval(unequal)
    assert low < wrong_share(unequal) < high < low + 0.2
    assert share_interval(np.tile([2, 10], (5, 1))) == (0.2, 0.2)


def test_op_amp_slews_and_stops_at_its_rails(ngspice: Path) -> None:
    """TLV9064: 6.5 V/us; a follower of -1 V and of 6 V stays near 0 and 5 V."""
    deck = Deck(load_board("divider"))
    deck.change(r"^(Vdac_MID \S+ 0) .*", lambda found: f"{found[1]} PWL(0 -1 20u -1 20.01u 6)")
    time, volts = deck.transient(["MID.clamped"], "10n", "40u")
    node = volts["MID.clamped"]
    assert node[time < 20e-6] == pytest.approx(0, abs=0.1) and node[-1] == pytest.approx(5, abs=0.1)
    rise = crossed(time, node, 4.0) - crossed(time, node, 1.0)
    assert 3.0 / rise == pytest.approx(6.5e6, rel=0.15)


@pytest.mark.slow
def test_command(ngspice: Path) -> None:
    command = [sys.executable, "-m", "hardware.figures"]
    done = subprocess.run([*command, "twins", "divider"], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert done.returncode == 2 and "give lab16 or edge16" in done.stderr
    done = subprocess.run([*command, "comparator"], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0 and len(done.stdout.splitlines()) == 6
    assert np.all(["us" in line for line in done.stdout.splitlines()])
