"""Transfer curves of the converters: exact without faults, and within the datasheet's errors with them."""

import numpy as np
import pytest

from twinohm.model.adc_curve import AdcCurve
from twinohm.model.codes import COUNTS

LSB_V = 4.096 / COUNTS


def curve(part: str, share: float, seed: int = 0) -> AdcCurve:
    return AdcCurve(part, 4.096, share, np.random.default_rng(seed))


@pytest.mark.parametrize("part", ["ADS7953", "AD7490", "RP2040"])
def test_a_converter_without_faults_rounds_to_the_nearest_count(part: str) -> None:
    perfect = curve(part, 0.0)
    lsb = [-1.0, 0.0, 0.49, 0.51, 1000.49, 1000.51, 4094.49, 4094.51, 5000.0]
    assert [perfect.count(x * LSB_V) for x in lsb] == [0, 0, 0, 1, 1000, 1001, 4094, 4095, 4095]


@pytest.mark.parametrize("part", ["ADS7953", "AD7490", "RP2040"])
def test_counts_never_fall_as_the_voltage_rises(part: str) -> None:
    edges = np.array(curve(part, 1.0).edges)
    assert len(edges) == COUNTS - 1 and (np.diff(edges) >= 0).all()


def test_gain_inl_and_dnl_are_those_of_the_datasheet() -> None:
    """Gain error (sd): 1 LSB at full scale, RP2040 0.5 %. INL: 1 LSB, RP2040 8 LSB with its spikes."""
    for part, gain_sd, off_lsb in (("ADS7953", 1 / COUNTS, 1.25), ("RP2040", 0.005, 8.5)):
        curves = [curve(part, 1.0, seed) for seed in range(60)]
        gains = np.array([one.gain for one in curves])
        assert abs(gains.mean() - 1) < 4 * gain_sd / 60**0.5 and 0.7 < gains.std() / gain_sd < 1.3
        ideal = np.arange(COUNTS - 1) + 0.5
        off = [np.abs(np.array(one.edges) / one.gain / LSB_V - ideal).max() for one in curves]
        assert 0.5 * off_lsb < max(off) <= off_lsb


def test_the_converter_of_the_rp2040_has_four_wide_codes() -> None:
    """Erratum E11: 8.9 LSB at 512, 1536, 2560 and 3584."""
    widths = np.diff(np.array(curve("RP2040", 1.0).edges)) / LSB_V
    assert np.abs(np.flatnonzero(widths > 3) - [512, 1536, 2560, 3584]).max() <= 1
    assert np.abs(widths[widths > 3] - 8.9).max() < 1
