"""The committed netlists obey the learning rule; one mistake anywhere is found. ERC-clean is not correct."""

import re
import subprocess
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest

from hardware.generator import draw_edges, edge_cell
from hardware.generator.build import build
from hardware.generator.circuit import Circuit
from hardware.generator.files import BOARDS, generate
from hardware.generator.netlist import netlist as write_netlist
from hardware.generator.spice import body
from hardware.netcheck.__main__ import main
from hardware.netcheck.campaign import draw, run
from hardware.netcheck.check import check
from hardware.netcheck.diode_network import Network
from hardware.netcheck.mutations import Mutation, mutations
from hardware.netcheck.named_mistakes import SOLDERED, named_mistakes
from hardware.netcheck.supply_states import SUPPLIES, check_states, solve_state, table
from tests.conftest import ROOT
from tests.hardware.kicad_files import erc, write
from tests.hardware.mistakes import MISTAKES
from twinohm.model.board import Board
from twinohm.model.board_file import load_board
from twinohm.model.netlist import Component, Netlist
from twinohm.model.pot_parts import POT_PARTS

EVERY_BOARD = BOARDS
each_board = pytest.mark.parametrize("name", SOLDERED)


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
    return build(load_board(name))


@each_board
def test_committed_netlist_is_right(name: str, netlist: Netlist) -> None:
    assert check(netlist, load_board(name), states=40, seed=1) == []


@pytest.mark.parametrize(("name", "mistake"), [(name, mistake) for name in SOLDERED for mistake in MISTAKES[name]])
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
    circuit = build(board)
    made = Netlist.parse(write_netlist(circuit, {part.ref: "/a/b" for part in circuit.parts}))
    assert len(made.parts("HUNDRED")) == 4 and not made.parts("AD5220")
    assert check(made, board, states=40) == []
    assert body(board, circuit).count(" segments=99\n") == 4


@cache
def generated(name: str) -> list[Mutation]:
    return list(mutations(read_netlist(name)))


@pytest.mark.slow
@pytest.mark.parametrize(("name", "each"), [("divider", 80), ("kit5", 15), ("lab16", 15)])
def test_generated_mistakes_are_rejected_and_named(name: str, each: int) -> None:
    """A sample of every kind; `python -m hardware.netcheck --mistakes` tries them all."""
    result = run(draw(generated(name), each, seed=11), load_board(name))
    assert result.passed == [] and result.unnamed == []
    assert all(count.tried >= 15 for count in result.counts.values()) and len(result.counts) == 16


