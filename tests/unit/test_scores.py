"""Plateau, held, best, chance and orders, against values worked out by hand."""

import json
import math
from dataclasses import asdict

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import ArrayLike

from twinohm.errors import RunError
from twinohm.runlog import scores as score_functions
from twinohm.runlog.chance import lowest_by_chance
from twinohm.runlog.scores import Scores, block_scores

errors = st.lists(st.floats(0, 25), min_size=1, max_size=300)
blocks = st.none() | st.integers(1, 120)
STEP_V = 0.001


def run_scores(mse: ArrayLike, block: int | None = None, freedom: int | None = 3) -> Scores:
    """Scores on a board whose converters have steps of 1 mV."""
    return score_functions.run_scores(mse, STEP_V, freedom, block)


def test_scores_of_one_block_are_those_worked_out_by_hand() -> None:
    mse = [1.0, 0.5, 1e-5, 0.1, 0.1, 0.1, 3e-4, 1e-3]  # last quarter: 3e-4, 1e-3
    scores = run_scores(mse)
    assert (scores.first, scores.best, scores.best_tick) == (1.0, 1e-5, 2)
    assert scores.plateau == pytest.approx(6.5e-4)
    assert scores.orders_best == pytest.approx(5)
    assert scores.orders_plateau == pytest.approx(-math.log10(6.5e-4))
    assert scores.rms_plateau_V == pytest.approx(math.sqrt(6.5e-4))


def test_plateau_of_a_run_is_the_median_over_its_blocks() -> None:
    mse = np.concatenate([np.full(100, level) for level in (1e-1, 1e-4, 1e-3, 1e-2, 1e-5)])
    scores = run_scores(mse, block=100)
    assert scores.plateau == pytest.approx(1e-3)
    assert scores.orders_plateau == pytest.approx(2)  # from tick 0 of the run, not of a block
    assert scores.orders_best == pytest.approx(4)


def test_plateau_ignores_spikes_and_the_first_three_quarters() -> None:
    mse = np.full(100, 1e-4)
    mse[:75] = 1.0
    mse[80:90] = 1.0
    assert run_scores(mse).plateau == pytest.approx(1e-4)


def test_unfinished_block_does_not_count_after_finished_ones() -> None:
    mse = [1.0] * 100 + [1e-4] * 100 + [9.0] * 3
    assert run_scores(mse, block=100).plateau == pytest.approx((1 + 1e-4) / 2)
    assert [score["from_tick"] for score in block_scores(mse, 100)] == [0, 100, 200]


def test_run_shorter_than_a_block_is_one_block() -> None:
    assert run_scores([1.0, 0.1, 0.01], block=100) == run_scores([1.0, 0.1, 0.01])
    assert run_scores([4.0], block=100).rms_plateau_V == pytest.approx(2.0)


def test_each_block_has_its_ticks_plateau_and_rms() -> None:
    mse = np.concatenate([np.full(70, 1.0), np.full(30, 4e-4), np.full(100, 1e-2), [0.09, 0.16]])
    first, second, rest = block_scores(mse, 100)
    assert (first["from_tick"], first["to_tick"]) == (0, 99)
    assert first["plateau_V2"] == pytest.approx(4e-4)
    assert first["rms_last30_V"] == pytest.approx(0.02)
    assert second["rms_last30_V"] == pytest.approx(0.1)
    assert (rest["from_tick"], rest["to_tick"]) == (200, 201)
    assert rest["rms_last30_V"] == pytest.approx(math.sqrt(0.125))


def test_rms_is_over_the_last_30_ticks() -> None:
    (row,) = block_scores([9.0] * 70 + [4.0] + [1.0] * 29)
    assert row["rms_last30_V"] == pytest.approx(math.sqrt((4 + 29) / 30))


def test_nothing_below_a_step_of_the_converters_counts_in_orders() -> None:
    scores = run_scores([1.0, 1e-9, 0.0, 1e-9, 1e-9])
    assert (scores.best, scores.plateau) == (0.0, 1e-9)
    assert scores.orders_best == scores.orders_plateau == pytest.approx(6)
    assert run_scores([0.0, 1e-12]).orders_best == run_scores([0.0]).orders_best == 0.0


