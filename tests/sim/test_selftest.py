"""The self-test of a board: sound ones pass, single faults are found and named with the reference of the part."""

import json

import numpy as np
import pytest
from click.testing import CliRunner, Result

import twinohm
from hardware.generator.build import build
from twinohm.cli import twinohm_command
from twinohm.diagnostics.calibrator import calibrate
from twinohm.diagnostics.fault_name import FaultName, Suspects
from twinohm.diagnostics.fault_table import Case, Outcome, cases, outcomes, reported_as, sound_table, table
from twinohm.diagnostics.selftest import selftest
from twinohm.diagnostics.suspect_parts import advise, find_parts
from twinohm.errors import BoardError, BoardMismatch
from twinohm.model.board_file import load_board
from twinohm.model.correction_fit import doubts
from twinohm.sim.faults import every_fault

LAB16 = load_board("lab16")
EVERY = 20  # faults of the short table: one in so many, each kind among them by the order of every_fault()


def suspects(text: str) -> Suspects:
    """Read names of faults that look alike: "a|b"."""
    return tuple(map(FaultName.parse, text.split("|")))


def command(*arguments: str) -> Result:
    return CliRunner().invoke(twinohm_command, ["selftest", *arguments])


def test_a_sound_board_is_well_and_its_twins_are_estimated() -> None:
    with twinohm.open("sim://lab16?seed=3") as board:
        result = selftest(board)
        truth = board.side_channel.truth
        assert board.side_channel.violations == 0
        board.train(2, {"B": 5.0, "D": 1.0, "I": 0.0}, {"F": 3.0, "G": 3.0, "H": 3.0})  # homed and ready
    assert not result.findings and not result.skipped and not result.hidden
    assert result.taps == [64] * 16
    ohm = 64 / 128 * np.array(truth.pot_ohm) + np.array(truth.wiper_ohm) + np.array(truth.series_ohm)
    true = ohm[1] / ohm[0]
    true = true / np.median(true) - 1
    assert np.abs(np.array(list(result.mismatch.values())) - true).max() < 0.02
    assert np.sqrt(np.mean((np.array(list(result.mismatch.values())) - true) ** 2)) < 0.006  # of 1 % sd


def test_a_stuck_comparator_is_named_by_its_reference() -> None:
    result = command("--port", "sim://lab16?fault=high:CMP.E-H", "--json")
    assert result.exit_code == 1
    (finding,) = json.loads(result.stdout)["findings"]
    assert finding["fault"] == "high:CMP.E-H"
    assert finding["what"] == "CMP of edge E-H stuck high"
    assert finding["parts"] == ["U1203 (LM393A) pin 1", "U26 (74HC165) pin 3"]


@pytest.mark.parametrize(
    ("name", "fault", "part"),
    [("lab16", "0x61", "U5"), pytest.param("edge16", "0x62=0.94", "U6", marks=pytest.mark.slow)],
)
def test_a_dac_whose_reference_is_off_is_named_and_calibrate_warns_of_it(name: str, fault: str, part: str) -> None:
    chip = fault.partition("=")[0]
    with twinohm.open(f"sim://{name}?seed=5&fault=scaled:{fault}") as board:
        (finding,) = selftest(board).findings
        assert (finding.fault, finding.parts) == (f"scaled:{chip}", [f"{part} (MCP4728)"])
        warnings = doubts(board.board, calibrate(board))
        on_chip = board.board.dac.nodes_of(int(chip, 16))
    for node in filter(None, on_chip):
        assert any(f"the DAC of node {node} (MCP4728 at {chip}) is " in warning for warning in warnings), warnings


def test_a_missing_part_ends_the_test_and_the_board_is_safe() -> None:
    with twinohm.open("sim://lab16?fault=missing:0x49") as board:
        result = selftest(board)
        assert [finding.fault for finding in result.findings] == ["missing:0x49"]
        assert result.skipped == ["nodes", "pots", "comparators"]
        assert result.taps == [64] * 16  # no pot has moved
        with pytest.raises(BoardError, match="0x49 does not answer"):
            board.apply({"B": 5.0})
        assert "0x49 does not answer" in board.exec("learner.selftest()")


