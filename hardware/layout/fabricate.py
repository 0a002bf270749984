"""Write Gerber, drill and position files and pictures of a board: python -m hardware.layout.fabricate BOARD

A board with a part whose pins, limits or footprint are not proved twice is refused, with exit code 2: see
hardware/provenance.py.
"""

import sys
from pathlib import Path

from hardware.layout.pictures import draw, kicad, undate
from hardware.provenance import board_findings, summary

HERE = Path(__file__).parents[1]
OUTSIDE = "F.Cu,B.Cu,F.Paste,F.SilkS,B.SilkS,F.Mask,B.Mask,Edge.Cuts"
FOUR = f"{OUTSIDE},In1.Cu,In2.Cu"
LAYERS = {"divider": OUTSIDE, "lab16": FOUR, "edge16": FOUR}


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


def main(boards: list[str]) -> int:
    """Write the files of these boards; return 2 if a part of one of them is not proved, before any file is written."""
    refused = False
    for name in boards:
        if findings := board_findings(name):
            print(f"{name} is not made: {len(findings)} facts about its parts are not proved", file=sys.stderr)
            print("\n".join(summary(findings)), file=sys.stderr)
            refused = True
    if refused:
        return 2
    for name in boards:
        draw(name)
        if (HERE / name / f"{name}.kicad_pcb").exists():
            fabricate(name)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
