"""Examples to train on, from task volts by node: numbers, columns of numbers, or DataFrames."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from twinohm.errors import UsageError
from twinohm.link.arguments import check_same_rows, finite_number, not_by_node, sequence
from twinohm.protocol.telemetry import Example

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from pandas import DataFrame, Series

    Column = Sequence[float] | NDArray[np.floating | np.integer] | Series
    VoltsByNode = Mapping[str, float] | Mapping[str, float | Column] | Mapping[str, Column] | DataFrame


def examples_by_node(inputs: Any, outputs: Any) -> tuple[tuple[str, ...], tuple[str, ...], list[Example]]:
    """Return names of inputs and outputs, and the examples that volts by node make: one, or one for each row.

    inputs, outputs: task volts by node, each a number or a column of numbers, or a DataFrame; numbers hold in all rows.

    Raises UsageError for other things, for columns of different lengths, and for rows of pandas that have other names.
    """
    for what, values in (("inputs", inputs), ("outputs", outputs)):
        if not isinstance(values, Mapping) and not _is_frame(values):
            raise not_by_node(what, values)
    check_same_rows({**_labelled("inputs", inputs), **_labelled("outputs", outputs)})
    columns = {"inputs": _columns_by_node("inputs", inputs), "outputs": _columns_by_node("outputs", outputs)}
    lengths = {
        f"{what}[{name!r}]": len(column)
        for what, given in columns.items()
        for name, column in given.items()
        if isinstance(column, list)
    }
    if len(set(lengths.values())) > 1:
        (first, rows), *others = lengths.items()
        other = next(name for name, length in others if length != rows)
        raise UsageError(f"{other} has {lengths[other]} rows, {first} has {rows}; give as many")
    rows = next(iter(lengths.values()), 1)
    table = [
        [column if isinstance(column, list) else [column] * rows for column in given.values()]
        for given in columns.values()
    ]
    examples = [Example(*([column[row] for column in part] for part in table)) for row in range(rows)]
    return tuple(columns["inputs"]), tuple(columns["outputs"]), examples


def _labelled(what: str, values: Any) -> dict[str, Any]:
    """Return what may have an index of pandas, by its name in errors."""
    return (
        {f"{what}[{name!r}]": value for name, value in values.items()} if isinstance(values, dict) else {what: values}
    )


def _is_frame(values: Any) -> bool:
    """Whether a value is a DataFrame."""
    return not isinstance(values, Mapping) and hasattr(values, "columns") and hasattr(values, "items")


def _columns_by_node(what: str, values: Any) -> dict[str, float | list[float]]:
    if _is_frame(values):
        twice = [str(name) for name in values.columns if list(values.columns).count(name) > 1]
        if twice:
            raise UsageError(f"{what}: column {twice[0]!r} is there twice; give one for each node")
        values = dict(values.items())
    found: dict[str, float | list[float]] = {}
    for name, value in values.items():
        where = f"{what}[{name!r}]"
        if (
            isinstance(value, str | bytes | bytearray | memoryview | Mapping)
            or not hasattr(value, "__iter__")
            or getattr(value, "ndim", 1) == 0
        ):
            found[name] = finite_number(where, value)
        else:
            found[name] = [finite_number(f"{where}[{i}]", volt) for i, volt in enumerate(sequence(where, value))]
    return found
