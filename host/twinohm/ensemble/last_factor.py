"""Conjugate gradients whose preconditioner is the last factor: most ticks of a large graph need no factorisation.

A tick moves a tap by one position, so for many ticks the last factor is nearly that of the conductances now. A new one
is made when the steps that the old one has cost since come to what a factorisation costs.

Reference: Saad, Iterative Methods for Sparse Linear Systems (2nd ed., 2003), algorithm 9.1.
"""

from collections import deque
from collections.abc import Callable, Iterable
from functools import partial

import numpy as np

from twinohm.ensemble.arrays import Array
from twinohm.ensemble.cholmod import Cholmod
from twinohm.ensemble.compiled import compiled
from twinohm.ensemble.factors import Edges, Solve

FACTOR_COST = 8  # solves with a factor that take as long as to make it; 7 to 9 on lattices of 1e4 to 1e6 edges
MOST_STEPS = 30  # of one column, until a new factor is made at once
KEPT = 2  # solutions of which the best sum is where the next one begins
ROUNDING = 1e-20  # of the power of the solution: a direction with less is not told from rounding
LAST_STEP = 3e-6, 1e-3  # of the voltages, and of the response to a current at an output: see LastFactor


class LastFactor:
    """Solve by conjugate gradients with the last factor of CHOLMOD.

    Currents are those of the inputs in the first column, and one ampere into an output in each other one. A column is
    solved when its last step is less than LAST_STEP of the solution, both as the square root of the power that they
    dissipate. What is still wrong then is a few times smaller: a step is at most half of that before.
    `factors`: how many were made.
    """

    def __init__(self, n_nodes: int, edges: Edges) -> None:
        self._cholmod = Cholmod(n_nodes, edges)
        self._a, self._b = np.array(edges).T.copy()
        self._last: Solve | None = None
        self._extra_solves = 0  # with the last factor, beyond the one a column that every tick takes
        self._kept: list[deque[Array]] = []  # the last solutions of each column
        self.factors = 0

    def factor(self, edge_S: Array, driver_S: Array) -> Solve:
        """Return what solves with conductances edge_S (n_edges,) and those of the drivers, driver_S (n_nodes,)."""
        return partial(self._solve, edge_S, driver_S)

    def _solve(self, edge_S: Array, driver_S: Array, currents: Array) -> Array:
        volts = self._approach(edge_S, driver_S, currents)
        if volts is None:
            self._last, self._extra_solves = self._cholmod.factor(edge_S, driver_S), 0
            self.factors += 1
            volts = self._last(currents)
        if len(self._kept) != currents.shape[1]:
            self._kept = [deque(maxlen=KEPT) for _ in currents.T]
        for kept, column in zip(self._kept, volts.T, strict=True):
            kept.append(column.copy())
        return volts

    def _approach(self, edge_S: Array, driver_S: Array, currents: Array) -> Array | None:
        """Return voltages by the last factor, None if a new one is due."""
        if self._last is None or self._extra_solves >= FACTOR_COST or len(self._kept) != currents.shape[1]:
            return None
        volts = np.empty_like(currents, order="F")
        for k, kept in enumerate(self._kept):
            multiply = partial(_multiply, self._a, self._b, edge_S, driver_S)
            volts[:, k], left = _begin(multiply, kept, currents[:, k])
            steps = _descend(multiply, self._last, volts[:, k], left, currents[:, k], LAST_STEP[min(k, 1)])
            if steps > MOST_STEPS:
                return None
            self._extra_solves += steps - 1
        return volts


def _begin(multiply: Callable[[Array], Array], kept: Iterable[Array], current: Array) -> tuple[Array, Array]:
    """Return the best sum of the voltages in `kept`, in the sense of power, and the currents that it leaves.

    With two of them, taps that swing between two states and taps that all go on drifting begin near the solution, and
    so does another voltage at the only input that is not at 0 V.
    """
    newest, *older = reversed(list(kept))
    volts, left = np.zeros_like(current), current.copy()
    directions: list[tuple[Array, Array, float]] = []  # conjugate: each with its currents and its power
    for direction in (newest.copy(), *(newest - one for one in older)):
        image = multiply(direction)
        for other, its_image, its_power in directions:
            share = _dot(direction, its_image) / its_power
            direction -= share * other
            image -= share * its_image
        power = _dot(direction, image)
        if power > ROUNDING * _dot(newest, current):
            length = _dot(direction, left) / power
            volts += length * direction
            left -= length * image
            directions.append((direction, image, power))
    return volts, left


def _descend(
    multiply: Callable[[Array], Array],
    precondition: Solve,
    volts: Array,
    left: Array,
    current: Array,
    last_step: float,
) -> int:
    """Improve `volts` in place, `left` being the currents that they leave; return the steps, one solve each."""
    away = precondition(left[:, None])[:, 0]
    onward, descent = away, _dot(left, away)
    for steps in range(1, MOST_STEPS + 1):
        image = multiply(onward)
        power = _dot(onward, image)
        if power <= 0:  # nothing is left
            return steps
        length = descent / power
        volts += length * onward
        if length * descent <= last_step**2 * _dot(volts, current):
            return steps
        left -= length * image
        away = precondition(left[:, None])[:, 0]
        before, descent = descent, _dot(left, away)
        onward = away + descent / before * onward
    return MOST_STEPS + 1


@compiled
def _multiply(a: Array, b: Array, edge_S: Array, driver_S: Array, volts: Array) -> Array:
    """Return the currents (n_nodes,) that flow into the nodes at these voltages."""
    currents = driver_S * volts
    for i in range(a.size):
        current = edge_S[i] * (volts[a[i]] - volts[b[i]])
        currents[a[i]] += current
        currents[b[i]] -= current
    return currents


@compiled
def _dot(one: Array, other: Array) -> float:
    """Return the sum of products; numpy's BLAS would share each among threads, which costs more than it gains."""
    total = 0.0
    for i in range(one.size):
        total += one[i] * other[i]
    return total
