"""Boards: what boards.toml says, and what follows from it."""

from twinohm.boards.board import Board, Capabilities
from twinohm.boards.load import load_board, load_boards

__all__ = ["Board", "Capabilities", "load_board", "load_boards"]
