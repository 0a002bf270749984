"""Write hardware/<board>/ for these boards, or for all that have hardware: python -m hardware.generator [BOARD...]"""

import sys
from pathlib import Path

from hardware.generator.files import BOARDS, KITS, generate

HERE = Path(__file__).parents[1]

if __name__ == "__main__":
    for name in sys.argv[1:] or (*BOARDS, *KITS):
        folder = HERE / name
        folder.mkdir(exist_ok=True)
        for file, text in generate(name).items():
            (folder / file).write_text(text, encoding="utf-8", newline="\n")
        print(folder)
