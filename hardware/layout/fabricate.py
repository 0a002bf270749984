"""What a board house wants, and pictures: python -m hardware.layout.fabricate BOARD"""

import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parents[1]
OUTSIDE = "F.Cu,B.Cu,F.Paste,F.SilkS,B.SilkS,F.Mask,B.Mask,Edge.Cuts"
LAYERS = {"divider": OUTSIDE, "lab16": f"{OUTSIDE},In1.Cu,In2.Cu"}
PICTURE_HEIGHT = {"divider": 1050, "lab16": 1600}  # px at 1600 px of width


def kicad(*args: object) -> None:
    subprocess.run(["kicad-cli", *map(str, args)], check=True, stdout=subprocess.DEVNULL)


def pictures(name: str) -> None:
    """The schematic as one PDF."""
    folder = HERE / name
    kicad("sch", "export", "pdf", "-o", folder / f"{name}.pdf", folder / f"{name}.kicad_sch")


def fabricate(name: str) -> None:
    """Gerbers, drill and position files, and both sides rendered."""
    folder = HERE / name
    board, out = folder / f"{name}.kicad_pcb", folder / "fab"
    out.mkdir(exist_ok=True)
    kicad("pcb", "export", "gerbers", "--layers", LAYERS[name], "-o", f"{out}/", board)
    kicad("pcb", "export", "drill", "--format", "excellon", "--excellon-separate-th", "-o", f"{out}/", board)
    kicad("pcb", "export", "pos", "--format", "csv", "--units", "mm", "-o", out / f"{name}-positions.csv", board)
    for side in ("top", "bottom"):
        picture = folder / f"{name}_{side}.png"
        kicad("pcb", "render", "--side", side, "-w", 1600, "-h", PICTURE_HEIGHT[name], "-o", picture, board)


if __name__ == "__main__":
    for board_name in sys.argv[1:]:
        pictures(board_name)
        if (HERE / board_name / f"{board_name}.kicad_pcb").exists():
            fabricate(board_name)
