"""What a .kicad_pcb has, as records: footprints, pads, tracks, vias and texts. Read without KiCad; lengths in mm."""

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from twinohm.model.sexp import find, first, parse

Point = tuple[float, float]
OUTER = ("F.Cu", "B.Cu")
FILLED = re.compile(r"^\t\t\(filled_polygon\n.*?^\t\t\)\n", re.MULTILINE | re.DOTALL)  # of areas: much text


@dataclass(frozen=True)
class Pad:
    """A pad: its middle, its size along x and y, the radius of its corners, and whether it is through the board."""

    ref: str
    number: str
    net: str
    at: Point
    size: Point
    radius: float
    layers: frozenset[str]
    drilled: bool

    @property
    def inner(self) -> tuple[float, float, float, float]:
        """Left, top, right and bottom of the box from which the pad's copper reaches `radius` further."""
        half = (self.size[0] / 2 - self.radius, self.size[1] / 2 - self.radius)
        return self.at[0] - half[0], self.at[1] - half[1], self.at[0] + half[0], self.at[1] + half[1]


@dataclass(frozen=True)
class Track:
    """A straight track."""

    net: str
    layer: str
    start: Point
    end: Point
    width: float

    @property
    def length(self) -> float:
        return math.dist(self.start, self.end)


@dataclass(frozen=True)
class Via:
    """A via through all layers."""

    net: str
    at: Point
    diameter: float
    drill: float


@dataclass(frozen=True)
class Text:
    """A text that is printed: its height and the width of its line."""

    text: str
    layer: str
    height: float
    stroke: float


@dataclass(frozen=True)
class Footprint:
    """A footprint: its reference, its name in KiCad's library, place and rotation."""

    ref: str
    name: str
    at: Point
    turn: float


@dataclass(frozen=True)
class Copper:
    """All of a board. `size` is that of the outline; `planes` are nets with an area in an inner layer."""

    size: Point
    footprints: tuple[Footprint, ...]
    pads: tuple[Pad, ...]
    tracks: tuple[Track, ...]
    vias: tuple[Via, ...]
    texts: tuple[Text, ...]
    planes: frozenset[str]


def read(file: Path) -> Copper:
    """Read a board. Raises OSError, and ValueError for what KiCad 9 does not write."""
    tree = parse(FILLED.sub("", file.read_text(encoding="utf-8")))
    names = {item[1]: item[2] for item in find(tree, "net")}
    corners = [
        point(line, end)
        for line in find(tree, "gr_line")
        if first(line, "layer")[1] == "Edge.Cuts"
        for end in ("start", "end")
    ]
    if not corners:
        raise ValueError(f"{file} has no outline on Edge.Cuts")
    xs, ys = [x for x, _ in corners], [y for _, y in corners]
    footprints, pads, texts = [], [], []
    for item in find(tree, "footprint"):
        place = [float(value) for value in first(item, "at")[1:]]
        turn = place[2] if len(place) > 2 else 0.0
        ref = next(entry[2] for entry in find(item, "property") if entry[1] == "Reference")
        footprints.append(Footprint(ref, item[1].split(":")[-1], (place[0], place[1]), turn))
        pads += [_pad(ref, (place[0], place[1]), turn, pad) for pad in find(item, "pad")]
        texts += [
            _text(entry, entry[2]) for kind in ("property", "fp_text") for entry in find(item, kind) if printed(entry)
        ]
    texts += [_text(entry, entry[1]) for entry in find(tree, "gr_text") if printed(entry)]
    tracks = tuple(
        Track(
            names[first(item, "net")[1]],
            first(item, "layer")[1],
            point(item, "start"),
            point(item, "end"),
            float(first(item, "width")[1]),
        )
        for item in find(tree, "segment")
    )
    vias = tuple(
        Via(
            names[first(item, "net")[1]],
            point(item, "at"),
            float(first(item, "size")[1]),
            float(first(item, "drill")[1]),
        )
        for item in find(tree, "via")
    )
    size = (round(max(xs) - min(xs), 3), round(max(ys) - min(ys), 3))
    planes = {
        first(zone, "net_name")[1]
        for zone in find(tree, "zone")
        for layer in find(zone, "layer")
        if layer[1].startswith("In")
    }
    return Copper(size, tuple(footprints), tuple(pads), tracks, vias, tuple(texts), frozenset(planes))


def point(item: list[Any], name: str) -> Point:
    """Return x and y of the child of that name."""
    x, y = first(item, name)[1:3]
    return float(x), float(y)


def printed(item: list[Any]) -> bool:
    """Say if a text is on a silkscreen and not hidden."""
    layers = find(item, "layer")
    return (
        bool(layers)
        and layers[0][1].endswith("SilkS")
        and not any(entry[1:] == ["yes"] for entry in find(item, "hide"))
    )


def _text(item: list[Any], text: str) -> Text:
    font = first(first(item, "effects"), "font")
    return Text(text, first(item, "layer")[1], float(first(font, "size")[1]), float(first(font, "thickness")[1]))


