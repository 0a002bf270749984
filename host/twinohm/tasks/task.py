"""What every task has."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from twinohm.boards import Board
from twinohm.errors import UsageError

Placement = tuple[tuple[str, ...], tuple[str, ...]]  # input nodes, output nodes


@dataclass(frozen=True)
class Task:
    """Blocks of ticks with one example each. Volts are task volts in the order of the placement.

    `ours` says what the paper does not print. `placements` are by board; other boards get the first that fits.
    """

    name: str
    about: str
    ours: str
    examples: Sequence[tuple[Sequence[float], Sequence[float]]]  # inputs_V, desired_V of each block
    block: int  # ticks per example
    eta: float
    placements: Mapping[str, Placement] = field(default_factory=dict)

    @property
    def ticks(self) -> int:
        return self.block * len(self.examples)

    @property
    def n_inputs(self) -> int:
        return len(self.examples[0][0])

    @property
    def n_outputs(self) -> int:
        return len(self.examples[0][1])

    def schedule(self, ticks: int) -> Iterator[tuple[int, Sequence[float], Sequence[float]]]:
        """(ticks, inputs_V, desired_V) in turn, `ticks` in all; the last example goes on if there are more."""
        for k, (inputs_V, desired_V) in enumerate(self.examples):
            last = k == len(self.examples) - 1
            part = ticks if last else min(ticks, self.block)
            if part:
                yield part, inputs_V, desired_V
            ticks -= part

    def placement_on(self, board: Board, chosen: str | None = None) -> Placement:
        """Where the task's roles go: `chosen` ("B,D,I,F,G,H", inputs first), the task's own, or the first that fits.

        Raises UsageError naming the node or the number that does not fit.
        """
        if chosen is not None:
            names = [name.strip() for name in chosen.replace(":", ",").split(",") if name.strip()]
            if len(names) != self.n_inputs + self.n_outputs:
                raise UsageError(
                    f"--place {chosen}: {self.name} has {self.n_inputs} inputs and {self.n_outputs} outputs, "
                    f"so it needs {self.n_inputs + self.n_outputs} nodes, inputs first"
                )
            placement = tuple(names[: self.n_inputs]), tuple(names[self.n_inputs :])
            board.check_placement(*placement)
            return placement
        for placement in [self.placements[b] for b in (board.name, "lab16") if b in self.placements]:
            try:
                board.check_placement(*placement)
            except UsageError:
                continue
            return placement
        return self._first_that_fits(board)

    def _first_that_fits(self, board: Board) -> Placement:
        if board.capabilities.free_roles:
            measured = [name for name in board.nodes if name in board.capabilities.measures_free]
            outputs = tuple(measured[len(measured) - self.n_outputs :])
            inputs = tuple(name for name in board.nodes if name not in outputs)[: self.n_inputs]
        else:
            inputs = tuple(board.wired_free)
            outputs = tuple(name for name in board.wired_clamped if name not in inputs)
        if (len(inputs), len(outputs)) != (self.n_inputs, self.n_outputs):
            raise UsageError(
                f"{self.name} needs {self.n_inputs} inputs and {self.n_outputs} outputs; "
                f"board {board.name} can give {len(inputs)} and {len(outputs)}"
            )
        board.check_placement(inputs, outputs)
        return inputs, outputs
