"""Write hardware/<board>/ for these boards, or for all that have hardware: python -m hardware.generator [BOARD...]"""

import sys
from collections.abc import Sequence
from pathlib import Path

from hardware.command import command, named
from hardware.generator.files import BOARDS, generate

HERE = Path(__file__).parents[1]


@command
def main(boards: Sequence[str]) -> int:
    """Write the files of these boards, or of all."""
    for name in named(boards, BOARDS):
        folder = HERE / name
        folder.mkdir(exist_ok=True)
        for file, text in generate(name).items():
            (folder / file).write_text(text, encoding="utf-8", newline="\n")
        print(folder)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