def _pad(ref: str, origin: Point, turn: float, item: list[Any]) -> Pad:
    x, y, *rest = (float(value) for value in first(item, "at")[1:])
    angle = rest[0] if rest else 0.0
    if angle % 90:
        raise ValueError(f"pad {item[1]} of {ref} is turned by {angle} degrees; only quarter turns can be measured")
    radians = math.radians(turn)
    at = (
        origin[0] + x * math.cos(radians) + y * math.sin(radians),
        origin[1] - x * math.sin(radians) + y * math.cos(radians),
    )
    width, height = (float(value) for value in first(item, "size")[1:])
    size = (height, width) if angle % 180 else (width, height)
    shape = item[3]
    ratio = float(first(item, "roundrect_rratio")[1]) if shape == "roundrect" else 0.0
    radius = min(size) / 2 if shape in ("circle", "oval") else ratio * min(size)
    layers = {
        layer for name in first(item, "layers")[1:] for layer in (OUTER if name in ("*.Cu", "F&B.Cu") else (name,))
    }
    net = find(item, "net")
    return Pad(
        ref,
        item[1],
        net[0][2] if net else "",
        at,
        size,
        radius,
        frozenset(layers & set(OUTER)),
        item[2] in ("thru_hole", "np_thru_hole"),
    )


# -- distances ---------------------------------------------------------------------------------------------------------


def point_to_segment(p: Point, a: Point, b: Point) -> float:
    dx, dy = b[0] - a[0], b[1] - a[1]
    along = dx * dx + dy * dy
    t = 0.0 if along == 0 else max(0.0, min(1.0, ((p[0] - a[0]) * dx + (p[1] - a[1]) * dy) / along))
    return math.dist(p, (a[0] + t * dx, a[1] + t * dy))


def segments_meet(a: Point, b: Point, c: Point, d: Point) -> bool:
    def side(p: Point, q: Point, r: Point) -> float:
        return (q[0] - p[0]) * (r[1] - p[1]) - (q[1] - p[1]) * (r[0] - p[0])

    return side(a, b, c) * side(a, b, d) < 0 and side(c, d, a) * side(c, d, b) < 0


def segment_to_segment(a: Point, b: Point, c: Point, d: Point) -> float:
    if segments_meet(a, b, c, d):
        return 0.0
    return min(
        point_to_segment(a, c, d), point_to_segment(b, c, d), point_to_segment(c, a, b), point_to_segment(d, a, b)
    )


def segment_to_pad(a: Point, b: Point, pad: Pad) -> float:
    """Return the distance of a line to a pad's copper, at least 0."""
    left, top, right, bottom = pad.inner
    if a == b:
        dx, dy = max(left - a[0], a[0] - right, 0.0), max(top - a[1], a[1] - bottom, 0.0)
        return max(math.hypot(dx, dy) - pad.radius, 0.0)
    if any(left <= p[0] <= right and top <= p[1] <= bottom for p in (a, b)):
        return 0.0
    corners = [(left, top), (right, top), (right, bottom), (left, bottom)]
    sides = zip(corners, corners[1:] + corners[:1], strict=True)
    return max(min(segment_to_segment(a, b, c, d) for c, d in sides) - pad.radius, 0.0)


def pad_to_pad(a: Pad, b: Pad) -> float:
    """Return the gap between two pads' copper."""
    p, q = a.inner, b.inner
    dx, dy = max(q[0] - p[2], p[0] - q[2], 0.0), max(q[1] - p[3], p[1] - q[3], 0.0)
    return max(math.hypot(dx, dy) - a.radius - b.radius, 0.0)


def gaps(copper: Copper, reach: float = 0.25) -> Iterator[tuple[float, str, str]]:
    """Yield the gap, and both nets, of all tracks, vias and pads of different nets on one outer layer that are near."""
    bucket = 2.0
    for layer in OUTER:
        grid: dict[tuple[int, int], list[tuple[tuple[float, ...], Pad | Track | Via]]] = {}
        items: list[Pad | Track | Via] = [*copper.vias]
        items += [pad for pad in copper.pads if layer in pad.layers]
        items += [track for track in copper.tracks if track.layer == layer]
        for item in items:
            left, top, right, bottom = box = _box(item, reach / 2)
            for column in range(int(left // bucket), int(right // bucket) + 1):
                for row in range(int(top // bucket), int(bottom // bucket) + 1):
                    for there, other in grid.setdefault((column, row), []):
                        apart = there[0] > right or there[2] < left or there[1] > bottom or there[3] < top
                        if apart or other.net == item.net or (isinstance(item, Pad) and isinstance(other, Pad)):
                            continue
                        gap = _gap(item, other)
                        if gap < reach:
                            yield gap, item.net, other.net
                    grid[column, row].append((box, item))


def _box(item: Pad | Track | Via, more: float) -> tuple[float, float, float, float]:
    if isinstance(item, Track):
        more += item.width / 2
        xs, ys = (item.start[0], item.end[0]), (item.start[1], item.end[1])
        return min(xs) - more, min(ys) - more, max(xs) + more, max(ys) + more
    half = (item.size[0] / 2, item.size[1] / 2) if isinstance(item, Pad) else (item.diameter / 2, item.diameter / 2)
    return (
        item.at[0] - half[0] - more,
        item.at[1] - half[1] - more,
        item.at[0] + half[0] + more,
        item.at[1] + half[1] + more,
    )


def _line(item: Track | Via) -> tuple[Point, Point, float]:
    if isinstance(item, Track):
        return item.start, item.end, item.width / 2
    return item.at, item.at, item.diameter / 2


def _gap(a: Pad | Track | Via, b: Pad | Track | Via) -> float:
    if isinstance(a, Pad):
        a, b = b, a
    assert not isinstance(a, Pad)
    start, end, half = _line(a)
    if isinstance(b, Pad):
        return segment_to_pad(start, end, b) - half
    other_start, other_end, other_half = _line(b)
    return segment_to_segment(start, end, other_start, other_end) - half - other_half
