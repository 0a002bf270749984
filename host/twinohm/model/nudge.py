"""The nudge of eq. 1 (paper) on the host, in the firmware's integers (firmware/twinohm_fw/core/nudge.py)."""

from collections.abc import Sequence

from twinohm.model.board import Board
from twinohm.model.codes import CODES
from twinohm.model.levers import ETA_ONE, Levers
from twinohm.model.pairs import pair_errors


def aims_V(free_V: Sequence[float], desired_V: Sequence[float], levers: Levers) -> list[float]:
    """Return the task volts that eq. 1 pulls each output to (outputs,), from measured and desired ones.

    Alone that is the desired voltage. Of a pair it is what the output has, and half of what their difference lacks: the
    first up by it, the second down. A pair that is right with the hinge is pulled nowhere.
    """
    if not levers.pairs:
        return [*desired_V]
    aims: list[float] = []
    for pair, error_V in enumerate(pair_errors(free_V, desired_V, levers.hinge, levers.margin_V)):
        aims += [free_V[2 * pair] + error_V / 2, free_V[2 * pair + 1] - error_V / 2]
    return aims


def clamp_volts(board: Board, free_V: float, desired_V: float, eta: float, overclamp: bool) -> float:
    """Return the task volts that an output is clamped to.

    free_V: measured, task volts. desired_V: 0..5 task volts. overclamp: the lever of that name.
    """
    low = board.code_low
    wanted = wanted_code(board, free_V, desired_V, eta, overclamp)
    return board.task_volts(min(max(wanted, low), low + board.code_span))


def is_clipped(board: Board, free_V: float, desired_V: float, eta: float, overclamp: bool) -> bool:
    """Return whether eq. 1 asks for a voltage outside the board's range. Arguments are those of clamp_volts()."""
    return not 0 <= wanted_code(board, free_V, desired_V, eta, overclamp) - board.code_low <= board.code_span


def wanted_code(board: Board, free_V: float, desired_V: float, eta: float, overclamp: bool) -> int:
    """Return the code that eq. 1 asks for, in the board's range or not. Arguments are those of clamp_volts()."""
    low = board.code_low
    high = low + board.code_span
    code = min(max(low + board.code_difference(free_V), 0), CODES - 1)
    error = low + board.code_difference(desired_V) - code
    if overclamp:
        error = (high if error > 0 else low) - code
    return code + (error * round(eta * ETA_ONE) + ETA_ONE // 2) // ETA_ONE
