"""Place, route and fill a board: python -m hardware.layout BOARD... TWINOHM_KICAD_PYTHON names a Python with pcbnew."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from hardware.generator.build import build
from hardware.layout.router import Router
from twinohm.model.board_file import load_board

HERE = Path(__file__).parent
PYTHON = os.environ.get("TWINOHM_KICAD_PYTHON", "/usr/bin/python3")


def main(name: str, out: Path | None = None) -> None:
    """Into hardware/<name>/, or `out`. Raises ValueError if nets stay in conflict."""
    folder, placement = HERE.parent / name, HERE / f"{name}.toml"
    with tempfile.TemporaryDirectory() as work:
        board_file = Path(work) / f"{name}.kicad_pcb"  # pcbnew writes a project file beside it
        keys, pads, tracks = (Path(work) / file for file in ("keys.json", "pads.json", "tracks.json"))
        keys.write_text(json.dumps({part.ref: part.key for part in build(load_board(name)).parts}))
        drawn = Path(work) / "drawn.net"  # KiCad's own has names for open pins too
        export: list[str | Path] = ["kicad-cli", "sch", "export", "netlist", "-o", drawn, folder / f"{name}.kicad_sch"]
        subprocess.run(export, check=True, stdout=subprocess.DEVNULL)
        place: list[str | Path] = [PYTHON, HERE / "place.py", drawn, placement, keys, board_file, pads]
        subprocess.run(place, check=True)
        given = json.loads(pads.read_text())
        router = Router(tuple(given["size"]), given["pads"], given["planes"])
        router.run()
        tracks.write_text(json.dumps(router.points()))
        subprocess.run([PYTHON, HERE / "finish.py", board_file, tracks, placement], check=True)
        shutil.copy(board_file, out or folder)


if __name__ == "__main__":
    for board_name in sys.argv[1:]:
        main(board_name)
