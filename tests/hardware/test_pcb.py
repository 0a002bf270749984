"""Every committed board: no DRC error, nothing unconnected, the schematic's parts and nets; fab/ is made from it."""

import json
import re
import shutil
from pathlib import Path

import pytest

from hardware.generator.files import BOARDS
from hardware.layout.fabricate import LAYERS
from tests.conftest import ROOT
from tests.hardware.kicad_files import run

ROUTED = [name for name in BOARDS if (ROOT / "hardware" / name / f"{name}.kicad_pcb").exists()]


def test_divider_and_lab16_are_routed() -> None:
    assert set(ROUTED) == {"divider", "lab16"}


@pytest.mark.parametrize("name", ROUTED)
def test_no_drc_errors(name: str, kicad: Path, tmp_path: Path) -> None:
    folder = tmp_path / name
    shutil.copytree(ROOT / "hardware" / name, folder)
    report = tmp_path / "drc.json"
    board = folder / f"{name}.kicad_pcb"
    run(kicad, "pcb", "drc", "--schematic-parity", "--severity-all", "--format", "json", "-o", report, board)
    found = json.loads(report.read_text())
    assert found["unconnected_items"] == []
    assert found["schematic_parity"] == []
    assert [violation for violation in found["violations"] if violation["severity"] == "error"] == []


def undated(text: str) -> str:
    """A gerber or drill file without the lines that name a time."""
    return "\n".join(
        line for line in text.splitlines() if not re.search(r"CreationDate|Created by|DRILL file|; #@!", line)
    )


@pytest.mark.parametrize("name", ROUTED)
def test_fabrication_files_are_those_of_the_board(name: str, kicad: Path, tmp_path: Path) -> None:
    folder, board = ROOT / "hardware" / name / "fab", ROOT / "hardware" / name / f"{name}.kicad_pcb"
    out = f"{tmp_path}/"
    run(kicad, "pcb", "export", "gerbers", "--layers", LAYERS[name], "-o", out, board)
    run(kicad, "pcb", "export", "drill", "--format", "excellon", "--excellon-separate-th", "-o", out, board)
    files = [file for file in sorted(tmp_path.iterdir()) if file.suffix != ".gbrjob"]
    assert len(files) >= 10
    for file in files:
        assert undated(file.read_text()) == undated((folder / file.name).read_text()), file.name
