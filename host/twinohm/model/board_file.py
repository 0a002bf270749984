"""Read boards.toml. A mistake in it becomes one line: file, table, key, value and remedy."""

import difflib
from functools import lru_cache
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from twinohm.errors import BoardFileError, UsageError
from twinohm.json_records import shorten
from twinohm.model.board import Board
from twinohm.model.board_checks import check_board
from twinohm.model.board_tables import (
    AUTO,
    I2C,
    MOST_LETTERS,
    RP2040,
    Comparators,
    Dac,
    FlipFlops,
    I2CMux,
    Mux,
    Pots,
    ShiftIn,
    ShiftOut,
    SpiAdc,
    Switches,
    Table,
    is_auto,
    is_name,
)
from twinohm.model.mistakes import (
    MISSING,
    FileMistake,
    Mistake,
    explain,
    first_error,
    locate,
    look_up,
    parse_toml,
    read_text,
    value_text,
)
from twinohm.paths import boards_file

TABLES: dict[str, type[Table]] = {
    "pots": Pots,
    "comparators": Comparators,
    "flip_flops": FlipFlops,
    "shift_in": ShiftIn,
    "shift_out": ShiftOut,
    "i2c": I2C,
    "dac": Dac,
    "switches": Switches,
    "ADS7953": SpiAdc,
    "AD7490": SpiAdc,
    "RP2040": RP2040,
    "mux": Mux,
    "i2c.mux": I2CMux,
}

BY_OPTION = "--boards names another file"


def load_boards(path: Path | None = None) -> dict[str, Board]:
    """Return the boards of a file by name, by default of the one that comes with TwinOhm. Raises BoardFileError."""
    file = boards_file() if path is None else path
    shown = file.name if path is None else str(path)
    try:
        return dict(_boards(read_text(file, "a boards.toml")))
    except (BoardFileError, FileMistake) as error:
        text = " ".join(f"{shown}: {error}".splitlines())
        raise BoardFileError(text) from (error if isinstance(error, FileMistake) else error.__cause__)


def load_board(name: str, path: Path | None = None, remedy: str = BY_OPTION) -> Board:
    """Return the board of that name. Raises BoardFileError, and UsageError listing the boards there are.

    remedy: how the user can name another file, where that is not by the option or argument of that name.
    """
    boards = load_boards(path)
    if name == AUTO:
        raise UsageError(
            "board auto is a graph without pins, for the ensemble engine alone; `twinohm board new` makes a board of a "
            "graph"
        )
    if name not in boards:
        where = f" in {path}" if path else ""
        there = ", ".join(boards) or "none"
        raise UsageError(f"no board {name!r}{where}; there are {there}; {remedy}")
    return boards[name]


@lru_cache(maxsize=8)
def _boards(text: str) -> dict[str, Board]:
    """Return the boards of a boards.toml's text. Boards cannot be changed, so each text is parsed once."""
    return boards_from(parse_toml(text))


def boards_from(tables: dict[str, Any]) -> dict[str, Board]:
    """Return the boards of tables, as TOML has them. Raises BoardFileError without the name of a file."""
    if kept := next(filter(is_auto, tables), None):
        raise BoardFileError(f"[{kept}]: the name of a graph without pins; give the board another name")
    return {name: board_from(name, table) for name, table in tables.items()}


def board_from(name: str, table: Any) -> Board:
    """Return the board of a table, as TOML has it. Raises BoardFileError without the name of a file."""
    if not isinstance(table, dict):
        raise BoardFileError(f"{name} = {value_text(table)}: not a board; put it below the board's [NAME]")
    if not is_name(name):
        raise BoardFileError(f"[{name}]: not a name for a board; start with a letter, go on with letters, digits or _")
    if len(name) > MOST_LETTERS:
        raise BoardFileError(
            f"[{shorten(name)}]: a name of {len(name)} letters; {MOST_LETTERS} at most, since files are named after it"
        )
    try:
        if "name" in table:
            raise Mistake(("name",), f"unknown key; a board is named by its table, [{name}]")
        board = Board.model_validate({**table, "name": name})
        check_board(board)
        return board
    except Mistake as mistake:
        at, text = mistake.at, mistake.text
    except ValidationError as error:
        at, text = _first_mistake(error, table)
    where, key = locate(name, table, at)
    value = look_up(table, at)
    given = "" if value is MISSING else f" = {value_text(value, hexadecimal='addresses' in at or at[-1] == 'address')}"
    raise BoardFileError(f"{where} {key}{given}: {text}")


def _first_mistake(error: ValidationError, table: dict[str, Any]) -> tuple[tuple[str | int, ...], str]:
    """Return where the first mistake is, and its words."""
    details = first_error(error)
    cause = details.get("ctx", {}).get("error")
    if isinstance(cause, Mistake):
        return cause.at, cause.text
    at = details["loc"]
    model: type[Table] = Board
    for part in at[:-1]:
        table_name = "i2c.mux" if model is I2C and part == "mux" else str(part)
        model = TABLES.get(table_name, model)
    if at[0] == "adc" and len(at) > 2:
        at = at[:2] + at[3:]  # without the part that pydantic chose the table by
    if details["type"].startswith("union_tag"):
        at = (*at, "part")
    if at[-1] == "[key]":
        at = at[:-1]
    if details["type"] == "extra_forbidden":
        return at, _unknown(str(at[-1]), model, look_up(table, at[:-1]))
    if details["type"] == "missing" and at[-1] in model.model_fields:
        return at, f"missing; add it: {model.model_fields[str(at[-1])].description}"
    return at, explain(details, look_up(table, at))


def _unknown(key: str, model: type[Table], present: Any) -> str:
    known = [name for name in model.model_fields if name != "name"]
    absent = [name for name in known if name not in present]
    for candidates in (absent, known):
        if near := difflib.get_close_matches(key, candidates, n=1):
            return f"unknown key; did you mean {near[0]}?"
    return f"unknown key; known here are {', '.join(known)}"
