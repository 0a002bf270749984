"""Netlists with one mistake each, enumerated over every pin, net, part and value of a board.

Nothing here knows what the checker looks for. A change that leaves the circuit as it was is not a mistake; each such
case has its argument in same_circuit.py, or at the kind that it belongs to.
"""

import itertools
import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial

from hardware.netcheck.same_circuit import EQUAL_ENDS, EQUAL_PINS, LETTERS, is_same_circuit, kind_of, number_of
from twinohm.model.netlist import Component, Netlist, Pin
from twinohm.model.pot_parts import POT_PARTS

PIN_COUNTS = {
    "AD5220": 8, "LM393A": 8, "PCA9306": 8, "MCP4728": 10, "TLV9064": 14, "74HC86": 14, "74HC74": 14, "74AHCT125": 14,
    "74HC165": 16, "74HC595": 16, "ADG715": 24, "ADS7953": 38, "Pico": 40, "REF3025": 3, "L7805": 3, "Jack": 3,
    "X9C104": 8, "LM393P": 8, "MCP6004": 14, "MCP4728_bus": 6, "MCP4728_outputs": 6,
    "Header4": 4, "Header5": 5, "Header7": 7, "Socket10": 10, "TestPoint": 1,
    "R": 2, "R_precise": 2, "C": 2, "R_leaded": 2, "R_precise_leaded": 2, "C_leaded": 2,
    "Header2": 2, "Fuse": 2, "Schottky": 2, "Rectifier": 2, "TVS": 2, "LED": 2,
}  # fmt: skip
ANY_OF_ITS_FORM = (  # no order code matters
    "Header2", "Header4", "Header5", "Header7", "Socket10", "MCP4728_outputs", "LED", "TestPoint",
    "R", "C", "R_leaded", "C_leaded",
)  # fmt: skip
OTHER_PACKAGES = ({"LM393A", "LM393P"}, {"TLV9064", "MCP6004"})  # of the same function and pins
RAILS = ("GND", "+3V3", "+5V", "+9V", "VSYS", "VBUS")
SHIFTER_SIDES = (("3", "6"), ("4", "5"), ("2", "7"))  # PCA9306: SCL, SDA, VREF
FACTORS = {10.0: "x 10", 0.1: "/ 10", 100.0: "x 100", 0.01: "/ 100"}
OTHER_NETS = 6  # drawn for every pin, besides the supplies and the nets beside it; all nets on boards up to ALL_NETS
ALL_NETS = 60


@dataclass(frozen=True)
class Mutation:
    """One mistake: its kind, what it is in words, the changed netlist, and words of which a finding must have one."""

    kind: str
    what: str
    make: Callable[[], Netlist]
    named: tuple[str, ...]


def mutations(netlist: Netlist, seed: int = 0) -> Iterator[Mutation]:
    """Yield every mistake of every kind that this netlist can have. `seed` draws the nets of pins that move far."""
    kinds = (
        _opened,
        _moved,
        _joined,
        _exchanged,
        _left_out,
        _turned,
        _values,
        _classes,
        _extra,
        _spare,
        _codes,
        _types,
    )
    for kind in kinds:
        yield from kind(netlist, random.Random(seed))


# -- changes ----------------------------------------------------------------------------------------------------------


def _with_pins(netlist: Netlist, new: Mapping[Pin, str | None]) -> Netlist:
    pins = {pin: net for pin, net in netlist.pins.items() if pin not in new}
    return Netlist(netlist.components, pins | {pin: net for pin, net in new.items() if net is not None})


def _with_part(netlist: Netlist, part: Component) -> Netlist:
    return Netlist({**netlist.components, part.ref: part}, netlist.pins)


def _pin_name(netlist: Netlist, pin: Pin) -> str:
    return f"{pin[0]} ({netlist.components[pin[0]].part}) pin {pin[1]}"


def _pin_count(part: Component) -> int:
    return PIN_COUNTS["AD5220" if part.part in POT_PARTS else part.part]


def _all_pins(part: Component) -> list[str]:
    return [str(i + 1) for i in range(_pin_count(part))]


# -- kinds ------------------------------------------------------------------------------------------------------------


