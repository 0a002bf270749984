"""Tasks of two classes, which the sign of the difference of two outputs tells apart."""

from abc import abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from twinohm.model.codes import TASK_SPAN_V
from twinohm.model.pairs import TARGET_V, pair_V
from twinohm.tasks.iris import Labelled
from twinohm.tasks.task import Block, Infer, Task, TestSet

RAILS_V = 0.0, float(TASK_SPAN_V)
ANSWERS_V = pair_V(-TARGET_V), pair_V(TARGET_V)  # outputs for classes 0 and 1; their difference counts alone


@dataclass(frozen=True)
class TwoClasses(Task):
    """Classes 0 and 1, by a negative and a positive difference. The last two inputs are at 0 V and 5 V.

    `block`: ticks in all, of which each learns one training example. `test_every`: ticks from one measurement of the
    test set to the next.
    """

    test_every: int = 20

    @property
    def n_outputs(self) -> int:
        return 2

    @property
    def names(self) -> Sequence[str]:
        """Names of the test examples, if there are few."""
        return ()

    def tested_every(self, ticks: int) -> "TwoClasses":
        return replace(self, test_every=ticks)

    @abstractmethod
    def sets(self, seed: int) -> tuple[Labelled, Labelled]:
        """Return the training set and the test set that a seed draws."""

    @abstractmethod
    def order(self, ticks: int, seed: int) -> list[int]:
        """Return the training example of each tick."""

    def blocks(self, ticks: int, seed: int, infer: Infer) -> Iterator[Block]:
        """Yield blocks of `test_every` ticks, `ticks` ticks in all; the test set is measured before each."""
        return sign_blocks(*self.sets(seed), self.order(ticks, seed), self.test_every, self.names)


def sign_blocks(
    train: Labelled, tested: Labelled, order: Sequence[int], test_every: int, names: Sequence[str] = ()
) -> Iterator[Block]:
    """Yield blocks of `test_every` ticks, before each of which the test set is measured.

    train, tested: examples of classes 0 and 1. order: the training example of each tick. names: of the test examples,
    if they are few.
    """
    test = TestSet(tested.inputs_V, ANSWERS_V, tested.labels, pairs=True, names=names)
    judge = TestSet(train.inputs_V, ANSWERS_V, train.labels, pairs=True)
    for start in range(0, len(order), test_every):
        chosen = order[start : start + test_every]
        yield Block([(1, train.inputs_V[k], ANSWERS_V[train.labels[k]]) for k in chosen], test, judge)
