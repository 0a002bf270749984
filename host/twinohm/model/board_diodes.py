"""Diodes that a user plugs into the sockets of a board: which ones it can take."""

from collections.abc import Iterable, Sequence

from twinohm.errors import UsageError
from twinohm.model.board import Board
from twinohm.model.diodes import MOST_DIODES, Diode


def parse_diode(text: object) -> Diode:
    """Return the diode of "C>A" or "C>A:BAT42". Raises UsageError."""
    try:
        return Diode.parse(text)
    except ValueError as error:
        raise UsageError(f"diode = {text!r}: {error}") from None


def with_diodes(board: Board, diodes: Iterable[Diode]) -> Board:
    """Return the board with more diodes in its sockets. Raises UsageError for one that it cannot have."""
    every = (*board.diodes, *diodes)
    if mistake := find_mistake(board, every):
        k, text = mistake
        raise UsageError(f"diode = {str(every[k])!r}: {text}")
    return board.model_copy(update={"diodes": every}) if len(every) > len(board.diodes) else board


def find_mistake(board: Board, diodes: Sequence[Diode]) -> tuple[int, str] | None:
    """Return the number of the first diode that the board cannot have, and why; None if it can have all."""
    if diodes and board.wired and not board.node_headers:
        return 0, (
            f"board {board.name} has no sockets at its nodes, as lab16 and edge16 have; set node_headers = true in "
            "boards.toml if yours has"
        )
    for k, diode in enumerate(diodes):
        for node in (diode.anode, diode.cathode):
            if node not in board.nodes:
                return k, f"there is no node {node!r}; nodes are {', '.join(board.nodes)}"
        if diode.anode == diode.cathode:
            return k, "joins a node to itself; join two nodes"
        if k >= MOST_DIODES:
            return k, f"{len(diodes)} diodes; a board has {MOST_DIODES} at most"
    return None


def check_driven(board: Board, driven: Iterable[str]) -> None:
    """Raise UsageError for a diode between two nodes that are both driven: drivers alone would limit its current.

    driven: names of inputs and outputs.
    """
    driven = set(driven)
    for diode in board.diodes:
        if {diode.anode, diode.cathode} <= driven:
            raise UsageError(
                f"diode {diode}: {diode.anode} and {diode.cathode} are both driven, so nothing limits its current; "
                "put it at a hidden node"
            )
