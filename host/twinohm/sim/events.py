"""Scripted events of a virtual board: ?at=300:remove=E-H takes an edge out at tick 300.

`insert` puts an edge back; ?at=300:fault=dead:pot.E-H.free injects a fault then (sim/faults.py). `at` may come more
than once.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from twinohm.errors import UsageError
from twinohm.model.board import Board
from twinohm.model.number_text import parse_whole
from twinohm.sim.faults import Fault, parse_fault
from twinohm.sim.twin_networks import TwinNetworks

VERBS = {"remove": False, "insert": True}  # whether the edge is there afterwards


@dataclass(frozen=True)
class Event:
    """An edge that is removed or inserted before tick `tick`."""

    tick: int
    verb: str
    edge: int

    def apply(self, twins: TwinNetworks) -> None:
        """Remove the edge from both networks, or put it back."""
        twins.set_present(self.edge, VERBS[self.verb])

    def text(self, board: Board) -> str:
        """Return the form that parse_event() reads, `300:remove=E-H`."""
        return f"{self.tick}:{self.verb}={board.edges[self.edge]}"


def parse_event(text: str, board: Board) -> Event | Fault:
    """Return the event of `300:remove=E-H` or `300:fault=high:CMP.E-H`. Raises UsageError saying what is wrong."""
    tick, colon, action = text.partition(":")
    verb, equals, edge = action.partition("=")
    try:
        at = parse_whole(tick)
    except ValueError:
        at = -1
    if not (colon and equals and at >= 0):
        raise UsageError(f"at = {text!r}: write TICK:VERB=EDGE, for example 300:remove={board.edges[0]}")
    if verb == "fault":
        return parse_fault(edge, board, at)
    if verb not in VERBS:
        raise UsageError(f"at = {text!r}: no verb {verb!r}; use {', '.join(VERBS)} or fault")
    return Event(at, verb, board.edge_index(edge))


def check_changes(events: Iterable[Event], board: Board) -> None:
    """Raise UsageError if one of the events, in order, removes an edge that is gone or inserts one that is there."""
    gone: set[int] = set()
    for event in events:
        if VERBS[event.verb] == (event.edge not in gone):
            state = "there" if VERBS[event.verb] else "gone"
            raise UsageError(
                f"at = {event.text(board)!r}: {board.edges[event.edge]} is {state} at tick {event.tick} already; "
                f"leave it out, or correct its tick"
            )
        gone ^= {event.edge}
