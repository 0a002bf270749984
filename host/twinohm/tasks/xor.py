"""XOR: the answer is the difference of two outputs, positive for unequal inputs (what the paper's machine cannot do).

No network of resistors can: its answer is a linear function of the inputs. With one diode in each twin it can.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import product

from twinohm.model.codes import TASK_SPAN_V
from twinohm.model.pairs import pair_V
from twinohm.model.placement import Placement
from twinohm.model.random_streams import XOR_ORDER
from twinohm.tasks.task import Block, Infer, Lesson, Task, TestSet, Volts

TARGET_V = 0.3  # of the difference, either way
TEST_EVERY = 20  # ticks from one measurement of all patterns to the next


@dataclass(frozen=True)
class Parity(Task):
    """Whether an odd number of `bits` inputs is high; two more inputs are at 0 V and 5 V. `block`: ticks in all.

    Each tick learns one pattern, drawn by the seed.
    """

    bits: int = 2
    test_every: int = TEST_EVERY

    @property
    def n_inputs(self) -> int:
        return self.bits + 2

    @property
    def n_outputs(self) -> int:
        return 2

    @property
    def inputs_V(self) -> list[tuple[float, ...]]:
        """All patterns, (patterns, inputs)."""
        rails = 0.0, float(TASK_SPAN_V)
        return [(*pattern, *rails) for pattern in product(rails, repeat=self.bits)]

    @property
    def labels(self) -> list[int]:
        """1 for the patterns with an odd number of high inputs, else 0."""
        return [sum(volts > 0 for volts in row[: self.bits]) % 2 for row in self.inputs_V]

    @property
    def names(self) -> list[str]:
        """The patterns as bits, "01"."""
        return ["".join("1" if volts else "0" for volts in row[: self.bits]) for row in self.inputs_V]

    @property
    def answers_V(self) -> list[tuple[float, float]]:
        """Voltages of the outputs for labels 0 and 1; their difference counts alone."""
        return [pair_V(-TARGET_V), pair_V(TARGET_V)]

    def tested_every(self, ticks: int) -> "Parity":
        return replace(self, test_every=ticks)

    def lessons(self) -> list[Lesson]:
        """Return the patterns as classes."""
        names = self.names
        rows = range(len(names))
        empty: Sequence[Volts] = [()] * len(names)
        return [Lesson(names, ["difference"], self.inputs_V, empty, rows, labels=self.labels, together=True)]

    def blocks(self, ticks: int, seed: int, infer: Infer) -> Iterator[Block]:
        """Yield blocks of `test_every` ticks, `ticks` ticks in all; all patterns are measured before each."""
        inputs_V, labels, answers_V = self.inputs_V, self.labels, self.answers_V
        test = TestSet(inputs_V, answers_V, labels, pairs=True, names=self.names)
        random = XOR_ORDER.generator(seed, self.bits)
        for start in range(0, ticks, self.test_every):
            chosen = random.integers(len(inputs_V), size=min(self.test_every, ticks - start)).tolist()
            yield Block([(1, inputs_V[k], answers_V[labels[k]]) for k in chosen], test, test)


XOR = Parity(
    name="xor",
    about="the difference of two outputs must be +0.3 V for unequal inputs and -0.3 V for equal ones, with a diode",
    ours="all of it: the paper names XOR as what its machine cannot do",
    examples=(),
    block=1500,
    eta=1.0,
    placements={"lab16": Placement(("E", "A", "I", "F"), ("H", "D"))},
    pairs=True,
    hinge=True,
    diodes=("C>A",),
)
