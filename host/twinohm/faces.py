"""The face of the program that is used: the command line has options, the library arguments, and messages name them.

Errors are written with options, `--port`. Where no command runs, they say `port=`, the argument that the option sets.
Commands in backquotes, such as `twinohm resume RUN --port PORT`, stay as they are.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager

FLAGS = {
    "anyway": "anyway=True",
    "bias": "bias=True",
    "complement": "complement=True",
    "difference": "difference=True",
    "classes": "classes=True",
    "regression": "classes=False",
    "scale": "scale=True",
    "volts": "scale=False",
    "no-bias": "bias=False",
    "discard": "discard=True",
    "drop-missing": "drop_missing=True",
    "force": "force=True",
    "yes": "yes=True",
}
VALUES = (
    *("board", "boards", "calibration", "drive", "inputs", "name", "out", "placement", "port", "profile", "preset"),
    *("rule", "scheduler", "set", "split-seed", "target", "test", "to", "uf2", "vary"),
)
_QUOTED_OR_OPTION = re.compile(rf"`[^`]*`|(?<![\w-])--({'|'.join((*FLAGS, *VALUES))})(?![\w-])( (?=[A-Z][A-Z]))?")
_AT_START = re.compile(r"\A(\w+)= (?=\S)")  # its value follows
_commands = [0]  # that run in this process


@contextmanager
def command_line() -> Iterator[None]:
    """Have messages name options of the command line inside the block."""
    _commands[0] += 1
    try:
        yield
    finally:
        _commands[0] -= 1


def of_face(text: str) -> str:
    """Return a message with the arguments of the library in the place of options, unless a command runs."""
    return text if _commands[0] else _AT_START.sub(r"\1=", _QUOTED_OR_OPTION.sub(_argument, text))


def option(name: str, value: object = "") -> str:
    """Return an option, or the argument that it sets, with a value: inside a message, where words could follow it."""
    return of_face(f"--{name} {value}".strip())


def _argument(found: re.Match[str]) -> str:
    name = found[1]
    if name is None:
        return found[0]
    if name in FLAGS:
        return FLAGS[name] + (found[2] or "")
    return name.replace("-", "_") + "="
