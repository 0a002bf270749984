"""What a calibration is worth: errors of boards against those of boards whose DACs are perfect.

A board's *own volts* are those that its ADC's reference defines: true volts over the reference's true-to-nominal ratio.
No calibration on a board can do better than these; what the reference itself is off stands in a column of its own.
"""

from typing import TypedDict

import numpy as np

from twinohm.ensemble import Ensemble
from twinohm.model.board import Board
from twinohm.model.board_file import load_board
from twinohm.model.circuit import Floats
from twinohm.model.components import draw_adc_curves
from twinohm.model.networks import FREE, parse_channel
from twinohm.model.profile import Profile, profile_from
from twinohm.runlog.intervals import Interval, interval_text, median_interval
from twinohm.tasks import find_task
from twinohm.tasks.presets import PRESETS

TASK = "allostery"
BOARDS = (("lab16", "best"), ("edge16", "paper"))  # name, preset; edge16 has no line that holds an edge
SEEDS = range(256)
EVERY = 8  # ticks of the plateau that are solved again


class CalibrationRow(TypedDict):
    """Medians over boards of the rms error of a plateau, mV, each with its 95 % confidence interval."""

    board: str
    DACs: str
    true: float
    true_interval: Interval | None
    own_volts: float
    own_volts_interval: Interval | None
    measured: float
    measured_interval: Interval | None
    reference: float
    reference_interval: Interval | None


def calibration_bench(seeds: range = SEEDS) -> list[CalibrationRow]:
    """Return a row for each board as drawn, calibrated, and with perfect DACs."""
    return [
        _row(load_board(name), preset, dacs, share, calibrated, seeds)
        for name, preset in BOARDS
        for dacs, share, calibrated in (("as drawn", "1", False), ("calibrated", "1", True), ("perfect", "0", False))
    ]


def _row(board: Board, preset_name: str, dacs: str, dac_faults: str, calibrated: bool, seeds: range) -> CalibrationRow:
    """Return the row of a board whose DACs have this share of their errors."""
    task, profile = find_task(TASK), profile_from("lab", {"dac_faults": dac_faults})
    preset, placement = PRESETS[preset_name].for_task(task), task.placement_on(board)
    ticks = preset.ticks(task)
    ((inputs, desired),) = task.examples
    inputs_V, desired_V = np.tile(inputs, (ticks, 1)), np.tile(desired, (ticks, 1))
    ensemble = Ensemble(board, profile, seeds, calibrated=calibrated)
    eta = preset.eta or task.eta
    done = ensemble.train(placement, inputs_V, desired_V, eta, preset.levers, record=("measured_error", "taps"))
    plateau = range(ticks - ticks // 4, ticks, EVERY)
    volts = np.stack([ensemble.outputs(placement, done.taps[:, t - 1], inputs_V[:1])[:, 0] for t in plateau], axis=1)
    low_V = board.task_per_V * board.range_V[0]
    ratio = _reference_ratios(board, profile, seeds, placement.outputs)[:, None]
    own_V = (volts + low_V) / ratio - low_V
    off_V = (np.array(desired) + low_V) * (ratio[:, 0] - 1)
    true, true_interval = _median_mV(_plateau_rms(volts - desired))
    own_volts, own_volts_interval = _median_mV(_plateau_rms(own_V - desired))
    measured, measured_interval = _median_mV(np.median(done.measured_error[:, plateau], axis=1) ** 0.5)
    reference, reference_interval = _median_mV(_plateau_rms(off_V[:, None]))
    return {
        "board": board.name,
        "DACs": dacs,
        "true": true,
        "true_interval": true_interval,
        "own_volts": own_volts,
        "own_volts_interval": own_volts_interval,
        "measured": measured,
        "measured_interval": measured_interval,
        "reference": reference,
        "reference_interval": reference_interval,
    }


def _reference_ratios(board: Board, profile: Profile, seeds: range, outputs: tuple[str, ...]) -> Floats:
    """Return true over nominal voltage of the reference that measures each output, (replicas, outputs)."""
    channels = {parse_channel(channel): i for i, adc in enumerate(board.adc) for channel in adc.channels}
    measured_by = [channels[name, FREE] for name in outputs]
    curves = [draw_adc_curves(board, profile, seed) for seed in seeds]
    return np.array([[drawn[i].reference for i in measured_by] for drawn in curves])


def _plateau_rms(errors_V: Floats) -> Floats:
    """Return the median over ticks of the rms of errors (replicas, ticks, outputs), (replicas,)."""
    return np.asarray(np.median((errors_V**2).mean(2) ** 0.5, axis=1))


def _median_mV(rms_V: Floats) -> tuple[float, Interval | None]:
    """Return the median over boards, mV, and its interval."""
    rms_mV = np.array(1000 * rms_V, dtype=float)
    return round(float(np.median(rms_mV)), 2), median_interval(rms_mV[:, None])


def with_intervals(row: CalibrationRow) -> dict[str, str]:
    """Return a row for people: "median [95 % interval]" in each column."""
    return {
        "board": row["board"],
        "DACs": row["DACs"],
        "true": f"{row['true']:.3g}{interval_text(row['true_interval'])}",
        "own volts": f"{row['own_volts']:.3g}{interval_text(row['own_volts_interval'])}",
        "measured": f"{row['measured']:.3g}{interval_text(row['measured_interval'])}",
        "reference": f"{row['reference']:.3g}{interval_text(row['reference_interval'])}",
    }
