"""Rows of plain Python values as DataFrames, and back without loss. Texts become plain (twinohm.plain_text).

pandas keeps text as UTF-8, which a name of a folder or file that is not in UTF-8 cannot be.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from twinohm.plain_text import plain

if TYPE_CHECKING:
    from pandas import DataFrame


def frame_of(rows: Sequence[Mapping[str, Any]]) -> DataFrame:
    """Return a table of rows. A value that is None, or that a row lacks, is missing in it; whole numbers stay whole."""
    from pandas import DataFrame, Series

    rows = [plain_row(row) for row in rows]
    columns: dict[str, Any] = {}
    for name in dict.fromkeys(name for row in rows for name in row):
        values = [row.get(name) for row in rows]
        kinds = {type(value) for value in values if value is not None}
        missing = None in values
        if kinds == {int} and missing:
            columns[name] = Series(values, dtype="Int64")
        elif kinds == {bool} and missing:
            columns[name] = Series(values, dtype="boolean")
        elif kinds and kinds <= {int, float}:
            columns[name] = Series(values, dtype=None if kinds == {int} else "float64")
        elif kinds == {bool}:
            columns[name] = Series(values, dtype="bool")
        else:
            columns[name] = Series(values, dtype="object")
    return DataFrame(columns)


def plain_row(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return names and values of a row with plain texts."""
    return {plain(name): plain(value) if isinstance(value, str) else value for name, value in row.items()}


def rows_of(frame: DataFrame, index: str | None = None) -> list[dict[str, Any]]:
    """Return the rows of a table in plain Python values, None for what is missing; `index`: the name of its index."""
    names = [str(name) for name in frame.columns]
    columns = [frame[name].astype(object).tolist() for name in frame.columns]
    rows = [dict(zip(names, map(_plain, row), strict=True)) for row in zip(*columns, strict=True)]
    if index is None:
        return rows
    return [{index: at, **row} for at, row in zip(frame.index.tolist(), rows, strict=True)]


def _plain(value: Any) -> Any:
    from pandas import NA

    return None if value is NA or (isinstance(value, float) and value != value) else value