@pytest.mark.slow
@pytest.mark.parametrize("name", EVERY_BOARD)
def test_more_generated_mistakes_are_rejected_and_named(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Of each kind so many, always the same: all 226,000 take 20 minutes of one core (--mistakes without --each)."""
    assert main(["--mistakes", "--each", "20", name]) == 0, capsys.readouterr().out


@pytest.mark.parametrize("name", EVERY_BOARD)
def test_mistakes_of_practice_are_rejected_and_named(name: str) -> None:
    result = run(named_mistakes(read_netlist(name), name), load_board(name))
    assert result.passed == [] and result.unnamed == []
    assert result.counts["named mistakes"].tried >= (10 if name == "kit5" else 30)


@pytest.mark.parametrize("name", ["divider"])
def test_every_kind_of_mistake_of_the_examination_is_tried(name: str) -> None:
    """Section 4 of what was examined from outside: what the checker of that time let pass."""
    tried = {mistake.what for mistake in generated(name)}
    pico, jack = (read_netlist(name).parts(part)[0].ref for part in ("Pico", "Jack"))
    for what in (
        *(f"{pico} (Pico) pin {pin}, open, on +5V" for pin in ("30", "35", "37")),
        f"{jack} (Jack) pin 3, open, on +9V",
        "one more amplifier drives GND",
    ):
        assert what in tried
    values = [what for what in tried if " of 100p instead of 10" in what or " of 100k instead of 10k" in what]
    assert values
    shifter = read_netlist(name).parts("PCA9306")[0].ref
    assert f"{shifter} (PCA9306) with its sides exchanged" in tried


@pytest.mark.slow
def test_a_circuit_that_is_the_same_is_no_mistake() -> None:
    """Equal ends, equal parts that change places, two inputs of a gate, lines that meet at one gate alone."""
    tried = {mistake.what for mistake in generated("edge16") if mistake.kind == "two pins exchanged"}
    gate, comparator = (read_netlist("edge16").parts(part)[0].ref for part in ("74HC86", "LM393A"))
    assert f"{gate} (74HC86) pin 1 exchanged with {gate} (74HC86) pin 2" not in tried
    assert f"{gate} (74HC86) pin 1 exchanged with {gate} (74HC86) pin 4" in tried
    assert f"{comparator} (LM393A) pin 1 exchanged with {comparator} (LM393A) pin 7" not in tried
    assert f"{comparator} (LM393A) pin 2 exchanged with {comparator} (LM393A) pin 3" in tried


@pytest.mark.parametrize(
    ("ends", "words"),
    [
        (("A.free", "A.clamped"), "node A.clamped, A.clamped, is joined to node "),
        (("H.clamped", "+5V"), "is joined to the supply +5V at H.clamped by resistors"),
    ],
)
def test_a_way_between_twins_or_to_a_supply_is_found(ends: tuple[str, str], words: str) -> None:
    """By itself, whatever the part is claimed for."""
    netlist = read_netlist("lab16")
    extra = Component("R9999", "R", "1M", "")
    pins = {**netlist.pins, ("R9999", "1"): ends[0], ("R9999", "2"): ends[1]}
    findings = check(Netlist({**netlist.components, "R9999": extra}, pins), load_board("lab16"))
    assert any(words in finding for finding in findings), findings


def without(netlist: Netlist, ref: str) -> Netlist:
    components = {other: part for other, part in netlist.components.items() if other != ref}
    return Netlist(components, {pin: net for pin, net in netlist.pins.items() if pin[0] != ref})


@pytest.mark.parametrize("name", ["divider", "kit5"])
def test_boards_are_safe_without_usb_or_9_v(name: str) -> None:
    assert check_states(read_netlist(name), load_board(name)) == []


@pytest.mark.slow
@pytest.mark.parametrize("name", ["lab16", "edge16"])
def test_larger_boards_are_safe_without_usb_or_9_v(name: str) -> None:
    assert check_states(read_netlist(name), load_board(name)) == []


@pytest.mark.parametrize("supply", [0, 2, 5])
def test_ngspice_gives_the_same_rails(
    supply: int, ngspice: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The resistors, diodes and sources of a state, solved by another program."""
    seen: list[Network] = []
    solve = Network.solve
    monkeypatch.setattr(Network, "solve", lambda network, start: (seen.append(network), solve(network, start))[1])
    solved = solve_state(read_netlist("divider"), SUPPLIES[supply], "high")
    network = seen[-1]
    volts = [solved.volts[net] for net in network.index]
    lines = ["* supplies", ".options gmin=1e-15 reltol=1e-6"]
    lines += [f"R{k} {i} {j} {1 / siemens:g}" for k, (i, j, siemens) in enumerate(network.conductances) if i != j]
    for k, (anode, cathode, kind) in enumerate(network.diodes):
        lines += [f"D{k} {anode} {cathode} D{k}m", f".model D{k}m d(is={kind.saturation_A} n={kind.emission})"]
    for k, (i, held, siemens) in enumerate(network.sources):
        if held > volts[i]:
            lines += [f"V{k} s{k} 0 {held}", f"RS{k} s{k} {i} {1 / siemens:g}"]
    lines += [f"RL{i} {i} 0 1e10" for i in range(1, len(volts))]
    lines += [".control", "op", *(f"print v({i})" for i in range(1, len(volts))), ".endc", ".end"]
    (tmp_path / "deck.cir").write_text("\n".join(lines) + "\n")
    done = subprocess.run([ngspice, "-b", "deck.cir"], cwd=tmp_path, capture_output=True, text=True, timeout=60)
    found = {int(i): float(value) for i, value in re.findall(r"^v\((\d+)\) = (\S+)$", done.stdout, re.M)}
    assert len(found) == len(volts) - 1, done.stdout[-2000:] + done.stderr[-2000:]
    assert max(abs(found[i] - volts[i]) for i in found) < 2e-3


def test_comparators_on_usb_alone_compare_part_of_the_nodes() -> None:
    """The diode over the regulator feeds them: 5.0 V less a Schottky diode and a rectifier."""
    solved = solve_state(read_netlist("divider"), SUPPLIES[0], "high")
    assert 4.6 < solved.volts["+5V"] < 4.9 and 4.0 < solved.volts["+9V"] < 4.3
    lines = table(read_netlist("divider"), load_board("divider"))
    assert "2.7 V" in lines[1] and lines[1].startswith("USB alone, 5.0 V")
    assert all("all nodes" in line for line in lines if line.startswith(("9 V alone", "USB and 9 V")))


@pytest.mark.parametrize("name", ["divider"])
def test_pins_that_feed_a_rail_are_found(circuit: Circuit, netlist: Netlist) -> None:
    """Without the diode from USB the Pico's outputs hold up 5 V; without a pull-up /CS floats low."""
    board = load_board("divider")
    findings = check_states(without(netlist, circuit.part("from_usb").ref), board)
    assert any(finding.startswith("5 V is missing: +5V at 2.") for finding in findings), findings
    findings = check_states(without(netlist, circuit.part("pull_GP3").ref), board)
    assert any("pin 5 on ~{CS}.TOP-MID floats at 0.00 V, not up" in finding for finding in findings), findings


@pytest.mark.parametrize("name", ["divider"])
def test_a_pin_driven_above_its_supply_is_found(netlist: Netlist, circuit: Circuit) -> None:
    """The Pico's pin on 5 V takes what its protection lets through."""
    pico = circuit.part("pico").ref
    wrong = replace(netlist, pins={**netlist.pins, (pico, "12"): "+5V"})
    findings = check_states(wrong, load_board("divider"))
    assert any(finding.startswith(f"{pico} (Pico) pin 12 on +5V takes ") for finding in findings), findings


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('(ref "R109")', '(ref "R110")', "net GND has pin 2 of R109, which is not listed"),
        ('(comp\n\t\t\t(ref "R4")', '(comp\n\t\t\t(ref "R3")', "two components have the reference R3"),
        ('(ref "U103")\n\t\t\t\t(pin "6")', '(ref "U103")\n\t\t\t\t(pin "5")', "U103 pin 5 is on two nets, "),
    ],
)
def test_a_slip_in_the_file_itself_is_refused(old: str, new: str, words: str) -> None:
    text = (ROOT / "hardware" / "divider" / "divider.net").read_text()
    assert old in text
    with pytest.raises(ValueError, match=words):
        Netlist.parse(text.replace(old, new, 1))


