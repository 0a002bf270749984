"""A growing table in bounded memory: what a page draws of a run of any length."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

MOST = 1000  # rows; a figure is about as many pixels wide


class Thinned:
    """A table of numbers that grows, NaN where there is none. Above `most` rows, each row stands for `step` of them.

    `step` doubles as often as needed. What is known of each row is exact, whatever the pieces in which it grew: `mean`,
    `low` and `high` (mean, least and greatest of the numbers that are not NaN) and `last`, each (rows, columns).
    """

    def __init__(self, columns: int, most: int = MOST) -> None:
        self._most = most
        self.size, self.step = 0, 1  # size: rows that were added
        self._count, self._total, self.low, self.high, self.last = (np.empty((0, columns)) for _ in range(5))

    def add(self, values: Floats) -> None:
        """Add rows, (rows, columns)."""
        if not len(values):
            return
        given = ~np.isnan(values)
        row = np.append(np.arange(len(self.last)), np.arange(self.size, self.size + len(values)) // self.step)
        self.size += len(values)
        while row[-1] >= self._most:
            row //= 2
            self.step *= 2
        starts = np.flatnonzero(np.diff(row, prepend=-1))
        ends = np.append(starts[1:], len(row)) - 1
        self._count = np.add.reduceat(np.concatenate((self._count, given)), starts)
        self._total = np.add.reduceat(np.concatenate((self._total, np.where(given, values, 0.0))), starts)
        self.low = np.fmin.reduceat(np.concatenate((self.low, values)), starts)
        self.high = np.fmax.reduceat(np.concatenate((self.high, values)), starts)
        self.last = np.concatenate((self.last, values))[ends]

    @property
    def mean(self) -> Floats:
        """The mean of each row; NaN where all of its numbers are."""
        return np.divide(self._total, self._count, out=np.full_like(self._total, np.nan), where=self._count > 0)
