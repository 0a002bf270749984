"""Diodes between nodes, one in each network: the parts that there are, and how a diode is written."""

import re
from dataclasses import dataclass

THERMAL_V = 0.025865  # k T / q at 27 degrees Celsius, SPICE's temperature
MOST_DIODES = 16
SOCKET_OHM = 100.0  # between a node and its socket, so a diode has it twice


@dataclass(frozen=True)
class DiodePart:
    """A diode by Shockley's law, I = saturation_A (exp(V / emission_V) - 1).

    Its capacitance (below 10 pF; a pot has 150) and its temperature coefficient are left out.
    """

    name: str
    saturation_A: float
    emission_V: float  # emission coefficient times THERMAL_V
    series_ohm: float
    source: str


DIODE_PARTS = {
    part.name: part
    for part in [
        DiodePart(
            name="1N4148",
            saturation_A=4.352e-9,
            emission_V=1.906 * THERMAL_V,
            series_ohm=0.6458,
            source="NXP, PSPICE model 1N4148: IS, N, RS; 0.73 V at 10 mA, and data sheets say 1 V at most",
        ),
        DiodePart(
            name="BAT42",
            saturation_A=1e-7,
            emission_V=1.1 * THERMAL_V,
            series_ohm=0.0,
            source="assumed; ST BAT42 (10/2001) has at most 0.4 V at 10 mA (here 0.33), 0.5 uA at -25 V (here 0.1)",
        ),
        DiodePart(
            name="LED",
            saturation_A=1e-17,
            emission_V=0.05,
            series_ohm=0.0,
            source="assumed: a red LED of 1.73 V at 10 mA",
        ),
    ]
}
DEFAULT_DIODE = "1N4148"
_FORM = re.compile(r"([A-Za-z][A-Za-z0-9_]*)>([A-Za-z][A-Za-z0-9_]*)(?::(\w+))?", re.ASCII)
HOW = f'write anode>cathode, such as "C>A", or with a part, "C>A:BAT42"; parts are {", ".join(DIODE_PARTS)}'


@dataclass(frozen=True, order=True)
class Diode:
    """A diode from node to node in each network; current flows from `anode` to `cathode`."""

    anode: str
    cathode: str
    part: str = DEFAULT_DIODE

    @classmethod
    def parse(cls, text: object) -> "Diode":
        """Return the diode of "C>A" or "C>A:BAT42". Raises ValueError saying how one is written."""
        if isinstance(text, Diode):
            return text
        found = _FORM.fullmatch(text) if isinstance(text, str) else None
        if found is None or (part := found[3] or DEFAULT_DIODE) not in DIODE_PARTS:
            raise ValueError(f"not a diode; {HOW}")
        return cls(found[1], found[2], part)

    @property
    def ends(self) -> str:
        """Its nodes as text, "C>A"."""
        return f"{self.anode}>{self.cathode}"

    def __str__(self) -> str:
        return self.ends + (f":{self.part}" if self.part != DEFAULT_DIODE else "")
