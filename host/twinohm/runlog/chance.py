"""What the lowest error of a run would be by chance alone: the minimum of draws of the plateau's fluctuation."""

from __future__ import annotations

from collections.abc import Set
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

MOST_FREEDOM = 1000


def placed_freedom(placed: Set[tuple[int, int]], tested: bool, classes: bool) -> int | None:
    """Return how many independent errors an error is the mean square of, the fewest of any placement.

    placed: numbers of inputs and outputs of the placements. At a tick the errors are those of the outputs. `tested`: a
    test set has more of them, but a network of resistors has only one weight of each input for each output, of sum 1,
    and the errors of all examples follow from those. None for `classes`, whose targets are means of what each class
    gives, which single examples do not meet.
    """
    if classes:
        return None
    return min(outputs * max(1, inputs - 1) if tested else outputs for inputs, outputs in placed)


def fluctuating_freedom(plateau_V2: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return of how many independent Gaussians the mean square fluctuates like errors: 2 mean^2 / variance.

    plateau_V2: (runs, ticks). Returns (runs,).
    """
    twice, variance = 2 * plateau_V2.mean(-1) ** 2, plateau_V2.var(-1)
    few = twice < MOST_FREEDOM * variance
    freedom = np.full(len(plateau_V2), MOST_FREEDOM)
    freedom[few] = np.maximum(1, np.rint(twice[few] / variance[few]))
    return freedom


def lowest_by_chance(plateau_V2: NDArray[np.float64], draws: int, freedom: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the median of the lowest of `draws` errors, V^2, that fluctuate as on the plateau; each is (runs,).

    An error is modelled as the mean square of `freedom` independent Gaussians of mean 0 and equal variance, one for
    each output; their variance is the one that makes `plateau_V2` the median error. All draws are independent.
    """
    share = 1 - 0.5 ** (1 / draws)
    return plateau_V2 * [_quantile(share, each) / _quantile(0.5, each) for each in freedom.tolist()]


@lru_cache(maxsize=1024)
def _quantile(share: float, freedom: int) -> float:
    """Return below which value the sum of the squares of `freedom` standard Gaussians (chi-squared) is in `share`."""
    from scipy.special import gammaincinv  # here, so that the command line starts fast

    return 2 * float(gammaincinv(freedom / 2, share))
