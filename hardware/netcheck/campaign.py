"""Run the checker on generated mistakes: which kinds it rejects, and whether a finding says where the mistake is."""

import random
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from hardware.netcheck.check import check
from hardware.netcheck.mutations import Mutation
from twinohm.model.board import Board


@dataclass
class Count:
    """Of one kind: how many mistakes were tried, rejected, and rejected with a finding that names the place."""

    tried: int = 0
    rejected: int = 0
    named: int = 0


@dataclass
class Result:
    """Counts by kind; the mistakes that passed; and those that were rejected without a word on the place."""

    counts: dict[str, Count] = field(default_factory=dict)
    passed: list[str] = field(default_factory=list)
    unnamed: list[str] = field(default_factory=list)

    def add(self, other: "Result") -> None:
        """Add the counts of another part of the same mistakes."""
        for kind, count in other.counts.items():
            mine = self.counts.setdefault(kind, Count())
            mine.tried += count.tried
            mine.rejected += count.rejected
            mine.named += count.named
        self.passed += other.passed
        self.unnamed += other.unnamed


def draw(mistakes: Iterable[Mutation], each: int, seed: int = 0) -> list[Mutation]:
    """Return at most `each` mistakes of every kind, drawn at random."""
    kinds: dict[str, list[Mutation]] = {}
    for mistake in mistakes:
        kinds.setdefault(mistake.kind, []).append(mistake)
    rng = random.Random(seed)
    return [mistake for kind in kinds.values() for mistake in rng.sample(kind, min(each, len(kind)))]


def run(mistakes: Iterable[Mutation], board: Board, progress: Callable[[], None] = lambda: None) -> Result:
    """Check every mistake: first where pins belong, and only if that passes the equations too."""
    result = Result()
    for mistake in mistakes:
        progress()
        netlist = mistake.make()
        findings = check(netlist, board, states=0) or check(netlist, board)
        count = result.counts.setdefault(mistake.kind, Count())
        count.tried += 1
        if not findings:
            result.passed.append(f"{mistake.kind}: {mistake.what}")
            continue
        count.rejected += 1
        if names(findings, mistake.named):
            count.named += 1
        else:
            result.unnamed.append(f"{mistake.kind}: {mistake.what}: {findings[0]}")
    return result


def names(findings: Iterable[str], words: Iterable[str]) -> bool:
    """Return whether one of the words stands by itself in one of the findings."""
    parts = "|".join(re.escape(word) for word in words)
    pattern = re.compile(rf"(?<![\w.+/~{{-]){'(?:' + parts + ')'}(?![\w}}-])")
    return any(pattern.search(finding) for finding in findings)