def named_words(netlist: Netlist, *pins: Pin) -> tuple[str, ...]:
    """Return what a finding must name: one of the parts; of capacitors at a supply, which are alike, the supply too."""
    refs = [ref for ref, _ in pins if kind_of(netlist.components[ref]) == "C"]
    supplies = (netlist.net(ref, pin) for ref in refs for pin in ("1", "2"))
    boards = [part.ref for part in netlist.parts("MCP4728_bus")]  # a board in two sockets is named by one of them
    sockets = [ref for ref, _ in pins if netlist.components[ref].part == "MCP4728_outputs"]
    return (*(ref for ref, _ in pins), *(boards if sockets else ()), *(net for net in supplies if net != "GND"))


def _opened(netlist: Netlist, _: random.Random) -> Iterator[Mutation]:
    for pin in netlist.pins:
        what = f"{_pin_name(netlist, pin)} left open"
        yield Mutation("pin left open", what, partial(_with_pins, netlist, {pin: None}), named_words(netlist, pin))


def _nets_near(netlist: Netlist, ref: str, rng: random.Random) -> list[str]:
    """Return the nets on a part, the supplies, and others: all of a small board."""
    if len(netlist.nets) <= ALL_NETS:
        return list(netlist.nets)
    own = [netlist.net(ref, pin) for pin in _all_pins(netlist.components[ref]) if (ref, pin) in netlist.pins]
    return list(dict.fromkeys([*own, *_rails(netlist), *rng.sample(list(netlist.nets), OTHER_NETS)]))


def _rails(netlist: Netlist) -> list[str]:
    return [net for net in RAILS if net in netlist.nets]


def _moved(netlist: Netlist, rng: random.Random) -> Iterator[Mutation]:
    for pin, old in netlist.pins.items():
        for net in _nets_near(netlist, pin[0], rng):
            if net != old:
                what = f"{_pin_name(netlist, pin)} on {net} instead of {old}"
                yield Mutation(
                    "pin on another net", what, partial(_with_pins, netlist, {pin: net}), named_words(netlist, pin)
                )


def _joined(netlist: Netlist, _: random.Random) -> Iterator[Mutation]:
    for first, second in itertools.combinations(netlist.nets, 2):

        def make(first: str = first, second: str = second) -> Netlist:
            return _with_pins(netlist, dict.fromkeys(netlist.nets[second], first))

        yield Mutation("two nets joined", f"{first} touches {second}", make, (first,))


def _exchanged(netlist: Netlist, rng: random.Random) -> Iterator[Mutation]:
    """Two pins of one part, and as many pairs of pins anywhere."""
    pairs: list[tuple[Pin, Pin]] = []
    for part in netlist.components.values():
        pins = [(part.ref, pin) for pin in _all_pins(part)]
        pairs += [pair for pair in itertools.combinations(pins, 2) if any(pin in netlist.pins for pin in pair)]
    everywhere = list(netlist.pins)
    pairs += [(rng.choice(everywhere), rng.choice(everywhere)) for _ in range(len(pairs))]
    for first, second in pairs:
        if first == second or is_same_circuit(netlist, first, second):
            continue

        def make(first: Pin = first, second: Pin = second) -> Netlist:
            return _with_pins(netlist, {first: netlist.pins.get(second), second: netlist.pins.get(first)})

        what = f"{_pin_name(netlist, first)} exchanged with {_pin_name(netlist, second)}"
        yield Mutation("two pins exchanged", what, make, named_words(netlist, first, second))


def _left_out(netlist: Netlist, _: random.Random) -> Iterator[Mutation]:
    for ref, part in netlist.components.items():
        pins = [pin for pin in netlist.pins if pin[0] == ref]

        def make(ref: str = ref, pins: list[Pin] = pins) -> Netlist:
            components = {other: component for other, component in netlist.components.items() if other != ref}
            return Netlist(components, {pin: net for pin, net in netlist.pins.items() if pin not in pins})

        nets = {netlist.pins[pin] for pin in pins}
        what = f"no {ref} ({part.part})"
        yield Mutation("part left out", what, make, (part.part, *(nets - set(RAILS) or nets - {"GND"})))


