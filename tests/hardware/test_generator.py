"""hardware/<board>/ is what boards.toml gives, byte for byte."""

import csv
from pathlib import Path

import pytest

from hardware.generator.build import build
from hardware.generator.files import BOARDS, generate
from hardware.generator.sexp import dump
from tests.conftest import ROOT
from twinohm.model.board_file import load_board, load_boards
from twinohm.model.sexp import parse


@pytest.mark.parametrize("name", BOARDS)
def test_committed_files_are_generated(name: str) -> None:
    for file, text in generate(name).items():
        committed = (ROOT / "hardware" / name / file).read_bytes().decode()
        assert committed == text, f"hardware/{name}/{file} is old: make hardware"


def test_another_boards_toml_gives_another_netlist(tmp_path: Path) -> None:
    text = (ROOT / "boards.toml").read_text()
    changed = text.replace('clk = "GP2"', 'clk = "GP14"', 1).replace('GP2 = "down"', 'GP14 = "down"', 1)
    (tmp_path / "boards.toml").write_text(changed)
    board = load_boards(tmp_path / "boards.toml")["divider"]
    pico = build(board).part("pico")
    assert pico.nets[pico.kind.number("GP14")] == "CLK_IN"
    assert pico.kind.number("GP2") not in pico.nets


@pytest.mark.parametrize("name", BOARDS)
def test_parts_list_has_every_part_once(name: str) -> None:
    circuit = build(load_board(name))
    with (ROOT / "hardware" / name / "bom.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    listed = [ref for row in rows for ref in row["References"].split()]
    assert sorted(listed) == sorted(part.ref for part in circuit.parts if part.kind.name != "TestPoint")
    assert len(set(listed)) == len(listed)
    for row in rows[:-1]:
        assert int(row["Quantity"]) == len(row["References"].split())
    (price,) = (column for column in rows[0] if column.startswith("USD each"))
    empty = [row for row in rows[:-1] if not row[price]]
    assert price == f"USD each ({len(empty)} of {len(rows) - 1} unknown)"
    assert all(bool(row[price]) == bool(row["Price from"]) for row in rows)


@pytest.mark.parametrize("name", BOARDS)
def test_wiring_list_has_every_connection(name: str) -> None:
    circuit = build(load_board(name))
    text = (ROOT / "hardware" / name / "wiring.md").read_text()
    lines = [line for line in text.splitlines() if line.startswith("- [ ] ")]
    assert len(lines) == len(circuit.nets)
    for pins, line in zip(circuit.nets.values(), lines, strict=True):
        listed = [word.split(" ")[0] for word in line.split(": ", 1)[1].split(", ")]
        assert listed == [f"{ref}.{pin}" for ref, pin in pins]


def test_expressions_come_back() -> None:
    item = ["a", 'quote " and \\ and\nline', ["b", "1"], []]
    assert parse(dump(item)) == item
    with pytest.raises(ValueError, match="open brackets"):
        parse("(a (b)")
