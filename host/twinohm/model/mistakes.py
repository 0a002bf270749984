"""Mistakes in a user's file: where each stands, and its words. pydantic's errors are worded here too."""

import io
import json
import re
import sys
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from twinohm.inputs import TABLE_BYTES, is_binary, read_input
from twinohm.json_records import LONGEST, shorten

MOST_PARTS = 10  # of a dotted key: Python's parser takes memory and time with the square of them
_PART = r"""(?:[A-Za-z0-9_-]++|"(?:\\.|[^"\\\n])*+"|'[^'\n]*+')"""
_TOML = re.compile(  # everything that can have dots in it; one group, a key of more than MOST_PARTS
    r"#[^\n]*+"
    r'|"""(?:\\.|[^\\])*?(?:"""|\Z)'
    r"|'''.*?(?:'''|\Z)"
    rf"|({_PART}(?:[ \t]*+\.[ \t]*+{_PART}){{{MOST_PARTS},}}+)"
    r"""|[A-Za-z0-9_-]++|"(?:\\.|[^"\\\n])*+"?|'[^'\n]*+'?""",
    re.DOTALL,
)
KeyPath = tuple[str | int, ...]  # where a value stands: ("pots", "updown", 3)


class Mistake(ValueError):
    """A wrong value in a table: `at` is where it stands, `text` what is wrong and what to do."""

    def __init__(self, at: KeyPath, text: str) -> None:
        super().__init__(f"{path_text(at)}: {text}")
        self.at = at
        self.text = text


def path_text(at: KeyPath) -> str:
    """Return the text of a place in a board's table: `pots.updown[3]`, or `adc #2 pins[0]` in an array of tables."""
    table, rest = "", at
    if len(at) > 1 and isinstance(at[1], int) and at[0] == "adc":
        table, rest = f"adc #{at[1] + 1} ", at[2:]
    return (table + "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in rest).lstrip(".")).strip()


class FileMistake(ValueError):
    """A file that cannot be used: the text says what is wrong in it, and what to do."""


def read_bytes(file: Path, kind: str = "a file", most_bytes: int = TABLE_BYTES) -> bytes:
    """Return the content of a user's file; messages say what `kind` of file.

    Raises FileMistake if it cannot be read, is no regular file, or has more than `most_bytes`.
    """
    try:
        return read_input(file, most_bytes)
    except OSError as error:
        raise FileMistake(f"{error.strerror or error}; name {kind} that can be read") from error
    except ValueError as error:  # a NUL in the name
        raise FileMistake(f"no file can have this name ({error}); name {kind} that can be read") from error


def read_text(file: Path, kind: str = "a file", most_bytes: int = TABLE_BYTES) -> str:
    """Return the text of a user's file, as read_bytes() does. Raises FileMistake also if it is no UTF-8 text."""
    data = read_bytes(file, kind, most_bytes)
    if is_binary(data):
        raise FileMistake(f"a binary file, not text; name {kind} that is text")
    try:
        return io.TextIOWrapper(io.BytesIO(data), encoding="utf-8-sig").read()
    except UnicodeDecodeError as error:
        raise FileMistake(f"not UTF-8 text ({error}); save it as UTF-8") from error


def parse_toml(text: str) -> dict[str, Any]:
    """Return the tables of a TOML file. Raises FileMistake naming the line."""
    if deep := next((found for found in _TOML.finditer(text) if found[1]), None):
        raise FileMistake(
            f"a key of more than {MOST_PARTS} parts at line {text.count(chr(10), 0, deep.start()) + 1}: "
            f"{shorten(deep[0])}; no key here has so many, correct it"
        )
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        end = f"at line {len(text.splitlines())}, the end of the file"
        raise FileMistake(f"{str(error).replace('at end of document', end)}; correct the TOML there") from error
    except (ValueError, RecursionError) as error:  # a number of thousands of digits, brackets in brackets in brackets
        reason = f"a number of more than {sys.get_int_max_str_digits()} digits" if "digits" in str(error) else error
        raise FileMistake(f"not a TOML file ({reason}); correct it") from error


def first_error(error: ValidationError) -> ErrorDetails:
    """Return the first thing that pydantic found; unknown keys come first, since a misspelt key is missing as well."""
    return min(error.errors(include_url=False), key=lambda details: details["type"] != "extra_forbidden")


MISSING = object()

REMEDIES = {
    "int_type": "not a whole number; give one",
    "float_type": "not a number; give one",
    "finite_number": "not a number; give one",
    "bool_type": "neither true nor false; give one of them",
    "string_type": "not a text; put it in quotes",
    "tuple_type": "not a list; put it in [ ]",
    "dict_type": "not a table; give keys and values in { }",
    "model_type": "not a table; give one",
    "model_attributes_type": "not a table; give one",
    "missing": "too few entries; add one",
}
LIMITS = {
    "greater_than": ("gt", "too small; give more than {}"),
    "greater_than_equal": ("ge", "too small; give at least {}"),
    "less_than_equal": ("le", "too large; give at most {}"),
    "too_short": ("min_length", "too few entries; give at least {}"),
    "too_long": ("max_length", "too many entries; give at most {}"),
    "literal_error": ("expected", "not known here; use {}"),
    "union_tag_invalid": ("expected_tags", "not known here; use {}"),
    "union_tag_not_found": ("", 'missing; add "ADS7953" or "RP2040"'),
    "value_error": ("error", "{}"),
}


def look_up(table: Any, at: KeyPath) -> Any:
    """Return the value at a place, or MISSING."""
    for part in at:
        try:
            table = table[part]
        except (LookupError, TypeError):
            return MISSING
    return table


def locate(board: str, table: Mapping[str, Any], at: KeyPath) -> tuple[str, str]:
    """Return the header and the key of a place: `[lab16.pots]` and `updown[3]`; in an array `[[lab16.adc]] #2`."""
    depth = max(i for i in range(len(at)) if i == 0 or isinstance(look_up(table, at[:i]), dict))
    names = ".".join([board, *(part for part in at[:depth] if isinstance(part, str))])
    number = "".join(f" #{part + 1}" for part in at[:depth] if isinstance(part, int))
    header = f"[[{names}]]" if depth and isinstance(at[depth - 1], int) else f"[{names}]"
    key = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in at[depth:])
    return header + number, key.removeprefix(".")


def value_text(value: Any, hexadecimal: bool = False) -> str:
    """Return a value as TOML has it, shortened."""
    if isinstance(value, bool):
        text = str(value).lower()
    elif isinstance(value, int):
        huge = value.bit_length() > 64
        text = "a huge number" if huge else f"{value:#04x}" if hexadecimal else str(value)
    elif isinstance(value, str):
        text = json.dumps(value, ensure_ascii=False)
    elif isinstance(value, list):
        text = f"[{', '.join(value_text(entry, hexadecimal) for entry in value[:LONGEST])}]"
    elif isinstance(value, dict):
        text = "{ ... }"
    else:
        text = str(value)
    return shorten(text)


def explain(details: Mapping[str, Any], value: Any) -> str:
    """Return what is wrong and what to do, from one of pydantic's errors."""
    kind = details["type"]
    if kind == "tuple_type" and isinstance(value, dict):
        return "a table, where a list is due; write [ .. ], or for a list of tables their headers in [[ ]]"
    if kind in REMEDIES:
        return REMEDIES[kind]
    if kind in LIMITS:
        key, text = LIMITS[kind]
        limit = str(details.get("ctx", {}).get(key, ""))
        return text.format(limit.replace("'", '"') if key.startswith("expected") else limit)
    return f"{details['msg']}; correct it"
