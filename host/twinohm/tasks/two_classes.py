"""Tasks of two classes, which the sign of the difference of two outputs tells apart."""

from abc import abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from twinohm.model.codes import TASK_SPAN_V
from twinohm.model.pairs import pair_V
from twinohm.tasks.iris import Labelled
from twinohm.tasks.task import Block, Infer, Task, TestSet

TARGET_V = 0.3  # of the difference, either way
RAILS_V = 0.0, float(TASK_SPAN_V)


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
    def answers_V(self) -> list[tuple[float, float]]:
        """Voltages of the outputs for classes 0 and 1; their difference counts alone."""
        return [pair_V(-TARGET_V), pair_V(TARGET_V)]

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
        answers_V = self.answers_V
        train, tested = self.sets(seed)
        test, judge = (
            TestSet(some.inputs_V, answers_V, some.labels, pairs=True, names=self.names) for some in (tested, train)
        )
        order = self.order(ticks, seed)
        for start in range(0, ticks, self.test_every):
            chosen = order[start : start + self.test_every]
            yield Block([(1, train.inputs_V[k], answers_V[train.labels[k]]) for k in chosen], test, judge)
