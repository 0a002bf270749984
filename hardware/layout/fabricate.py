"""Write all that makers of a board need, and pictures of it: python -m hardware.layout.fabricate BOARD

A board with a part whose pins, limits or footprint are not proved twice is refused, with exit code 2: see
hardware/provenance.py. So is one whose .kicad_pcb has other parts or nets than its netlist.
"""

import sys
import textwrap
from collections.abc import Sequence
from pathlib import Path

from hardware.command import command
from hardware.layout.order import write_order
from hardware.layout.pictures import draw, kicad, undate
from hardware.provenance import board_findings, summary
from twinohm.model.netlist import Netlist
from twinohm.model.sexp import find, first, parse

HERE = Path(__file__).parents[1]
OUTSIDE = "F.Cu,B.Cu,F.Paste,F.SilkS,B.SilkS,F.Mask,B.Mask,Edge.Cuts"
FOUR = f"{OUTSIDE},In1.Cu,In2.Cu"
LAYERS = {"divider": OUTSIDE, "kit5": OUTSIDE, "lab16": FOUR, "edge16": FOUR}
SHOWN = 4  # parts that a refusal names


def fabricate(name: str) -> None:
    """Write Gerber, drill and position files."""
    folder = HERE / name
    board, out = folder / f"{name}.kicad_pcb", folder / "fab"
    out.mkdir(exist_ok=True)
    kicad("pcb", "export", "gerbers", "--layers", LAYERS[name], "-o", f"{out}/", board)
    kicad("pcb", "export", "drill", "--format", "excellon", "--excellon-separate-th", "-o", f"{out}/", board)
    kicad("pcb", "export", "pos", "--format", "csv", "--units", "mm", "-o", out / f"{name}-positions.csv", board)
    for file in out.iterdir():
        undate(file)


def misfits(board: Path, netlist: Netlist) -> list[str]:
    """Return what is otherwise on a .kicad_pcb than in the netlist, one line for each part."""
    pads: dict[tuple[str, str], str] = {}
    for footprint in find(parse(board.read_text(encoding="utf-8")), "footprint"):
        names = {item[1]: item[2] for item in find(footprint, "property")}
        for pad in find(footprint, "pad"):
            net = first(pad, "net")[-1] if find(pad, "net") else ""
            if net and not net.startswith("unconnected-"):
                pads[names["Reference"], pad[1]] = net
    wrong = {pin[0] for pin in pads.keys() | netlist.pins.keys() if pads.get(pin) != netlist.pins.get(pin)}
    lines = []
    for ref in sorted(wrong):
        here, there = any(pin[0] == ref for pin in pads), ref in netlist.components
        where = "has other nets" if here and there else "is not in the netlist" if here else "is not on the board"
        lines.append(f"{ref} {where}")
    return lines


def refusal(name: str) -> list[str]:
    """Return why a board is not made, as lines of 80 columns; nothing if it may be."""
    if findings := board_findings(name):
        return [f"{name} is not made: {len(findings)} facts about its parts are not proved", *summary(findings)]
    board = HERE / name / f"{name}.kicad_pcb"
    if board.exists() and (wrong := misfits(board, Netlist.read(HERE / name / f"{name}.net"))):
        shown = ", ".join(wrong[:SHOWN]) + (f" and {len(wrong) - SHOWN} more" if len(wrong) > SHOWN else "")
        text = f"{name} is not made: {name}.kicad_pcb is of another netlist: {shown}; "
        return textwrap.wrap(f"{text}lay it out again: python -m hardware.layout {name}", 80, break_on_hyphens=False)
    return []


@command
def main(boards: Sequence[str]) -> int:
    """Write the files of these boards; return 2 if one of them is refused, before any file is written."""
    refused = [line for name in boards for line in refusal(name)]
    if refused:
        print("\n".join(refused), file=sys.stderr)
        return 2
    for name in boards:
        draw(name)
        if (HERE / name / f"{name}.kicad_pcb").exists():
            fabricate(name)
            write_order(name)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
