"""A new board for a graph, as text for a boards.toml, and added to such a file."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from twinohm.errors import UsageError
from twinohm.files import check_ending, is_plain, write_own
from twinohm.locks import only_writer
from twinohm.model.allotment import board_table
from twinohm.model.board import Board
from twinohm.model.board_file import board_from, load_boards
from twinohm.model.board_text import board_text
from twinohm.model.graphs import Graph
from twinohm.model.mistakes import FileMistake, read_text
from twinohm.paths import boards_file

SHOWN = 6  # names of nodes that a line tells of


@dataclass(frozen=True)
class NewBoard:
    """A board and its table of boards.toml. `renamed`: names on the board of nodes whose own it cannot have."""

    board: Board
    table: dict[str, Any]
    renamed: dict[str, str]

    @property
    def text(self) -> str:
        """The table as boards.toml has it."""
        remarks = [f"# node {_one_line(old)} of the graph is {new}\n" for old, new in self.renamed.items()]
        return "".join(remarks) + board_text(self.board.name, self.table)

    @property
    def summary(self) -> str:
        """One line: how large it is, and its chips."""
        board = self.board
        chips = [f"{len(board.dac.addresses)} {board.dac.part}"]
        if board.switches:
            chips.append(f"{len(board.switches.addresses)} {board.switches.part}")
        chips.append(f"{len(board.adc)} {board.adc[0].part}")
        chips += [f"{chain.chips} {chain.part}" for chain in (board.shift_in, board.shift_out) if chain]
        if board.i2c.mux:
            chips.append(f"1 {board.i2c.mux.part}")
        return f"{len(board.nodes)} nodes, {board.n_edges} edges; {', '.join(chips)}"

    @property
    def renaming(self) -> str:
        """What nodes are called on the board, "" if no name is another."""
        pairs = [f"{_one_line(old)} is {new}" for old, new in self.renamed.items()]
        more = f" and {len(pairs) - SHOWN} more" if len(pairs) > SHOWN else ""
        return ", ".join(pairs[:SHOWN]) + more

    def record(self) -> dict[str, Any]:
        """Return the board for JSON."""
        return {"board": self.board.name, "table": self.table, "renamed": self.renamed}


def new_board(graph: Graph, name: str) -> NewBoard:
    """Return a new board for a graph. Raises UsageError as model/allotment.py's board_table() does."""
    table = board_table(graph, name)
    return NewBoard(board_from(name, table), table, graph.renamed)


def add_board(new: NewBoard, path: Path) -> None:
    """Add a board to a boards file, or make the file.

    Raises UsageError if the file has a board of that name or cannot be written, BoardFileError if it is no boards file.
    """
    check_ending(path, "a boards file", ".toml")
    with only_writer(path):
        _add_board(new, path)


def _add_board(new: NewBoard, path: Path) -> None:
    before = ""
    if is_plain(path):
        if path.samefile(boards_file()):
            raise UsageError(f"{path}: comes with TwinOhm, and an update replaces it; name a file of your own")
        try:
            before = read_text(path, "a boards.toml")
        except FileMistake as mistake:
            raise UsageError(f"{path}: {mistake}") from mistake
        if new.board.name in load_boards(path):
            raise UsageError(f"{path}: has a board {new.board.name} already; give this one another --name")
        before = before.rstrip("\n") + "\n\n\n" if before.strip() else ""
    write_own({path: (before + new.text).encode()})


def _one_line(name: str) -> str:
    return repr(re.sub(r"\s+", " ", name))
