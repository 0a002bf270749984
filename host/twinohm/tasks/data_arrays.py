"""Make a table of arrays, lists or DataFrames, so that they are read and checked as a data file is."""

from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import replace
from typing import Any

import numpy as np

from twinohm.errors import UsageError
from twinohm.link.arguments import check_same_rows, shown
from twinohm.tasks.data_file import DataTable
from twinohm.tasks.data_options import DataOptions


def table_of(X: Any, y: Any, options: DataOptions) -> tuple[DataTable, DataOptions]:
    """Return the table of inputs X (examples, inputs) and targets y (examples,) or (examples, outputs).

    The options are returned with the names of the columns. Rows are numbered from 0. Raises UsageError naming the
    argument and its shape, and for an X and a y of pandas whose rows have other names.
    """
    inputs, given = _columns(X, "X", "x")
    targets, wanted = _columns(y, "y", "y")
    if len(given) != len(wanted):
        raise UsageError(f"X has {len(given)} examples and y {len(wanted)}; give as many of both")
    check_same_rows({"X": X, "y": y})
    taken = set(inputs)
    targets = [f"{name} (y)" if name in taken else name for name in targets]
    rows = [(*some, *others) for some, others in zip(given, wanted, strict=True)]
    table = DataTable((*inputs, *targets), rows, range(len(rows)))
    return table, replace(options, inputs=tuple(inputs), target=tuple(targets))


def _columns(values: Any, argument: str, letter: str) -> tuple[list[str], list[tuple[str, ...]]]:
    """Return names of columns and the cells of each row as text."""
    _check_container(values, argument)
    names: list[str] | None = None
    if isinstance(values, np.ma.MaskedArray):
        masked = np.ma.getmaskarray(values)
        values = np.array(values.data, dtype=object)
        values[masked] = None  # what is masked is missing, whatever number is under the mask
    if (columns := getattr(values, "columns", None)) is not None:  # a DataFrame
        names = [str(column) for column in columns]
        values = values.to_numpy(dtype=object)
    elif hasattr(values, "to_numpy"):  # a Series
        names = [str(values.name)] if getattr(values, "name", None) is not None else None
        values = values.to_numpy(dtype=object)
    try:
        array = np.asarray(values)
        if array.dtype.kind in "US":  # numbers beside texts became texts; each keeps its own form as an object
            array = np.asarray(values, dtype=object)
    except ValueError as error:
        raise UsageError(f"{argument}: rows of different lengths; give as many values in each ({error})") from error
    if array.ndim == 1 and array.size and (isinstance(array[0], str | bytes) or not _is_row(array[0])):
        array = array[:, None]
    if array.ndim != 2 or array.shape[1] == 0:
        shape = " x ".join(map(str, array.shape)) or "a single value"
        raise UsageError(f"{argument}: {shape}; give examples x columns")
    if array.shape[0] == 0:
        raise UsageError(f"{argument}: no example; give two or more")
    if array.dtype.kind not in "biufOUS":
        raise UsageError(f"{argument}: values of type {array.dtype}; give numbers" + (" or texts" * (letter == "y")))
    flags = letter == "x" or array.shape[1] > 1  # of one column of y, True and False are names of classes
    names = names or ([letter] if letter == "y" and array.shape[1] == 1 else _numbered(letter, array.shape[1]))
    return names, [tuple(_cell(value, flags) for value in row) for row in array.tolist()]


def _check_container(values: Any, argument: str) -> None:
    """Raise UsageError for a container that is no array, list or DataFrame, saying what it is and what to do."""
    kind = f"{type(values).__module__.partition('.')[0]}.{type(values).__name__}".removeprefix("builtins.")
    wanted = "an array, lists or a DataFrame"
    if values is None:
        raise UsageError(f"{argument} = None: give {wanted}")
    if hasattr(values, "toarray"):
        raise UsageError(f"{argument}: a sparse matrix ({kind}); give {wanted}, such as {argument}.toarray()")
    if hasattr(values, "to_pandas"):
        raise UsageError(f"{argument}: {kind}; give {wanted}, such as {argument}.to_pandas()")
    if isinstance(values, Mapping):
        raise UsageError(f"{argument}: {kind}; give {wanted}, such as pandas.DataFrame({argument})")
    if isinstance(values, Set):
        raise UsageError(f"{argument}: {kind}, which has no order; give {wanted}")
    if isinstance(values, Iterator):
        raise UsageError(f"{argument}: {kind}; give {wanted}, such as list({argument})")
    if isinstance(values, str | bytes):
        raise UsageError(f"{argument} = {shown(values)}: a text; give {wanted}")


def _is_row(value: object) -> bool:
    return isinstance(value, Sequence | np.ndarray)


def _numbered(letter: str, count: int) -> list[str]:
    return [f"{letter}{k + 1}" for k in range(count)]


def _cell(value: object, flags: bool) -> str:
    """Return a value as a data file has it; None and pandas' NA have no value. flags: True is 1 and False is 0."""
    if value is None or type(value).__name__ in ("NAType", "NaTType"):
        return ""
    if isinstance(value, np.generic):
        value = value.item()
    if flags and isinstance(value, bool):
        return str(int(value))
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace").strip()
    return repr(value) if isinstance(value, float) else str(value).strip()
