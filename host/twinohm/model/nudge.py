"""The nudge of eq. 1 (paper) on the host, in the firmware's integers (firmware/twinohm_fw/core/nudge.py)."""

from twinohm.model.board import Board
from twinohm.model.codes import CODES
from twinohm.model.levers import ETA_ONE


def clamp_volts(board: Board, free_V: float, desired_V: float, eta: float, overclamp: bool) -> float:
    """Return the task volts that an output is clamped to.

    free_V: measured, task volts. desired_V: 0..5 task volts. overclamp: the lever of that name.
    """
    low = board.code_low
    high = low + board.code_span
    code = min(max(low + board.code_difference(free_V), 0), CODES - 1)
    error = low + board.code_difference(desired_V) - code
    if overclamp:
        error = (high if error > 0 else low) - code
    return board.task_volts(min(max(code + ((error * round(eta * ETA_ONE) + ETA_ONE // 2) // ETA_ONE), low), high))