def test_at_the_prompt_diodes_are_named_and_else_asked_for() -> None:
    with twinohm.open("sim://lab16?diode=C>A&seed=1") as board:
        said = board.exec("learner.selftest()")
        assert "pot C-D.free" in said and 'if diodes are in the sockets, name them: learner.selftest("A>C")' in said
        said = board.exec("learner.selftest('C>A')")
        assert "no fault found" in said and "not tested with diodes in the sockets: pots, comparators" in said
        assert "taps are not known" in said
        for diode in ("'C-A'", "'C>C'", "7"):
            with pytest.raises(BoardError, match='name each as "A>C", anode first'):
                board.exec(f"learner.selftest({diode})")
    with twinohm.open("sim://lab16?seed=1") as board:
        said = board.exec("learner.selftest('C>A')")
        assert "diode C>A.free does not conduct" in said and "name them" not in said


def test_a_dead_pot_leaves_taps_unknown() -> None:
    result = command("--port", "sim://lab16?fault=dead:pot.C-D.clamped")
    assert result.exit_code == 1
    assert result.stdout.startswith("U702 (AD5220) pin 5: pot C-D.clamped never steps; check")
    assert "taps: not known" in result.stderr


def test_what_a_board_does_not_show_is_said() -> None:
    with twinohm.open("sim://divider?seed=1") as board:
        result = selftest(board)
    assert not result.findings and result.hidden == ["TOP-MID.clamped", "MID-BOT.clamped"]


@pytest.mark.slow
def test_every_kind_of_fault_is_found_and_named_and_no_sound_board_blamed() -> None:
    results = list(outcomes(cases("lab16", "lab", 1, EVERY, 2), 1))
    rows = table(results)
    assert rows[-1].boards >= 35
    assert [str(one) for one in results if one.case.fault and not one.named] == []
    assert all(row.false_alarms == 0 for row in sound_table(results))


@pytest.mark.slow
def test_edges_that_decide_for_themselves_are_tested_to_the_pots() -> None:
    results = list(outcomes(cases("edge16", "lab", 1, 2 * EVERY), 1))
    rows = table(results)
    assert rows[-1].boards >= 24
    assert [str(one) for one in results if not one.named] == []


@pytest.mark.slow
@pytest.mark.parametrize(
    ("fault", "part"),
    [
        ("high:UD.E-H", "flip_flops5"),
        ("low:XOR.E-H", "xor2"),
        ("open:LATCH.E-H", "flip_flops5"),
        ("high:IN.11", "in0"),
        ("swapped:UD.A-B,UD.H-I", "flip_flops0"),
        ("swapped:XOR.A-B,XOR.A-E", "xor0"),
        ("swapped:IN.0,IN.15", "in1"),
    ],
)
def test_a_fault_on_the_way_of_a_direction_is_named_by_its_part(fault: str, part: str) -> None:
    """Crossed lines: found by what the other edge latches and by where the pots go (selftest/edge_latches.py)."""
    with twinohm.open(f"sim://edge16?seed=2&fault={fault}") as board:
        (finding,) = selftest(board).findings
    assert finding.fault == fault
    assert finding.parts[0].split()[0] == build(load_board("edge16")).part(part).ref


def test_the_table_counts_what_it_should() -> None:
    def outcome(fault: str | None, *findings: str, failed: str = "") -> Outcome:
        return Outcome(Case("lab16", "lab", 0, fault), tuple(map(suspects, findings)), failed)

    results = [
        outcome("high:UD.E-H", "high:CS.E-H|high:UD.E-H"),
        outcome("high:UD.A-B"),
        outcome("high:UD.A-E", "high:UD.A-E", "dead:pot.A-E.free"),
        outcome("high:IN.12", "high:CMP.F-H"),
        outcome("swapped:adc.B.free,adc.A.free", "swapped:adc.A.free,adc.B.free"),
        outcome(None, "noisy:supply"),
        outcome(None, failed="OSError: no"),
    ]
    rows = {row.fault: row for row in table(results)}
    assert (rows["high:UD"].boards, rows["high:UD"].found, rows["high:UD"].named) == (3, 2, 1)
    assert rows["high:UD"].alike == ["high:CS"]
    assert sorted(rows["high:UD"].mistaken_for) == ["dead:pot + high:UD (1)", "nothing (1)"]
    assert rows["high:IN"].alike == ["high:CMP"]
    assert rows["all"].named == 3
    assert [row.false_alarms for row in sound_table(results)] == [2]


