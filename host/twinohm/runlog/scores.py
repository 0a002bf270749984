"""Scores of a run: best (its lowest error), plateau (the median of its last quarter), and orders of magnitude.

mse is the mean squared error of the outputs at each tick in V^2, tick 0 being before the first update. A block is a
series of ticks with one target; a run with one target is one block.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypedDict

import numpy as np
from numpy.typing import ArrayLike, NDArray

from twinohm.errors import RunError
from twinohm.model.codes import COUNTS, TASK_SPAN_V

FLOOR_V2 = 1e-12  # (1 uV rms)^2; a lower error is 0 but for rounding
ZERO_V2 = (TASK_SPAN_V / COUNTS) ** 2  # what 0 counts as in orders: the reading is right within a converter's step
RMS_TICKS = 30  # at the end of a block, for rms_last30_V


@dataclass(frozen=True)
class Scores:
    """Scores of a run: errors in V^2, orders of magnitude below `first`, and the plateau as an rms voltage."""

    first: float
    best: float
    best_tick: int
    plateau: float
    orders_best: float
    orders_plateau: float
    rms_plateau_V: float


class BlockScore(TypedDict):
    """Scores of ticks from_tick..to_tick, both included."""

    from_tick: int
    to_tick: int
    plateau_V2: float
    rms_last30_V: float


def run_scores(mse: ArrayLike, block: int | None = None) -> Scores:
    """Score a whole run; `mse` has shape (ticks,) in V^2, `block` is the ticks per block (None: all of the run).

    The plateau is the median over blocks of their plateaus. An unfinished last block counts only if there is no other:
    its plateau is not reached. In orders, an error of 0 counts as ZERO_V2, or as the lowest other one if that is lower.
    Raises RunError if there is nothing to score or an error is not a number.
    """
    errors = _check_errors(mse)
    blocks = _split_blocks(errors, block)
    if block is not None and len(blocks) > 1:
        blocks = [part for part in blocks if len(part) == block]
    plateau = float(np.median([_score_plateau(part) for part in blocks]))
    first, best = float(errors[0]), float(errors.min())
    not_zero = np.append(errors, (plateau, ZERO_V2))
    zero = float(not_zero[not_zero > FLOOR_V2].min())
    return Scores(
        first=first,
        best=best,
        best_tick=int(errors.argmin()),
        plateau=plateau,
        orders_best=orders(first, best, zero),
        orders_plateau=orders(first, plateau, zero),
        rms_plateau_V=float(np.sqrt(plateau)),
    )


def block_scores(mse: ArrayLike, block: int | None = None) -> list[BlockScore]:
    """Score every block, an unfinished last one too; arguments and errors as for `run_scores`.

    plateau_V2: median error of the last quarter; rms_last30_V: root of the mean error of the last 30 ticks (fewer if
    the block is shorter).
    """
    errors = _check_errors(mse)
    result: list[BlockScore] = []
    start = 0
    for part in _split_blocks(errors, block):
        end = start + len(part)
        rms = float(np.sqrt(part[-RMS_TICKS:].mean()))
        result.append({"from_tick": start, "to_tick": end - 1, "plateau_V2": _score_plateau(part), "rms_last30_V": rms})
        start = end
    return result


def orders(first: float, mse: float, zero: float = ZERO_V2) -> float:
    """Return log10(first / mse), both in V^2; an error of FLOOR_V2 or less, an exact 0 too, counts as `zero`."""
    above, below = (zero if error <= FLOOR_V2 else error for error in (first, mse))
    return float(np.log10(above / below))


def last_quarter(ticks: int) -> int:
    """Return how many ticks at the end of a block of `ticks` are its plateau; at least one."""
    return -(-ticks // 4)


def _score_plateau(part: NDArray[np.float64]) -> float:
    return float(np.median(part[-last_quarter(len(part)) :]))


def _split_blocks(errors: NDArray[np.float64], block: int | None) -> list[NDArray[np.float64]]:
    if block is None:
        return [errors]
    if block < 1:
        raise RunError(f"block = {block}: a block needs at least 1 tick; correct it in run.json or in the task")
    return [errors[start : start + block] for start in range(0, len(errors), block)]


def _check_errors(mse: ArrayLike) -> NDArray[np.float64]:
    errors = np.asarray(mse, dtype=np.float64)
    if errors.size == 0:
        raise RunError("the log has no tick, there is nothing to score; run at least 1 tick")
    bad = np.flatnonzero(~(errors >= 0) | np.isinf(errors))
    if bad.size:
        raise RunError(f"tick {bad[0]}: error {errors[bad[0]]} V^2 cannot be scored; it must be a number of 0 or more")
    return errors
