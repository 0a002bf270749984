"""summary.json: the scores of a run.

mse_* and orders_* are measured, true_* is what the circuit had. Keys that are None by default are not in every summary,
those of versions before among them. Where test sets were measured their errors are scored,
not those of the examples learned.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from twinohm.json_records import Count, Finite, Name, RecordType, check_format, json_form, parse_record
from twinohm.model.placement import Placement
from twinohm.runlog.description import FORMAT
from twinohm.runlog.events import Answer, Taps
from twinohm.runlog.power import NetworkPower
from twinohm.tasks.baselines import Baseline


@dataclass(frozen=True, kw_only=True)
class ScoreRow:
    """Scores of a run or of one of its phases: errors in V^2, orders of magnitude, shares of right classes.

    *_chance: what the best would be by chance alone. rail_share: share of the edges that ended within one tap of an end
    of their range.
    """

    ticks: int
    mse_first: Finite
    mse_best: Finite
    mse_plateau: Finite
    orders_best: Finite
    orders_plateau: Finite
    rms_plateau_V: Finite
    accuracy: Finite | None
    mse_held: Finite | None = None
    mse_chance: Finite | None = None
    orders_held: Finite | None = None
    orders_chance: Finite | None = None
    true_mse_first: Finite | None = None
    true_mse_held: Finite | None = None
    true_mse_best: Finite | None = None
    true_mse_chance: Finite | None = None
    true_orders_best: Finite | None = None
    true_orders_plateau: Finite | None = None
    true_orders_held: Finite | None = None
    true_orders_chance: Finite | None = None
    true_rms_plateau_V: Finite | None = None
    accuracy_first: Finite | None = None
    true_accuracy_first: Finite | None = None
    true_accuracy: Finite | None = None
    rail_share: Finite | None = None


@dataclass(frozen=True, kw_only=True)
class PhaseScores(ScoreRow):
    """Scores of one phase."""

    phase: str


@dataclass(frozen=True, kw_only=True)
class FinalTestScores:
    """Scores of the test set after the last tick."""

    test_error_V2: Finite
    test_accuracy: Finite | None = None
    true_test_error_V2: Finite | None = None
    true_test_accuracy: Finite | None = None


@dataclass(frozen=True, kw_only=True)
class TargetScores:
    """Errors of one target of a user's data in its own unit; low and high are its values at 0 V and 5 V.

    rms_first and rms_plateau of the test set, if it is the only target; rms_final: of the test set after the last tick.
    """

    name: str
    low: Finite
    high: Finite
    rms_first: Finite | None = None
    rms_plateau: Finite | None = None
    rms_final: Finite | None = None
    true_rms_first: Finite | None = None
    true_rms_plateau: Finite | None = None
    true_rms_final: Finite | None = None


@dataclass(frozen=True, kw_only=True)
class Summary(ScoreRow):
    """summary.json, and the JSON of `twinohm run`.

    restored_*: with the best taps, if the supervisor restored them. step_V: one step of the board's converters, below
    which nothing counts in orders; None in summaries of versions before, which had no such limit.
    """

    format: Count = FORMAT
    task: str
    board: str
    port: str
    profile: str | None
    seed: int | None
    step_V: Finite | None = None
    phases: tuple[PhaseScores, ...] | None = None
    restored_error_V2: Finite | None = None
    restored_accuracy: Finite | None = None
    true_restored_error_V2: Finite | None = None
    true_restored_accuracy: Finite | None = None
    restored_orders: Finite | None = None
    true_restored_orders: Finite | None = None
    taps: Taps
    placement: Placement  # of the last tick
    run_dir: str
    seconds: Finite  # of all processes that worked on the run
    calibration: str | None = None  # the one that was used, or "none"; None in summaries of versions before
    power: NetworkPower | None = None
    baselines: tuple[Baseline, ...] | None = None
    saturated: dict[Name, Finite] | None = None  # share of ticks at which a node was asked for more than it can have
    violations: int
    violation_texts: tuple[str, ...] | None = None
    resumed: int | None = None  # how often the board was lost or left
    final_test: FinalTestScores | None = None
    answers: tuple[Answer, ...] | None = None  # of each example after the last tick, where they are few
    targets: tuple[TargetScores, ...] | None = None  # of a user's data that were scaled and have no classes

    @classmethod
    def parse(cls, data: bytes) -> Summary:
        """Read summary.json. Raises RecordError naming the key, or the format if it is newer than FORMAT."""
        check_format(data, FORMAT)
        return parse_record(_PARSER, data)

    def record(self) -> dict[str, Any]:
        """Return the JSON form; what does not apply to the run is left out."""
        form = json_form(self)
        form["profile"], form["seed"] = self.profile, self.seed
        form["placement"] = self.placement._asdict()
        if self.phases is not None:
            form["phases"] = [_first(json_form(phase), "phase") for phase in self.phases]
        if self.power is not None:
            form["power"] = json_form(self.power)
        if self.baselines is not None:
            form["baselines"] = [json_form(baseline) for baseline in self.baselines]
        if self.targets is not None:
            form["targets"] = [json_form(target) for target in self.targets]
        if self.answers is not None:
            form["answers"] = [json_form(answer) for answer in self.answers]
        if self.final_test is not None:
            form["final_test"] = json_form(self.final_test)
        return _first(form, "format", "task", "board", "port", "profile", "seed")


_PARSER = RecordType[Summary](Summary)


def _first(form: dict[str, Any], *names: str) -> dict[str, Any]:
    """Return the same table with these keys first."""
    return {name: form[name] for name in names} | form
