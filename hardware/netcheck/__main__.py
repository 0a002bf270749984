"""Check the committed netlists: python -m hardware.netcheck [BOARD...]"""

import sys
from pathlib import Path

from hardware.generator.files import BOARDS
from hardware.netcheck import Netlist, check
from twinohm.model.board_file import load_board

HERE = Path(__file__).parents[1]

if __name__ == "__main__":
    wrong = 0
    for name in sys.argv[1:] or BOARDS:
        netlist = Netlist.read(HERE / name / f"{name}.net")
        findings = check(netlist, load_board(name), states=60)
        wrong += len(findings)
        nets = len(set(netlist.pins.values()))
        print(f"{name}: {len(netlist.components)} parts, {nets} nets, {len(findings)} findings")
        for finding in findings:
            print(" ", finding)
    sys.exit(1 if wrong else 0)
