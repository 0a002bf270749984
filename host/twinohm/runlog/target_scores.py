"""Errors of a user's targets in the units of the data, from the scaling that run.json has."""

from __future__ import annotations

from math import sqrt

from twinohm.runlog.description import RunDescription
from twinohm.runlog.events import FinalTest
from twinohm.runlog.summary import ScoreRow, TargetScores
from twinohm.tasks.recorded import recorded_scales


def target_scores(run: RunDescription, row: ScoreRow, final: FinalTest | None) -> tuple[TargetScores, ...] | None:
    """Return the errors of each target in its own unit, None if the run's outputs are volts or classes.

    row: the scores of the whole run. Raises RunFileError if the scaling of run.json is none.
    """
    scales = recorded_scales(run.task_fields)
    if not scales:
        return None
    if len(scales) == 1:
        measured = [row.mse_first, row.mse_plateau, final.test_error_V2 if final else None]
        plateau_V = row.true_rms_plateau_V
        true = [
            row.true_mse_first,
            None if plateau_V is None else plateau_V**2,
            final.true_test_error_V2 if final else None,
        ]
        errors = [(measured, true)]
    else:
        ends = [None] * len(scales)
        each = zip(
            (final and final.test_outputs_V2) or ends, (final and final.true_test_outputs_V2) or ends, strict=True
        )
        errors = [([None, None, one], [None, None, other]) for one, other in each]
    names = ("first", "plateau", "final")
    return tuple(
        TargetScores(
            name=scale.name,
            low=scale.low,
            high=scale.high,
            **{
                f"{kind}rms_{name}": None if mean_square_V2 is None else sqrt(mean_square_V2) * scale.per_volt
                for kind, values in (("", measured), ("true_", true))
                for name, mean_square_V2 in zip(names, values, strict=True)
            },
        )
        for scale, (measured, true) in zip(scales, errors, strict=True)
    )
