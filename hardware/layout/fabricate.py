"""Write Gerber, drill and position files and pictures of a board: python -m hardware.layout.fabricate BOARD

A board with a part whose pins, limits or footprint are not proved twice is refused, with exit code 2: see
hardware/provenance.py.
"""

import re
import subprocess
import sys
from pathlib import Path

from hardware.generator import ISSUED
from hardware.provenance import board_findings, summary

HERE = Path(__file__).parents[1]
OUTSIDE = "F.Cu,B.Cu,F.Paste,F.SilkS,B.SilkS,F.Mask,B.Mask,Edge.Cuts"
LAYERS = {"divider": OUTSIDE, "lab16": f"{OUTSIDE},In1.Cu,In2.Cu"}
WHEN = re.compile(rb"(D:)?\d{4}-?\d\d-?\d\d([T ]?)(?:\d\d:\d\d:\d\d|\d{6})([+-]\d\d:?\d\d)?")
PICTURE_HEIGHT = {"divider": 1050, "lab16": 1600}  # px at 1600 px of width


def kicad(*args: object) -> None:
    """Run kicad-cli. Raises subprocess.CalledProcessError if it fails."""
    subprocess.run(["kicad-cli", *map(str, args)], check=True, stdout=subprocess.DEVNULL)


def undate(file: Path) -> None:
    """Replace the time of writing by the day of issue, so that the same board gives the same bytes."""

    def issued(match: re.Match[bytes]) -> bytes:
        day = ISSUED.replace("-", "") if match[1] else ISSUED
        clock = "000000" if match[1] else "00:00:00"
        return (match[1] or b"") + day.encode() + match[2] + clock.encode() + (b"+00:00" if match[3] else b"")

    file.write_bytes(WHEN.sub(issued, file.read_bytes()))


def pictures(name: str) -> None:
    """Write the schematic as one PDF."""
    folder = HERE / name
    kicad("sch", "export", "pdf", "-o", folder / f"{name}.pdf", folder / f"{name}.kicad_sch")
    undate(folder / f"{name}.pdf")


def fabricate(name: str) -> None:
    """Write Gerber, drill and position files, and pictures of both sides."""
    folder = HERE / name
    board, out = folder / f"{name}.kicad_pcb", folder / "fab"
    out.mkdir(exist_ok=True)
    kicad("pcb", "export", "gerbers", "--layers", LAYERS[name], "-o", f"{out}/", board)
    kicad("pcb", "export", "drill", "--format", "excellon", "--excellon-separate-th", "-o", f"{out}/", board)
    kicad("pcb", "export", "pos", "--format", "csv", "--units", "mm", "-o", out / f"{name}-positions.csv", board)
    for file in out.iterdir():
        undate(file)
    for side in ("top", "bottom"):
        picture = folder / f"{name}_{side}.png"
        kicad("pcb", "render", "--side", side, "-w", 1600, "-h", PICTURE_HEIGHT[name], "-o", picture, board)


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
        pictures(name)
        if (HERE / name / f"{name}.kicad_pcb").exists():
            fabricate(name)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
