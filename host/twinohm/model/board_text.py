"""A board's table as text of boards.toml: one key a line, long lists over several, addresses in hexadecimal."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

WIDTH = 100


def board_text(name: str, table: Mapping[str, Any]) -> str:
    """Return the text of a board in boards.toml. table: as board_table() returns it, its own keys first."""
    parts = [_lines(name, {key: value for key, value in table.items() if not _is_table(key, value)})]
    for key, value in table.items():
        if not _is_table(key, value):
            continue
        if isinstance(value, Mapping):
            parts.append(_lines(f"{name}.{key}", value))
        else:
            parts += [_lines(f"[{name}.{key}]", entry) for entry in value]
    return "\n".join(parts)


def _is_table(key: str, value: Any) -> bool:
    return (isinstance(value, Mapping) and key != "pulls") or (key == "adc")


def _lines(header: str, table: Mapping[str, Any]) -> str:
    return f"[{header}]\n" + "".join(f"{key} = {_value(key, value)}\n" for key, value in table.items())


def _value(key: str, value: Any) -> str:
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{name} = {_value(name, each)}" for name, each in value.items()) + " }"
    if isinstance(value, Sequence) and not isinstance(value, str):
        return _list([_value(key, each) for each in value])
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    return f"0x{value:02X}" if key in ("address", "addresses") else str(value)


def _list(entries: Sequence[str]) -> str:
    line = f"[{', '.join(entries)}]"
    if len(line) <= WIDTH:
        return line
    rows: list[str] = []
    for entry in entries:
        if rows and len(rows[-1]) + len(entry) + 2 <= WIDTH:
            rows[-1] += f" {entry},"
        else:
            rows.append(f"    {entry},")
    return "[\n" + "\n".join(rows) + "\n]"
