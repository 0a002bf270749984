"""Every committed board: no DRC violation, nothing unconnected, parts and nets of the schematic; fab/ is of it."""

import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from hardware.generator.files import BOARDS
from hardware.layout.__main__ import main as layout
from hardware.layout.fabricate import LAYERS
from tests.conftest import ROOT
from tests.hardware.kicad_files import run
from twinohm.model.sexp import find, first, parse

ROUTED = [name for name in BOARDS if (ROOT / "hardware" / name / f"{name}.kicad_pcb").exists()]
FABRICATED = [name for name in ROUTED if (ROOT / "hardware" / name / "fab").exists()]


def test_these_boards_are_routed_and_fabricated() -> None:
    assert set(ROUTED) == set(FABRICATED) == set(BOARDS)


@pytest.mark.parametrize("name", ROUTED)
@pytest.mark.slow
def test_the_project_names_the_library_of_every_footprint(name: str) -> None:
    folder = ROOT / "hardware" / name
    table = parse((folder / "fp-lib-table").read_text(encoding="utf-8"))
    named = {first(entry, "name")[1] for entry in find(table, "lib")}
    board = parse((folder / f"{name}.kicad_pcb").read_text(encoding="utf-8"))
    used = {item[1].split(":")[0] for item in find(board, "footprint")}
    assert used and used <= named, used - named


@pytest.mark.parametrize("name", ROUTED)
def test_no_drc_violation(name: str, kicad: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / name
    shutil.copytree(ROOT / "hardware" / name, folder)
    report = tmp_path / "drc.json"
    board = folder / f"{name}.kicad_pcb"
    monkeypatch.setenv("KICAD_CONFIG_HOME", str(tmp_path / "never_opened"))
    run(kicad, "pcb", "drc", "--schematic-parity", "--severity-all", "--format", "json", "-o", report, board)
    found = json.loads(report.read_text())
    assert found["unconnected_items"] == []
    assert found["schematic_parity"] == []
    assert found["violations"] == []


def copper(board: Path) -> list[list[Any]]:
    """Footprints' places, tracks and vias of a board, in one order."""
    tree = parse(board.read_text())
    items = [[item[1], *find(item, "at")] for item in find(tree, "footprint")]
    for what in ("segment", "via"):
        items += [[part for part in item if part[0] != "uuid"] for item in find(tree, what)]
    return sorted(items, key=repr)


@pytest.mark.parametrize("name", ["divider", "kit5"])
def test_layout_makes_the_committed_board(name: str, kicad: Path, tmp_path: Path) -> None:
    """From the netlist and layout/<board>.toml alone; larger boards take the router minutes."""
    layout(name, tmp_path)
    made = copper(tmp_path / f"{name}.kicad_pcb")
    assert len(made) > 400
    assert made == copper(ROOT / "hardware" / name / f"{name}.kicad_pcb")


def undated(text: str) -> str:
    """A gerber or drill file without the lines that name a time."""
    return "\n".join(
        line for line in text.splitlines() if not re.search(r"CreationDate|Created by|DRILL file|; #@!", line)
    )


@pytest.mark.parametrize("name", FABRICATED)
def test_fabrication_files_are_those_of_the_board(name: str, kicad: Path, tmp_path: Path) -> None:
    folder, board = ROOT / "hardware" / name / "fab", ROOT / "hardware" / name / f"{name}.kicad_pcb"
    out = f"{tmp_path}/"
    run(kicad, "pcb", "export", "gerbers", "--layers", LAYERS[name], "-o", out, board)
    run(kicad, "pcb", "export", "drill", "--format", "excellon", "--excellon-separate-th", "-o", out, board)
    files = [file for file in sorted(tmp_path.iterdir()) if file.suffix != ".gbrjob"]
    assert len(files) >= 10
    for file in files:
        assert undated(file.read_text()) == undated((folder / file.name).read_text()), file.name
