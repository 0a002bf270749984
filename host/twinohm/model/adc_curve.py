"""Transfer curves of the converters: from volts to counts, with the part's gain error, INL and DNL."""

from bisect import bisect_right
from dataclasses import dataclass

import numpy as np

from twinohm.model.codes import COUNTS
from twinohm.model.spread import Spread


@dataclass(frozen=True)
class Errors:
    """Largest errors of a converter, and the spread of its gain and of its reference."""

    reference: Spread  # relative
    reference_per_K: Spread  # relative, its temperature coefficient
    gain_sd: float  # relative
    inl_lsb: float  # largest bow
    dnl_lsb: float  # largest step error
    spikes_lsb: float = 0.0  # extra width of four codes


# Rev. D, "Specifications": INL +-1, DNL -0.95..+1.5, gain +-2 LSB at most (unchecked: docs/instruments.md).
# Its reference is a REF3025: 0.2 % at most, 50 ppm/K at most from 0 to 70 degrees (SBVS032G page 1).
AD7490 = Errors(
    reference=Spread(0.002 / 3, 0.002),
    reference_per_K=Spread(50e-6 / 3, 50e-6),
    gain_sd=1 / COUNTS,
    inl_lsb=1.0,
    dnl_lsb=0.5,
)

ERRORS = {
    # The figures of the ADS7953 have not been read: it has those of the AD7490, and the same reference.
    "ADS7953": AD7490,
    "AD7490": AD7490,
    # RP2040 datasheet 4.9 and erratum E11: INL about 8 LSB, jumps of 8.9 LSB at 512, 1536, 2560 and 3584; its
    # reference is the 3.3 V supply, whose error is in gain_sd; we know no temperature coefficient of it.
    "RP2040": Errors(
        reference=Spread(0.0, 0.0),
        reference_per_K=Spread(0.0, 0.0),
        gain_sd=0.005,
        inl_lsb=4.0,
        dnl_lsb=0.5,
        spikes_lsb=8.0,
    ),
}
SPIKES = (512, 1536, 2560, 3584)


class AdcCurve:
    """The curve of one ADC, drawn from `random`.

    part: key of ERRORS. full_scale_V: voltage of 4096 counts, at the node. share: factor of all errors; 0 is a perfect
    converter that rounds to nearest. reference: true voltage of its reference over the nominal one, and `drift` that
    of the moment over that one. reference_per_K: temperature coefficient, a share of `reference`.
    """

    def __init__(
        self,
        part: str,
        full_scale_V: float,
        share: float,
        random: np.random.Generator,
        reference: float = 1.0,
        reference_per_K: float = 0.0,
    ) -> None:
        errors = ERRORS[part]
        self.reference, self.reference_per_K, self.drift = reference, reference_per_K, 1.0
        self.gain = reference * (1.0 + share * errors.gain_sd * random.standard_normal())
        code = np.arange(COUNTS - 1)
        x = 2 * code / (COUNTS - 2) - 1
        edges = code + 0.5 + share * random.uniform(-errors.inl_lsb, errors.inl_lsb) * (1 - x * x)
        # A wrong step is where two neighbouring edges are off, so DNL does not add up to INL.
        edges += share * errors.dnl_lsb / 2 * random.uniform(-1, 1, COUNTS - 1)
        jumps = share * errors.spikes_lsb * np.searchsorted(SPIKES, code)
        edges += jumps - jumps[-1] * code / (COUNTS - 2)  # the end points stay
        self.edges = np.maximum.accumulate(edges * (self.gain * full_scale_V / COUNTS)).tolist()

    def count(self, volts: float) -> int:
        """Return the count, 0..4095, of a voltage at the node, V."""
        return bisect_right(self.edges, volts / self.drift)
