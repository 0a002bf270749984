"""Check the committed netlists: python -m hardware.netcheck [BOARD...]

Print one line a board and its findings; exit with 1 if there are any. 60 random states of each board are solved.

--mistakes   check the checker: try every mistake of every kind, and the named ones, and print what was rejected: about
             6 ms of one core each, a minute for the divider and ten for lab16; with --each 1000 that many of a kind
--supplies   compute rails, comparators and currents into chips while 9 V or USB is missing
"""

import argparse
import os
import sys
from concurrent.futures import ProcessPoolExecutor

from hardware.netcheck import supply_states
from hardware.netcheck.campaign import Count, Result, draw, run
from hardware.netcheck.check import check
from hardware.netcheck.mutations import mutations
from hardware.netcheck.named_mistakes import named_mistakes
from twinohm.model.board_file import load_board, load_boards
from twinohm.model.netlist import Netlist, load_netlist

STATES = 60
SHOWN = 20  # mistakes that passed


def main(arguments: list[str]) -> int:
    """Check these boards, or all that have a netlist. Return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m hardware.netcheck", description="Check netlists of boards.")
    parser.add_argument("boards", nargs="*", metavar="BOARD", help="default: all that have a netlist")
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--mistakes", action="store_true", help="try every mistake that the checker must reject")
    what.add_argument("--supplies", action="store_true", help="print rails and currents without USB or 9 V")
    parser.add_argument("--each", type=int, metavar="N", help="with --mistakes: at most N of a kind, drawn at random")
    options = parser.parse_args(arguments)
    known = {}
    wrong = 0
    for name in load_boards():
        if options.boards and name not in options.boards:
            continue
        try:
            netlist = load_netlist(name)
        except ValueError as error:
            print(f"hardware/{name}/{name}.net: {error}", file=sys.stderr)
            return 2
        if netlist:
            known[name] = netlist
    for name in options.boards or known:
        if name not in known:
            print(f"{name}: no netlist hardware/{name}/{name}.net", file=sys.stderr)
            return 2
        if options.mistakes:
            wrong += _check_mistakes(name, options.each)
        else:
            wrong += (_print_supplies if options.supplies else _check_board)(name, known[name])
    return 1 if wrong else 0


def _check_board(name: str, netlist: Netlist) -> int:
    """Print the findings of a board and return their number."""
    findings = check(netlist, load_board(name), states=STATES)
    findings += supply_states.check_states(netlist, load_board(name))
    print(f"{name}: {len(netlist.components)} parts, {len(netlist.nets)} nets, {len(findings)} findings")
    for finding in findings:
        print(" ", finding)
    return len(findings)


def _print_supplies(name: str, netlist: Netlist) -> int:
    """Print the supply states of a board and return the number of findings."""
    print(f"{name}")
    board = load_board(name)
    findings = supply_states.check_states(netlist, board)
    for line in [*supply_states.table(netlist, board), *findings]:
        print(" ", line)
    return len(findings)


def _check_mistakes(name: str, each: int | None) -> int:
    """Print counts by kind and return how many mistakes passed, or were rejected without a word on the place."""
    workers = os.cpu_count() or 1
    result = Result()
    with ProcessPoolExecutor(workers) as pool:
        for part in pool.map(_run_share, [name] * workers, [each] * workers, range(workers), [workers] * workers):
            result.add(part)
    print(f"{name:<26}{'tried':>9}{'rejected':>10}{'named':>9}")
    for kind, count in sorted(result.counts.items()):
        print(f"  {kind:<24}{count.tried:>9}{count.rejected:>10}{count.named:>9}")
    total = Count(
        *(sum(getattr(count, key) for count in result.counts.values()) for key in ("tried", "rejected", "named"))
    )
    print(f"  {'all':<24}{total.tried:>9}{total.rejected:>10}{total.named:>9}")
    for title, lines in (("passed", result.passed), ("rejected, place not named", result.unnamed)):
        for line in lines[:SHOWN]:
            print(f"  {title}: {line}")
    return 2 * total.tried - total.rejected - total.named


def _run_share(name: str, each: int | None, share: int, shares: int) -> Result:
    """Try every `shares`-th mistake."""
    netlist = load_netlist(name)
    assert netlist is not None
    every = [*mutations(netlist), *named_mistakes(netlist, name)]
    if each is not None:
        every = draw(every, each)
    return run(every[share::shares], load_board(name))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
