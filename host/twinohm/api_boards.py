"""The public library: boards of one's own graphs."""

from __future__ import annotations

import os
import warnings
from typing import TYPE_CHECKING, Any

from twinohm.errors import UsageError
from twinohm.run_arguments import File, optional_file

if TYPE_CHECKING:
    from twinohm.model.board import Board
    from twinohm.model.new_board import NewBoard

__all__ = ["board_from_graph"]


def board_from_graph(graph: Any, name: str = "own", out: File | None = None) -> Board:
    """Return a board for a graph, with the pins, addresses and chips that it takes. Any node can have any role.

    graph: a graph of networkx, or a text: "paper", "lattice:5x5", "ring:12", "random:16,40,seed=1" (16 nodes, 40
    edges), or the path of a file .graphml, .gml or .csv (a line is an edge: A,B), also as a Path. Names of
    nodes that boards.toml cannot have are replaced, with a warning that says by what.
    name: of the board.
    out: path of a boards file to write it to, or to add it to; twinohm.run(.., board=name, boards=out) then runs it.

    Raises UsageError for a graph that a board cannot have, with the number that binds for one that does not fit a Pico,
    and for a file that cannot be written or has a board of that name; TwinOhmError if networkx is missing.
    """
    made = new_board(graph, name, out)
    if made.renamed:
        warnings.warn(f"nodes have other names on board {name}: {made.renaming}", stacklevel=2)
    return made.board


def new_board(graph: Any, name: str = "own", out: File | None = None) -> NewBoard:
    """Return the board of board_from_graph() with its table, its text and the names that were replaced."""
    from twinohm.model import new_board as boards
    from twinohm.model.graph_files import parse_graph
    from twinohm.model.graphs import from_networkx

    if not isinstance(name, str):
        raise UsageError(f"name = {name!r}: give a text, such as 'own'")
    path = optional_file("out", out)
    given = os.fspath(graph) if isinstance(graph, os.PathLike) else graph
    made = boards.new_board(parse_graph(given) if isinstance(given, str) else from_networkx(given), name)
    if path is not None:
        boards.add_board(made, path)
    return made


def first_task(board: Board) -> str | None:
    """Return the name of a task that a board has the nodes for and can learn, allostery if it can; None: of no task."""
    from twinohm.tasks import TASKS
    from twinohm.tasks.allostery import ALLOSTERY
    from twinohm.tasks.forecast import forecast

    for task in (ALLOSTERY, *TASKS.values()):
        try:
            removals = [(tick, edge, False) for tick, edge in task.removals(task.ticks)]
            forecast(task, board, task.placement_on(board), removals).require_possible(anyway=False)
            return task.name
        except UsageError:
            pass  # the next one
    return None
