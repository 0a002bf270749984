"""What is ordered of each laid out board: the zip, the assembler's lists, and everything to buy."""

import csv
import io
import os
import zipfile
from importlib.util import find_spec
from pathlib import Path

import pytest

from hardware.generator.build import build
from hardware.generator.circuit import Circuit
from hardware.generator.files import BOARDS
from hardware.layout.order import (
    assembly_bom,
    by_machine,
    correction,
    drawn_layers,
    extras,
    positions,
    shopping,
    write_order,
)
from tests.conftest import ROOT
from twinohm.model.board_file import load_board

ORDERED = [name for name in BOARDS if (ROOT / "hardware" / name / "fab").exists()]


def rows_of(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


@pytest.fixture
def circuit(name: str) -> Circuit:
    return build(load_board(name))


@pytest.mark.parametrize("name", ORDERED)
def test_the_zip_has_the_files_of_fab(name: str) -> None:
    folder = ROOT / "hardware" / name
    with zipfile.ZipFile(folder / "order" / f"{name}-gerbers.zip") as archive:
        packed = {entry.filename: archive.read(entry) for entry in archive.infolist()}
    assert packed == {file.name: file.read_bytes() for file in (folder / "fab").iterdir() if file.suffix != ".csv"}
    assert {f"{name}-F_Cu.gtl", f"{name}-B_Cu.gbl", f"{name}-PTH.drl", f"{name}-Edge_Cuts.gm1"} <= packed.keys()


@pytest.mark.parametrize("name", ORDERED)
def test_lists_of_the_assembler_have_the_same_parts(name: str, circuit: Circuit) -> None:
    folder = ROOT / "hardware" / name / "order"
    bom = (folder / f"{name}-assembly-bom.csv").read_text()
    assert bom == assembly_bom(circuit)
    listed = [ref for row in rows_of(bom) for ref in row["Designator"].split(",")]
    placed = rows_of((folder / f"{name}-assembly-positions.csv").read_text())
    assert sorted(listed) == sorted(row["Designator"] for row in placed)
    smd = {part.ref for part in circuit.parts if by_machine(part) and part.kind.name != "TestPoint"}
    assert set(listed) == smd and len(listed) == len(smd)


@pytest.mark.parametrize("name", ORDERED)
def test_shopping_has_every_part_and_counts_what_has_no_price(name: str, circuit: Circuit) -> None:
    text = (ROOT / "hardware" / name / "order" / f"{name}-shopping.csv").read_text()
    assert text == shopping(circuit)
    rows = rows_of(text)
    price = next(key for key in rows[0] if key.startswith("USD"))
    assert price == f"USD ({sum(not row[price] for row in rows)} of {len(rows)} unknown)"
    assert all(row["Price from"] for row in rows if row[price])
    in_netlist = sum(part.kind.name != "TestPoint" for part in circuit.parts)
    assert sum(int(row["Quantity"]) for row in rows) == in_netlist + sum(count for count, _ in extras(circuit))
    needed = [row["Description"] for row in rows]
    assert any("Shunt" in what for what in needed)
    assert any("Mains supply" in what for what in needed) == (name != "kit5")  # it has USB alone


def test_rotations_are_those_of_the_table() -> None:
    assert correction("Package_SO:TSSOP-16_4.4x5mm_P0.65mm") == (270, True)
    assert correction("Package_TO_SOT_SMD:SOT-23") == (180, True)
    assert correction("Resistor_SMD:R_0805_2012Metric") == (0, True)
    assert correction("Package_QFP:LQFP-32") == (0, False)


@pytest.mark.parametrize("name", BOARDS)
def test_every_package_for_the_machine_is_in_the_table(name: str, circuit: Circuit) -> None:
    missing = {part.kind.footprint for part in circuit.parts if by_machine(part) and part.kind.name != "TestPoint"}
    assert not [footprint for footprint in missing if not correction(footprint)[1]]


def test_a_drawing_has_references_once() -> None:
    """A footprint's reference on F.Fab would lie on the value that kit5 has printed there."""
    assert drawn_layers("kit5")["top"] == "F.Silkscreen,F.Courtyard,Edge.Cuts"
    assert drawn_layers("lab16")["top"] == "F.Fab,F.Silkscreen,F.Courtyard,Edge.Cuts"


def test_a_part_without_a_place_is_an_error() -> None:
    circuit = build(load_board("divider"))
    placed = (ROOT / "hardware" / "divider" / "fab" / "divider-positions.csv").read_text()
    without = "".join(line for line in placed.splitlines(keepends=True) if not line.startswith('"U4"'))
    assert without != placed
    with pytest.raises(ValueError, match="the position file has no U4"):
        positions(circuit, without)


@pytest.mark.kicad
@pytest.mark.parametrize("name", ORDERED)
def test_the_same_board_gives_the_same_files(
    name: str, kicad: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Bytes of all files but the drawings, which a PDF writer numbers anew."""
    folder = tmp_path / name
    (folder / "fab").mkdir(parents=True)
    for file in [*(ROOT / "hardware" / name).glob(f"{name}.kicad_p*"), *(ROOT / "hardware" / name / "fab").iterdir()]:
        (folder / file.relative_to(ROOT / "hardware" / name)).write_bytes(file.read_bytes())
    monkeypatch.setattr("hardware.layout.order.HERE", tmp_path)
    write_order(name)
    committed = ROOT / "hardware" / name / "order"
    made = {file.name for file in (folder / "order").iterdir()}
    if find_spec("InteractiveHtmlBom") is None:
        assert "kicad" not in os.environ.get("TWINOHM_REQUIRE", ""), "install hardware/layout/requirements.txt"
        made.add(f"{name}-ibom.html")
    assert made == {file.name for file in committed.iterdir()}
    for file in made:
        if not file.endswith((".pdf", ".html")):
            assert (folder / "order" / file).read_bytes() == (committed / file).read_bytes(), file
    assert "U101" in (committed / f"{name}.d356").read_text()
