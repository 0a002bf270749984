"""Scores of runs by the ensemble engine."""

from dataclasses import dataclass

from twinohm.json_records import json_form


@dataclass(frozen=True, kw_only=True)
class TrueScores:
    """True scores, with the names of summary.json: orders of magnitude, V, V^2, shares of right classes."""

    true_orders_plateau: float
    true_rms_plateau_V: float
    true_orders_held: float | None = None  # None in results that versions before kept
    true_orders_best: float
    true_orders_chance: float | None = None
    true_mse_first: float
    true_accuracy: float | None = None
    true_accuracy_first: float | None = None


@dataclass(frozen=True, kw_only=True)
class PhaseScores(TrueScores):
    """Scores of one phase."""

    phase: str


@dataclass(frozen=True, kw_only=True)
class ReplicaScores(TrueScores):
    """Scores of one replica's run.

    true_restored_*: with the best taps, where they were restored. true_last30_worst_mV: largest rms of the last 30
    ticks of a block, in a sweep. phases: where there are several.
    """

    true_restored_error_V2: float | None = None
    true_restored_orders: float | None = None
    true_last30_worst_mV: float | None = None
    phases: tuple[PhaseScores, ...] | None = None

    def record(self) -> dict[str, object]:
        """Return the scores by name; those that the run does not have are left out."""
        form: dict[str, object] = json_form(self)
        if self.phases is not None:
            form["phases"] = [{"phase": phase.phase} | json_form(phase) for phase in self.phases]
        return form
