"""A test of the self-test: does it find every single fault on virtual boards, and name it right?

A fault is named when it is the only finding, alone or with faults that look alike: no test from the processor can tell
which part holds a wire, or keeps it silent.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from twinohm.diagnostics.fault_name import FaultName, Suspects, finding_text, parse_finding
from twinohm.job_runner import JobRunner
from twinohm.model.board import Board
from twinohm.model.board_file import load_board
from twinohm.model.i2c_places import parse_place
from twinohm.sim.faults import every_fault

SOUND_KINDS = tuple((board, profile) for board in ("lab16", "edge16", "divider") for profile in ("lab", "quiet"))
SHOWN = 3  # examples in a row
CHUNK = 4  # boards that a process takes at a time


@dataclass(frozen=True)
class Case:
    """One virtual board, with one fault or sound (None)."""

    board: str
    profile: str
    seed: int
    fault: str | None = None

    @property
    def url(self) -> str:
        """URL of the board."""
        fault = f"&fault={self.fault}" if self.fault else ""
        return f"sim://{self.board}?profile={self.profile}&seed={self.seed}{fault}"


@dataclass(frozen=True)
class Outcome:
    """Findings of the self-test; `failed` is the text of the exception that ended it, else empty."""

    case: Case
    findings: tuple[Suspects, ...]
    failed: str = ""

    @property
    def found(self) -> bool:
        """Whether the self-test found anything."""
        return bool(self.findings or self.failed)

    @property
    def named(self) -> bool:
        """Whether the only finding is the fault, or what is reported in its place."""
        if self.case.fault is None or len(self.findings) != 1:
            return False
        reported = reported_as(load_board(self.case.board), FaultName.parse(self.case.fault))
        return any(reported.is_same(fault) for fault in self.findings[0])


@dataclass(frozen=True)
class FaultRow:
    """Outcomes of one family of faults. `alike` are other families in findings that name the fault."""

    fault: str
    boards: int
    found: int
    named: int
    alike: list[str]
    mistaken_for: list[str]  # what was found instead, with how often


@dataclass(frozen=True)
class SoundRow:
    """Sound boards of one kind; `examples` are findings on them."""

    board: str
    profile: str
    boards: int
    false_alarms: int
    examples: list[str]


def cases(board: str, profile: str, seeds: int, every: int = 1, healthy: int = 0) -> list[Case]:
    """Return the boards to test: `seeds` of them for each fault, and `healthy` sound ones of each kind.

    every: take one fault in this many, others for each seed.
    """
    faults = list(every_fault(load_board(board)))
    broken = [Case(board, profile, seed, fault) for seed in range(seeds) for fault in faults[seed % every :: every]]
    return broken + [Case(name, kind, seed) for name, kind in SOUND_KINDS for seed in range(healthy)]


def outcomes(selected: Sequence[Case], processes: int | None = None, scheduler: str | None = None) -> Iterator[Outcome]:
    """Test the boards; yield the outcomes as they come. processes, scheduler: where, as of JobRunner."""
    if not selected:
        return
    with JobRunner(scheduler, processes) as runner:
        chunks = [tuple(selected[at : at + CHUNK]) for at in range(0, len(selected), CHUNK)]
        for _, found in runner.results(_outcomes, chunks):
            yield from found


def _outcomes(chunk: Sequence[Case]) -> list[Outcome]:
    return list(map(_outcome, chunk))


def _outcome(case: Case) -> Outcome:
    from twinohm.sim.in_process import run_selftest

    try:
        return Outcome(case, tuple(map(parse_finding, run_selftest(case.url))))
    except Exception as error:  # whatever the firmware raises is an outcome
        return Outcome(case, (), f"{type(error).__name__}: {error}")


def reported_as(board: Board, fault: FaultName) -> FaultName:
    """Return the fault that is reported for `fault`: itself, or one that looks the same from the processor."""
    kind, _, name = fault.places[0].partition(".")
    if kind == "IN" and board.comparators:
        for line, bits in (("CMP", board.comparators.cmp), ("SGN", board.comparators.sgn)):
            if int(name) in bits:
                return FaultName(fault.verb, (f"{line}.{board.edges[bits.index(int(name))]}",))
    if fault.verb == "mismatched":  # the self-test compares the twins
        return FaultName(fault.verb, (fault.places[0].rpartition(".")[0],))
    if fault.verb == "moved" and parse_place(fault.value) in board.i2c_places:
        return FaultName("missing", fault.places)
    return fault


def table(results: Sequence[Outcome]) -> list[FaultRow]:
    """Return a row for each family of faults, and one for all."""
    by_family: dict[str, list[Outcome]] = {}
    for outcome in results:
        if outcome.case.fault is not None:
            by_family.setdefault(FaultName.parse(outcome.case.fault).family, []).append(outcome)
    rows = [_row(family, group, _alike(family, group)) for family, group in by_family.items()]
    return [*rows, _row("all", [outcome for group in by_family.values() for outcome in group], set())]


def sound_table(results: Sequence[Outcome]) -> list[SoundRow]:
    """Return a row for each kind of sound board."""
    rows = []
    for board, profile in SOUND_KINDS:
        group = [
            outcome
            for outcome in results
            if outcome.case.fault is None and (outcome.case.board, outcome.case.profile) == (board, profile)
        ]
        if group:
            alarms = [f"seed {outcome.case.seed}: {_texts(outcome)}" for outcome in group if outcome.found]
            rows.append(SoundRow(board, profile, len(group), len(alarms), list(islice(alarms, SHOWN))))
    return rows


def _texts(outcome: Outcome) -> str:
    return ", ".join(map(finding_text, outcome.findings)) or outcome.failed


def _row(name: str, group: Sequence[Outcome], alike: set[str]) -> FaultRow:
    mistakes = Counter(_families(outcome) for outcome in group if not outcome.named)
    return FaultRow(
        fault=name,
        boards=len(group),
        found=sum(outcome.found for outcome in group),
        named=sum(outcome.named for outcome in group),
        alike=sorted(alike),
        mistaken_for=[f"{families} ({count})" for families, count in mistakes.most_common(SHOWN)],
    )


def _alike(family: str, group: Sequence[Outcome]) -> set[str]:
    """Return the families that were named together with `family`, and the input behind a comparator."""
    alike: set[str] = set()
    for outcome in group:
        if outcome.named:
            alike |= {fault.family for fault in outcome.findings[0]} - {family}
            if family.endswith((":CMP", ":SGN")) and load_board(outcome.case.board).comparators:
                alike.add(family.split(":")[0] + ":IN")
    return alike


def _families(outcome: Outcome) -> str:
    if outcome.failed:
        return outcome.failed
    return " + ".join(sorted({fault.family for finding in outcome.findings for fault in finding})) or "nothing"
