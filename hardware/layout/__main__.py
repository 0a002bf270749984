"""Place, route and fill a board: python -m hardware.layout BOARD...

TWINOHM_KICAD_PYTHON names a Python with KiCad's module pcbnew; the default is /usr/bin/python3.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from hardware.command import command, named
from hardware.generator.build import build
from hardware.generator.files import BOARDS
from hardware.layout.cells import route_cells, trim
from hardware.layout.classes import CLOCK_MM, SIGNAL, SUPPLIES, widths
from hardware.layout.router import Area, Points, Router
from twinohm.model.board_file import load_board
from twinohm.model.sexp import find, first, parse

HERE = Path(__file__).parent
PYTHON = os.environ.get("TWINOHM_KICAD_PYTHON", "/usr/bin/python3")


def main(name: str, out: Path | None = None) -> None:
    """Write <name>.kicad_pcb into hardware/<name>/, or into the folder `out`.

    Raises ValueError if nets stay in conflict, subprocess.CalledProcessError if KiCad fails.
    """
    folder, placement = HERE.parent / name, HERE / f"{name}.toml"
    with tempfile.TemporaryDirectory() as work:
        board_file = Path(work) / f"{name}.kicad_pcb"  # pcbnew writes a project file beside it
        parts, pads, tracks = (Path(work) / file for file in ("parts.json", "pads.json", "tracks.json"))
        drawn = Path(work) / "drawn.net"  # KiCad's own has names for open pins too
        export: list[str | Path] = ["kicad-cli", "sch", "export", "netlist", "-o", drawn, folder / f"{name}.kicad_sch"]
        subprocess.run(export, check=True, stdout=subprocess.DEVNULL)
        keys = {part.ref: part.key for part in build(load_board(name)).parts}
        parts.write_text(json.dumps(parts_to_place(drawn.read_text(), keys)))
        subprocess.run([PYTHON, HERE / "place.py", parts, placement, board_file, pads], check=True)
        tracks.write_text(json.dumps(route(json.loads(pads.read_text()), tomllib.loads(placement.read_text()))))
        subprocess.run([PYTHON, HERE / "finish.py", board_file, tracks, placement], check=True)
        shutil.copy(board_file, out or folder)


def route(pads: list[dict[str, Any]], placement: dict[str, Any]) -> dict[str, list[Points]]:
    """Return the points along all tracks by net: of one edge cell, repeated; of clocks and supplies; of the rest."""
    planes: dict[str, Area] = {}
    for table in placement.get("plane", ()):
        for other in placement["plane"]:  # a later plane cuts an earlier one of its layer
            if other["net"] in planes and other["layer"] == table["layer"]:
                planes[other["net"]].cuts.extend(table["boxes"])
        planes[table["net"]] = Area(list(table["boxes"]))
    tracks = widths({pad["net"] for pad in pads if pad["net"]}, planes, placement.get("signals", SIGNAL))
    fixed = route_cells(pads, placement, planes, tracks) if "cell_size" in placement else {}
    size = tuple(placement["size"])
    early = Router(size, pads, planes, tracks, fixed)
    early.run(only=[net for net in (*CLOCK_MM, *SUPPLIES) if net not in planes])
    first = {net: paths for net, paths in early.points().items() if paths}
    router = Router(size, pads, planes, tracks, {net: fixed.get(net, []) + first.get(net, []) for net in fixed | first})
    router.run()
    laid = {net: first.get(net, []) + paths for net, paths in router.points().items()}
    cells = trim(fixed, laid, planes)
    return {net: cells.get(net, []) + paths for net, paths in laid.items()}


def parts_to_place(netlist: str, keys: dict[str, str]) -> dict[str, Any]:
    """Return what place.py reads: nets with their pins, and all parts, from the text of KiCad's netlist.

    `keys` is the generator's key of every part by its reference.
    """
    tree = parse(netlist)
    nets = [
        (first(item, "name")[1], [(first(pin, "ref")[1], first(pin, "pin")[1]) for pin in find(item, "node")])
        for item in find(first(tree, "nets"), "net")
    ]
    parts = []
    for item in find(first(tree, "components"), "comp"):
        ref = first(item, "ref")[1]
        fields = [(first(field, "name")[1], field[2]) for field in find(first(item, "fields"), "field") if field[2:]]
        path = first(first(item, "sheetpath"), "tstamps")[1] + first(item, "tstamps")[1]
        texts = {name: first(item, name)[1] for name in ("value", "footprint")}
        parts.append({"ref": ref, "key": keys[ref], "path": path, "fields": fields, **texts})
    return {"nets": nets, "parts": parts}


@command
def lay_out(boards: Sequence[str]) -> int:
    """Lay out these boards, or all of them."""
    for name in named(boards, BOARDS, "has a placement"):
        main(name)
    return 0


if __name__ == "__main__":
    sys.exit(lay_out(sys.argv[1:]))
