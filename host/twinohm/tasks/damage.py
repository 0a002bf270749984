"""Damage: five edges are pulled one after the other, and the machine learns around each (paper, Fig. 5)."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from twinohm.errors import UsageError
from twinohm.model.board import Board
from twinohm.model.placement import Placement
from twinohm.tasks.allostery import allostery
from twinohm.tasks.task import Block, Infer, Task

# Each leaves the task possible. The third cut is a modest one, as one was in the paper.
PULLED = ("E-H", "A-H", "G-I", "E-F", "H-I")
WHOLE = allostery("whole", "H=5 F=0 -> E=2 A=3")


@dataclass(frozen=True)
class Damage(Task):
    """The example of each block is the same; before every block but the first an edge is pulled."""

    pulled: Sequence[str] = PULLED

    def blocks(self, ticks: int, seed: int, infer: Infer) -> Iterator[Block]:
        """`ticks` in all; the last block goes on if there are more."""
        for block, edge in zip(super().blocks(ticks, seed, infer), (None, *self.pulled), strict=False):
            yield replace(block, phase=f"without {edge}" if edge else "whole", remove=edge)

    def removals(self, ticks: int) -> list[tuple[int, str]]:
        starts = range(self.block, ticks, self.block)
        return list(zip(starts, self.pulled, strict=False))

    def placement_on(self, board: Board, chosen: str | None = None) -> Placement:
        """Raises UsageError also for a board that lacks an edge to be pulled."""
        for edge in self.pulled:
            try:
                board.edge_index(edge)
            except UsageError as error:
                raise UsageError(f"{self.name} pulls {', '.join(self.pulled)}: {error}; run it on lab16") from error
        return super().placement_on(board, chosen)


DAMAGE = Damage(
    name="damage",
    about=f"{WHOLE.about}, while five of 16 edges are pulled, one every 100 ticks",
    ours="voltages, placement, eta, and the edges: all leave the task possible, the third cut is a modest one",
    examples=[*WHOLE.examples] * (1 + len(PULLED)),
    block=100,
    eta=WHOLE.eta,
    placements=WHOLE.placements,
)
