"""Is every single fault found by the self-test, and named right? On virtual boards, by the firmware itself.

A fault is named when the finding has it, alone or as one of two. `alike` are kinds of fault that no test from the
processor can tell from it: the same wire is stuck or silent, whichever part does it.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from itertools import islice
from multiprocessing import get_context
from typing import Any

from twinohm.model.board import Board
from twinohm.model.board_file import load_board
from twinohm.sim.faults import every_fault

HEALTHY = tuple((board, profile) for board in ("lab16", "edge16", "divider") for profile in ("lab", "quiet"))


@dataclass(frozen=True)
class Case:
    """One virtual board; no fault: a sound one."""

    board: str
    profile: str
    seed: int
    fault: str | None = None

    @property
    def url(self) -> str:
        fault = f"&fault={self.fault}" if self.fault else ""
        return f"sim://{self.board}?profile={self.profile}&seed={self.seed}{fault}"


@dataclass(frozen=True)
class Outcome:
    """`findings` of the self-test, or `failed`: the exception that ended it."""

    case: Case
    findings: tuple[str, ...]
    failed: str = ""

    @property
    def found(self) -> bool:
        return bool(self.findings or self.failed)

    @property
    def named(self) -> bool:
        """The fault, or its like, is the only finding."""
        if self.case.fault is None or len(self.findings) != 1:
            return False
        wanted = _normal(alike(load_board(self.case.board), self.case.fault) or self.case.fault)
        return wanted in [_normal(one) for one in self.findings[0].split("|")]


def cases(board: str, profile: str, seeds: int, every: int = 1, healthy: int = 0) -> list[Case]:
    """Every fault on so many boards (or one in `every`, others on each board), and sound boards of all kinds."""
    faults = list(every_fault(load_board(board)))
    broken = [Case(board, profile, seed, fault) for seed in range(seeds) for fault in faults[seed % every :: every]]
    return broken + [Case(name, kind, seed) for name, kind in HEALTHY for seed in range(healthy)]


def outcomes(todo: Sequence[Case], jobs: int) -> Iterator[Outcome]:
    """Results in order, as they are done."""
    if jobs == 1 and len(todo) == 0:
        return
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
        yield from pool.map(_outcome, todo, chunksize=4)


def _outcome(case: Case) -> Outcome:
    from twinohm.sim.in_process import run_selftest

    try:
        return Outcome(case, tuple(run_selftest(case.url)))
    except Exception as error:
        return Outcome(case, (), f"{type(error).__name__}: {error}")


def alike(board: Board, fault: str) -> str | None:
    """The fault that looks the same from the processor and is reported instead."""
    what, _, where = fault.partition(":")
    kind, _, bit = where.partition(".")
    if kind == "IN" and board.comparators:
        for line, lines in (("CMP", board.comparators.cmp), ("SGN", board.comparators.sgn)):
            if int(bit) in lines:
                return f"{what}:{line}.{board.edges[lines.index(int(bit))]}"
    address, _, to = where.partition("=")
    taken = [*board.dac.addresses, *(board.switches.addresses if board.switches else ())]
    return f"missing:{address}" if what == "moved" and int(to, 16) in taken else None


def table(results: Sequence[Outcome]) -> list[dict[str, Any]]:
    """A row for each kind of fault, and all together."""
    by_kind: dict[str, list[Outcome]] = {}
    for one in results:
        if one.case.fault is not None:
            by_kind.setdefault(kind(one.case.fault), []).append(one)
    rows = [_row(name, some) for name, some in by_kind.items()]
    return [*rows, _row("all", [one for some in by_kind.values() for one in some])]


def sound_table(results: Sequence[Outcome]) -> list[dict[str, Any]]:
    """Sound boards by board and profile, and how many were blamed."""
    rows = []
    for board, profile in HEALTHY:
        some = [
            one for one in results if one.case.fault is None and (one.case.board, one.case.profile) == (board, profile)
        ]
        if some:
            blamed = [f"seed {one.case.seed}: {', '.join(one.findings) or one.failed}" for one in some if one.found]
            rows.append(
                {"sound boards": board, "profile": profile, "boards": len(some), "false alarms": len(blamed)}
                | {"which": list(islice(blamed, 3))}
            )
    return rows


def _row(name: str, some: Sequence[Outcome]) -> dict[str, Any]:
    named = [one for one in some if one.named]
    others = Counter(_shown(one) for one in some if not one.named)
    likes: set[str] = set()
    for one in named if name != "all" else ():
        assert one.case.fault is not None
        likes |= {kind(other) for other in one.findings[0].split("|")} - {name}
        if name.endswith((":CMP", ":SGN")) and load_board(one.case.board).comparators:
            likes.add(name.split(":")[0] + ":IN")
    return {
        "fault": name,
        "boards": len(some),
        "found": sum(one.found for one in some),
        "named": len(named),
        "alike": sorted(likes),
        "taken for": [f"{what} ({count})" for what, count in others.most_common(3)],
    }


def _shown(outcome: Outcome) -> str:
    if outcome.failed:
        return outcome.failed
    return " + ".join(sorted({kind(one) for finding in outcome.findings for one in finding.split("|")})) or "nothing"


def kind(fault: str) -> str:
    """dead:pot of dead:pot.E-H.free."""
    what, _, where = fault.partition(":")
    return what if where.startswith("0x") else f"{what}:{where.partition('.')[0]}"


def _normal(fault: str) -> str:
    """With both of two places in one order."""
    what, _, where = fault.partition(":")
    return f"{what}:{','.join(sorted(where.split(',')))}"
