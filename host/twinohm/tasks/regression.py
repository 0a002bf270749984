"""Linear regression: outputs must be weighted sums of two inputs, one new example a tick (paper, Fig. 3)."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from twinohm.model.placement import Placement
from twinohm.model.random_streams import REGRESSION_DATA
from twinohm.tasks.task import Block, Infer, Task, TestSet, Volts

TRAIN, TEST = 400, 20
LOW_V, HIGH_V = 1.0, 5.0
JUDGED = 40  # training examples by which taps are compared
WEIGHTS = ((0.15, 0.20), (0.25, 0.10))


@dataclass(frozen=True)
class Regression(Task):
    """Weighted sums of two inputs; a third is at 0 V. `weights`: (outputs, 2). `block`: ticks in all."""

    weights: Sequence[Volts] = WEIGHTS
    test_every: int = 1  # ticks from one measurement of the test set to the next

    @property
    def n_inputs(self) -> int:
        return 3

    @property
    def n_outputs(self) -> int:
        return len(self.weights)

    def tested_every(self, ticks: int) -> "Regression":
        return replace(self, test_every=ticks)

    def blocks(self, ticks: int, seed: int, infer: Infer) -> Iterator[Block]:
        """Yield blocks of `ticks` ticks in all; after the last training example the first follows."""
        pairs = REGRESSION_DATA.generator(seed).uniform(LOW_V, HIGH_V, (TRAIN + TEST, 2)).tolist()
        examples = [((a, b, 0.0), tuple(u * a + v * b for u, v in self.weights)) for a, b in pairs]
        train, test = examples[:TRAIN], examples[TRAIN:]
        yield from stream(train, test, ticks, self.test_every)


def stream(
    train: Sequence[tuple[Volts, Volts]], test: Sequence[tuple[Volts, Volts]], ticks: int, test_every: int
) -> Iterator[Block]:
    """Yield blocks with one training example per tick, in order, again and again, `ticks` ticks in all.

    The whole test set is measured before every `test_every` ticks.

    `train`, `test`: (inputs_V, desired_V) of each example.
    """
    tests, judges = (
        TestSet([inputs_V for inputs_V, _ in some], [desired_V for _, desired_V in some])
        for some in (test, train[:JUDGED])
    )
    for start in range(0, ticks, test_every):
        numbers = range(start, min(start + test_every, ticks))
        yield Block([(1, *train[k % len(train)]) for k in numbers], tests, judges)


REGRESSION = Regression(
    name="regression",
    about="outputs must be 0.15 a + 0.20 b and 0.25 a + 0.10 b of inputs a and b; 400 training and 20 test examples",
    ours="weights, placement and eta",
    examples=(),
    block=TRAIN,
    eta=1.0,
    placements={"lab16": Placement(("G", "B", "D"), ("E", "I"))},
)
