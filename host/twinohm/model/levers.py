"""Levers of learning beyond the paper's plain rule: what each is, and whether an edge can do it alone."""

import dataclasses
import math
from collections.abc import Sequence
from dataclasses import dataclass
from numbers import Integral, Real
from typing import TYPE_CHECKING, Literal

from twinohm.errors import UsageError
from twinohm.model.codes import TASK_SPAN_V
from twinohm.model.pairs import differences

if TYPE_CHECKING:
    from twinohm.model.board import Board

Vote = Literal["majority", "unanimous", "up"]
VOTES: tuple[Vote, ...] = ("majority", "unanimous", "up")
P_ONE = 32768  # a probability of 1 in the firmware's integers
ETA_ONE = 4096  # an eta of 1 there
MOST_ETA = 4
SUPERVISOR = "extension: needs the supervisor"
LOCAL = ("p", "readings", "vote")
ASKED_BY_TASKS = ("pairs",)  # a part of Levers that is no lever


def check_eta(eta: float, name: str = "eta") -> None:
    """Raise UsageError for an eta that is not above 0 and at most MOST_ETA, or that is 0 in the firmware's integers."""
    if not 0 < eta <= MOST_ETA:
        raise UsageError(f"{name} = {eta}: more than 0, at most {MOST_ETA}")
    if not round(eta * ETA_ONE):
        raise UsageError(f"{name} = {eta:g}: 0 in the board's steps of 1/{ETA_ONE}; give {1 / ETA_ONE:.2g} or more")


def _check_kind(name: str, value: object, kind: type, words: str) -> None:
    if not isinstance(value, kind) or isinstance(value, bool):
        raise UsageError(f"{name} = {value!r}: give {words}")


