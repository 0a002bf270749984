"""Curves that no linear network has: the difference of two outputs is a function of one input.

Two more inputs are at 0 V and 5 V. With diodes the networks learn them, as far as a few diodes can bend a line.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from twinohm.model.codes import TASK_SPAN_V
from twinohm.model.pairs import pair_V
from twinohm.model.placement import Placement
from twinohm.model.random_streams import CURVE_ORDER, shuffled_passes
from twinohm.tasks.task import Block, Infer, Task, TestSet, Volts

TRAIN, TEST = 9, 17  # inputs, equally spaced: from end to end, and 0.1 V inside
TEST_EVERY = 20  # ticks


def relu(volts: float) -> float:
    """Return -0.1 V up to 2.5 V, and a line from there to 0.4 V at 5 V."""
    return 0.2 * max(volts - 2.5, 0.0) - 0.1


def vee(volts: float) -> float:
    """Return a line from 0.3 V at 0 V to -0.3 V at 2.5 V, and one back to 0.3 V at 5 V."""
    return 0.24 * abs(volts - 2.5) - 0.3


CURVES = {"relu": relu, "vee": vee}


@dataclass(frozen=True)
class Curve(Task):
    """`shape` names the curve in CURVES: the wanted difference, V, by the input of 0..5 V. `block`: ticks in all.

    Each pass through the training inputs has an order of its own, drawn by the seed.
    """

    shape: str = ""
    test_every: int = TEST_EVERY

    @property
    def n_inputs(self) -> int:
        return 3

    @property
    def n_outputs(self) -> int:
        return 2

    def tested_every(self, ticks: int) -> "Curve":
        return replace(self, test_every=ticks)

    def example(self, volts: float) -> tuple[Volts, Volts]:
        """Return inputs and outputs of an input; of the outputs the difference counts alone."""
        return (volts, 0.0, float(TASK_SPAN_V)), pair_V(CURVES[self.shape](volts))

    def blocks(self, ticks: int, seed: int, infer: Infer) -> Iterator[Block]:
        """Yield blocks of `test_every` ticks, `ticks` ticks in all; the test inputs are measured before each."""
        train = [self.example(volts) for volts in np.linspace(0, TASK_SPAN_V, TRAIN).tolist()]
        tested = [self.example(volts) for volts in np.linspace(0.1, 4.9, TEST).tolist()]
        test, judge = (
            TestSet([given for given, _ in some], [wanted for _, wanted in some], pairs=True)
            for some in (tested, train)
        )
        order = shuffled_passes(CURVE_ORDER.generator(seed), TRAIN, ticks)
        for start in range(0, ticks, self.test_every):
            yield Block([(1, *train[k]) for k in order[start : start + self.test_every]], test, judge)


def _task(shape: str, about: str, placement: Placement, diodes: tuple[str, ...]) -> Curve:
    return Curve(
        name=shape,
        about=about,
        ours="all of it: the paper's networks are linear",
        examples=(),
        block=1800,
        eta=1.0,
        placements={"lab16": placement},
        pairs=True,
        diodes=diodes,
        shape=shape,
    )


RELU = _task(
    "relu",
    "the difference of two outputs must be flat up to an input of 2.5 V and rise beyond, with three diodes",
    Placement(("F", "E", "H"), ("B", "A")),
    ("D>I", "G>I", "D>B"),
)
VEE = _task(
    "vee",
    "the difference of two outputs must fall to an input of 2.5 V and rise beyond, with three diodes",
    Placement(("C", "H", "E"), ("D", "F")),
    ("I>B", "I>D", "B>I"),
)
