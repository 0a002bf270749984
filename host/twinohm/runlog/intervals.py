"""Quartiles, and 95 % confidence intervals of a median (bootstrap over boards) and of a share (Wilson)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from twinohm.model.random_streams import RESAMPLING

Floats = NDArray[np.float64]
Interval = tuple[float, float]

RESAMPLES = 2000
LEAST_BOARDS = 6  # of fewer, all lie on one side of the median with a probability above 5 %
Z_95 = 1.959964  # standard deviations of a Gaussian


def resampled_medians(values: Floats, boards: int) -> Floats:
    """Return medians of `boards` boards drawn with replacement, (RESAMPLES,). values: (boards, values of each)."""
    drawn = RESAMPLING.generator(0).integers(len(values), size=(RESAMPLES, boards))
    return np.asarray(np.median(values[drawn].reshape(RESAMPLES, -1), axis=1))


def middle(values: Floats) -> Interval:
    """Return between which of `values` 95 % lie, in the middle."""
    low, high = np.percentile(values, [2.5, 97.5])
    return float(low), float(high)


def quartiles(values: Sequence[float] | Floats) -> tuple[float, float, float]:
    """Return q25, median and q75 of all values."""
    low, median, high = np.percentile(values, [25, 50, 75]).tolist()
    return low, median, high


def median_interval(values: Floats) -> Interval | None:
    """Return the interval of the median, None for fewer than LEAST_BOARDS. values: (boards, values of each)."""
    if len(values) < LEAST_BOARDS:
        return None
    return middle(resampled_medians(values, len(values)))


def share_interval(share: float, boards: int) -> Interval | None:
    """Return the interval of a share of boards (E. B. Wilson, J. Am. Stat. Assoc. 22, 209, 1927), None for one board.

    Where a board has several values, these depend on each other: it still counts once.
    """
    if boards < 2:
        return None
    weight = Z_95**2 / boards
    centre = (share + weight / 2) / (1 + weight)
    half = Z_95 / (1 + weight) * np.sqrt(share * (1 - share) / boards + weight / (4 * boards))
    return max(0.0, float(centre - half)), min(1.0, float(centre + half))


def interval_text(interval: Interval | None) -> str:
    """Return " [3.54, 3.84]", "" if there is none."""
    return "" if interval is None else f" [{interval[0]:.3g}, {interval[1]:.3g}]"
