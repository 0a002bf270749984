"""What the host knows of a board's state: tap counts and tick number, and the roles of its nodes."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from twinohm.errors import UsageError
from twinohm.model.board import Board
from twinohm.model.current_limits import check_currents
from twinohm.model.levers import check_eta
from twinohm.model.placement import Placement
from twinohm.model.settling import settling_us
from twinohm.protocol.shared import messages
from twinohm.protocol.telemetry import Clock, Tick
from twinohm.remedies import Symptom

MOST_SETTLE_US = 0xFFFF  # that a request can carry


@dataclass(frozen=True)
class TapState:
    """Taps by edge, None if the board does not know them, the number of its next tick, and its clock.

    HELLO and RESTORE set them, ticks move them. What moves pots and reports no ticks, RESTORE and code at the prompt,
    makes them unknown from before it is sent until its end has been received. A client replaces its state as a whole,
    so whatever interrupts it finds the state before a reply or the state after it.
    """

    taps: tuple[int, ...] | None = None
    next_tick: int = 0
    clock: Clock = Clock()
    known: bool = False  # the host knows what the board counts

    def forget(self) -> "TapState":
        """Return the state of a board whose pots are about to be moved."""
        return replace(self, taps=None, known=False)

    def adopt(self, taps: tuple[int, ...] | None, next_tick: int, board: Board, where: str) -> "TapState":
        """Return the state with taps and tick number that the board has reported. `where` names the port in errors.

        Raises BoardMismatch if the taps do not fit `board`.
        """
        if taps is not None and (len(taps) != board.n_edges or not all(0 <= tap <= board.pots.top_tap for tap in taps)):
            raise Symptom.BAD_REPLY.error(
                where,
                reason=f"the board counts taps {list(taps)}, {board.name} has {board.n_edges} edges of "
                f"0..{board.pots.top_tap}",
            )
        return replace(self, taps=taps, next_tick=next_tick, known=True)

    def restore(self, taps: Sequence[int]) -> "TapState":
        """Return the state of a board that has counted to `taps` and begins again at tick 0."""
        return replace(self, taps=tuple(taps), next_tick=0, known=True)

    def advance(self, ticks: Sequence[Tick], clock: Clock) -> "TapState":
        """Return the state after `ticks`, with the clock as it was at the last of them."""
        return TapState(ticks[-1].taps, self.next_tick + len(ticks), clock, known=True)


@dataclass(frozen=True)
class Roles:
    """Roles of nodes as PLACE sends them; with no inputs nothing is placed."""

    placement: Placement = Placement((), ())
    eta: float = 1.0  # nudge of eq. 1
    absent: frozenset[str] = frozenset()  # edges that are or will be pulled: without them nodes settle slower
    settle_us: tuple[int, int] = (0, 0)  # of the free and of the clamped network

    def changed(self, board: Board, placement: Placement, eta: float, absent: frozenset[str]) -> "Roles":
        """Return roles with this placement, eta and absent edges; the settling times follow from them.

        Raises UsageError for roles that `board` cannot have, or an eta that the board cannot have.
        """
        board.check_placement(*placement)
        settle_us = self.settle_us
        if (placement, absent) != (self.placement, self.absent):
            check_currents(board, *placement)
            settle_us = _settle_us(board, placement, absent)
        check_eta(eta)
        return Roles(placement, eta, absent, settle_us)

    def payload(self, board: Board) -> bytes:
        """Return the payload of PLACE."""
        inputs, outputs = (bytes(map(board.node_index, names)) for names in self.placement)
        return messages.pack_place(round(self.eta * messages.ETA_ONE), self.settle_us, inputs, outputs)


def _settle_us(board: Board, placement: Placement, absent: frozenset[str]) -> tuple[int, int]:
    """Return the microseconds in which the free and the clamped network settle. Raises UsageError for too many."""
    free = (*placement.inputs, *board.wired_free)
    clamped = (*free, *placement.outputs)
    free_us, clamped_us = (settling_us(board, driven, absent) for driven in (free, clamped))
    if max(free_us, clamped_us) > MOST_SETTLE_US:
        raise UsageError(
            f"nodes of {board.name} take {max(free_us, clamped_us)} us to settle with these roles, a board waits "
            f"{MOST_SETTLE_US} us at most: use more inputs, or pots of less resistance"
        )
    return free_us, clamped_us