def test_a_broken_netlist_is_named_by_its_file(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse(board: str) -> Netlist:
        raise ValueError("U1 pin 2 is on two nets, A and B: take it off one")

    monkeypatch.setattr("hardware.netcheck.__main__.load_netlist", refuse)
    assert main(["divider"]) == 2
    assert capsys.readouterr().err.startswith("hardware/divider/divider.net: U1 pin 2 is on two nets, A and B")


@pytest.mark.parametrize("mark", ["dnp", "exclude_from_board"])
def test_a_part_that_kicad_marks_as_not_to_be_placed_is_found(mark: str) -> None:
    text = (ROOT / "hardware" / "divider" / "divider.net").read_text()
    marked = re.sub(
        r'(\(ref "C8"\).*?)(\(libsource)', rf'\1(property (name "{mark}")) \2', text, count=1, flags=re.DOTALL
    )
    findings = check(Netlist.parse(marked), load_board("divider"), states=1)
    assert findings == ["C8 (C) is marked as left out (dnp or exclude_from_board), and the circuit needs it"]


@pytest.mark.parametrize("value", ["3,3k", "10m", "10 kohm", "", "0"])
@pytest.mark.parametrize("name", ["divider", "kit5"])
def test_a_value_that_is_no_number_is_a_finding(name: str, value: str) -> None:
    netlist = read_netlist(name)
    components = {**netlist.components, "R3": replace(netlist.components["R3"], value=value)}
    wrong = replace(netlist, components=components)
    findings = check(wrong, load_board(name)) + check_states(wrong, load_board(name))
    part = netlist.components["R3"].part
    assert f"R3 ({part}) has the value {value!r}, which is not a value above 0" in findings[0]


def test_findings_of_kit5_name_its_own_parts_and_the_pins_of_its_sockets() -> None:
    netlist = read_netlist("kit5")
    nets = {**netlist.pins}
    del nets["J1", "5"]
    nets["U2", "4"] = "+3V3"
    findings = check(replace(netlist, pins=nets), load_board("kit5"), states=0)
    assert [finding.split(" is on ")[0] for finding in findings] == ["U2 (MCP6004) pin 4", "J1 (MCP4728_bus) pin 5"]
    assert "is on open J1.5, not on GND" in findings[1]


def crossed(board: Board, i: int) -> dict[str, str]:
    """Ports of an edge cell, the buffered nodes b of both networks swapped at edge 0."""
    ports = CORRECT(board, i)
    if i == 0:
        free, clamped = "node_b.free.sense", "node_b.clamped.sense"
        ports[free], ports[clamped] = ports[clamped], ports[free]
    return ports


CORRECT = edge_cell.edge_ports


@each_board
def test_erc_clean_is_not_correct(name: str, kicad: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (edge_cell, draw_edges):
        monkeypatch.setattr(module, "edge_ports", crossed)
    files = generate(name)
    write(files, tmp_path)
    assert erc(kicad, tmp_path / f"{name}.kicad_sch") == []
    findings = check(Netlist.parse(files[f"{name}.net"]), load_board(name))
    assert any("CMP" in finding for finding in findings), findings
