"""Check the committed netlists: python -m hardware.netcheck [BOARD...]

Print one line a board and its findings; exit with 1 if there are any. 60 random states of each board are solved.
"""

import sys

from hardware.netcheck.check import check
from twinohm.model.board_file import load_board, load_boards
from twinohm.model.netlist import load_netlist

STATES = 60


def main(names: list[str]) -> int:
    """Check these boards, or all that have a netlist. Return the exit code."""
    code = 0
    for name in names or [name for name in load_boards() if load_netlist(name)]:
        read = load_netlist(name)
        if read is None:
            print(f"{name}: no netlist hardware/{name}/{name}.net")
            code = 1
            continue
        findings = check(read, load_board(name), states=STATES)
        print(f"{name}: {len(read.components)} parts, {len(read.nets)} nets, {len(findings)} findings")
        for finding in findings:
            print(" ", finding)
        code = 1 if findings else code
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
