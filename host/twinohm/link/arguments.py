"""Arguments of a user's program: turned into plain Python numbers and names, or refused in words."""

import math
import operator
import os
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

from twinohm.errors import UsageError
from twinohm.inputs import possible_path

MOST = 0x7FFF_FFFF  # a number of a correction


def whole_number(what: str, value: Any, low: int, high: int | None = None) -> int:
    """Return a whole number, also one of numpy's. Raises UsageError outside low..high; high None: no limit."""
    limits = f"{low} or more" if high is None else f"{low}..{high}"
    try:
        number = operator.index(value)
    except TypeError:
        number = None
    if number is None or not _is_number(value) or number < low or (high is not None and number > high):
        raise UsageError(f"{what} = {shown(value)}: give a whole number, {limits}")
    return number


def _is_number(value: Any) -> bool:
    """Return whether a value that Python makes a number of is one, not a text, a truth value or an array.

    numpy's have a dtype: i, u and f are the kinds of numbers.
    """
    if isinstance(value, str | bytes | bytearray | bool) or getattr(value, "shape", ()) != ():
        return False
    return getattr(getattr(value, "dtype", None), "kind", "f") in "iuf"


def finite_number(what: str, value: Any) -> float:
    """Return a number, also one of numpy's. Raises UsageError for anything else, and for nan and infinity."""
    try:
        number = float(value) if _is_number(value) else math.nan
    except (TypeError, ValueError, OverflowError):
        number = math.nan
    if not math.isfinite(number):
        raise UsageError(f"{what} = {shown(value)}: give a number")
    return number


def volts(what: str, values: Any, count: int) -> list[float]:
    """Return `count` task volts. Raises UsageError if `values` has another number of them, or other things."""
    given = [] if isinstance(values, str | bytes | Mapping) else sequence(what, values)
    if len(given) != count:
        raise UsageError(f"{what} = {shown(values)}: give {count} numbers, one for each node in the order of place()")
    return [finite_number(f"{what}[{i}]", value) for i, value in enumerate(given)]


def volts_by_node(what: str, values: Any) -> dict[str, float]:
    """Return task volts by node. Raises UsageError for anything but a mapping from names to numbers."""
    if not isinstance(values, Mapping):
        raise not_by_node(what, values)
    return {name: finite_number(f"{what}[{name!r}]", value) for name, value in values.items()}


def not_by_node(what: str, values: Any) -> UsageError:
    """Return the error for what is no mapping from names of nodes to task volts."""
    if hasattr(values, "to_dict") and not hasattr(values, "columns"):
        return UsageError(f"{what}: is a {type(values).__name__} of pandas; give a dict by node, {what}.to_dict()")
    return UsageError(f"{what} = {shown(values)}: give task volts by node, such as {{'B': 5, 'I': 0}}")


def corrections_by_channel(name: str, given: Any, known: Sequence[str]) -> dict[str, tuple[int, int]]:
    """Return (gain, offset) by ADC channel, or by node of a DAC; the board has those `known`. Raises UsageError."""
    what = "give (gain, offset) by channel, as calibration.Calibration has them, in 32 bits"
    if not isinstance(given, Mapping):
        raise UsageError(f"{name} = {shown(given)}: {what}")
    found = {}
    for channel, pair in given.items():
        if channel not in known:
            raise UsageError(f"{name}[{channel!r}]: the board has no such channel; its channels are {', '.join(known)}")
        try:
            gain, offset = (whole_number(name, number, -MOST, MOST) for number in sequence(name, pair))
        except (UsageError, ValueError):
            raise UsageError(f"{name}[{channel!r}] = {shown(pair)}: {what}") from None
        found[channel] = gain, offset
    return found


def names(what: str, values: Any, unordered: bool = False, example: str = "['B', 'I']") -> tuple[str, ...]:
    """Return names of nodes or edges, or other texts. Raises UsageError for anything but a collection of texts.

    unordered: also of a set. example: of such a list, for the message.
    """
    give = f"a list of texts, such as {example}"
    given = [None] if isinstance(values, str | bytes) else sequence(what, values, give, unordered)
    if not all(isinstance(name, str) for name in given):
        raise UsageError(f"{what} = {shown(values)}: give {give}")
    return tuple(given)


