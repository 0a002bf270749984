"""Transfer curves of the DACs: from counts to volts, with the part's errors of reference, gain, offset and INL.

V = offset_V + gain * full_scale_V * (x + bend / COUNTS), and not below 0 V, where x = count / COUNTS and
bend = 4 bow_lsb x (1 - x) + SHAPE ess_lsb x (1 - x) (1 - 2 x).
The datasheet gives limits of the INL; that it is a bow and an S, each with half of the variance, is ours.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from twinohm.model.circuit import Floats
from twinohm.model.codes import COUNTS
from twinohm.model.spread import Spread
from twinohm.model.temperature import warmed

SHAPE = 6 * 3**0.5  # the S is 1 at its peak


@dataclass(frozen=True)
class DacErrors:
    """Errors of a DAC, and their temperature coefficients. Those of the reference are one for each chip, all others one
    for each channel.
    """

    reference: Spread  # relative
    gain: Spread  # relative
    offset_V: Spread
    inl_lsb: Spread
    reference_per_K: Spread  # relative
    gain_per_K: float  # relative, of every channel
    offset_per_K: Spread  # of full scale


ERRORS = {
    # DS22187E page 4: reference 2.007..2.089 V; gain 0.4 % typical, 1.25 % at most; offset 5 and 20 mV; INL 2 and 13
    # LSB. A typical value is taken as the sd, a third of the largest where there is none. From 25 degrees on: reference
    # 45 ppm/K, gain -3 ppm/K, offset +-0.44 ppm/K. The sheet has no largest ones: 125 ppm/K is the reference's below 0
    # degrees, three times the typical value is ours.
    "MCP4728": DacErrors(
        reference=Spread(0.02 / 3, 0.02),
        gain=Spread(0.004, 0.0125),
        offset_V=Spread(0.005, 0.02),
        inl_lsb=Spread(2.0, 13.0),
        reference_per_K=Spread(45e-6, 125e-6),
        gain_per_K=-3e-6,
        offset_per_K=Spread(0.44e-6, 3 * 0.44e-6),
    ),
}
CHANNELS = 4  # of a chip


def widest_V(part: str, low_V: float, high_V: float) -> tuple[float, float]:
    """Return the lowest and the highest physical volts that a DAC may give when it is asked for low_V and high_V."""
    errors = ERRORS[part]
    share = (1 + errors.reference.most) * (1 + errors.gain.most) - 1
    return max(low_V * (1 - share) - errors.offset_V.most, 0.0), high_V * (1 + share) + errors.offset_V.most


@dataclass(frozen=True)
class DacWarming:
    """What each kelvin changes of the curves of some DAC channels; arrays (channels,)."""

    gain_per_K: Floats  # relative
    offset_V_per_K: Floats

    @classmethod
    def draw(
        cls, part: str, full_scale_V: float, channels: int, share: float, random: np.random.Generator
    ) -> "DacWarming":
        """Draw the coefficients of `channels` of one or more chips, as DacCurves.draw() does the curves."""
        errors, chips = ERRORS[part], -(-channels // CHANNELS)
        reference = np.repeat(errors.reference_per_K.draw(random, chips), CHANNELS)[:channels]
        offset = errors.offset_per_K.draw(random, CHANNELS * chips)[:channels]
        return cls(share * (reference + errors.gain_per_K), share * full_scale_V * offset)

    def by_node(self, channels: Sequence[int | None]) -> "DacWarming":
        """Return those of the channels of some nodes; a node without one has none."""
        gain, offset = (
            np.array([0.0 if channel is None else values[channel] for channel in channels])
            for values in (self.gain_per_K, self.offset_V_per_K)
        )
        return DacWarming(gain, offset)


@dataclass(frozen=True)
class DacCurves:
    """The curves of some DAC channels; arrays (channels,). Without errors: DacCurves.ideal()."""

    full_scale_V: float
    offset_V: Floats
    gain: Floats
    bow_lsb: Floats
    ess_lsb: Floats

    @classmethod
    def ideal(cls, full_scale_V: float, channels: int) -> "DacCurves":
        """Return the curves of DACs without errors."""
        zero = np.zeros(channels)
        return cls(full_scale_V, zero, np.ones(channels), zero, zero)

    @classmethod
    def draw(
        cls, part: str, full_scale_V: float, channels: int, share: float, random: np.random.Generator
    ) -> "DacCurves":
        """Draw the curves of `channels` of one or more chips. part: key of ERRORS. share: factor of all errors."""
        errors, chips = ERRORS[part], -(-channels // CHANNELS)
        reference = np.repeat(errors.reference.draw(random, chips), CHANNELS)
        gain, offset_V, bow_lsb, ess_lsb = (
            share * spread.draw(random, CHANNELS * chips)[:channels]
            for spread in (errors.gain, errors.offset_V, errors.inl_lsb, errors.inl_lsb)
        )
        half = 0.5**0.5
        return cls(
            full_scale_V, offset_V, (1 + share * reference[:channels]) * (1 + gain), half * bow_lsb, half * ess_lsb
        )

    def by_node(self, channels: Sequence[int | None]) -> "DacCurves":
        """Return the curves of the channels of some nodes; a node without one has no errors."""
        has = np.array([channel is not None for channel in channels])
        at = np.array([channel or 0 for channel in channels])
        ideal = DacCurves.ideal(self.full_scale_V, len(at)).values()
        return DacCurves(
            self.full_scale_V, **{name: np.where(has, part[at], ideal[name]) for name, part in self.values().items()}
        )

    def warmed(self, by: DacWarming, kelvin: float) -> "DacCurves":
        """Return the curves of the same channels when they are `kelvin` warmer."""
        return replace(
            self, gain=warmed(self.gain, by.gain_per_K, kelvin), offset_V=self.offset_V + by.offset_V_per_K * kelvin
        )

    def values(self) -> dict[str, Floats]:
        """Return the arrays by name."""
        return {name: getattr(self, name) for name in ("offset_V", "gain", "bow_lsb", "ess_lsb")}

    @classmethod
    def stack(cls, curves: Sequence["DacCurves"]) -> "DacCurves":
        """Return the curves of many boards, arrays (boards, channels)."""
        values = {name: np.array([one.values()[name] for one in curves]) for name in curves[0].values()}
        return cls(curves[0].full_scale_V, **values)

    def volts(self, at: Any, counts: Any) -> Floats:
        """Return the physical volts of 12-bit counts. at: index of the channels; it and counts are broadcast."""
        x = counts / COUNTS
        bend = x * (1 - x) * (4 * self.bow_lsb[at] + SHAPE * self.ess_lsb[at] * (1 - 2 * x)) / COUNTS
        return np.asarray(np.maximum(self.offset_V[at] + self.gain[at] * self.full_scale_V * (x + bend), 0.0))
