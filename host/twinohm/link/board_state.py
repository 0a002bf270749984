"""What the host knows of a board's state: tap counts and tick number, and the roles of its nodes."""

from collections.abc import Sequence
from dataclasses import dataclass

from twinohm.errors import BoardMismatch, UsageError
from twinohm.link.hello import REMEDY, Hello
from twinohm.model.board import Board
from twinohm.model.current_limits import check_currents
from twinohm.model.levers import check_eta
from twinohm.model.placement import Placement
from twinohm.model.settling import settling_us
from twinohm.protocol.shared import messages
from twinohm.protocol.telemetry import Tick

MOST_SETTLE_US = 0xFFFF  # that a request can carry


class TapState:
    """Taps by edge, None if the board does not know them, and the number of its next tick.

    HELLO and RESTORE set them, ticks move them.
    """

    def __init__(self) -> None:
        self.taps: tuple[int, ...] | None = None
        self.next_tick = 0

    def adopt(self, hello: Hello, board: Board, where: str) -> None:
        """Adopt taps and tick number of a HELLO. `where` names the port in errors.

        Raises BoardMismatch if the taps do not fit `board`.
        """
        taps = hello.taps
        if taps is not None and (len(taps) != board.n_edges or not all(0 <= tap <= board.pots.top_tap for tap in taps)):
            raise BoardMismatch(
                f"{where}: the board counts taps {list(taps)}, {board.name} has {board.n_edges} edges of "
                f"0..{board.pots.top_tap}; {REMEDY}"
            )
        self.taps, self.next_tick = taps, hello.ticks

    def restore(self, taps: Sequence[int]) -> None:
        """Note that the board has counted to `taps` and begins again at tick 0."""
        self.taps, self.next_tick = tuple(taps), 0

    def advance(self, ticks: Sequence[Tick]) -> None:
        """Note that the board has made `ticks`."""
        self.taps = ticks[-1].taps
        self.next_tick += len(ticks)


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
