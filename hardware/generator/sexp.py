"""KiCad's S-expressions as nested lists. A bare word is a Word, a quoted one a str; numbers are written shortly."""

import re
from typing import Any

TOKEN = re.compile(r'\s*(?:(\()|(\))|"((?:[^"\\]|\\.)*)"|([^\s()"]+))')


class Word(str):
    """Written without quotes."""


def parse(text: str) -> list[Any]:
    """The first list in `text`. Raises ValueError if its brackets do not close."""
    stack: list[list[Any]] = [[]]
    position = 0
    while match := TOKEN.match(text, position):
        position = match.end()
        opening, closing, quoted, word = match.groups()
        if opening:
            stack.append([])
        elif closing:
            done = stack.pop()
            stack[-1].append(done)
        elif quoted is not None:
            stack[-1].append(re.sub(r"\\(.)", lambda match: "\n" if match[1] == "n" else match[1], quoted))
        else:
            stack[-1].append(Word(word))
        if len(stack) == 1 and stack[0]:
            return list(stack[0][0])
    raise ValueError(f"S-expression ends at character {position} with {len(stack) - 1} open brackets")


def dump(item: Any, depth: int = 0) -> str:
    """One list a line, children indented."""
    if not isinstance(item, (list, tuple)):
        return atom(item)
    if not any(isinstance(child, (list, tuple)) for child in item):
        return "(" + " ".join(atom(child) for child in item) + ")"
    text = "("
    for i, child in enumerate(item):
        if isinstance(child, (list, tuple)):
            text += "\n" + "\t" * (depth + 1) + dump(child, depth + 1)
        else:
            text += (" " if i else "") + atom(child)
    return text + "\n" + "\t" * depth + ")"


def atom(value: Any) -> str:
    if isinstance(value, Word):
        return value
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, (int, float)):
        return f"{round(value, 4):.10g}".replace("-0", "0") if value == 0 else f"{round(value, 4):.10g}"
    return '"' + str(value).replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'


def node(name: str, *children: Any) -> list[Any]:
    """(name children...)"""
    return [Word(name), *children]


def find(item: list[Any], name: str) -> list[list[Any]]:
    """Children that are lists of that name."""
    return [child for child in item if isinstance(child, list) and child and child[0] == name]


def first(item: list[Any], name: str) -> list[Any]:
    """The first child of that name. Raises KeyError."""
    for child in find(item, name):
        return child
    raise KeyError(name)
