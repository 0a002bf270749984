"""S-expressions, the file format of KiCad: a list (name child ...) becomes a Python list of strings and lists."""

import re
from typing import Any

_TOKEN = re.compile(r'\s*(?:(\()|(\))|"((?:[^"\\]|\\.)*)"|([^\s()"]+))')


def parse(text: str) -> list[Any]:
    """Return the first list in `text`.

    Raises ValueError if its brackets do not close.
    """
    stack: list[list[Any]] = [[]]
    position = 0
    while match := _TOKEN.match(text, position):
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
            stack[-1].append(word)
        if len(stack) == 1 and stack[0]:
            return list(stack[0][0])
    raise ValueError(f"S-expression ends at character {position} with {len(stack) - 1} open brackets")


def find(item: list[Any], name: str) -> list[list[Any]]:
    """Return the children of `item` that are lists of that name."""
    return [child for child in item if isinstance(child, list) and child and child[0] == name]


def first(item: list[Any], name: str) -> list[Any]:
    """Return the first child of that name.

    Raises ValueError if there is none.
    """
    for child in find(item, name):
        return child
    raise ValueError(f"({item[0]} ...) has no ({name} ...)")
