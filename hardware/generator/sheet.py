"""One schematic sheet on paper. Positions are in steps of 1.27 mm from the top left corner, y downwards."""

import uuid
from collections.abc import Sequence
from typing import Any

from hardware.generator import ISSUED, REVISION
from hardware.generator.circuit import RAILS, Part
from hardware.generator.sexp import Word, dump, node
from hardware.generator.symbols import (
    LIBRARY,
    STEP,
    Place,
    box_size,
    columns_of,
    effects,
    places,
    power_symbol,
    symbol,
)

GRID = 1.27
SPACE = uuid.UUID("1f0c6ab8-4f0e-5e5b-9a8e-7b1c7d6f2a10")
Point = tuple[float, float]


def stable_uuid(*words: object) -> str:
    """Return the UUID of these words, always the same."""
    return str(uuid.uuid5(SPACE, "/".join(map(str, words))))


def turned(place: Place, rotation: int) -> Place:
    """Return the place of a pin after its symbol is turned anticlockwise by 0, 90, 180 or 270 degrees."""
    x, y = place.x, place.y
    for _ in range(rotation // 90):
        x, y = -y, x
    return Place(x, y, (place.leaves + rotation) % 360, place.length, place.hidden)


class Sheet:
    """A sheet while it is drawn.

    `paths` are its instances (UUID path, page); parts[key] has one part for each instance.
    """

    def __init__(
        self,
        project: str,
        name: str,
        title: str,
        paper: str,
        paths: Sequence[tuple[str, int]],
        parts: dict[str, list[Part]],
    ) -> None:
        self.project, self.name, self.title, self.paper = project, name, title, paper
        self.paths, self.parts = list(paths), parts
        self._items: list[Any] = []
        self._wires: list[tuple[Point, Point]] = []
        self._joints: set[Point] = set()
        self._library: dict[str, list[Any]] = {}
        self._pins: dict[tuple[str, str], Point] = {}
        self._open: dict[tuple[str, str], tuple[Point, int]] = {}
        self._count = 0

    def _uuid(self) -> list[Any]:
        self._count += 1
        return node("uuid", stable_uuid(self.project, self.name, self._count))

    def symbol_uuid(self, key: str, unit: int = 1) -> str:
        return stable_uuid(self.project, self.name, key, unit)

    # -- parts -------------------------------------------------------------------------------------------------------

    def place(self, key: str, x: float, y: float, rotation: int = 0, unit: int = 1, flip: bool = False) -> None:
        """Draw a part, or one unit of it; `flip` puts reference and value on the other side of a two-ended part."""
        part = self.parts[key][0]
        kind = part.kind
        self._library[kind.name] = symbol(kind)
        pins = [pin for pin in kind.pins if pin.unit == unit]
        where = {number: turned(place, rotation) for number, place in places(kind).items()}
        item = node("symbol", node("lib_id", f"{LIBRARY}:{kind.name}"), node("at", x * GRID, y * GRID, rotation))
        item += [node("unit", unit), node("exclude_from_sim", False), node("in_bom", kind.symbol != "point")]
        item += [node("on_board", True), node("dnp", False), node("uuid", self.symbol_uuid(key, unit))]
        item += self._fields(part, x, y, rotation, unit, flip)
        item += [node("pin", pin.number, self._uuid()) for pin in pins]
        item.append(node("instances", node("project", self.project, *self._instances(key, unit))))
        self._items.append(item)
        for pin in pins:
            spot = where[pin.number]
            at = (x + spot.x / GRID, y - spot.y / GRID)
            self._pins[key, pin.number] = self._pins[key, pin.name] = at
            self._open[key, pin.number] = (at, spot.leaves)

    def _instances(self, key: str, unit: int) -> list[Any]:
        pairs = zip(self.paths, self.parts[key], strict=True)
        return [node("path", path, node("reference", part.ref), node("unit", unit)) for (path, _), part in pairs]

    def _fields(self, part: Part, x: float, y: float, rotation: int, unit: int, flip: bool) -> list[Any]:
        kind = part.kind
        width, height = (10.16, 10.16)
        if kind.symbol == "box":
            width, height = box_size(kind)
            columns = len(columns_of(kind, "bottom"))
            first = -((columns - 1) // 2) * 2 * STEP
            below = (first - 2.9, "right") if columns else (-width / 2, "left")
            spots = [(-width / 2, -height / 2 - 1.4, "left"), (below[0], height / 2 + 1.6, below[1])]
        elif kind.symbol in ("opamp", "comparator"):
            power = unit == kind.n_units
            spots = [(3.2, -1.27, "left"), (3.2, 1.27, "left")] if power else [(1.0, -4.6, "left"), (1.0, 4.6, "left")]
        elif kind.symbol == "point":
            spots = [(0, -4.2, ""), (0, 0, "")]
        elif (kind.symbol in ("R", "C", "fuse")) == (rotation % 180 == 0):
            spots = [(-2.4, -1.0, "right"), (-2.4, 1.0, "right")] if flip else [(2.4, -1.0, "left"), (2.4, 1.0, "left")]
        else:
            spots = [(0, -2.6, ""), (0, 4.6 if kind.symbol == "LED" else 2.6, "")]
        texts = {"Reference": part.ref, "Value": part.value, "Footprint": kind.footprint, "Datasheet": kind.datasheet}
        texts |= {"Description": kind.description, "MPN": part.mpn, "Manufacturer": kind.maker}
        show_value = kind.symbol not in ("opamp", "comparator") or unit == kind.n_units
        items = []
        for i, (name, text) in enumerate(texts.items()):
            dx, dy, justify = spots[i] if i < 2 else (0, 0, "")
            at = node("at", x * GRID + dx, y * GRID + dy, 90 if rotation % 180 else 0)
            hide = i > 1 or (name == "Value" and (not show_value or kind.symbol == "point"))
            items.append(node("property", name, text, at, effects(justify=justify, hide=hide)))
        return items

    def pin(self, key: str, pin: str) -> Point:
        """Return where the wire of a pin starts. The caller draws that wire: name_open_pins() leaves the pin alone."""
        part = self.parts[key][0]
        self._open.pop((key, part.kind.number(pin)), None)
        return self._pins[key, part.kind.number(pin)]

    # -- wires and names ---------------------------------------------------------------------------------------------

    def wire(self, *points: Point) -> None:
        """Draw a wire along these points."""
        for (x1, y1), (x2, y2) in zip(points, points[1:], strict=False):
            if (x1, y1) != (x2, y2):
                self._wires.append(((x1, y1), (x2, y2)))

    def _wire_items(self) -> list[Any]:
        """Return all wires, cut at the junctions: KiCad joins wires at their ends."""
        items = []
        for (x1, y1), (x2, y2) in self._wires:
            (left, right), (top, bottom) = sorted((x1, x2)), sorted((y1, y2))
            on = {(x, y) for x, y in self._joints if left <= x <= right and top <= y <= bottom}
            ends = sorted(on | {(x1, y1), (x2, y2)})
            for (ax, ay), (bx, by) in zip(ends, ends[1:], strict=False):
                pts = node("pts", node("xy", ax * GRID, ay * GRID), node("xy", bx * GRID, by * GRID))
                items.append(node("wire", pts, _thin(), self._uuid()))
        return items

    def junction(self, x: float, y: float) -> None:
        """Join the wires that cross or meet at (x, y)."""
        self._joints.add((x, y))
        at = node("at", x * GRID, y * GRID)
        self._items.append(node("junction", at, node("diameter", 0), node("color", 0, 0, 0, 0), self._uuid()))

    def label(self, net: str, x: float, y: float, leaves: int = 0) -> None:
        """Name the net at (x, y); the text goes in the direction `leaves` (degrees). Rails become power symbols."""
        if net in RAILS:
            self.power(net, x, y)
        else:
            self.tag(net, x, y, leaves)

    def tag(self, net: str, x: float, y: float, leaves: int = 0) -> None:
        """Name the net as label() does, a rail too: for pins that stand too close for power symbols."""
        what, shape = ("label", "") if net.startswith("/") else ("global_label", "bidirectional")
        self._label(what, net.rsplit("/", 1)[-1], x, y, leaves, shape)

    def port(self, name: str, x: float, y: float, leaves: int, shape: str = "passive") -> None:
        """Draw a pin of this sheet."""
        self._label("hierarchical_label", name, x, y, leaves, shape)

    def _label(self, what: str, text: str, x: float, y: float, leaves: int, shape: str = "") -> None:
        item = node(what, text)
        if shape:
            item.append(node("shape", Word(shape)))
        justify = "left" if leaves in (0, 90) else "right"
        item += [node("at", x * GRID, y * GRID, leaves)]
        item += [effects(justify=justify if shape else justify + " bottom"), self._uuid()]
        if what == "global_label":
            at = node("at", x * GRID, y * GRID, 0)
            item.append(node("property", "Intersheetrefs", "${INTERSHEET_REFS}", at, effects(hide=True)))
        self._items.append(item)

    def power(self, name: str, x: float, y: float) -> None:
        """Draw the symbol of a rail, or PWR_FLAG."""
        self._library[name] = power_symbol(name)
        self._count += 1
        prefix = "#FLG" if name == "PWR_FLAG" else "#PWR"
        ref = f"{prefix}{self.name.strip('/').replace('/', '_')}{self._count}"
        item = node("symbol", node("lib_id", f"{LIBRARY}:{name}"), node("at", x * GRID, y * GRID, 0), node("unit", 1))
        item += [node("exclude_from_sim", False), node("in_bom", True), node("on_board", True), node("dnp", False)]
        item.append(self._uuid())
        drop = 4.2 if name == "GND" else -4.0
        for key, text, dy in (("Reference", ref, 0), ("Value", name, drop), ("Footprint", "", 0), ("Datasheet", "", 0)):
            at = node("at", x * GRID, y * GRID + dy, 0)
            item.append(node("property", key, text, at, effects(hide=key != "Value")))
        item.append(node("pin", "1", self._uuid()))
        paths = [
            node("path", path, node("reference", f"{ref}_{i}"), node("unit", 1))
            for i, (path, _) in enumerate(self.paths)
        ]
        item.append(node("instances", node("project", self.project, *paths)))
        self._items.append(item)

    def name_open_pins(self, stub: float = 2) -> None:
        """Give every pin without a drawn wire a short one with its net's name, and a pin without a net a cross."""
        for (key, number), ((x, y), leaves) in self._open.items():
            net = self.parts[key][0].nets.get(number)
            dx, dy = {0: (1, 0), 90: (0, -1), 180: (-1, 0), 270: (0, 1)}[leaves]
            if net is None:
                self._items.append(node("no_connect", node("at", x * GRID, y * GRID), self._uuid()))
            elif net in RAILS and leaves == (270 if net == "GND" else 90):
                self.power(net, x, y)
            else:
                self.wire((x, y), (x + stub * dx, y + stub * dy))
                self.tag(net, x + stub * dx, y + stub * dy, leaves)
        self._open.clear()

    # -- words and frames --------------------------------------------------------------------------------------------

    def text(self, words: str, x: float, y: float, size: float = 1.27, bold: bool = False) -> None:
        """Write words, `size` in mm, from (x, y) to the right and downwards."""
        font = node("font", node("size", size, size), *([node("bold", True)] if bold else []))
        item = node("text", words, node("exclude_from_sim", False), node("at", x * GRID, y * GRID, 0))
        self._items.append([*item, node("effects", font, node("justify", Word("left"), Word("top"))), self._uuid()])

    def frame(self, title: str, x: float, y: float, width: float, height: float) -> None:
        """Draw a dashed frame with a title."""
        corners = node("start", x * GRID, y * GRID), node("end", (x + width) * GRID, (y + height) * GRID)
        stroke = node("stroke", node("width", 0.2), node("type", Word("dash")))
        item = node("rectangle", *corners, stroke, node("fill", node("type", Word("none"))), self._uuid())
        self._items.append(item)
        self.text(title, x + 1, y + 1, 2, bold=True)

    def child(
        self,
        name: str,
        file: str,
        box: tuple[float, float, float, float],
        page: int,
        pins: Sequence[tuple[str, str, Point, int]] = (),
    ) -> str:
        """Draw the box (x, y, width, height) of another sheet and return its UUID.

        `pins` are (name, shape, place, side in degrees).
        """
        x, y, width, height = box
        own = stable_uuid(self.project, self.name, "sheet", name)
        size = node("size", width * GRID, height * GRID)
        item = node("sheet", node("at", x * GRID, y * GRID), size, node("exclude_from_sim", False))
        item += [node("in_bom", True), node("on_board", True), node("dnp", False), _thin(0.1524, "solid")]
        item += [node("fill", node("color", 0, 0, 0, Word("0.0000"))), node("uuid", own)]
        below = node("at", x * GRID, (y + height) * GRID + 0.7, 0)
        for key, value, at, justify in (
            ("Sheetname", name, node("at", x * GRID, y * GRID - 0.7, 0), "left bottom"),
            ("Sheetfile", file, below, "left top"),
        ):
            hide = key == "Sheetfile" and bool(pins)
            item.append(node("property", key, value, at, effects(justify=justify, hide=hide)))
        for text, shape, (px, py), leaves in pins:
            at = node("at", px * GRID, py * GRID, leaves)
            justify = "left" if leaves == 180 else "right"
            item.append(node("pin", text, Word(shape), at, self._uuid(), effects(justify=justify)))
        paths = [node("path", path, node("page", str(page))) for path, _ in self.paths]
        item.append(node("instances", node("project", self.project, *paths)))
        self._items.append(item)
        return own

    # -- the file ----------------------------------------------------------------------------------------------------

    @property
    def uuid(self) -> str:
        return stable_uuid(self.project, self.name, "root")

    def dump(self) -> str:
        """Return the text of the .kicad_sch file."""
        library = node("lib_symbols")
        for name, item in sorted(self._library.items()):
            library.append([item[0], f"{LIBRARY}:{name}", *item[2:]])
        head = node("kicad_sch", node("version", Word("20250114")), node("generator", "twinohm"))
        head += [node("generator_version", "9.0"), node("uuid", self.uuid), node("paper", self.paper)]
        title = [node("title", self.title), node("date", ISSUED), node("rev", REVISION)]
        head.append(node("title_block", *title, node("company", "TwinOhm, CERN-OHL-P-2.0")))
        tail = [node("sheet_instances", node("path", "/", node("page", "1")))] if self.name == "/" else []
        return dump([*head, library, *self._items, *self._wire_items(), *tail, node("embedded_fonts", False)]) + "\n"


def _thin(width: float = 0, kind: str = "default") -> list[Any]:
    return node("stroke", node("width", width), node("type", Word(kind)))