def code_text(code: Any) -> str:
    """Return code of MicroPython. Raises UsageError for other things, and for characters that the raw REPL acts on."""
    if not isinstance(code, str):
        raise UsageError(f"code = {shown(code)}: give a text of MicroPython, in UTF-8")
    acted_on = next((character for character in code if character < " " and character not in "\t\n\r"), None)
    if acted_on is not None:
        raise UsageError(
            f"code = {shown(code)}: it has the control character of code {ord(acted_on)}, which a board's prompt takes "
            f"for a command; write it as an escape, r'\\x{ord(acted_on):02x}'"
        )
    try:
        code.encode()
    except UnicodeEncodeError:
        raise UsageError(f"code = {shown(code)}: give a text of MicroPython, in UTF-8") from None
    return code


def port_name(value: Any) -> str:
    """Return the name of a port. Raises UsageError for anything but a text."""
    if not isinstance(value, str):
        raise UsageError(f"port = {shown(value)}: give a text, such as 'sim://lab16', '/dev/ttyACM0' or 'auto'")
    return value


def file_path(what: str, value: Any) -> Path:
    """Return the path of a file. Raises UsageError for anything but a text or a path."""
    if not isinstance(value, str | os.PathLike) or isinstance(os.fspath(value), bytes) or value == "":
        raise UsageError(f"{what} = {shown(value)}: give the path of a file")
    return possible_path(Path(value))


def callback(what: str, value: object, arguments: str, optional: bool = False) -> None:
    """Raise UsageError for anything but a function; None passes if it is `optional`, the default of the argument.

    arguments: what it is called with, in words.
    """
    if not callable(value) and not (optional and value is None):
        raise UsageError(f"{what} = {shown(value)}: give a function of {arguments}")


def iterator(what: str, values: Any, give: str = "a list", unordered: bool = False) -> Iterator[Any]:
    """Return an iterator over the items of an argument whose order matters, or not if `unordered`.

    Raises UsageError for what cannot be iterated over, a mapping, a text, bytes, and a set whose order would matter.
    """
    if isinstance(values, set | frozenset) and not unordered:
        raise UsageError(f"{what} = {shown(values)}: a set has no order; give {give}")
    try:
        if not isinstance(values, Mapping | str | bytes | bytearray | memoryview):
            return iter(values)
    except TypeError:  # also of an array of numpy without dimensions, which is an Iterable
        pass
    raise UsageError(f"{what} = {shown(values)}: give {give}")


def sequence(what: str, values: Any, give: str = "a list", unordered: bool = False) -> list[Any]:
    """Return the items of an argument as a list. Raises UsageError as iterator() does."""
    return list(iterator(what, values, give, unordered))


def plain_scalar(value: Any) -> Any:
    """Return the plain Python value of a scalar of numpy; other things as they are."""
    is_scalar = hasattr(value, "dtype") and getattr(value, "shape", None) == () and hasattr(value, "item")
    return value.item() if is_scalar else value


def shown(value: Any) -> str:
    """Return the text of a value in an error, not longer than a line."""
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


def check_same_rows(values: Mapping[str, Any]) -> None:
    """Raise UsageError if two DataFrames or Series of pandas have other indices: rows are joined by their position.

    values: by their names for the message. Those without an index, such as arrays, have no say.
    """
    indices = {what: value.index for what, value in values.items() if hasattr(getattr(value, "index", None), "equals")}
    for (first, one), (second, other) in pairwise(indices.items()):
        rows = enumerate(zip(one, other, strict=False))
        at = next((k for k, (name, its) in rows if name is not its and name != its), None)
        if at is not None and len(one) == len(other) and not one.equals(other):
            raise UsageError(
                f"{first} and {second} have other indices: row {at} is {shown(plain_scalar(one[at]))} in {first} and "
                f"{shown(plain_scalar(other[at]))} in {second}; sort both alike, or join them by position with "
                ".reset_index(drop=True) on each"
            )
