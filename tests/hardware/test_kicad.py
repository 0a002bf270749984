"""KiCad 9 agrees: no violation, the same netlist from the drawing, the same pins as its own libraries."""

import re
from pathlib import Path

import pytest

from hardware.generator.catalogue import kinds
from hardware.generator.files import BOARDS, generate
from tests.conftest import ROOT
from tests.hardware.kicad_files import LIBRARIES, erc, run, write
from twinohm.model.board_file import load_board
from twinohm.model.netlist import Netlist
from twinohm.model.sexp import find, first, parse


@pytest.mark.parametrize("name", BOARDS)
def test_no_erc_violations(name: str, kicad: Path, tmp_path: Path) -> None:
    write(generate(name), tmp_path)
    assert erc(kicad, tmp_path / f"{name}.kicad_sch") == []


@pytest.mark.parametrize("name", BOARDS)
def test_drawing_has_the_netlist(name: str, kicad: Path, tmp_path: Path) -> None:
    """Parts, values and every net, by name: what is drawn is what was meant."""
    write(generate(name), tmp_path)
    run(kicad, "sch", "export", "netlist", "-o", tmp_path / "drawn.net", tmp_path / f"{name}.kicad_sch")
    drawn = Netlist.read(tmp_path / "drawn.net")
    ours = Netlist.read(ROOT / "hardware" / name / f"{name}.net")
    assert drawn.components == ours.components
    assert drawn.pins == ours.pins
    board = load_board(name)
    assert len(board.edges) * 2 == sum(part.part == board.pots.part for part in drawn.components.values())


LIBRARY_PARTS = {
    name: match[1] for name, kind in kinds().items() if (match := re.match(r"KiCad library (\S+)", kind.pinout))
}
SAME = {  # our name of a pin, where KiCad's differs
    "AD5220": {"CLK": "~{INC}", "A": "H", "B": "L", "VDD": "V_{CC}"},  # DS1804 drops in
    "74HC165": dict(zip("A B C D E F G H".split(), (f"D{i}" for i in range(8)), strict=True))
    | {"SER": "DS", "SH/~{LD}": "~{PL}", "CLK": "CP", "CLK_INH": "~{CE}", "QH": "Q7", "~{QH}": "~{Q7}"},
    "74HC74": {
        f"{i}{ours}": theirs
        for i in (1, 2)
        for ours, theirs in zip("D CLK ~{PRE} ~{CLR} Q ~{Q}".split(), "D C ~{S} ~{R} Q ~{Q}".split(), strict=True)
    },
    "Pico": {f"GP{n}": f"GPIO{n}" for n in range(23)}
    | {"GP26": "GPIO26_ADC0", "GP27": "GPIO27_ADC1", "GP28": "GPIO28_ADC2"},
}
UNNAMED = ("74AHCT125", "74HC86", "Jack")  # KiCad's symbols have numbers only


@pytest.mark.parametrize("part", LIBRARY_PARTS)
def test_pins_are_those_of_kicads_library(part: str, kicad: Path) -> None:
    library, symbol = LIBRARY_PARTS[part].split(":")
    folder = Path(LIBRARIES["KICAD9_SYMBOL_DIR"])
    symbols = {item[1]: item for item in find(parse((folder / f"{library}.kicad_sym").read_text()), "symbol")}
    item = symbols[symbol]
    if extends := find(item, "extends"):
        item = symbols[extends[0][1]]
    theirs = {
        first(pin, "number")[1]: first(pin, "name")[1] for unit in find(item, "symbol") for pin in find(unit, "pin")
    }
    ours = {pin.number: SAME.get(part, {}).get(pin.name, pin.name) for pin in kinds()[part].pins}
    ours = {number: re.sub(r"^([+-])\d$", r"\1", name).replace("out", "~")[:9] for number, name in ours.items()}
    assert set(ours) == set(theirs)
    if part not in UNNAMED:
        for number, name in ours.items():
            assert theirs[number][:9] == (name if not name.startswith("~") or name[1:2] == "{" else "~"), number


def test_unverified_pins_say_so() -> None:
    """A part without KiCad symbol has its pins from memory; the README names them."""
    readme = (ROOT / "hardware" / "README.md").read_text()
    for name, kind in kinds().items():
        if kind.pinout.startswith("memory"):
            assert f"{name} pins" in readme
