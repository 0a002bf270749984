"""kit5's board is for hands without practice: what is printed on it says what goes where, and the DAC's board fits."""

from dataclasses import replace

import pytest

from hardware.generator.build import build
from hardware.layout import rules
from hardware.layout.copper import Copper, read
from hardware.layout.dac_board import rows_off
from hardware.layout.order import by_machine, extras
from hardware.sources.reader import load_sources
from tests.conftest import ROOT
from twinohm.model.board_file import load_board
from twinohm.model.sexp import find, first, parse

FILE = ROOT / "hardware" / "kit5" / "kit5.kicad_pcb"
CIRCUIT = build(load_board("kit5"))
TREE = parse(FILE.read_text(encoding="utf-8"))
SHORT = {"10k 0.1%": "10k*", "1k 0.1%": "1k*"}
IN_WORDS = ("U1", "J1", "J2", "J3")  # what stands there is told by words of the board


@pytest.fixture(scope="module")
def copper() -> Copper:
    return read(FILE)


def printed(footprint: list[object]) -> set[str]:
    """The texts of a footprint on the silkscreen."""
    texts = [*find(footprint, "fp_text"), *find(footprint, "property")]
    shown = [item for item in texts if first(item, "layer")[1] == "F.SilkS" and ["hide", "yes"] not in item]
    return {item[2] for item in shown}


FOOTPRINTS = {
    next(item[2] for item in find(footprint, "property") if item[1] == "Reference"): footprint
    for footprint in find(TREE, "footprint")
}
WORDS = [(item[1], *map(float, first(item, "at")[1:3])) for item in find(TREE, "gr_text")]


@pytest.mark.parametrize("ref", [part.ref for part in CIRCUIT.parts if part.kind.symbol != "point"])
def test_reference_and_value_are_printed_at_every_part(ref: str) -> None:
    part = next(part for part in CIRCUIT.parts if part.ref == ref)
    value = set() if ref in IN_WORDS else {SHORT.get(part.value, part.value)}
    assert printed(FOOTPRINTS[ref]) == {ref} | value


def test_the_words_explain_marks_and_supply() -> None:
    words = " ".join(text for text, *_ in WORDS)
    for phrase in ("* = 0.1 %", "notch up", "A shunt on every JP", "5 V comes from the USB", "solder on this side"):
        assert phrase in words
    for edge in load_board("kit5").edges:
        assert [text for text, *_ in WORDS].count(edge) == 1
    assert [text for text, *_ in WORDS].count("free") == [text for text, *_ in WORDS].count("clamped") == 5


@pytest.mark.parametrize("ref", ["J1", "J2", "J3"])
def test_every_pin_of_a_header_has_its_name_beside_it(ref: str, copper: Copper) -> None:
    part = next(part for part in CIRCUIT.parts if part.ref == ref)
    for pad in (pad for pad in copper.pads if pad.ref == ref):
        in_line = [(abs(y - pad.at[1]), text) for text, x, y in WORDS if abs(x - pad.at[0]) < 0.1]
        name = min(in_line)[1]
        if ref == "J3":
            node, _, network = part.nets[pad.number].partition(".")
            assert name in ((f"{node} {network}",) if node in "AC" else (node,)), pad.number
        else:
            assert name == part.kind.pins[[pin.number for pin in part.kind.pins].index(pad.number)].name.strip("~{}")


def test_no_part_is_for_a_machine() -> None:
    assert not [part.ref for part in CIRCUIT.parts if by_machine(part) and part.kind.symbol != "point"]
    needed = {what: count for count, what in extras(CIRCUIT)}
    assert needed["Socket DIP-8, 7.62 mm, for a chip"] == 15 and needed["Socket DIP-14, 7.62 mm, for a chip"] == 2
    assert needed["Socket strip 1x6, 2.54 mm, for the board with the DAC"] == 2


def test_the_rows_for_the_dac_are_those_of_its_drawing(copper: Copper) -> None:
    assert rows_off(copper, CIRCUIT) == pytest.approx(0, abs=0.001)
    assert rows_off(read(ROOT / "hardware/divider/divider.kicad_pcb"), build(load_board("divider"))) is None


@pytest.mark.parametrize("rows", ["further apart", "shifted", "exchanged"])
def test_rows_that_do_not_fit_are_found(rows: str, copper: Copper) -> None:
    """Exchanged rows are 12.7 mm apart too, but the board would go in face down alone."""
    dx, dy = {"further apart": (0.0, 0.5), "shifted": (2.54, 0.0), "exchanged": (0.0, -25.4)}[rows]
    moved = [replace(pad, at=(pad.at[0] + dx, pad.at[1] + dy)) if pad.ref == "J2" else pad for pad in copper.pads]
    off = rows_off(replace(copper, pads=tuple(moved)), CIRCUIT)
    assert off is not None and off > rules.ROWS_MM


def test_two_origins_have_the_same_places_of_the_rows() -> None:
    for kind in ("MCP4728_bus", "MCP4728_outputs"):
        drawn = [source for source in load_sources()[kind] if source.pads_mm]
        assert len({source.origin for source in drawn}) == 2
        assert drawn[0].pads_mm == drawn[1].pads_mm
