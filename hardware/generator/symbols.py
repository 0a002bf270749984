"""Schematic symbols, drawn from the pins in parts.toml. Lengths are in mm, y upwards; pins lie on a 1.27 mm grid."""

from dataclasses import dataclass
from typing import Any

from hardware.generator.catalogue import TWO_ENDS, Kind, Pin
from hardware.generator.sexp import Word, node

LIBRARY = "twinohm"
STEP = 2.54
ROW = {"opamp": ("+", "-", "~"), "comparator": ("+", "-", "~")}


@dataclass(frozen=True)
class Place:
    """Where a pin's wire starts, and the way it leaves: 0 right, 90 up, 180 left, 270 down."""

    x: float
    y: float
    leaves: int
    length: float = 2.54
    hidden: bool = False


def effects(size: float = 1.27, justify: str = "", hide: bool = False) -> list[Any]:
    item = node("effects", node("font", node("size", size, size)))
    if justify:
        item.append(node("justify", *map(Word, justify.split())))
    if hide:
        item.append(node("hide", True))
    return item


def box_size(kind: Kind) -> tuple[float, float]:
    """Return width and height of a box: names at the sides and upright names at top and bottom do not overlap."""
    rows = max(len(side(kind, "left")), len(side(kind, "right")))
    columns = max(len(columns_of(kind, "top")), len(columns_of(kind, "bottom")))
    longest = {
        name: 1.15 * max((visible_length(pin.name) for pin in side(kind, name)), default=0)
        for name in ("left", "right", "top", "bottom")
    }
    width = longest["left"] + longest["right"] + 2 * STEP * columns + STEP
    height = max((rows + 1) * STEP, longest["top"] + longest["bottom"] + STEP)
    return even(width), even(height)


