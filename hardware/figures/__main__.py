"""Print figures: python -m hardware.figures settling|clock|comparator|currents|averagers|twins [BOARD] [--states N]"""

import argparse
import sys
from collections.abc import Sequence

from hardware.command import command
from hardware.figures import clock, comparator, settling, tolerance
from twinohm.errors import UsageError
from twinohm.model.board import Board
from twinohm.model.board_file import load_board

ETA = 0.1


@command
def main(arguments: Sequence[str]) -> int:
    """Print the lines of a figure."""
    parser = argparse.ArgumentParser(prog="python -m hardware.figures", description=__doc__)
    parser.add_argument("figure", choices=("settling", "clock", "comparator", "currents", "averagers", "twins"))
    parser.add_argument(
        "board",
        nargs="?",
        default="lab16",
        help="lab16 (default), edge16; settling: divider too; clock: divider and kit5 too; comparator: none",
    )
    parser.add_argument("--states", type=int, default=30, help="random states; with currents, corners (default 30)")
    given = parser.parse_args(arguments)
    board = load_board(given.board)
    if given.figure not in ("settling", "clock", "comparator") and not board.switches:
        raise UsageError(f"{given.figure} draws roles, and those of {board.name} are soldered: give lab16 or edge16")
    if given.figure == "settling" and board.through_hole:
        raise UsageError(f"settling: ngspice does not get through the steps of {board.name}: give divider or lab16")
    for line in _lines(given.figure, board, max(1, given.states)):
        print(line, flush=True)
    return 0


def _lines(figure: str, board: Board, states: int) -> list[str]:
    if figure == "settling":
        return settling.report(board)
    if figure == "clock":
        return clock.report(board)
    if figure == "comparator":
        return comparator.report()
    if figure == "currents":
        return tolerance.currents(board, states)
    drawn = f"{states} states, eta {ETA}"
    if figure == "averagers":
        lines = []
        for error in (0.001, 0.01):
            rms, worst = tolerance.averaging_error(board, states, error)
            counts = tolerance.wrong_counts(board, states, ETA, averagers=error)
            words = f"CMP off by {100 * rms:.3f} % of the drop rms, {100 * worst:.3f} % at most"
            lines.append(f"{board.name}: averagers {100 * error:g} %: {words}; {_share(counts)} wrong signs ({drawn})")
        return lines
    found = {sd: tolerance.wrong_counts(board, states, ETA, twins=sd) for sd in (0.0, 0.002, 0.005, 0.01, 0.03)}
    return [
        f"{board.name}: twins {100 * sd:g} % sd: {_share(counts)} wrong signs ({drawn})" for sd, counts in found.items()
    ]


def _share(counts: tolerance.Counts) -> str:
    """Return the share of wrong signs with its 95 % interval."""
    low, high = (100 * end for end in tolerance.share_interval(counts))
    return f"{100 * tolerance.wrong_share(counts):.1f} [{low:.1f}, {high:.1f}] %"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
