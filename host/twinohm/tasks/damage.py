"""Damage: five edges are pulled one after the other, and the board learns again after each (paper, Fig. 5)."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from twinohm.errors import UsageError
from twinohm.model.board import Board
from twinohm.model.placement import Placement
from twinohm.tasks.allostery import allostery
from twinohm.tasks.task import Block, Infer, Task

# The task stays possible without them. The third one matters little, as one did in the paper.
PULLED = ("E-H", "A-H", "G-I", "E-F", "H-I")
WHOLE = allostery("whole", "H=5 F=0 -> E=2 A=3")


@dataclass(frozen=True)
class Damage(Task):
    """The same example in every block; before every block but the first an edge is pulled."""

    pulled: Sequence[str] = PULLED

    def blocks(self, ticks: int, seed: int, infer: Infer) -> Iterator[Block]:
        """Yield blocks of `ticks` ticks in all; the last one continues if there are more."""
        for block, edge in zip(super().blocks(ticks, seed, infer), (None, *self.pulled), strict=False):
            yield replace(block, phase=f"without {edge}" if edge else "whole", remove=edge)

    def removals(self, ticks: int) -> list[tuple[int, str]]:
        starts = range(self.block, ticks, self.block)
        return list(zip(starts, self.pulled, strict=False))

    def placement_on(self, board: Board, chosen: str | None = None) -> Placement:
        """Return the nodes of the roles as Task does. Raises UsageError also if the board lacks an edge to pull."""
        for edge in self.pulled:
            try:
                board.edge_index(edge)
            except UsageError as error:
                raise UsageError(f"{self.name} pulls {', '.join(self.pulled)}: {error}; run it on lab16") from error
        return super().placement_on(board, chosen)


DAMAGE = Damage(
    name="damage",
    about=f"{WHOLE.about}, while five of 16 edges are pulled, one every 100 ticks",
    ours="voltages, placement, eta, and the edges: the task stays possible without them, the third matters little",
    examples=[*WHOLE.examples] * (1 + len(PULLED)),
    block=100,
    eta=WHOLE.eta,
    placements=WHOLE.placements,
)