@dataclass(frozen=True)
class Levers:
    """Settings of the levers. All are off by default: every edge then moves at every tick, by its comparators alone.

    Local to the edge: p (it takes part with this probability), readings and vote (k readings of its comparators; on
    disagreement the majority decides, or it holds, or it goes up). Extensions that need the supervisor: error_full_V (p
    falls with the measured rms error, full at this one, p_floor at least), whole (one draw for all edges), overclamp
    (outputs are clamped towards the far rail, by the sign of their error), eta_end (eta goes there linearly), hinge (an
    example whose differences are all right by margin_V, or by their targets, is not learned).

    `pairs` is no lever but what some tasks ask for: the difference of each two outputs, so that their own desired
    voltages do not count.
    """

    p: float = 1.0
    readings: int = 1
    vote: Vote = "majority"
    error_full_V: float = 0.0
    p_floor: float = 0.03
    whole: bool = False
    overclamp: bool = False
    eta_end: float | None = None
    hinge: bool = False
    margin_V: float | None = None
    pairs: bool = False

    def __post_init__(self) -> None:
        """Raises UsageError naming the lever that is out of range, or no number."""
        for name in ("p", "p_floor", "error_full_V"):
            _check_kind(name, getattr(self, name), Real, "a number")
        if self.eta_end is not None:
            _check_kind("eta_end", self.eta_end, Real, "a number")
        _check_kind("readings", self.readings, Integral, "a whole number")
        for name in ("whole", "overclamp", "hinge", "pairs"):
            if not isinstance(value := getattr(self, name), bool):
                raise UsageError(f"{name} = {value!r}: give True or False")
        if not 0 < self.p <= 1 or not 0 < self.p_floor <= 1:
            raise UsageError(f"p = {self.p}, p_floor = {self.p_floor}: probabilities are more than 0 and at most 1")
        for name, p in (("p", self.p), ("p_floor", self.p_floor)):
            if not round(p * P_ONE):
                raise UsageError(f"{name} = {p:g}: 0 in the board's steps of 1/{P_ONE}; give {1 / P_ONE:.1g} or more")
        if not 1 <= self.readings <= 15:
            raise UsageError(f"readings = {self.readings}: 1..15")
        if self.vote not in VOTES:
            raise UsageError(f"vote = {self.vote!r}: {', '.join(VOTES)}")
        if not 0 <= self.error_full_V <= TASK_SPAN_V:
            raise UsageError(f"error_full_V = {self.error_full_V}: 0 (off) to {TASK_SPAN_V} V")
        if self.eta_end is not None:
            check_eta(self.eta_end, "eta_end")
        if self.margin_V is not None:
            _check_kind("margin_V", self.margin_V, Real, "a number")
            if not 0 < self.margin_V <= TASK_SPAN_V:
                raise UsageError(f"margin_V = {self.margin_V}: more than 0, at most {TASK_SPAN_V} V")
        if self.pairs and self.overclamp:
            raise UsageError("overclamp: there is no far rail for the difference of two outputs; leave it out")

    def labels(self) -> list[str]:
        """Return every lever that is used, and whether an edge can do it alone."""
        return [
            f"{name}={value} ({'local to the edge' if name in LOCAL else SUPERVISOR})"
            for name, value in self.used().items()
        ]

    def used(self) -> dict[str, object]:
        """Return the values of the levers that are used, by name, without what the task asks for."""
        return {name: value for name, value in self.changed().items() if name not in ASKED_BY_TASKS}

    def changed(self) -> dict[str, object]:
        """Return all that is not at its default, by name."""
        return {f.name: getattr(self, f.name) for f in dataclasses.fields(self) if getattr(self, f.name) != f.default}

    @property
    def unused(self) -> dict[str, str]:
        """Levers that do nothing as the others are set, by name, and why."""
        why: dict[str, str] = {}
        if self.readings == 1:
            why["vote"] = "a single reading of each comparator has nothing to vote on, give readings of 2 or more"
        if not self.error_full_V:
            why["p_floor"] = "p does not fall with the error, give error_full_V"
            if self.p == 1:
                why["whole"] = "every edge takes part in every tick, give p below 1 or error_full_V"
        if not self.pairs:
            why["hinge"] = "the task asks for no differences of outputs, which alone can be right by a margin"
        if not self.pairs or not self.hinge:
            why["margin_V"] = "nothing is right by a margin, give hinge"
        return why

    def check(self, board: "Board") -> None:
        """Raise UsageError naming a lever that the board cannot do."""
        if self.error_full_V and not board.code_difference(self.error_full_V):
            raise UsageError(
                f"error_full_V = {self.error_full_V:g}: 0 in the steps of board {board.name}; give "
                f"{board.code_V:.1g} V or more, or 0 to turn it off"
            )
        if self.vote != "unanimous" and self.readings > 1 and not board.capabilities.sets_direction:
            raise UsageError(
                f"board {board.name} cannot do vote={self.vote} of {self.readings} readings: its edges find their own "
                "direction; vote=unanimous holds where they disagree"
            )
        if self.margin_V is not None and not board.code_difference(self.margin_V):
            raise UsageError(
                f"margin_V = {self.margin_V:g}: 0 in the steps of board {board.name}; give {board.code_V:.1g} V or more"
            )
        if self.p < 1 or self.error_full_V or self.readings > 1 or self.hinge:
            if not board.capabilities.holds_edges:
                holding = ("p", "error_full_V", "readings", "hinge")
                used = ", ".join(name for name in holding if name in self.changed())
                raise UsageError(f"board {board.name} cannot do {used}: it has no line that holds an edge")

    def count_draws(self, board: "Board", free_V: Sequence[float], desired_V: Sequence[float]) -> int:
        """Return how many numbers the board's generator gave in a tick.

        free_V, desired_V (outputs,): measured and desired outputs of the tick, task volts.
        """
        p = round(self.p * P_ONE)
        if self.error_full_V:
            aims = [board.dac_code(volts) for volts in desired_V]
            errors = [
                board.code_difference(volts) + board.code_low - aim for volts, aim in zip(free_V, aims, strict=True)
            ]
            if self.pairs:
                errors = differences(errors)
            rms = math.isqrt(sum((abs(error) >> 3) ** 2 for error in errors) // len(errors)) << 3
            error_full = board.code_difference(self.error_full_V)
            p = min(p, max(round(self.p_floor * P_ONE), 4096 * rms // error_full << 3))
        if p >= P_ONE:
            return 0
        return 1 if self.whole else board.n_edges