def test_held_is_the_lowest_mean_of_10_successive_ticks_within_a_block() -> None:
    mse = [1.0] * 10 + [1e-4] * 5 + [1.0] * 5 + [1e-4] * 9 + [1e-2] * 11
    assert run_scores(mse).held == pytest.approx((9e-4 + 1e-2) / 10)
    assert run_scores([1.0] * 15 + [1e-4] * 10 + [1.0] * 15, block=20).held == pytest.approx(0.5 + 5e-5)
    assert run_scores([1.0, 0.5, 0.75]).held == pytest.approx(0.75)
    assert run_scores(mse).orders_held == pytest.approx(-math.log10((9e-4 + 1e-2) / 10))


@pytest.mark.parametrize(("outputs", "orders"), [(1, 5.08), (2, 2.64), (3, 1.85), (4, 1.46)])
def test_chance_is_the_lowest_of_as_many_gaussians_as_there_are_ticks(outputs: int, orders: float) -> None:
    random = np.random.default_rng(0)
    drawn = (random.standard_normal((4000, 300, outputs)) ** 2).mean(2)
    plateau = float(np.median(drawn))
    (least,) = lowest_by_chance(np.array([plateau]), 300, np.array([outputs]))
    assert -math.log10(least) == pytest.approx(orders, abs=0.03)  # below the mean square, 1
    assert math.log10(np.median(drawn.min(axis=1)) / least) == pytest.approx(0, abs=0.05)
    scores = score_functions.run_scores(np.append(25.0, drawn[0, 1:]), STEP_V, outputs)
    assert scores.chance == pytest.approx(least * scores.plateau / plateau, rel=1e-12)
    assert scores.orders_chance == pytest.approx(math.log10(25 / scores.chance))


def test_chance_of_classes_follows_from_the_fluctuation_of_the_plateau() -> None:
    random = np.random.default_rng(0)
    still, moving = (0.1 * (1 + part * random.standard_normal(400)) ** 2 for part in (0.01, 0.2))
    for mse, ratio in ((still, 0.95), (moving, 0.2)):
        scores = score_functions.run_scores(mse, STEP_V, None)
        assert scores.chance == pytest.approx(ratio * scores.plateau, rel=0.2)
        assert scores.best == pytest.approx(scores.chance, rel=0.8)
    assert score_functions.run_scores([0.1] * 8, STEP_V, None).chance == pytest.approx(0.1, rel=0.2)


@given(errors, blocks)
def test_scores_of_any_errors_are_json_and_in_order(mse: list[float], block: int | None) -> None:
    assert run_scores(mse, block, None).chance <= run_scores(mse, block).plateau
    scores = run_scores(mse, block)
    json.dumps([asdict(scores), block_scores(mse, block)], allow_nan=False)
    assert scores.best == min(mse) == mse[scores.best_tick]
    assert scores.best <= scores.plateau <= max(mse) and scores.best <= scores.held
    assert scores.orders_plateau <= scores.orders_best and scores.orders_held <= scores.orders_best
    assert scores.chance <= scores.plateau


@given(errors, blocks)
def test_blocks_cover_every_tick_once(mse: list[float], block: int | None) -> None:
    ticks = [tick for score in block_scores(mse, block) for tick in range(score["from_tick"], score["to_tick"] + 1)]
    assert ticks == list(range(len(mse)))


def test_a_log_without_ticks_has_no_scores() -> None:
    for score in (run_scores, block_scores):
        with pytest.raises(RunError, match="nothing to score"):
            score([])


@pytest.mark.parametrize("bad", [math.nan, math.inf, -1.0])
def test_an_error_that_is_no_number_of_0_or_more_is_named(bad: float) -> None:
    with pytest.raises(RunError, match="tick 1: "):
        run_scores([1.0, bad])


def test_a_block_of_no_ticks_is_refused() -> None:
    with pytest.raises(RunError, match="block = 0"):
        run_scores([1.0], block=0)
