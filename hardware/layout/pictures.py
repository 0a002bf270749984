"""Draw a board: its schematic as one PDF, and both sides as PNG: python -m hardware.layout.pictures BOARD...

With KiCad's models of parts it also draws the assembled board. Pictures are for looking at; fabricate writes what a
maker needs, of boards whose parts are proved.
"""

import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Sequence
from pathlib import Path

from hardware.command import command, named
from hardware.generator import ISSUED
from hardware.generator.files import BOARDS

HERE = Path(__file__).parents[1]
WHEN = re.compile(rb"(D:)?\d{4}-?\d\d-?\d\d([T ]?)(?:\d\d:\d\d:\d\d|\d{6})([+-]\d\d:?\d\d)?")
WIDTH = 1600  # px
MODELS = Path(os.environ.get("KICAD9_3DMODEL_DIR", "/usr/share/kicad/3dmodels"))  # Debian: kicad-packages3d, 5 GB
NO_MODELS = Path("no models")  # a folder that is not there
OBLIQUE = ("--perspective", "--rotate", "-35,0,20", "--quality", "high")
ZOOM = {"top": "0.7", "bottom": "0.6"}  # so that all of the board is in the picture


def kicad(*args: object, models: Path = MODELS) -> None:
    """Run kicad-cli with the models of parts in a folder. Raises subprocess.CalledProcessError if it fails."""
    environment = {**os.environ, "KICAD9_3DMODEL_DIR": str(models)}
    subprocess.run(["kicad-cli", *map(str, args)], check=True, stdout=subprocess.DEVNULL, env=environment)


def undate(file: Path) -> None:
    """Replace the time of writing by the day of issue, so that the same board gives the same bytes."""

    def issued(match: re.Match[bytes]) -> bytes:
        day = ISSUED.replace("-", "") if match[1] else ISSUED
        clock = "000000" if match[1] else "00:00:00"
        return (match[1] or b"") + day.encode() + match[2] + clock.encode() + (b"+00:00" if match[3] else b"")

    file.write_bytes(WHEN.sub(issued, file.read_bytes()))


def draw(name: str) -> None:
    """Write the schematic, and pictures of both sides if the board is laid out."""
    folder = HERE / name
    kicad("sch", "export", "pdf", "-o", folder / f"{name}.pdf", folder / f"{name}.kicad_sch")
    undate(folder / f"{name}.pdf")
    board = folder / f"{name}.kicad_pcb"
    if not board.exists():
        return
    width, height = tomllib.loads((HERE / "layout" / f"{name}.toml").read_text(encoding="utf-8"))["size"]
    for side in ("top", "bottom"):
        size = ("-w", WIDTH, "-h", round(WIDTH * height / width))
        kicad("pcb", "render", "--side", side, *size, "-o", folder / f"{name}_{side}.png", board, models=NO_MODELS)
    if MODELS.is_dir():
        for side in ("top", "bottom"):
            view = ("--side", side, *OBLIQUE, "--zoom", ZOOM[side], *size)
            kicad("pcb", "render", *view, "-o", folder / f"{name}_parts_{side}.png", board)
    else:
        print(f"{name}: no picture with its parts, as KiCad's models are not in {MODELS}", file=sys.stderr)


@command
def main(boards: Sequence[str]) -> int:
    """Draw these boards, or all that have hardware."""
    for name in named(boards, BOARDS):
        draw(name)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
