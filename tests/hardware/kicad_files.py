"""Running kicad-cli."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

LIBRARIES = {
    "KICAD9_SYMBOL_DIR": "/usr/share/kicad/symbols",
    "KICAD9_FOOTPRINT_DIR": "/usr/share/kicad/footprints",
}


def write(files: dict[str, str], folder: Path) -> None:
    for file, text in files.items():
        (folder / file).write_text(text, encoding="utf-8", newline="\n")


def run(kicad: Path, *args: object) -> None:
    command = [str(kicad), *map(str, args)]
    done = subprocess.run(command, env=LIBRARIES | os.environ, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr


def erc(kicad: Path, schematic: Path) -> list[dict[str, Any]]:
    """Violations of every severity."""
    report = schematic.parent / "erc.json"
    run(kicad, "sch", "erc", "--severity-all", "--format", "json", "-o", report, schematic)
    return [violation for sheet in json.loads(report.read_text())["sheets"] for violation in sheet["violations"]]
