"""The table of digital potentiometers that a board can be built with. Every fact about a pot's steps stands here."""

import dataclasses
from dataclasses import dataclass
from typing import Literal, TypeVar

import numpy as np
from numpy.typing import NDArray

Ohm = TypeVar("Ohm", float, NDArray[np.floating])


@dataclass(frozen=True)
class PotPart:
    """A potentiometer that counts up and down. Taps run from 0 to `positions` - 1 and stop at both ends.

    A part that hardware/parts.toml does not have is drawn with package and pins of the AD5220, which such parts share.
    """

    name: str
    positions: int
    segments: int  # equal resistors between the end terminals: R(tap) = tap / segments * R_AB
    power_on_tap: int | None  # None: unknown, so the firmware homes the pots first
    step_edge: Literal["falling", "rising"]  # edge of CLK that steps a selected pot
    per_K: float  # temperature coefficient of the end-to-end resistance, relative; the wiper's is unknown
    deselect: Literal["cs_high", "cs_high_while_clk_low"]  # when /CS may go up without more than holding the pot
    source: str  # datasheet
    least_pulse_us: int = 1  # shortest time between changes of CLK, U/D and /CS that suits it
    setup_ns: int = 1000  # time that U/D has to be set up before a step
    wiper_us: int = 0  # longest time from the step edge until the wiper has moved
    store_us: int = 0  # time that storing a tap takes

    @property
    def stores(self) -> bool:
        """Whether it keeps its tap without power: it stores it when /CS rises while CLK is high."""
        return self.deselect == "cs_high_while_clk_low"

    @property
    def top_tap(self) -> int:
        """The highest tap."""
        return self.positions - 1

    def per_tap_ohm(self, end_to_end_ohm: Ohm) -> Ohm:
        """Return the resistance of one segment, in ohm, of pots of `end_to_end_ohm`: a number, or an array."""
        return end_to_end_ohm / self.segments

    def with_positions(self, positions: int) -> "PotPart":
        """Return a finer or coarser part of the same resistance, which no maker sells: for ensembles alone."""
        return dataclasses.replace(self, positions=positions, segments=self.segments + positions - self.positions)


POT_PARTS = {
    part.name: part
    for part in [
        PotPart(
            name="AD5220",
            positions=128,
            segments=128,  # R_WB(D) = D / 128 * R_AB + R_W
            power_on_tap=64,
            step_edge="falling",
            per_K=800e-6,
            deselect="cs_high",
            source="AD5220 Rev. 0",
        ),
        # 99 resistors; pages 4, 5. U/D has to be set up for 2.9 us (t_DI), all else for 1 us or less. The wiper takes
        # 100 us to move, 500 us at most (t_IW). A store takes 20 ms (t_CPH); 100,000 of them are sure.
        PotPart(
            name="X9C104",
            positions=100,
            segments=99,
            power_on_tap=None,
            step_edge="falling",
            per_K=300e-6,
            deselect="cs_high_while_clk_low",
            source="X9C102/103/104/503 FN8222.3",
            least_pulse_us=3,
            setup_ns=2900,
            wiper_us=500,
            store_us=20_000,
        ),
    ]
}
DEFAULT_POT = "AD5220"
LEAST_POSITIONS, MOST_POSITIONS = 4, 1024  # of a hypothetical pot in an ensemble
