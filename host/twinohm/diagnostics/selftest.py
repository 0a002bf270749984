"""Run the self-test of a board's firmware (firmware/twinohm_fw/selftest/) and name the parts that it suspects."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from twinohm.diagnostics.fault_name import finding_text, parse_finding
from twinohm.diagnostics.suspect_parts import advise, find_parts
from twinohm.errors import UsageError
from twinohm.json_records import Finite, RecordType
from twinohm.link.board_client import BoardClient
from twinohm.model.board import Board
from twinohm.model.board_diodes import with_diodes
from twinohm.model.diodes import Diode

_CODE = """from twinohm_fw.selftest.self_test import SelfTest, words
import json
test = SelfTest(learner.twin, %s)
test.run()
texts = [words(one) for one in test.found]
print(json.dumps([test.found, texts, test.skipped, test.hidden() + test.unseen, test.mismatch, learner.taps]))
"""


@dataclass(frozen=True)
class Finding:
    """A fault, or several that look alike from the processor ("a|b"), as a URL of a virtual board writes it."""

    fault: str
    what: str  # the fault in words
    parts: list[str]  # suspected, the likeliest first
    check: str  # what to check

    def __str__(self) -> str:
        return f"{', '.join(self.parts)}: {self.what}; {self.check}"


@dataclass(frozen=True)
class SelfTest:
    """Result of a self-test."""

    findings: list[Finding]
    skipped: list[str]  # steps that need what was found to fail, or that diodes in the sockets do not allow
    hidden: list[str]  # pots that the board's wiring does not show, and diodes that others hide
    mismatch: dict[str, float]  # by edge: clamped resistance over the free one, less 1, about its median
    taps: list[int] | None  # None: not known

    @classmethod
    def parse(cls, board: Board, output: Sequence[Any]) -> "SelfTest":
        """Read what _CODE prints. Raises ValueError for what this host does not know, or numbers of other edges."""
        found, texts, skipped, hidden, mismatch, taps = output
        findings = []
        for candidates, text in zip(found, texts, strict=True):
            try:
                suspects = parse_finding(candidates)
                findings.append(Finding(finding_text(suspects), text, find_parts(board, suspects), advise(suspects)))
            except (LookupError, ValueError, AssertionError, UsageError):
                raise ValueError(f"this host does not know the fault {candidates}") from None
        if any(numbers and len(numbers) != board.n_edges for numbers in (mismatch, taps)):
            raise ValueError(f"not {board.n_edges} numbers by edge")
        by_edge = dict(zip(board.edges, mismatch or (), strict=False))
        measured = {edge: share for edge, share in by_edge.items() if share is not None}
        return cls(findings, skipped, hidden, measured, taps)

    @property
    def rms(self) -> float:
        """Root mean square of the mismatch."""
        return math.sqrt(sum(x * x for x in self.mismatch.values()) / len(self.mismatch))


_REPORT = RecordType[Sequence[Any]](
    tuple[
        Annotated[list[list[list[str]]], "found"],
        Annotated[list[str], "in words"],
        Annotated[list[str], "skipped"],
        Annotated[list[str], "hidden"],
        Annotated[list[Finite | None] | None, "mismatch by edge"],
        Annotated[list[int] | None, "taps"],
    ]
)


def selftest(client: BoardClient, diodes: Iterable[Diode] = ()) -> SelfTest:
    """Have a board test itself; its pots move. Raises BoardError with the board's words if the test itself fails.

    diodes: more of them that are in its sockets, in both networks, than the board's own. With any, pots and comparators
    are not tested. Raises UsageError for one that the board cannot have.
    """
    plugged = with_diodes(client.board, diodes)
    return client.exec_json(_CODE % list(plugged.diode_nodes), _REPORT, lambda output: SelfTest.parse(plugged, output))
