"""Scores of a run: plateau (the median of its last quarter), held (its lowest mean over 10 ticks) and best.

mse is the mean squared error of the outputs at each tick in V^2, tick 0 being before the first update. A block is a
series of ticks with one target; a run with one target is one block. Orders are orders of magnitude below the error at
tick 0. They are limited by the board's resolution: an rms below one step of its converters counts as one step.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TypedDict

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import ArrayLike, NDArray

from twinohm.errors import RunError
from twinohm.runlog.chance import fluctuating_freedom, lowest_by_chance

Floats = NDArray[np.float64]

FLOOR_V2 = 1e-12  # (1 uV rms)^2: the lowest that an axis of figures shows
HELD_TICKS = 10
RMS_TICKS = 30  # at the end of a block, for rms_last30_V


@dataclass(frozen=True)
class Scores:
    """Scores of a run: errors in V^2, and orders of magnitude below `first`.

    `chance`: what the lowest error would be by chance alone (runlog/chance.py).
    """

    first: float
    plateau: float
    held: float
    best: float
    best_tick: int
    chance: float
    orders_plateau: float
    orders_held: float
    orders_best: float
    orders_chance: float

    @property
    def rms_plateau_V(self) -> float:
        return math.sqrt(self.plateau)


class BlockScore(TypedDict):
    """Scores of ticks from_tick..to_tick, both included."""

    from_tick: int
    to_tick: int
    plateau_V2: float
    rms_last30_V: float


def run_scores(mse: ArrayLike, step_V: float, freedom: int | None, block: int | None = None) -> Scores:
    """Score a whole run; `mse` has shape (ticks,) in V^2, `block` is the ticks per block (None: all of the run).

    step_V: one step of the board's converters in task volts. freedom: how many errors that do not depend on each other
    an error is the mean square of, for `chance`: as many as there are outputs. None, for classes, whose error does not
    go to 0: as many as the fluctuation of the last plateau says.

    The plateau is the median over blocks of their plateaus, held the lowest of their mean errors over HELD_TICKS
    successive ticks, or over all ticks of a block that has fewer. An unfinished last block counts for neither if there
    are others.
    Raises RunError if there is nothing to score or an error is not a number.
    """
    return scores_of_runs(np.asarray(mse, dtype=np.float64)[None], step_V, freedom, block)[0]


def scores_of_runs(mse: ArrayLike, step_V: float, freedom: int | None, block: int | None = None) -> list[Scores]:
    """Score many runs of equal length as run_scores() does each; `mse` has shape (runs, ticks) in V^2."""
    errors = _check_errors(mse)
    blocks = _split_blocks(errors, block)
    if block is not None and len(blocks) > 1:
        blocks = [part for part in blocks if part.shape[-1] == block]
    first, best = errors[:, 0], errors.min(-1)
    plateau = np.median([_score_plateau(part) for part in blocks], axis=0)
    held = np.maximum(best, np.min([_score_held(part) for part in blocks], axis=0))
    last = blocks[-1][:, -last_quarter(blocks[-1].shape[-1]) :]
    freedoms = fluctuating_freedom(last) if freedom is None else np.full(len(errors), freedom)
    chance = lowest_by_chance(plateau, errors.shape[-1], freedoms)
    columns = (
        first, plateau, held, best, errors.argmin(-1), chance,
        *(_orders(first, below, step_V) for below in (plateau, held, best, chance)),
    )  # fmt: skip
    return [Scores(*values) for values in zip(*(column.tolist() for column in columns), strict=True)]


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
        rms, plateau = float(np.sqrt(part[-RMS_TICKS:].mean())), float(_score_plateau(part))
        result.append({"from_tick": start, "to_tick": end - 1, "plateau_V2": plateau, "rms_last30_V": rms})
        start = end
    return result


def orders(first: float, mse: float, step_V: float) -> float:
    """Return log10(first / mse), both in V^2; one whose root is below `step_V` counts as step_V squared."""
    return float(_orders(np.asarray(first), np.asarray(mse), step_V))


def _orders(first: Floats, mse: Floats, step_V: float) -> Floats:
    return np.asarray(np.log10(np.maximum(first, step_V**2) / np.maximum(mse, step_V**2)))


def last_quarter(ticks: int) -> int:
    """Return how many ticks at the end of a block of `ticks` are its plateau; at least one."""
    return -(-ticks // 4)


def _score_plateau(part: Floats) -> Floats:
    return np.asarray(np.median(part[..., -last_quarter(part.shape[-1]) :], axis=-1))


def _score_held(part: Floats) -> Floats:
    ticks = min(HELD_TICKS, part.shape[-1])
    return np.asarray(sliding_window_view(part, ticks, axis=-1).mean(-1).min(-1))


def _split_blocks(errors: Floats, block: int | None) -> list[Floats]:
    """Return the blocks of errors (.., ticks), each (.., ticks of the block)."""
    if block is None:
        return [errors]
    if block < 1:
        raise RunError(f"block = {block}: a block needs at least 1 tick; correct it in run.json or in the task")
    return [errors[..., start : start + block] for start in range(0, errors.shape[-1], block)]


def _check_errors(mse: ArrayLike) -> Floats:
    errors = np.asarray(mse, dtype=np.float64)
    if errors.size == 0:
        raise RunError("the log has no tick, there is nothing to score; run at least 1 tick")
    bad = np.argwhere(~(errors >= 0) | np.isinf(errors))
    if bad.size:
        value = errors[tuple(bad[0])]
        raise RunError(f"tick {bad[0][-1]}: error {value} V^2 cannot be scored; it must be a number of 0 or more")
    return errors
