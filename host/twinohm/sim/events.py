"""Events written into a virtual port: ?at=300:remove=E-H takes an edge out at tick 300, ?at=300:fault=dead:pot.E-H.free
breaks something then (sim/faults.py); at may come more than once.
"""

from dataclasses import dataclass

from twinohm.errors import UsageError
from twinohm.model.board import Board
from twinohm.sim.analog import Analog
from twinohm.sim.faults import Fault, parse_fault

VERBS = {"remove": False, "insert": True}


@dataclass(frozen=True)
class Event:
    """`verb` an edge before tick `tick`."""

    tick: int
    verb: str
    edge: int

    def happen(self, analog: Analog) -> None:
        analog.set_present(self.edge, VERBS[self.verb])


def parse_event(text: str, board: Board) -> Event | Fault:
    """`300:remove=E-H`. Raises UsageError saying what is wrong."""
    tick, colon, action = text.partition(":")
    verb, equals, edge = action.partition("=")
    if not (colon and equals and tick.isdecimal()):
        raise UsageError(f"at = {text!r}: write TICK:VERB=EDGE, for example 300:remove={board.edges[0]}")
    if verb == "fault":
        return parse_fault(edge, board, int(tick))
    if verb not in VERBS:
        raise UsageError(f"at = {text!r}: no verb {verb!r}; use {', '.join(VERBS)} or fault")
    return Event(int(tick), verb, board.edge_index(edge))
