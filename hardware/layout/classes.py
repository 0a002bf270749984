"""Which nets are supplies and clocks, and the widths of their tracks.

Widths are in mm, best first: a wide net narrows where pads or the copper of an edge cell leave no room for it.
"""

from collections.abc import Iterable, Sequence

SIGNAL = (0.2,)
SUPPLY = (0.8, 0.4, 0.2)
STUB = (0.4, 0.2)  # from a pad to its via on a plane
SUPPLIES = ("/power/JACK", "/power/FUSED", "+9V", "+5V", "+3V3", "VSYS", "VBUS", "GND")

CLOCK_MM = {  # longest that the tracks of a clock may be, all branches together; they are routed first
    "CLK_IN": 150.0,
    "CLK": 250.0,
    "CLK1": 250.0,
    "CLK2": 250.0,
    "CLK3": 250.0,
    "CLK4": 250.0,
    "ADC_SCK": 150.0,
    "IN_CLOCK": 200.0,
    "OUT_CLOCK": 200.0,
    "LATCH": 320.0,  # to 8 chips in all four rows of edges
}


def widths(nets: Iterable[str], planes: Iterable[str], signal: Sequence[float]) -> dict[str, tuple[float, ...]]:
    """Return the widths of the tracks of all nets; `planes` are nets with a plane, `signal` are those of signals."""
    stubs = set(planes)
    found: dict[str, tuple[float, ...]] = {}
    for net in nets:
        found[net] = STUB if net in stubs else SUPPLY if net in SUPPLIES else tuple(signal)
    return found
