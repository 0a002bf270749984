"""XOR: the answer is the difference of two outputs, positive for unequal inputs (what the paper's machine cannot do).

No network of resistors can: its answer is a linear function of the inputs. With one diode in each twin it can.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

from twinohm.model.placement import Placement
from twinohm.model.random_streams import XOR_ORDER
from twinohm.tasks.iris import Labelled
from twinohm.tasks.task import Lesson, Volts
from twinohm.tasks.two_classes import RAILS_V, TwoClasses


@dataclass(frozen=True)
class Parity(TwoClasses):
    """Whether an odd number of `bits` inputs is high. All patterns are learned and tested, in an order by the seed."""

    bits: int = 2

    @property
    def n_inputs(self) -> int:
        return self.bits + len(RAILS_V)

    @property
    def inputs_V(self) -> list[tuple[float, ...]]:
        """All patterns, (patterns, inputs)."""
        return [(*pattern, *RAILS_V) for pattern in product(RAILS_V, repeat=self.bits)]

    @property
    def labels(self) -> list[int]:
        """1 for the patterns with an odd number of high inputs, else 0."""
        return [sum(volts > 0 for volts in row[: self.bits]) % 2 for row in self.inputs_V]

    @property
    def names(self) -> list[str]:
        """The patterns as bits, "01"."""
        return ["".join("1" if volts else "0" for volts in row[: self.bits]) for row in self.inputs_V]

    def lessons(self) -> list[Lesson]:
        """Return the patterns as classes."""
        names = self.names
        rows = range(len(names))
        empty: Sequence[Volts] = [()] * len(names)
        return [
            Lesson(names, ["difference"], self.inputs_V, empty, rows, labels=self.labels, together=True, pairs=True)
        ]

    def sets(self, seed: int) -> tuple[Labelled, Labelled]:
        patterns = Labelled(self.inputs_V, self.labels)
        return patterns, patterns

    def order(self, ticks: int, seed: int) -> list[int]:
        drawn: list[int] = XOR_ORDER.generator(seed, self.bits).integers(2**self.bits, size=ticks).tolist()
        return drawn


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
