"""What the digital lines lead to, for the comparison with the learning rule."""

from dataclasses import dataclass, field
from typing import NamedTuple


class Comparator(NamedTuple):
    """`name` is how findings name its inputs; `plus` and `minus` are their nets."""

    name: str
    plus: str
    minus: str


class AdcInput(NamedTuple):
    """`name` is how findings name the pin; `net` is on it; `scale` is volts at the node for one volt at the pin."""

    name: str
    net: str
    scale: float


@dataclass
class Wiring:
    """Parts and nets by what boards.toml calls them.

    `pots` are the references of the two pots of every edge; `comparators` has "cmp" and "sgn", each by edge.
    `drivers` is the net of the DAC output by node, `switches` (reference, index 0..7) by switch number, `adc` by
    channel.
    """

    pots: list[list[str]]
    comparators: dict[str, list[Comparator]]
    drivers: dict[str, str] = field(default_factory=dict)
    switches: dict[int, tuple[str, int]] = field(default_factory=dict)
    adc: dict[str, AdcInput] = field(default_factory=dict)
