"""kit5, a board of parts with leads: its netlist obeys the rule, and no reset of the Pico makes a pot store its tap."""

import random
import re
from math import log
from pathlib import Path

import numpy as np
import pytest

from hardware.generator.build import build
from hardware.generator.nets import node_net
from hardware.generator.spice import spice_net
from hardware.netcheck.check import check
from hardware.netcheck.rule import expected_volts
from tests.conftest import ROOT
from tests.hardware.mistakes import Change, join, move, swap, without_pins
from tests.hardware.test_agreement import draw, generated, spice, virtual
from twinohm.model.board_file import load_board
from twinohm.model.netlist import Netlist
from twinohm.model.networks import NETWORKS

BOARD = load_board("kit5")
NETLIST = Netlist.read(ROOT / "hardware" / "kit5" / "kit5.net")
CIRCUIT = build(BOARD)


def test_netlist_is_right() -> None:
    assert check(NETLIST, BOARD, states=40, seed=1) == []


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (swap(("A-B/pot_free", "CLK"), ("A-B/pot_free", "U/~{D}")), "edge A-B: its U/D"),
        (swap(("A-C/plus_a", "1"), ("A-C/minus_a", "1")), "CMP of edge A-C"),
        (swap(("B-C/comparator", "+2"), ("B-C/comparator", "-2")), "SGN of edge B-C"),
        (swap(("dac_outputs", "VA"), ("dac_outputs", "VB")), "edge A-B"),
        (move(("dac_bus", "VCC"), "+5V"), "J1 (MCP4728_bus) pin 1 is on +5V, not on +3V3"),
        (move(("dac_outputs", "GND"), "+3V3"), "J2 (MCP4728_outputs) pin 1 is not on the net of J1"),
        (move(("dac_bus", "~{LDAC}"), "+3V3"), "J1 (MCP4728_bus) pin 5 is on +3V3, not on GND"),
        (move(("A-D/comparator", "V+"), "+3V3"), "U403 (LM393P) pin 8 is on +3V3, not on +5V"),
        (move(("pull_GP2", "2"), "+3V3"), "GP2 must idle down"),
        (join("+3V3", "+5V"), "pin 40 is on +3V3, which is 3.3 V (U1 (Pico) pin 36), not 5 V"),
        (swap(("header", "1"), ("header", "2")), "J3 (Header7) pin 1"),
        (swap(("r_A.free", "2"), ("r_C.free", "2")), "resistor between the buffer and ADC A.free: no resistor"),
    ],
)
def test_a_mistake_is_named(change: Change, words: str) -> None:
    findings = check(change(NETLIST, CIRCUIT), BOARD)
    assert any(words in finding for finding in findings), findings[:10]


def test_any_pin_left_open_is_found() -> None:
    """150 pins of 400; second VCC and GND of the socket for the board with the DAC are among them."""
    pins = random.Random(3).sample(list(NETLIST.pins), 150)
    missed = [pin for pin in pins if not check(without_pins(NETLIST, {pin}), BOARD, states=3)]
    assert missed == []


def test_spice_the_virtual_board_and_the_host_give_the_same_node_voltages(ngspice: Path, tmp_path: Path) -> None:
    folder, generator = generated("kit5", tmp_path), np.random.default_rng(5)
    worst = 0.0
    for _ in range(20):
        taps, volts, driven = draw(BOARD, generator)
        taps = np.minimum(taps, BOARD.pots.top_tap)
        ohm = BOARD.pots.edge_ohm(taps.astype(float))
        read, on_fixture = spice(ngspice, BOARD, (taps, volts, driven), folder), virtual(BOARD, (taps, volts, driven))
        for network in NETWORKS:
            right = expected_volts(BOARD, 1 / ohm, driven[network], volts)
            worst = max(worst, np.abs(on_fixture[network] - right).max())
            for node, volt in zip(BOARD.nodes, right, strict=True):
                worst = max(worst, abs(read[spice_net(node_net(BOARD, node, network)).lower()] - volt))
    assert worst < 1e-3


def test_every_pin_of_the_pico_is_in_use_and_the_budget_says_so() -> None:
    pico = CIRCUIT.part("pico")
    used = {name for name in (f"GP{n}" for n in (*range(23), 26, 27, 28)) if pico.kind.number(name) in pico.nets}
    assert len(used) == 26
    text = (ROOT / "docs" / "guides" / "kit5.md").read_text()
    rows = re.findall(r"^\| (GP\S.*?) \| (\d+) \|", text, re.MULTILINE)
    assert sum(int(count) for _, count in rows) == 26


def after(volts: float, start: float, end: float, seconds: float) -> float:
    """Return when a node that goes from start to end with a time constant passes `volts`."""
    return -seconds * log((volts - end) / (start - end))


def test_clk_has_fallen_before_any_cs_has_risen_when_the_pico_is_reset() -> None:
    """Its pins float then, with its own 50 to 80 kohm to ground (RP2040 datasheet 2.19.6.1 and 5.5.3.4)."""
    assert CIRCUIT.part("pull_GP2").value == "1k" and CIRCUIT.part("pull_GP7").value == "10k"
    assert CIRCUIT.part("A-B/c_cs").value == "1n"
    clk_s = after(0.8, 3.3, 0, 1e3 * (10 * 10e-12 + 200e-12))  # C_IN of ten pots (FN8222), and wires
    least_ohm = 1 / (1 / 10e3 + 1 / 50e3)
    high_V = 3.3 * 50 / 60
    cs_s = after(0.8, 0, high_V, least_ohm * 0.8e-9)  # a capacitor at -20 %
    assert cs_s > 4 * clk_s
    leak_V = 2 * 10e-6 * least_ohm  # of two pots
    assert high_V - leak_V > 2.0  # V_IH
