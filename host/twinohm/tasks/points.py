"""Two classes of points in a plane that no line parts: two interleaved half circles, and a circle around another.

Their shapes are those of scikit-learn's make_moons and make_circles; the points are drawn here.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from twinohm.model.codes import TASK_SPAN_V
from twinohm.model.placement import Placement
from twinohm.model.random_streams import POINTS, shuffled_passes
from twinohm.tasks.iris import Labelled
from twinohm.tasks.two_classes import RAILS_V, TwoClasses

TRAIN, TEST = 100, 200  # points, half of either class
SCATTER = 0.1  # sd of either coordinate, where the radius of a large circle is 1
MARGIN = 3 * SCATTER  # between a shape and the ends of the range

Floats = NDArray[np.float64]


def moons(label: int, angles: Floats) -> Floats:
    """Return points (n, 2) of a half circle, open below for class 0, above for class 1, at angles of 0 to pi."""
    return np.column_stack([np.cos(angles), np.sin(angles)]) * (1, -1)[label] + ((0, 0), (1, 0.5))[label]


def circles(label: int, angles: Floats) -> Floats:
    """Return points (n, 2) of a circle of radius 1 for class 0, 0.5 for class 1, at angles of 0 to pi: all around."""
    return (1, 0.5)[label] * np.column_stack([np.cos(2 * angles), np.sin(2 * angles)])


@dataclass(frozen=True)
class Shape:
    """A curve of each class. low, high: its lowest and highest coordinates."""

    points: Callable[[int, Floats], Floats]
    low: tuple[float, float]
    high: tuple[float, float]


SHAPES = {
    "moons": Shape(moons, (-1, -0.5), (2, 1)),
    "circles": Shape(circles, (-1, -1), (1, 1)),
}


@dataclass(frozen=True)
class Points(TwoClasses):
    """`shape` names the curves in SHAPES. Training and test points are drawn by the seed, each set anew.

    Each pass through the training points has an order of its own.
    """

    shape: str = ""

    @property
    def n_inputs(self) -> int:
        return 2 + len(RAILS_V)

    def sets(self, seed: int) -> tuple[Labelled, Labelled]:
        random = POINTS.generator(seed, 1)
        return self._draw(TRAIN, random), self._draw(TEST, random)

    def order(self, ticks: int, seed: int) -> list[int]:
        return shuffled_passes(POINTS.generator(seed, 2), TRAIN, ticks)

    def _draw(self, n: int, random: np.random.Generator) -> Labelled:
        """Draw n points around the curves, at equally likely angles. Those out of the range are at its nearer end."""
        shape, labels = SHAPES[self.shape], [label for label in (0, 1) for _ in range(n // 2)]
        curves = [shape.points(label, random.uniform(0, np.pi, n // 2)) for label in (0, 1)]
        points = np.concatenate(curves) + random.normal(0, SCATTER, (n, 2))
        low, high = np.array(shape.low) - MARGIN, np.array(shape.high) + MARGIN
        volts = np.clip(TASK_SPAN_V * (points - low) / (high - low), 0, TASK_SPAN_V)
        return Labelled([(*row, *RAILS_V) for row in volts.tolist()], labels)


def _task(shape: str, about: str, placement: Placement, diodes: tuple[str, ...]) -> Points:
    return Points(
        name=shape,
        about=about,
        ours="all of it: the paper's networks are linear",
        examples=(),
        block=2000,
        eta=1.0,
        placements={"lab16": placement},
        pairs=True,
        hinge=True,
        diodes=diodes,
        test_every=100,
        shape=shape,
    )


MOONS = _task(
    "moons",
    "points of two interleaved half circles by the sign of a difference; 100 to learn and 200 to test",
    Placement(("D", "H", "G", "I"), ("B", "F")),
    ("A>D", "C>B", "D>A", "D>E"),
)
CIRCLES = _task(
    "circles",
    "points of a circle around another by the sign of a difference; 100 to learn and 200 to test",
    Placement(("G", "D", "I", "H"), ("A", "F")),
    ("D>B", "E>B", "E>D", "G>C"),
)
