"""The docstrings of the library as reStructuredText: they are plain text, with `code` and a line `name: ...` for each
argument. Everything else that reStructuredText would take for markup is text."""

import inspect
import re
from collections.abc import Iterator

from sphinx.application import Sphinx

ARGUMENT = re.compile(r"(\*{0,2}\w+(?:, \*{0,2}\w+)*) ?: (.+)")


def setup(app: Sphinx) -> dict[str, bool]:
    """Have autodoc pass every docstring through here."""
    app.connect("autodoc-process-docstring", _process)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def _process(app: Sphinx, what: str, name: str, described: object, options: object, lines: list[str]) -> None:
    lines[:] = list(_as_markup(lines, _names(described)))


def _names(described: object) -> set[str]:
    """Return the names of the arguments of a function or class."""
    try:
        return set(inspect.signature(described).parameters)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return set()


def _as_markup(lines: list[str], names: set[str]) -> Iterator[str]:
    """Yield lines: arguments as a list of definitions, all else as paragraphs."""
    within = False
    for at, line in enumerate(lines):
        follows = lines[at + 1] if at + 1 < len(lines) else ""
        if re.fullmatch(r"-{3,}", line):  # below a heading, which stands above
            yield ""
        elif re.fullmatch(r"-{3,}", follows):
            within = False
            yield f"**{line}**"
        elif (found := ARGUMENT.fullmatch(line)) and _are_arguments(found[1], names):
            if not within:
                yield ""
            within = True
            yield ", ".join(f"``{each}``" for each in found[1].split(", "))
            yield f"    {_escaped(found[2])}"
        elif within and line.strip():
            yield f"    {_escaped(line.strip())}"
        else:
            within = False
            yield _escaped(line)


def _are_arguments(text: str, names: set[str]) -> bool:
    """Return whether names are arguments, or attributes of a trained estimator."""
    return all(each.lstrip("*") in names or each.endswith("_") for each in text.split(", "))


def _escaped(line: str) -> str:
    """Return a line whose code has double backticks, and nothing else is markup."""
    parts = line.split("`")
    if len(parts) % 2 == 0:
        return re.sub(r"([\\*`|]|_\b)", r"\\\1", line)
    return "".join(f"``{part}``" if k % 2 else re.sub(r"([\\*|]|_\b)", r"\\\1", part) for k, part in enumerate(parts))