@pytest.mark.parametrize("name", ["lab16", "divider", "edge16"])
def test_everything_that_can_be_found_has_parts_and_a_remedy(name: str) -> None:
    board = load_board(name)
    for fault in every_fault(board):
        finding = (reported_as(board, FaultName.parse(fault)),)
        assert advise(finding) and all(find_parts(board, finding)), fault
    for edge in board.edges:
        for text in (f"odd:CMP.{edge}", f"odd:SGN.{edge}", f"odd:pot.{edge}.free"):
            assert advise(suspects(text)) and find_parts(board, suspects(text)), text
    assert advise(suspects("silent:adc.ADS7953"))


@pytest.mark.parametrize("name", ["lab16", "divider", "edge16"])
def test_references_are_those_of_the_generator(name: str) -> None:
    board = load_board(name)
    circuit = build(board)
    for edge in board.edges:
        for text, key in (
            (f"high:CMP.{edge}", f"{edge}/comparator"),
            (f"low:SGN.{edge}", f"{edge}/comparator"),
            (f"dead:pot.{edge}.free", f"{edge}/pot_free"),
            (f"dead:pot.{edge}.clamped", f"{edge}/pot_clamped"),
        ):
            assert find_parts(board, suspects(text))[0].split()[0] == circuit.part(key).ref
    for chip, address in enumerate(board.dac.addresses):
        finding = suspects(f"missing:0x{address:02x}")
        assert find_parts(board, finding) == [f"{circuit.part(f'dac{chip}').ref} (MCP4728)"]
    for chip, address in enumerate(board.switches.addresses if board.switches else ()):
        finding = suspects(f"missing:0x{address:02x}")
        assert find_parts(board, finding) == [f"{circuit.part(f'switches{chip}').ref} (ADG715)"]


def test_a_board_without_hardware_files_gets_part_and_pin() -> None:
    board = LAB16.model_copy(update={"name": "mine"})
    assert find_parts(board, suspects("high:CMP.E-H")) == ["LM393A of edge E-H, bit 11 of shift_in"]
    assert find_parts(board, suspects("open:switch.E.clamped")) == ["ADG715 at 0x49, S2"]
    assert find_parts(board, suspects("open:driver.E")) == ["MCP4728 at 0x61, output A"]
    assert find_parts(board, suspects("open:adc.H.clamped")) == ["RP2040 GP27"]
    board = load_board("edge16").model_copy(update={"name": "mine"})
    for fault in ("high:UD.E-H", "low:XOR.E-H", "open:LATCH.E-H"):
        assert find_parts(board, suspects(fault)) == ["74HC86 and 74HC74 of edge E-H"]
    assert find_parts(board, suspects("high:IN.11")) == ["bit 11 of shift_in"]


def test_the_table_is_for_virtual_boards() -> None:
    result = command("--faults", "--port", "/dev/ttyACM7")
    assert result.exit_code and "sim://" in str(result.exception)


@pytest.mark.slow
@pytest.mark.parametrize("printed", ["nonsense", "[]", "[[], [], [], [], [], [-1e999]]", "{}" * 1000])
def test_a_board_that_answers_with_something_else_is_told_apart(printed: str) -> None:
    with twinohm.open("sim://lab16?profile=ideal") as board:
        board.exec(f"import sys\ndef print(*_): sys.stdout.write({printed!r})")
        for ask in (selftest, calibrate):
            with pytest.raises(BoardMismatch, match="the board printed .* where a result was due .*`twinohm flash`"):
                ask(board)
        board.home()
