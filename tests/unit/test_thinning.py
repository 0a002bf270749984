"""A growing table in bounded memory: what its rows stand for does not depend on how it grew."""

import numpy as np
import pytest

from twinohm.web.thinning import Thinned


@pytest.mark.filterwarnings("ignore:.*slice:RuntimeWarning")  # of numpy's, for rows that are all NaN
@pytest.mark.parametrize("piece", [1, 7, 1000])
@pytest.mark.parametrize("size", [0, 1, 100, 101, 1603])
def test_each_row_has_mean_least_greatest_and_last_of_its_numbers(size: int, piece: int) -> None:
    values = np.random.default_rng(1).normal(size=(size, 2))
    values[3::5, 1] = np.nan
    thinned = Thinned(2, most=100)
    for start in range(0, size, piece):
        thinned.add(values[start : start + piece])
    assert thinned.size == size and len(thinned.last) <= 100
    assert thinned.step == (1 if size <= 100 else 2 if size <= 200 else 32)
    for row in range(len(thinned.last)):
        part = values[row * thinned.step : (row + 1) * thinned.step]
        np.testing.assert_allclose(thinned.mean[row], np.nanmean(part, axis=0))
        np.testing.assert_array_equal(thinned.low[row], np.nanmin(part, axis=0))
        np.testing.assert_array_equal(thinned.high[row], np.nanmax(part, axis=0))
        np.testing.assert_array_equal(thinned.last[row], part[-1])
    assert len(thinned.last) == -(-size // thinned.step)


def test_a_row_without_numbers_has_none() -> None:
    thinned = Thinned(1)
    thinned.add(np.array([[np.nan], [1.0]]))
    assert np.isnan(thinned.mean[0, 0]) and np.isnan(thinned.low[0, 0]) and thinned.mean[1, 0] == 1
