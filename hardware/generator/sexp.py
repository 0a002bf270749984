"""Write KiCad's S-expressions. A list is a Python list whose first item is its name; twinohm.model.sexp reads them."""

from typing import Any


class Word(str):
    """A string that is written without quotes."""


def node(name: str, *children: Any) -> list[Any]:
    """Return the list (name children ...)."""
    return [Word(name), *children]


def dump(item: Any, depth: int = 0) -> str:
    """Return the text of a list: its strings and numbers in one line, each list among its children indented below."""
    if not isinstance(item, (list, tuple)):
        return _atom(item)
    if not any(isinstance(child, (list, tuple)) for child in item):
        return "(" + " ".join(_atom(child) for child in item) + ")"
    text = "("
    for i, child in enumerate(item):
        if isinstance(child, (list, tuple)):
            text += "\n" + "\t" * (depth + 1) + dump(child, depth + 1)
        else:
            text += (" " if i else "") + _atom(child)
    return text + "\n" + "\t" * depth + ")"


def _atom(value: Any) -> str:
    if isinstance(value, Word):
        return value
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, (int, float)):
        return f"{round(value, 4) or 0:.10g}"
    return '"' + str(value).replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'
