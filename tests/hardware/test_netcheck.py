"""The committed netlists obey the learning rule; one mistake anywhere is found. ERC-clean is not correct."""

import random
import re
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest

from hardware.generator import build, draw_edges
from hardware.generator.circuit import Circuit
from hardware.generator.files import BOARDS, generate
from hardware.generator.lists import shown
from hardware.generator.netlist import netlist as write_netlist
from hardware.generator.spice import body
from hardware.netcheck.check import check
from tests.conftest import ROOT
from tests.hardware.kicad_files import erc, write
from tests.hardware.mistakes import MISTAKES, without_pins
from twinohm.model.board import Board
from twinohm.model.board_file import load_board
from twinohm.model.netlist import Netlist
from twinohm.model.pot_parts import POT_PARTS

each_board = pytest.mark.parametrize("name", BOARDS)


@pytest.fixture
def netlist(name: str) -> Netlist:
    return read_netlist(name)


@pytest.fixture
def circuit(name: str) -> Circuit:
    return build_circuit(name)


@cache
def read_netlist(name: str) -> Netlist:
    return Netlist.read(ROOT / "hardware" / name / f"{name}.net")


@cache
def build_circuit(name: str) -> Circuit:
    return build.build(load_board(name))


@each_board
def test_committed_netlist_is_right(name: str, netlist: Netlist) -> None:
    assert check(netlist, load_board(name), states=40, seed=1) == []


@pytest.mark.parametrize(("name", "mistake"), [(name, mistake) for name in BOARDS for mistake in MISTAKES[name]])
def test_a_mistake_is_named_with_part_and_pin(name: str, mistake: str, netlist: Netlist, circuit: Circuit) -> None:
    made = MISTAKES[name][mistake]
    findings = check(made.change(netlist, circuit), load_board(name))
    for words in made.words(circuit):
        assert any(finding.startswith(words) for finding in findings), (words, findings[:20])


def test_a_pot_of_another_number_of_positions_takes_the_place_of_the_ad5220(monkeypatch: pytest.MonkeyPatch) -> None:
    """From the part table to a netlist, its equations and a SPICE deck; no other file knows the part."""
    pot = replace(POT_PARTS["AD5220"], name="HUNDRED", positions=100, segments=99)
    monkeypatch.setitem(POT_PARTS, "HUNDRED", pot)
    board = load_board("divider")
    tables = board.pots.model_copy(update={"part": "HUNDRED", "start_tap": 50})
    board = board.model_copy(update={"pots": tables})
    circuit = build.build(board)
    made = Netlist.parse(write_netlist(circuit, {part.ref: "/a/b" for part in circuit.parts}))
    assert len(made.parts("HUNDRED")) == 4 and not made.parts("AD5220")
    assert check(made, board, states=40) == []
    assert body(board, circuit).count(" segments=99\n") == 4


def near(netlist: Netlist, ref: str) -> set[str]:
    """The part, its nets, and the parts up to two nets away; supplies join nothing here."""
    found = {ref}
    for _ in range(2):
        nets = {net for (part, _), net in netlist.pins.items() if part in found and len(netlist.nets[net]) <= 12}
        found |= {part for net in nets for part, _ in netlist.nets[net]}
    nets = {net for (part, _), net in netlist.pins.items() if part == ref}
    return found | nets | {shown(net) for net in nets}


@each_board
def test_any_pin_left_open_is_found(name: str, netlist: Netlist) -> None:
    """Every pin of the divider, 150 of larger boards; a finding names the part, one of its nets, or a part near it."""
    board = load_board(name)
    pins = random.Random(3).sample(list(netlist.pins), min(len(netlist.pins), 250 if name == "divider" else 150))
    for pin in pins:
        findings = check(without_pins(netlist, {pin}), board)
        named = {name for finding in findings for name in re.findall(r"[^\s,:()]+", finding)}
        assert near(netlist, pin[0]) & named, (pin, findings)


def crossed(board: Board, i: int) -> dict[str, str]:
    """Ports of an edge cell, the buffered nodes b of both networks swapped at edge 0."""
    ports = CORRECT(board, i)
    if i == 0:
        free, clamped = "node_b.free.sense", "node_b.clamped.sense"
        ports[free], ports[clamped] = ports[clamped], ports[free]
    return ports


CORRECT = build.edge_ports


@each_board
def test_erc_clean_is_not_correct(name: str, kicad: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (build, draw_edges):
        monkeypatch.setattr(module, "edge_ports", crossed)
    files = generate(name)
    write(files, tmp_path)
    assert erc(kicad, tmp_path / f"{name}.kicad_sch") == []
    findings = check(Netlist.parse(files[f"{name}.net"]), load_board(name))
    assert any("CMP" in finding for finding in findings), findings
