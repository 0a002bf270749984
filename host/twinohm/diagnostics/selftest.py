"""The board's own test (firmware/twinohm_fw/selftest/), and what its findings mean on copper."""

import json
import math
from dataclasses import dataclass

from twinohm.diagnostics.suspects import check, parts
from twinohm.link.board_client import BoardClient

CODE = """from twinohm_fw.selftest.self_test import SelfTest, words
import json
test = SelfTest(learner.twin)
test.run()
said = [words(one) for one in test.found]
print(json.dumps([test.found, said, test.skipped, test.hidden(), test.mismatch, learner.taps]))
"""


@dataclass(frozen=True)
class Finding:
    """`fault` in the words of sim/faults.py ("a|b": one of both), `what` for people, `parts` the likeliest first."""

    fault: str
    what: str
    parts: list[str]
    check: str

    def __str__(self) -> str:
        return f"{', '.join(self.parts)}: {self.what}; {self.check}"


@dataclass(frozen=True)
class SelfTest:
    """`skipped` are steps that the findings made impossible, `hidden` pots that the board's wiring does not show.

    `mismatch` is the clamped resistance over the free one by edge, less 1, about its median; taps are None if not
    known.
    """

    findings: list[Finding]
    skipped: list[str]
    hidden: list[str]
    mismatch: dict[str, float]
    taps: list[int] | None

    @property
    def rms(self) -> float:
        """Of the mismatch."""
        return math.sqrt(sum(x * x for x in self.mismatch.values()) / len(self.mismatch))


def selftest(machine: BoardClient) -> SelfTest:
    """Have a board test itself; its pots move. Raises BoardError with the board's words if the test itself fails."""
    found, words, skipped, hidden, mismatch, taps = json.loads(machine.exec(CODE).splitlines()[-1])
    board = machine.board
    return SelfTest(
        [Finding(fault, what, parts(board, fault), check(fault)) for fault, what in zip(found, words, strict=True)],
        skipped,
        hidden,
        {edge: share for edge, share in zip(board.edges, mismatch or (), strict=False) if share is not None},
        taps,
    )