def even(length: float) -> float:
    """Round a length up to an even number of steps."""
    return -(-length // (2 * STEP)) * 2 * STEP


def visible_length(name: str) -> int:
    return len(name.replace("~{", "").replace("}", ""))


def side(kind: Kind, name: str) -> list[Pin]:
    return [pin for pin in kind.pins if pin.side == name]


def columns_of(kind: Kind, name: str) -> list[str]:
    """Pins of one name at top or bottom lie on each other."""
    return list(dict.fromkeys(pin.name for pin in side(kind, name)))


def places(kind: Kind) -> dict[str, Place]:
    """Where each pin is, by number."""
    if kind.symbol in TWO_ENDS and kind.symbol != "jumper":
        return {"1": Place(0, 3.81, 90, 1.27), "2": Place(0, -3.81, 270, 1.27)}
    if kind.symbol in ("D", "LED", "jumper"):
        return {"1": Place(-3.81, 0, 180), "2": Place(3.81, 0, 0)}
    if kind.symbol == "point":
        return {"1": Place(0, 0, 270, 1.27)}
    if kind.symbol in ROW:
        return _amplifier_places(kind)
    width, height = box_size(kind)
    found = {}
    for name, x, leaves in (("left", -width / 2 - STEP, 180), ("right", width / 2 + STEP, 0)):
        for i, pin in enumerate(side(kind, name)):
            found[pin.number] = Place(x, height / 2 - STEP * (i + 1), leaves)
    for name, y, leaves in (("top", height / 2 + STEP, 90), ("bottom", -height / 2 - STEP, 270)):
        columns = columns_of(kind, name)
        for i, pin in enumerate(side(kind, name)):
            column = columns.index(pin.name)
            hidden = any(other.name == pin.name for other in side(kind, name)[:i])
            found[pin.number] = Place((column - (len(columns) - 1) // 2) * 2 * STEP, y, leaves, hidden=hidden)
    return found


def _amplifier_places(kind: Kind) -> dict[str, Place]:
    found = {}
    spots = {"+": Place(-7.62, 2.54, 180), "-": Place(-7.62, -2.54, 180), "o": Place(7.62, 0, 0)}
    spots_power = {"V+": Place(0, 7.62, 90), "V-": Place(0, -7.62, 270)}
    for pin in kind.pins:
        found[pin.number] = spots_power.get(pin.name) or spots[pin.name[0]]
    return found


def symbol(kind: Kind) -> list[Any]:
    """The library symbol."""
    bare = kind.symbol in TWO_ENDS or kind.symbol in ("D", "LED", "point")
    item = node("symbol", kind.name)
    if bare:
        item.append(node("pin_numbers", node("hide", True)))
    item.append(node("pin_names", node("offset", 0.508), *([node("hide", True)] if bare else [])))
    item += [node("exclude_from_sim", False), node("in_bom", True), node("on_board", True)]
    for name, text in (
        ("Reference", kind.prefix),
        ("Value", kind.value or kind.name),
        ("Footprint", kind.footprint),
        ("Datasheet", kind.datasheet),
        ("Description", kind.description),
    ):
        item.append(node("property", name, text, node("at", 0, 0, 0), effects(hide=name not in ("Reference", "Value"))))
    for unit in range(1, kind.n_units + 1):
        drawn = node("symbol", f"{kind.name}_{unit}_1", *_graphics(kind, unit))
        where = places(kind)
        drawn += [_pin(kind, pin, where[pin.number]) for pin in kind.pins if pin.unit == unit]
        item.append(drawn)
    item.append(node("embedded_fonts", False))
    return item


def _pin(kind: Kind, pin: Pin, place: Place) -> list[Any]:
    name = "~" if kind.symbol in ROW and pin.name.startswith("out") else pin.name
    if kind.symbol in ROW and pin.name[1:].isdigit():
        name = pin.name[0]
    electrical = "passive" if place.hidden else pin.electrical
    at = node("at", place.x, place.y, (place.leaves + 180) % 360)
    item = node("pin", Word(electrical), Word("line"), at, node("length", place.length))
    if place.hidden:
        item.append(node("hide", True))
    return [*item, node("name", name, effects()), node("number", pin.number, effects())]


def _stroke(width: float = 0.254) -> list[Any]:
    return node("stroke", node("width", width), node("type", Word("default")))


def line(*points: tuple[float, float], fill: str = "none") -> list[Any]:
    return node("polyline", node("pts", *(node("xy", x, y) for x, y in points)), _stroke(), _fill(fill))


def rectangle(x: float, y: float, fill: str = "background") -> list[Any]:
    return node("rectangle", node("start", -x, y), node("end", x, -y), _stroke(), _fill(fill))


def _fill(kind: str) -> list[Any]:
    return node("fill", node("type", Word(kind)))


def circle(x: float, y: float, radius: float) -> list[Any]:
    return node("circle", node("center", x, y), node("radius", radius), _stroke(), _fill("none"))


def _graphics(kind: Kind, unit: int) -> list[Any]:
    what = kind.symbol
    if what == "R":
        return [rectangle(1.016, 2.54, "none")]
    if what == "fuse":
        return [rectangle(0.762, 2.54, "none"), line((0, 2.54), (0, -2.54))]
    if what == "C":
        return [
            line((-2.032, 0.762), (2.032, 0.762)),
            line((-2.032, -0.762), (2.032, -0.762)),
            line((0, 2.54), (0, 0.762)),
            line((0, -2.54), (0, -0.762)),
        ]
    if what in ("D", "LED"):
        body = [
            line((1.27, 1.27), (1.27, -1.27), (-1.27, 0), (1.27, 1.27)),
            line((-1.27, 1.27), (-1.27, -1.27)),
            line((-1.27, 0), (1.27, 0)),
        ]
        rays = [line((-0.5, -1.8), (-2, -3.3)), line((0.9, -1.8), (-0.6, -3.3))] if what == "LED" else []
        return body + rays
    if what == "point":
        return [circle(0, 1.905, 0.635)]
    if what == "jumper":
        return [circle(-0.762, 0, 0.508), circle(0.762, 0, 0.508), line((-0.762, 1.016), (0.762, 1.016))]
    if what in ROW:
        if unit == kind.n_units:
            return [rectangle(2.54, 5.08)]
        return [line((-5.08, 5.08), (5.08, 0), (-5.08, -5.08), (-5.08, 5.08), fill="background")]
    width, height = box_size(kind)
    return [rectangle(width / 2, height / 2)]


def power_symbol(name: str) -> list[Any]:
    """GND, a rail, or PWR_FLAG."""
    flag = name == "PWR_FLAG"
    electrical = "power_out" if flag else "power_in"
    if name == "GND":
        shapes = [line((0, 0), (0, -1.27), (1.27, -1.27), (0, -2.54), (-1.27, -1.27), (0, -1.27))]
    elif flag:
        shapes = [line((0, 0), (0, 1.27), (-1.016, 1.905), (0, 2.54), (1.016, 1.905), (0, 1.27))]
    else:
        shapes = [line((-0.762, 1.27), (0, 2.54), (0.762, 1.27)), line((0, 0), (0, 2.54))]
    item = node("symbol", name, node("power"), node("pin_numbers", node("hide", True)))
    item += [node("pin_names", node("offset", 0), node("hide", True)), node("exclude_from_sim", False)]
    item += [node("in_bom", True), node("on_board", True)]
    for key, text in (("Reference", "#FLG" if flag else "#PWR"), ("Value", name), ("Footprint", ""), ("Datasheet", "")):
        item.append(node("property", key, text, node("at", 0, 0, 0), effects(hide=key != "Value")))
    pin = node("pin", Word(electrical), Word("line"), node("at", 0, 0, 90 if not name == "GND" else 270))
    pin += [node("length", 0), node("name", name, effects()), node("number", "1", effects())]
    item.append(node("symbol", f"{name}_0_1", *shapes))
    item.append(node("symbol", f"{name}_1_1", pin))
    item.append(node("embedded_fonts", False))
    return item
