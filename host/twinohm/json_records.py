"""Typed records in JSON files: a dataclass is parsed once where its file is read; errors name key and value.

A file carries its `format`, a whole number. A file without one is of format 1.
"""

from __future__ import annotations

import json
from dataclasses import fields
from functools import cached_property
from operator import attrgetter
from typing import Annotated, Any, Generic, TypeVar

from pydantic import AllowInfNan, ConfigDict, Field, TypeAdapter, ValidationError
from pydantic_core import from_json

from twinohm.plain_text import plain_json

T = TypeVar("T")
MOST = 1e100  # of a number's size: sums of squares are finite too
Finite = Annotated[float, AllowInfNan(False), Field(ge=-MOST, le=MOST)]
Error = Annotated[Finite, Field(ge=0)]  # V^2
Name = Annotated[str, Field(max_length=200)]  # of a node, an edge, a task: figures and tables show it
Int64 = Annotated[int, Field(ge=-(2**63), lt=2**63)]
Count = Annotated[int, Field(ge=0, lt=2**63)]
Word = Annotated[int, Field(ge=0, lt=2**256)]  # a bit for each edge; shift chains have room for half as many

LONGEST = 60  # characters of a value in an error


class RecordError(ValueError):
    """A record that does not fit its type. The text names key, value and problem.

    `key` is where the value stands, "" for the whole record. `damaged` is True if the data are no JSON object at all.
    """

    def __init__(self, text: str, key: str = "", damaged: bool = False) -> None:
        super().__init__(text)
        self.key, self.damaged = key, damaged


class RecordType(Generic[T]):
    """A type of records. pydantic builds the `adapter` when it is first used: a command needs few of them."""

    def __init__(self, kind: Any, config: ConfigDict | None = None) -> None:
        self._kind, self._config = kind, config

    @cached_property
    def adapter(self) -> TypeAdapter[T]:
        return TypeAdapter(self._kind, config=self._config)


def parse_record(kind: RecordType[T], data: bytes) -> T:
    """Return the record that the JSON text `data` holds; its texts are plain. Raises RecordError."""
    try:
        return kind.adapter.validate_json(plain_json(data), strict=True)
    except ValidationError as error:
        raise explain(error) from None


def check_format(data: bytes, newest: int, key: str = "format") -> None:
    """Raise RecordError if `data` is not JSON, or says that its format is newer than `newest`."""
    try:
        value = from_json(data, allow_inf_nan=False)
    except ValueError as error:
        raise RecordError(f"not JSON ({error})", damaged=True) from None
    found = value.get(key, 1) if isinstance(value, dict) else 1
    if isinstance(found, int) and found > newest:
        raise RecordError(
            f"{key} = {found}: this version of TwinOhm reads format {newest} and older; update TwinOhm to read it"
        )


def json_form(record: Any) -> dict[str, Any]:
    """Return the fields of a dataclass by name. Optional fields that are None are left out."""
    kind = type(record)
    if kind not in _FIELDS:
        names = [field.name for field in fields(kind)]
        optional = [field.name for field in fields(kind) if field.default is None]
        _FIELDS[kind] = names, attrgetter(*names), optional
    names, values, optional = _FIELDS[kind]
    form = dict(zip(names, values(record), strict=True))
    for name in optional:
        if form[name] is None:
            del form[name]
    return form


# Of each class of records: names of its fields, a function that reads them all, and which may be left out.
_FIELDS: dict[type[Any], tuple[list[str], attrgetter[tuple[Any, ...]], list[str]]] = {}


def explain(error: ValidationError) -> RecordError:
    """Word the first of pydantic's errors in one line."""
    details = error.errors(include_url=False)[0]
    kind, at, problem = details["type"], details["loc"], details["msg"]
    if kind == "json_invalid":
        return RecordError(f"not JSON ({problem.removeprefix('Invalid JSON: ')})", damaged=True)
    key = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in at).removeprefix(".")
    if kind == "missing":
        return RecordError(f"{key} is missing", key)
    problem = problem.removeprefix("Value error, ")
    problem = problem[:1].lower() + problem[1:]
    if not key:
        return RecordError(problem, damaged=kind in ("dataclass_type", "dict_type"))
    value = json.dumps(details["input"], default=str)
    return RecordError(f"{key} = {shorten(value)}: {problem}", key)


def shorten(value: str) -> str:
    """Return the text of a value for an error: at most LONGEST characters."""
    return value if len(value) <= LONGEST else value[: LONGEST - 4] + " ..."
