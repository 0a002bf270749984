"""The rows of a finished sweep, read from its Parquet file."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from twinohm.errors import UsageError
from twinohm.inputs import open_input
from twinohm.runlog.intervals import quartiles
from twinohm.studies.sweep import METADATA, parquet_library
from twinohm.studies.sweep_grid import PARAMETERS, Value


@dataclass(frozen=True)
class Spread:
    """A score over the boards of a point: quartiles, and the number of boards that have it."""

    q25: float
    median: float
    q75: float
    boards: int


@dataclass(frozen=True)
class SweepResults:
    """Rows of a sweep, one for each point of its grid and hardware seed.

    given: parameters that the grid set, in its order. more: rows that were finished since are in a file beside it.
    """

    path: Path
    task: str
    board: str
    given: tuple[str, ...]
    rows: list[dict[str, Any]]
    more: bool

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read a sweep's Parquet file.

        Raises UsageError if it is none or has no row, TwinOhmError without pyarrow.
        """
        unfinished = path.parent / f"{path.name}.unfinished"
        if not path.exists() and unfinished.exists():
            raise UsageError(f"{path}: the sweep is not finished; the command that began it goes on")
        arrow, parquet = parquet_library()
        try:
            with open_input(path) as file:
                table = parquet.read_table(file)
            given = [str(name) for name in json.loads(table.schema.metadata[METADATA])["given"]]
            rows = table.to_pylist()
            first = rows[0]
            complete = all(name in first for name in (*given, "task", "board", "seed", "true_mse_first"))
        except OSError as error:
            raise UsageError(f"{path}: cannot be read ({error.strerror}); name the file of a sweep") from error
        except (arrow.ArrowInvalid, ValueError, KeyError, TypeError, IndexError) as error:
            raise UsageError(f"{path}: is no sweep of twinohm; name a file that `twinohm sweep` wrote") from error
        if not complete or not set(given) <= set(PARAMETERS):
            raise UsageError(f"{path}: lacks columns of a sweep; name a file that `twinohm sweep` wrote")
        return cls(path, str(first["task"]), str(first["board"]), tuple(given), rows, unfinished.exists())

    @property
    def varied(self) -> dict[str, list[Value]]:
        """The parameters with more than one value, and their values in the order of the grid."""
        values = {name: list(dict.fromkeys(row[name] for row in self.rows)) for name in self.given}
        return {name: several for name, several in values.items() if len(several) > 1}

    @property
    def fixed(self) -> dict[str, Value]:
        """The parameters that were set to one value."""
        return {name: self.rows[0][name] for name in self.given if name not in self.varied}

    def spread(self, score: Callable[[dict[str, Any]], float | None], **values: Value) -> Spread | None:
        """Return a score's spread over the boards at parameters of these values, None if no board has it."""
        here = [score(row) for row in self.rows if all(row[name] == value for name, value in values.items())]
        known = [one for one in here if one is not None]
        if not known:
            return None
        return Spread(*quartiles(known), len(known))
