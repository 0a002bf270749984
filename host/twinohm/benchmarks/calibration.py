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
from twinohm.tasks import find_task
from twinohm.tasks.presets import PRESETS

TASK = "allostery"
BOARDS = (("lab16", "best"), ("edge16", "paper"))  # name, preset; edge16 has no line that holds an edge
SEEDS = range(256)
EVERY = 8  # ticks of the plateau that are solved again


class CalibrationRow(TypedDict):
    """Medians over boards of the rms error of a plateau, mV."""

    board: str
    DACs: str
    true: float
    own_volts: float
    measured: float
    reference: float


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
    return {
        "board": board.name,
        "DACs": dacs,
        "true": _median_mV(volts - desired),
        "own_volts": _median_mV(own_V - desired),
        "measured": round(float(np.median(np.median(done.measured_error[:, plateau], axis=1) ** 0.5)) * 1000, 2),
        "reference": _median_mV(off_V[:, None]),
    }


def _reference_ratios(board: Board, profile: Profile, seeds: range, outputs: tuple[str, ...]) -> Floats:
    """Return true over nominal voltage of the reference that measures each output, (replicas, outputs)."""
    channels = {parse_channel(channel): i for i, adc in enumerate(board.adc) for channel in adc.channels}
    measured_by = [channels[name, FREE] for name in outputs]
    curves = [draw_adc_curves(board, profile, seed) for seed in seeds]
    return np.array([[drawn[i].reference for i in measured_by] for drawn in curves])


def _median_mV(errors_V: Floats) -> float:
    """Return the median over boards of the median rms of errors (replicas, ticks, outputs)."""
    return round(float(np.median(np.median((errors_V**2).mean(2) ** 0.5, axis=1))) * 1000, 2)
