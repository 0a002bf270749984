"""Scores in words: plateau first, then held, then best with its chance; nothing below a step of the converters."""

from __future__ import annotations

from collections.abc import Sequence

from twinohm.runlog.events import Answer
from twinohm.runlog.power import NetworkPower
from twinohm.runlog.scores import orders
from twinohm.runlog.summary import ScoreRow, Summary
from twinohm.tasks.baselines import Baseline
from twinohm.tasks.scaling import ColumnScale


def answers_text(answers: Sequence[Answer]) -> list[str]:
    """Return a line for each example whose answer is the difference of two outputs: the true one if it is known."""
    lines = []
    for one in answers:
        found_V = one.measured_V if one.true_V is None else one.true_V
        sign = -1 if one.wanted_V < 0 else 1
        verdict = "right" if sign * found_V > 0 else "wrong"
        lines.append(f"{one.name}  {found_V:+.3f} V, wanted {one.wanted_V:+.3g}: {verdict} by {sign * found_V:+.3f} V")
    return lines


def rms_text(mean_square_V2: float, step_V: float) -> str:
    """Return the root of a mean squared error as "22.1 mV", and as "< 1.6 mV" below `step_V`, one converter step."""
    rms_V = mean_square_V2**0.5
    return f"< {_mV(step_V)}" if rms_V < step_V else _mV(rms_V)


def orders_text(first_V2: float, mean_square_V2: float, step_V: float, decimals: int = 2) -> str:
    """Return orders of magnitude below `first_V2` as "3.65", and as "> 6.00" where one converter step limits them."""
    value = f"{round(orders(first_V2, mean_square_V2, step_V), decimals) + 0.0:.{decimals}f}"
    return f"> {value}" if mean_square_V2 < step_V**2 < first_V2 else value


def measured_text(row: ScoreRow, step_V: float) -> str:
    """Return the measured scores of a run or a phase: accuracy, plateau, held, best with its chance."""
    assert row.mse_held is not None and row.mse_chance is not None
    errors = row.mse_first, row.mse_plateau, row.mse_held, row.mse_best, row.mse_chance
    return _accuracy_text(row.accuracy_first, row.accuracy) + _errors_text(*errors, step_V)


def true_text(row: ScoreRow, step_V: float) -> str | None:
    """Return the true scores as measured_text() does, None where they are not known."""
    if (
        row.true_mse_first is None
        or row.true_rms_plateau_V is None
        or row.true_mse_held is None
        or row.true_mse_best is None
        or row.true_mse_chance is None
    ):
        return None
    errors = row.true_mse_first, row.true_rms_plateau_V**2, row.true_mse_held, row.true_mse_best, row.true_mse_chance
    return _accuracy_text(row.true_accuracy_first, row.true_accuracy) + _errors_text(*errors, step_V)


def restored_text(summary: Summary) -> str | None:
    """Return the error at the best taps, true where it is known; None if they were not restored."""
    error_V2 = summary.true_restored_error_V2
    if error_V2 is None:
        error_V2 = summary.restored_error_V2
    if error_V2 is None or summary.step_V is None:
        return None
    return f"{rms_text(error_V2, summary.step_V)} rms at the best taps, set again by the supervisor"


def targets_text(summary: Summary) -> list[str]:
    """Return the errors of each target in its own unit, and the baselines of a single one."""
    lines = []
    for target in summary.targets or ():
        true = target.true_rms_final is not None
        first, plateau, final = (
            (target.true_rms_first, target.true_rms_plateau, target.true_rms_final)
            if true
            else (target.rms_first, target.rms_plateau, target.rms_final)
        )
        parts = [f"plateau {plateau:.3g} rms"] if plateau is not None else []
        parts += [f"from {first:.3g}"] if first is not None else []
        parts += [f"{final:.3g}{'' if parts else ' rms'} after the last tick"] if final is not None else []
        per_volt = ColumnScale(target.name, target.low, target.high).per_volt
        if len(summary.targets or ()) == 1:
            parts += [
                f"{one.name} {one.rms_V * per_volt:.3g}" for one in summary.baselines or () if one.rms_V is not None
            ]
        lines.append(f"{target.name}: {', '.join(parts)} (1 V is {per_volt:.3g})")
    return lines


def power_text(power: NetworkPower) -> str:
    """Return power and energies of the networks."""
    text = f"free {power.free_mW:.3g} mW, clamped {power.clamped_mW:.3g} mW"
    if power.tick_uJ is not None:
        text += f", {power.tick_uJ:.3g} uJ a tick"
    of = {
        "true": "",
        "fault-free": ", of the board without the faults of its port",
        "estimated": ", estimated with nominal resistances",
    }
    return f"{text}, {power.inference_uJ:.3g} uJ an inference{of[power.of]}; chips are not counted"


def baselines_text(row: ScoreRow, baselines: Sequence[Baseline], step_V: float) -> str:
    """Return the untrained network and the baselines of a run or a phase, and to which of them the machine loses."""
    first, last = row.accuracy_first, row.accuracy
    if row.true_accuracy is not None:
        first, last = row.true_accuracy_first, row.true_accuracy
    first_V2, plateau_V2 = row.mse_first, row.mse_plateau
    if row.true_mse_first is not None and row.true_rms_plateau_V is not None:
        first_V2, plateau_V2 = row.true_mse_first, row.true_rms_plateau_V**2
    parts = [f"untrained {rms_text(first_V2, step_V)} rms" if first is None else f"untrained {100 * first:.1f} %"]
    better = []
    for one in baselines:
        if one.right is not None and last is not None:
            parts.append(f"{one.name} {100 * one.right:.1f} %")
            loses = last < one.right
        elif one.rms_V is not None:
            parts.append(f"{one.name} {rms_text(one.rms_V**2, step_V)} rms")
            loses = plateau_V2 > max(one.rms_V, step_V) ** 2
        else:
            continue
        better += [one.name] * loses
    return f"{', '.join(parts)}; the machine {f'loses to {join_names(better)}' if better else 'loses to none of them'}"


def join_names(names: Sequence[str]) -> str:
    """Return "a", "a and b" or "a, b and c"."""
    return " and ".join([*filter(None, [", ".join(names[:-1])]), *names[-1:]])


def _accuracy_text(first: float | None, last: float | None) -> str:
    return "" if first is None or last is None else f"{100 * last:.1f} % right, from {100 * first:.1f} %; "


def _errors_text(
    first_V2: float, plateau_V2: float, held_V2: float, best_V2: float, chance_V2: float, step_V: float
) -> str:
    plateau, held, best, chance = (
        orders_text(first_V2, error_V2, step_V) for error_V2 in (plateau_V2, held_V2, best_V2, chance_V2)
    )
    return (
        f"plateau {plateau} orders ({rms_text(plateau_V2, step_V)} rms), held {held} ({rms_text(held_V2, step_V)}), "
        f"best {best} ({rms_text(best_V2, step_V)}; by chance {chance})"
    )


def _mV(volts: float) -> str:
    return f"{1000 * volts:.{2 if volts < 0.01 else 1}f} mV"
