"""Kinds of parts: what hardware/parts.toml says of each."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path

from twinohm.model.pot_parts import DEFAULT_POT, POT_PARTS

FILE = Path(__file__).parents[1] / "parts.toml"
TWO_ENDS = ("R", "C", "fuse", "jumper")
ELECTRICAL = {  # KiCad's words for the types of parts.toml
    "in": "input",
    "out": "output",
    "io": "bidirectional",
    "oc": "open_collector",
    "tri": "tri_state",
    "pas": "passive",
    "pwr": "power_in",
    "src": "power_out",
    "nc": "no_connect",
}


@dataclass(frozen=True)
class Pin:
    """A pin: its number, what the data sheet calls it, KiCad's electrical type, and the side of a box it is on."""

    number: str
    name: str
    electrical: str
    side: str = ""
    unit: int = 1


@dataclass(frozen=True)
class Kind:
    """A kind of part: symbol, footprint and pins, and what to order.

    `usd` is the price of one, if a source has it; `proved_as` another part whose sources speak of this one too.
    """

    name: str
    symbol: str
    prefix: str
    value: str
    mpn: str
    maker: str
    substitutes: str
    description: str
    datasheet: str
    pinout: str
    footprint: str
    pins: tuple[Pin, ...]
    usd: float | None = None
    price_from: str = ""
    proved_as: str = ""
    limits: Mapping[str, float | tuple[float, ...]] = field(default_factory=dict)

    def number(self, name: str) -> str:
        """Return the number of the pin of that name or number. Raises KeyError naming the part."""
        for pin in self.pins:
            if name in (pin.number, pin.name):
                return pin.number
        raise KeyError(f"{self.name} has no pin {name!r}; its pins are {', '.join(pin.name for pin in self.pins)}")

    @property
    def n_units(self) -> int:
        return max(pin.unit for pin in self.pins)


@cache
def kinds() -> dict[str, Kind]:
    """Return every kind by its name in parts.toml."""
    return {name: _kind(name, table) for name, table in tomllib.loads(FILE.read_text(encoding="utf-8")).items()}


def find_kind(name: str) -> Kind:
    """Return the kind of that name. A pot of the part table that parts.toml does not have takes the AD5220's place.

    Raises KeyError for any other name.
    """
    if name not in kinds() and name in POT_PARTS:
        return replace(kinds()[DEFAULT_POT], name=name, value=name, mpn="")
    return kinds()[name]


def _kind(name: str, table: dict[str, object]) -> Kind:
    values = {"value": "", "mpn": ""} | {key: table[key] for key in table if key in Kind.__annotations__}
    limits: dict[str, object] = table.get("limits", {})  # type: ignore[assignment]
    values["limits"] = {key: tuple(limit) if isinstance(limit, list) else limit for key, limit in limits.items()}
    return Kind(name=name, pins=tuple(_pins(table)), **values)  # type: ignore[arg-type]


def _pins(table: dict[str, object]) -> list[Pin]:
    symbol = str(table["symbol"])
    if symbol in TWO_ENDS:
        return [Pin("1", "1", "passive"), Pin("2", "2", "passive")]
    if symbol == "point":
        return [Pin("1", "1", "passive")]
    if symbol in ("D", "LED"):
        return [Pin("1", "K", "passive"), Pin("2", "A", "passive")]
    if symbol in ("opamp", "comparator"):
        return _amplifiers(table, "output" if symbol == "opamp" else "open_collector")
    pins = []
    for side in ("left", "right", "top", "bottom"):
        for text in table.get(side, []):  # type: ignore[attr-defined]
            number, pin, electrical = str(text).split(" ")
            pins.append(Pin(number, pin, ELECTRICAL[electrical], side))
    return pins


def _amplifiers(table: dict[str, object], output: str) -> list[Pin]:
    pins = []
    units: list[list[str]] = table["units"]  # type: ignore[assignment]
    for unit, (plus, minus, out) in enumerate(units, 1):
        pins += [Pin(plus, f"+{unit}", "input", unit=unit), Pin(minus, f"-{unit}", "input", unit=unit)]
        pins.append(Pin(out, f"out{unit}", output, unit=unit))
    positive, negative = (str(number) for number in table["power"])  # type: ignore[attr-defined]
    pins.append(Pin(positive, "V+", "power_in", unit=len(units) + 1))
    pins.append(Pin(negative, "V-", "power_in", unit=len(units) + 1))
    return pins
