"""The key of something that is kept: a hash over everything that it depends on.

Calibrations, results of `place` and `sweep`, compiled code and the flash of emulated chips are found again by such a
key. What was kept under another key does not fit, and is not used.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any

from pydantic import BaseModel


def content_key(**depends_on: object) -> str:
    """Return 32 hexadecimal digits, the same for equal arguments only: sha256 over their canonical JSON.

    depends_on: what the kept thing depends on, by name. Dataclasses count with the name of their class and the fields
    that are compared, tables of a board with all keys, bytes with their content. Raises TypeError for anything that is
    no data, such as a function: two of them could not be told apart.
    """
    text = json.dumps(_plain(depends_on), sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def _plain(value: Any) -> Any:
    """Return a value as JSON has it."""
    match value:
        case None | bool() | int() | float() | str():
            return value
        case bytes():
            return {"sha256": hashlib.sha256(value).hexdigest()}
        case BaseModel():
            return _plain(value.model_dump(mode="json"))
        case Mapping():
            return {str(key): _plain(each) for key, each in value.items()}
        case list() | tuple():
            return [_plain(each) for each in value]
    if is_dataclass(value) and not isinstance(value, type):
        counted = {field.name: _plain(getattr(value, field.name)) for field in fields(value) if field.compare}
        return {"class": type(value).__qualname__} | counted
    raise TypeError(f"a key cannot depend on {value!r}: it is no data")
