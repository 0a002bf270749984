"""Confidence intervals against values from elsewhere."""

import numpy as np
import pytest

from twinohm.runlog.intervals import interval_text, median_interval, share_interval


@pytest.mark.parametrize(
    ("reached", "of", "interval"),
    [(20, 20, (0.839, 1.0)), (0, 10, (0.0, 0.278)), (3, 64, (0.016, 0.129)), (128, 256, (0.439, 0.561))],
)
def test_the_interval_of_a_share_is_wilsons(reached: int, of: int, interval: tuple[float, float]) -> None:
    assert share_interval(reached / of, of) == pytest.approx(interval, abs=0.001)


def test_the_interval_of_a_median_covers_it_in_95_of_100_samples() -> None:
    random = np.random.default_rng(3)
    covered = 0
    for _ in range(40):
        low, high = median_interval(random.normal(4, 0.3, (40, 1)))
        covered += low <= 4 <= high
    assert 34 <= covered <= 40


def test_values_of_one_board_count_as_one_board() -> None:
    boards = np.random.default_rng(0).normal(0, 1, (30, 1))
    low, high = median_interval(boards.repeat(5, axis=1))
    assert (low, high) == pytest.approx(median_interval(boards), abs=1e-12)


def test_one_board_has_no_intervals_and_few_boards_none_of_the_median() -> None:
    assert share_interval(1.0, 1) is None and share_interval(1.0, 2) is not None
    assert median_interval(np.zeros((5, 1))) is None and median_interval(np.zeros((6, 1))) == (0, 0)
    assert interval_text(None) == "" and interval_text((3.5432, 12)) == " [3.54, 12]"