def _turned(netlist: Netlist, _: random.Random) -> Iterator[Mutation]:
    """Half a turn, or soldered or drawn mirrored; the level shifter's sides by themselves."""
    for ref, part in netlist.components.items():
        count = _pin_count(part)
        if count == 1 or part.part in EQUAL_ENDS:
            continue
        half = [(i + count // 2) % count for i in range(count)]
        ways = {"turned half round": half, "mirrored": list(range(count))[::-1]}
        if count <= 3 or part.part.startswith(("Header", "Socket")):
            ways = {"turned round": list(range(count))[::-1]}  # in one row
        if part.part == "PCA9306":
            sides = dict(SHIFTER_SIDES) | {b: a for a, b in SHIFTER_SIDES}
            ways["with its sides exchanged"] = [int(sides.get(str(i + 1), i + 1)) - 1 for i in range(count)]
        for way, order in ways.items():
            new = {(ref, str(i + 1)): netlist.pins.get((ref, str(j + 1))) for i, j in enumerate(order)}
            if all(netlist.pins.get(pin) == net for pin, net in new.items()):
                continue
            what = f"{ref} ({part.part}) {way}"
            yield Mutation("part turned round", what, partial(_with_pins, netlist, new), (ref,))


def _written(value: float) -> str:
    for size, letter in LETTERS:
        if value >= size * 0.999:
            return f"{value / size:.4g}{letter}"
    return f"{value / 1e-12:.4g}p"


def _values(netlist: Netlist, _: random.Random) -> Iterator[Mutation]:
    for ref, part in netlist.components.items():
        if kind_of(part) not in ("R", "R_precise", "C"):
            continue
        for factor, shown in FACTORS.items():
            digits, *rest = part.value.split()
            value = " ".join([_written(number_of(digits) * factor), *rest])
            # a bulk capacitor among others of its net is known by its value alone: then the net is named
            nets = [netlist.net(ref, pin) for pin in ("1", "2")]
            yield Mutation(
                f"value {shown}",
                f"{ref} ({part.part}) of {value} instead of {part.value}",
                partial(_with_part, netlist, replace(part, value=value)),
                (ref, *(net for net in nets if kind_of(part) == "C" and net != "GND")),
            )


def _classes(netlist: Netlist, _: random.Random) -> Iterator[Mutation]:
    """A coarse resistor for a precise one, a capacitor for a resistor, no value at all."""
    others = {"R_precise": ("R", "C"), "R": ("C", "Header2"), "C": ("R", "Header2")}
    for ref, part in netlist.components.items():
        nets = tuple(net for net in (netlist.net(ref, "1"), netlist.net(ref, "2")) if net != "GND")
        news = [replace(part, part=other, value=part.value.split()[0]) for other in others.get(kind_of(part), ())]
        if kind_of(part) in others:
            news += [replace(part, value=""), replace(part, value="DNP")]
        if kind_of(part) == "R_precise":
            news += [replace(part, value=part.value.replace("0.1%", "5%")), replace(part, value=part.value.split()[0])]
        for new in news:
            what = f"{ref} ({part.part}) {part.value} is a {new.part} of {new.value or 'nothing'}"
            yield Mutation("value of another class", what, partial(_with_part, netlist, new), (ref, *nets))


def _extra(netlist: Netlist, rng: random.Random) -> Iterator[Mutation]:
    """A part more between two nets, and a second output on every net.

    More capacitance from a supply to ground is no mistake.
    """
    pairs = [(net, rail) for net in netlist.nets for rail in _rails(netlist) if net != rail]
    nets = list(netlist.nets)
    pairs += [(net, rng.choice([other for other in nets if other != net])) for net in nets for _ in range(2)]
    for part in (Component("X1", "R", "10k", ""), Component("X1", "C", "100n", ""), Component("X1", "Header2", "", "")):
        for first, second in pairs:
            if part.part == "C" and {first, second} <= set(RAILS) and "GND" in (first, second):
                continue
            what = f"one more {part.part} from {first} to {second}"
            yield Mutation("part too many", what, partial(_add, netlist, part, (first, second)), ("X1",))
    amplifier = Component("X1", "TLV9064", "TLV9064", "TLV9064IDR")
    comparator = Component("X1", "LM393A", "LM393A", "LM393ADR")
    for net in nets:
        ends = {"4": "+5V", "11": "GND", "3": "GND", "2": net, "1": net}
        ends |= {
            "5": "GND",
            "6": "X6",
            "7": "X6",
            "10": "GND",
            "9": "X9",
            "8": "X9",
            "12": "GND",
            "13": "X13",
            "14": "X13",
        }
        what = f"one more amplifier drives {net}"
        yield Mutation("output too many", what, partial(_add, netlist, amplifier, ends), ("X1",))
        ends = {"8": "+9V", "4": "GND", "1": net, "3": "GND", "2": "GND", "5": "GND", "6": "GND"}
        what = f"one more comparator drives {net}"
        yield Mutation("output too many", what, partial(_add, netlist, comparator, ends), ("X1",))


def _add(netlist: Netlist, part: Component, nets: tuple[str, str] | dict[str, str]) -> Netlist:
    ends = nets if isinstance(nets, dict) else {"1": nets[0], "2": nets[1]}
    pins = {**netlist.pins, **{(part.ref, pin): net for pin, net in ends.items()}}
    return Netlist({**netlist.components, part.ref: part}, pins)


def _spare(netlist: Netlist, rng: random.Random) -> Iterator[Mutation]:
    """Pins that are open: to a supply, to a net beside, to any other; and two of them to each other's twin."""
    for ref, part in netlist.components.items():
        for pin in _all_pins(part):
            if (ref, pin) in netlist.pins:
                continue
            for net in _nets_near(netlist, ref, rng):
                what = f"{_pin_name(netlist, (ref, pin))}, open, on {net}"
                make = partial(_with_pins, netlist, {(ref, pin): net})
                yield Mutation("open pin connected", what, make, (ref,))
        spare = [side for side in EQUAL_PINS.get(part.part, ()) if not any((ref, pin) in netlist.pins for pin in side)]
        nodes = [net for net in netlist.nets if net.endswith((".free", ".clamped"))]
        for side, free in itertools.product(spare, [net for net in nodes if net.endswith(".free")]):
            clamped = free.replace(".free", ".clamped")
            if clamped in netlist.nets:
                new = dict(zip(((ref, pin) for pin in sorted(side)), (free, clamped), strict=True))
                what = f"unused switch of {ref} between {free} and {clamped}"
                yield Mutation("open pin connected", what, partial(_with_pins, netlist, dict(new)), (ref,))


def _codes(netlist: Netlist, _: random.Random) -> Iterator[Mutation]:
    """Another order code: none, another part's, another address or resistance of the same part."""
    for ref, part in netlist.components.items():
        if part.part in ANY_OF_ITS_FORM:
            continue
        news = ["", "LM324N"]
        if part.part == "MCP4728":
            news += [f"MCP4728{option}T-E/UN" for option in ("", *(f"A{i}" for i in range(1, 8)))]
        if part.part == "AD5220":
            news += ["AD5220BRZ10", "AD5220BRZ50"]
        if part.part == "R_precise":
            news += [f"RG2012P-{code}-B-T5" for code in ("101", "102", "103", "104", "183")]
        for new in news:
            if new != part.mpn:
                what = f"{ref} ({part.part}) ordered as {new or 'nothing'} instead of {part.mpn}"
                make = partial(_with_part, netlist, replace(part, mpn=new))
                yield Mutation("another order code", what, make, (ref,))


def _types(netlist: Netlist, _: random.Random) -> Iterator[Mutation]:
    """Another part of as many pins in its place; of those with two ends, see value of another class."""
    for ref, part in netlist.components.items():
        if kind_of(part) in ("R", "R_precise", "C", "TestPoint"):
            continue
        same = [other for other, count in PIN_COUNTS.items() if count == _pin_count(part) and other != part.part]
        same = [other for other in same if {other, part.part} not in OTHER_PACKAGES and not other.endswith("_leaded")]
        for other in [*same, "NE555"]:
            what = f"{ref} is a {other}, not a {part.part}"
            make = partial(_with_part, netlist, replace(part, part=other))
            near = {netlist.pins[pin] for pin in netlist.pins if pin[0] == ref}
            rare = min(near, key=lambda net: len(netlist.nets[net]))
            yield Mutation("another part", what, make, (ref, rare))
