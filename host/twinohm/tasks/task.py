"""Tasks: the roles of nodes, and the blocks of examples that a run trains one after the other."""

import dataclasses
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar

from twinohm.errors import UsageError
from twinohm.model.board import Board
from twinohm.model.board_diodes import parse_diode, with_diodes
from twinohm.model.diodes import Diode
from twinohm.model.levers import Levers
from twinohm.model.pairs import differences, pair_errors
from twinohm.model.placement import Placement
from twinohm.tasks.scaling import ColumnScale

Volts = Sequence[float]  # task volts, in the order of the placement's inputs or outputs
JUDGE_EVERY = 20  # ticks at least from one measurement of a block's `judge` to the next
Infer = Callable[[Sequence[Volts]], list[tuple[float, ...]]]  # inputs of each example -> measured outputs of each


@dataclass(frozen=True)
class TestSet:
    """Examples that are measured, not learned: inputs_V (examples, inputs), desired_V (examples, outputs).

    With `labels`, the class of each example, desired_V is (classes, outputs) and an output names the nearest class.
    With `pairs` the difference of each two outputs counts alone; one beyond the target of its class is no error.
    `names`: of few examples, whose answers are then shown one by one.
    """

    __test__: ClassVar = False  # pytest: this is no test

    inputs_V: Sequence[Volts]
    desired_V: Sequence[Volts]
    labels: Sequence[int] | None = None
    pairs: bool = False
    names: Sequence[str] = ()

    def mse(self, outputs_V: Sequence[Volts]) -> float:
        """Return the mean squared error of outputs_V (examples, outputs) over examples and outputs, V^2."""
        wanted = self.desired_V if self.labels is None else [self.desired_V[label] for label in self.labels]
        rows = zip(outputs_V, wanted, strict=True)
        if self.pairs:
            errors = [pair_errors(row, aim, hinge=self.labels is not None) for row, aim in rows]
        else:
            errors = [[a - b for a, b in zip(row, aim, strict=True)] for row, aim in rows]
        return sum(error**2 for row in errors for error in row) / sum(map(len, errors))

    def mse_of_outputs(self, outputs_V: Sequence[Volts]) -> tuple[float, ...]:
        """Return the mean squared error of each output, or each difference, over the examples, V^2.

        There are no labels.
        """
        errors = [
            pair_errors(row, aim, hinge=False) if self.pairs else [a - b for a, b in zip(row, aim, strict=True)]
            for row, aim in zip(outputs_V, self.desired_V, strict=True)
        ]
        return tuple(sum(error**2 for error in column) / len(column) for column in zip(*errors, strict=True))

    def loss(self, outputs_V: Sequence[Volts]) -> float:
        """Return the loss by which taps are compared: share of wrong classes, else the mean squared error, V^2."""
        accuracy = self.accuracy(outputs_V)
        return self.mse(outputs_V) if accuracy is None else 1 - accuracy

    def accuracy(self, outputs_V: Sequence[Volts]) -> float | None:
        """Return the share of examples whose nearest class is their own, None without labels."""
        if self.labels is None:
            return None
        right = 0
        for row, label in zip(outputs_V, self.labels, strict=True):
            distances = [sum((a - b) ** 2 for a, b in zip(row, aim, strict=True)) for aim in self.desired_V]
            right += distances.index(min(distances)) == label
        return right / len(self.labels)


@dataclass(frozen=True)
class Block:
    """A series of ticks. Its test set, if it has one, is measured before its first tick.

    `phase` names a part of the run that is scored separately. `placement` and `eta` replace the run's. `remove` is an
    edge that is pulled before the block. `judge`: learned examples by which the taps of a phase are compared, if the
    best are to be restored; without it taps are compared by the error of each tick of the block.
    """

    examples: Sequence[tuple[int, Volts, Volts]]  # ticks, inputs_V, desired_V
    test: TestSet | None = None
    judge: TestSet | None = None
    phase: str = ""
    placement: Placement | None = None
    eta: float | None = None
    remove: str | None = None

    @property
    def ticks(self) -> int:
        """Number of ticks of all examples."""
        return sum(ticks for ticks, _, _ in self.examples)


@dataclass(frozen=True)
class Lesson:
    """Examples that a forecast judges. With `together` one network must give them all, else each is learned alone.

    names: what the user calls each example. outputs: and each output. inputs_V (examples, inputs) and desired_V
    (examples, outputs); with `labels`, the class of each example, desired_V is (examples, 0). learned: indices of the
    examples that are learned; the others are only measured. scattered: targets are measured values, of which single
    ones may lie out of a network's reach. pairs: each desired voltage is that of the difference of two outputs.
    """

    names: Sequence[str]
    outputs: Sequence[str]
    inputs_V: Sequence[Volts]
    desired_V: Sequence[Volts]
    learned: Sequence[int]
    labels: Sequence[int] = ()
    together: bool = False
    scattered: bool = False
    pairs: bool = False


@dataclass(frozen=True)
class Task:
    """A task of fixed patterns: each example is trained for `block` ticks in turn. Other tasks override blocks().

    `ours` says what the paper does not print. `placements`: by board; other boards get the first that fits.
    """

    name: str
    about: str
    ours: str
    examples: Sequence[tuple[Volts, Volts]]  # inputs_V, desired_V of each block
    block: int  # ticks per example; of the whole run where a subclass makes the examples
    eta: float
    placements: Mapping[str, Placement] = field(default_factory=dict)
    pairs: bool = False  # whether it asks for differences of outputs (model/pairs.py)
    hinge: bool = False  # whether the lever of that name is on unless the user turns it off
    diodes: tuple[str, ...] = ()  # of a run, unless the user gives others

    @property
    def ticks(self) -> int:
        """Number of ticks of a run, unless the user gives another."""
        return self.block * max(1, len(self.examples))

    @property
    def n_inputs(self) -> int:
        """Number of input nodes."""
        return len(self.examples[0][0])

    @property
    def n_outputs(self) -> int:
        """Number of output nodes."""
        return len(self.examples[0][1])

    @property
    def score_ticks(self) -> int | None:
        """Ticks of one plateau; None: the whole run is one."""
        return self.block if self.paced else None

    @property
    def paced(self) -> bool:
        """Whether something changes at fixed ticks, so that a longer run would be another task."""
        return len(self.examples) > 1

    @property
    def unused(self) -> Mapping[str, str]:
        """Settings of a run that the task does not use (eta, placement, amplify), and why."""
        return {"amplify": f"{self.name} has no classes with targets to move"}

    @property
    def asks_the_board(self) -> bool:
        """Whether its targets are measured on the board, so that every board has its own."""
        return False

    def levers(self, levers: Levers) -> Levers:
        """Return levers with what the task asks for."""
        return dataclasses.replace(levers, pairs=self.pairs, hinge=levers.hinge or self.hinge)

    def missing_diodes(self, board: Board) -> list[Diode]:
        """Return the task's diodes for which the board has none of any part from that node to the other."""
        there = {(diode.anode, diode.cathode) for diode in board.diodes}
        return [diode for diode in map(parse_diode, self.diodes) if (diode.anode, diode.cathode) not in there]

    def plugged(self, board: Board) -> Board:
        """Return the board with the task's diodes. Raises UsageError if it has no sockets for them."""
        return with_diodes(board, self.missing_diodes(board))

    def require_libraries(self) -> None:
        """Raise TwinOhmError if a library that the task needs is not installed."""

    def tested_every(self, ticks: int) -> "Task":
        """Return this task with its test set measured every `ticks` ticks, if it has a test set."""
        return self

    def amplified(self, factor: float) -> "Task":
        """Return this task with class targets `factor` times as far from their mean, if it has classes.

        Raises UsageError for a factor that is not above 0 and finite.
        """
        if not 0 < factor < math.inf:
            raise UsageError(f"amplify = {factor:g}: a number above 0")
        return self

    @property
    def source(self) -> str:
        """Where the task comes from: its name, or a user's file."""
        return self.name

    @property
    def own_scales(self) -> tuple[ColumnScale, ...]:
        """Scales by which outputs have units of their own, of a user's data that were scaled; () of other tasks."""
        return ()

    @property
    def phase_words(self) -> Mapping[str, str]:
        """What the names of its phases stand for, in few words; empty where they say it themselves."""
        return {}

    @property
    def prepared_text(self) -> str:
        """What was made of a user's data, to be shown before a run; "" of other tasks."""
        return ""

    def lessons(self) -> list[Lesson]:
        """Return the examples that can be judged before a run; those that are drawn from a seed are not among them."""
        if not self.examples:
            return []
        inputs_V, desired_V = zip(*self.examples, strict=True)
        outputs = [f"output {k + 1}" for k in range(self.n_outputs)]
        if self.pairs:
            outputs = [f"difference {k + 1}" for k in range(self.n_outputs // 2)]
            desired_V = tuple(map(differences, desired_V))
        rows = range(len(self.examples))
        return [Lesson([f"example {k + 1}" for k in rows], outputs, inputs_V, desired_V, rows, pairs=self.pairs)]

    def advise_biases(self, biases_V: Sequence[float]) -> str:
        """Return how a user adds inputs of constant volts to the task, "" if that cannot be done."""
        return ""

    def advise_complement(self) -> tuple[Sequence[Volts], str]:
        """Return volts of inputs 5 V - x of all examples, (inputs, examples), and how a user adds them; or none, "".

        The examples are those of lessons().
        """
        return (), ""

    def placements_used(self, placement: Placement) -> list[Placement]:
        """Return the placements that a run which begins with `placement` has."""
        return [placement]

    def removals(self, ticks: int) -> list[tuple[int, str]]:
        """Return (tick, edge) of every edge that is pulled in a run of so many ticks."""
        return []

    def blocks(self, ticks: int, seed: int, infer: Infer) -> Iterator[Block]:
        """Yield blocks of `ticks` ticks in all; the last example continues if there are more.

        `seed` decides what is drawn. `infer` measures outputs (examples, outputs) of the board as it is now.
        """
        for k, (inputs_V, desired_V) in enumerate(self.examples):
            part = ticks if k == len(self.examples) - 1 else min(ticks, self.block)
            if part:
                yield Block([(part, inputs_V, desired_V)])
            ticks -= part

    def placement_on(self, board: Board, chosen: str | None = None) -> Placement:
        """Return the placement: `chosen` ("B,D,I,F,G,H", inputs first), the task's own, or the first that fits.

        The first that fits takes inputs, then outputs, from the board's `role_order`; without one, inputs are the first
        nodes and outputs the last.

        Raises UsageError naming the node or the number that does not fit.
        """
        if chosen is not None:
            placement = Placement.parse(chosen, self.n_inputs, self.n_outputs)
            board.check_placement(*placement)
            return placement
        own = (board.name, *(() if board.role_order else ("lab16",)))
        for placement in [self.placements[name] for name in own if name in self.placements]:
            try:
                board.check_placement(*placement)
            except UsageError:
                continue
            return placement
        return self._first_that_fits(board)

    def _first_that_fits(self, board: Board) -> Placement:
        if board.role_order:
            inputs, outputs = board.role_order[: self.n_inputs], board.role_order[self.n_inputs :][: self.n_outputs]
        elif board.capabilities.free_roles:
            measured = [name for name in board.nodes if name in board.capabilities.measures_free]
            outputs = tuple(measured[max(0, len(measured) - self.n_outputs) :])
            inputs = tuple(name for name in board.nodes if name not in outputs)[: self.n_inputs]
        else:
            inputs = tuple(board.wired_free)
            outputs = tuple(name for name in board.wired_clamped if name not in inputs)
        if (len(inputs), len(outputs)) != (self.n_inputs, self.n_outputs):
            wired = not board.role_order and not board.capabilities.free_roles
            raise UsageError(
                f"{self.name} needs {self.n_inputs} inputs and {self.n_outputs} outputs; "
                f"board {board.name} {'is wired for' if wired else 'can give'} {len(inputs)} and {len(outputs)}; "
                "take a board whose nodes can have any role, such as lab16"
            )
        board.check_placement(inputs, outputs)
        return Placement(inputs, outputs)
