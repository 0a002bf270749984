"""Measure the layout rules on a .kicad_pcb, without KiCad: python -m hardware.layout.rules [BOARD...]

Prints a table of rules, and of capacitors, tracks and clocks. Exit code 1 if a rule is broken.
"""

import math
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from hardware.command import command, named
from hardware.generator.build import build
from hardware.generator.circuit import Circuit
from hardware.generator.files import BOARDS
from hardware.layout.classes import CLOCK_MM, SIGNAL, SUPPLIES, SUPPLY
from hardware.layout.copper import Copper, Pad, Track, Via, gaps, pad_to_pad, point_to_segment, read, segment_to_pad
from hardware.layout.dac_board import rows_off
from hardware.layout.order import by_machine
from twinohm.model.board_file import load_board

HERE = Path(__file__).parents[1]
SIZE_MM = 160.0  # on either side, at most
CAPACITOR_MM = 3.0
NECK_MM = 1.0  # from copper of another net, where a supply may be narrower than it wants
CLEARANCE_MM = 0.15
TEXT_MM, STROKE_MM = 1.0, 0.15
APART_MM = 4.0  # between the pads of a digital and of an analogue chip; the ADC is both and not counted
DIGITAL = ("Pico", "74HC165", "74HC595", "74HC74", "74HC86", "74AHCT125")
ANALOGUE = ("MCP4728", "MCP4728_outputs", "TLV9064", "MCP6004", "ADG715", "REF3025")
ROWS_MM = 0.1  # a board on two rows of pins still goes in
SOURCE_MM = 10.0  # from the pin that drives a clock to its resistor
FAR_MM = 5.0  # pads and vias further away are not looked at
ODD = 0.0023  # mm; places that differ by KiCad's rounding alone are rounded to one number
WITHOUT_CAPACITOR = {"VBUS": "the Pico has its own on the supply from USB"}


@dataclass(frozen=True)
class Measure:
    """A rule with its limit, what the board has, and whether it is kept."""

    rule: str
    limit: str
    found: str
    kept: bool


@dataclass(frozen=True)
class Supplied:
    """A supply pin, and how far the nearest capacitor of 100 nF or more on its rail is."""

    pin: str
    rail: str
    capacitor: str
    distance: float


@dataclass(frozen=True)
class Clock:
    """A clock net: length of its tracks, and how far its resistor is from the pin that drives it."""

    net: str
    length: float
    resistor: str
    source: float


def pads_with_vias(copper: Copper) -> tuple[list[Pad], float]:
    """Return the surface-mounted pads that a via is in or cuts, and the smallest gap of any pad to a via."""
    found, nearest = [], math.inf
    columns: dict[int, list[Via]] = {}
    for via in copper.vias:
        for column in range(int(via.at[0] // FAR_MM) - 1, int(via.at[0] // FAR_MM) + 2):
            columns.setdefault(column, []).append(via)
    for pad in copper.pads:
        if pad.drilled or not pad.number:
            continue
        vias = [via for via in columns.get(int(pad.at[0] // FAR_MM), ()) if abs(via.at[1] - pad.at[1]) < FAR_MM]
        gap = min((segment_to_pad(via.at, via.at, pad) - via.diameter / 2 for via in vias), default=math.inf)
        nearest = min(nearest, gap)
        if gap <= 0:
            found.append(pad)
    return found, nearest


def supplied(copper: Copper, circuit: Circuit) -> list[Supplied]:
    """Return every supply pin, those without a capacitor at an infinite distance.

    The distance is from the middle of the pin's pad to the middle of the capacitor's; of a pin through the board, whose
    part covers what is around it, from edge to edge.
    """
    pads = {(pad.ref, pad.number): pad for pad in copper.pads}
    capacitors = {part.ref for part in circuit.parts if part.kind.prefix == "C" and part.value in ("100n", "1u", "10u")}
    found = []
    for part in circuit.parts:
        for pin in part.kind.pins:
            net = part.nets.get(pin.number, "GND")
            supply = part.kind.prefix == "U" and pin.electrical in ("power_in", "power_out")
            if not supply or net == "GND" or net in WITHOUT_CAPACITOR or (part.ref, pin.number) not in pads:
                continue
            here = pads[part.ref, pin.number]
            near = [(_distance(here, pad), pad.ref) for pad in copper.pads if pad.ref in capacitors and pad.net == net]
            distance, capacitor = min(near, default=(math.inf, "none"))
            found.append(Supplied(f"{part.ref} {pin.name} ({part.key})", net, capacitor, distance))
    return found


def _distance(pin: Pad, capacitor: Pad) -> float:
    return pad_to_pad(pin, capacitor) if pin.drilled else math.dist(pin.at, capacitor.at)


def narrow_supplies(copper: Copper) -> tuple[float, str]:
    """Return the largest distance of the middle of a supply's narrow track to copper of another net, and its net."""
    worst, name = 0.0, ""
    for track in copper.tracks:
        supply = track.net in SUPPLIES and track.net not in copper.planes
        if not supply or track.width >= SUPPLY[0] or _in_pad(track, copper):
            continue
        x, y = middle = ((track.start[0] + track.end[0]) / 2, (track.start[1] + track.end[1]) / 2)
        gaps_here = [
            segment_to_pad(middle, middle, pad)
            for pad in copper.pads
            if pad.net != track.net and track.layer in pad.layers and abs(pad.at[0] - x) + abs(pad.at[1] - y) < FAR_MM
        ]
        for other in copper.tracks:
            if other.net != track.net and other.layer == track.layer:
                gaps_here.append(point_to_segment(middle, other.start, other.end) - other.width / 2)
        gaps_here += [math.dist(middle, via.at) - via.diameter / 2 for via in copper.vias if via.net != track.net]
        away = min(gaps_here)
        if away > worst:
            worst, name = away, track.net
    return worst, name


def _in_pad(track: Track, copper: Copper) -> bool:
    """Say if a track lies in a pad of its own net."""
    ends = (track.start, track.end)
    mine = [pad for pad in copper.pads if pad.net == track.net and track.layer in pad.layers]
    return any(all(segment_to_pad(end, end, pad) == 0 for end in ends) for pad in mine)


def clocks(copper: Copper, circuit: Circuit) -> list[Clock]:
    """Return every clock net of the board."""
    pads = {(pad.ref, pad.number): pad for pad in copper.pads}
    found = []
    for net in CLOCK_MM:
        if net not in circuit.nets:
            continue
        length = sum(track.length for track in copper.tracks if track.net == net)
        resistor, source = "", 0.0
        for part in circuit.parts:
            if part.key.startswith(("r_clk", "r_latch")) and part.nets["2"] == net:
                drivers = [
                    pads[other.ref, pin.number]
                    for other in circuit.parts
                    for pin in other.kind.pins
                    if other.nets.get(pin.number) == part.nets["1"] and pin.electrical in ("tri_state", "bidirectional")
                ]
                resistor = part.ref
                source = min(math.dist(pads[part.ref, "1"].at, driver.at) for driver in drivers)
        found.append(Clock(net, length, resistor, source))
    return found


def apart(copper: Copper, circuit: Circuit) -> tuple[float, str]:
    """Return the smallest gap between a digital and an analogue chip, and both references."""
    kinds = {part.ref: part.kind.name for part in circuit.parts}
    digital = [pad for pad in copper.pads if kinds.get(pad.ref) in DIGITAL]
    analogue = [pad for pad in copper.pads if kinds.get(pad.ref) in ANALOGUE]
    return min((pad_to_pad(a, b), f"{a.ref} / {b.ref}") for a in digital for b in analogue)


def unlike_cells(copper: Copper, circuit: Circuit) -> list[str]:
    """Return the edges whose parts, or whose copper between them, are not placed as those of the first edge."""
    keys = {part.ref: part.key.split("/") for part in circuit.parts if "/" in part.key}
    cells: dict[str, set[tuple[object, ...]]] = {}
    origins = {keys[fp.ref][0]: fp.at for fp in copper.footprints if keys.get(fp.ref, ["", ""])[1] == "pot_free"}

    def away(edge: str, at: tuple[float, float]) -> tuple[float, float]:
        dx, dy = at[0] - origins[edge][0], at[1] - origins[edge][1]
        return round(dx + ODD, 2), round(dy + ODD, 2)

    for footprint in copper.footprints:
        if footprint.ref in keys:
            edge, key = keys[footprint.ref]
            cells.setdefault(edge, set()).add((key, *away(edge, footprint.at), footprint.turn))
    for track in copper.tracks:
        if track.net.startswith("/edges/"):
            _, _, edge, net = track.net.split("/")
            ends = sorted((away(edge, track.start), away(edge, track.end)))
            cells[edge].add((net, track.layer, *ends, track.width))
    for via in copper.vias:
        if via.net.startswith("/edges/"):
            _, _, edge, net = via.net.split("/")
            cells[edge].add((net, *away(edge, via.at)))
    first, *others = cells.values()
    return [edge for edge, cell in zip(list(cells)[1:], others, strict=True) if cell != first]


def measure(copper: Copper, circuit: Circuit) -> list[Measure]:
    """Return every rule."""
    bad, nearest = pads_with_vias(copper)
    n_pads = sum(not pad.drilled and bool(pad.number) for pad in copper.pads)
    pins = supplied(copper, circuit)
    far = max(pins, key=lambda pin: pin.distance)
    gap, *nets = min(gaps(copper), default=(math.inf, "none", "none"))
    between = "" if gap >= CLEARANCE_MM - 1e-4 else f", {' / '.join(nets)}"
    away, chips = apart(copper, circuit)
    neck, neck_net = narrow_supplies(copper)
    count = {what: sum(what in fp.name for fp in copper.footprints) for what in ("Fiducial", "MountingHole")}
    machine = any(by_machine(part) and part.kind.symbol != "point" for part in circuit.parts)
    points = sum(fp.ref.startswith("TP") for fp in copper.footprints)
    wanted = sum(part.kind.symbol == "point" for part in circuit.parts)
    unlike = unlike_cells(copper, circuit)
    rules = [
        _at_most("board, longer side", SIZE_MM, max(copper.size), "mm"),
        Measure("SMD pads with a via in or cutting them", "0", f"{len(bad)} of {n_pads}", not bad),
        Measure("gap of an SMD pad to the nearest via", "> 0 mm", f"{nearest:.2f} mm", nearest > 0),
        _at_most("supply pin to its capacitor, worst", CAPACITOR_MM, far.distance, f"mm, {far.pin}"),
        Measure("gap between two nets", f">= {CLEARANCE_MM} mm", f"{gap:.3f} mm{between}", gap >= CLEARANCE_MM - 1e-4),
        _at_least("narrowest track", SIGNAL[0], min(track.width for track in copper.tracks), "mm"),
        _at_most(f"supply below {SUPPLY[0]} mm, from other copper", NECK_MM, neck, f"mm {neck_net}".strip()),
        Measure("digital to analogue chip", f">= {APART_MM:g} mm", f"{away:.1f} mm, {chips}", away >= APART_MM),
        _at_least("text: height", TEXT_MM, min(text.height for text in copper.texts), "mm"),
        _at_least("text: line", STROKE_MM, min(text.stroke for text in copper.texts), "mm"),
        _at_least("fiducials" if machine else "fiducials (no machine solders)", 3 * machine, count["Fiducial"], ""),
        _at_least("mounting holes", 4, count["MountingHole"], ""),
        Measure("test points", str(wanted), str(points), points == wanted),
        Measure("edges unlike the first", "0", ", ".join(unlike) or "0", not unlike),
    ]
    if (off := rows_off(copper, circuit)) is not None:
        rules.append(_at_most("rows of the DAC's board, off by", ROWS_MM, off, "mm"))
    for clock in clocks(copper, circuit):
        rules.append(_at_most(f"{clock.net}: length", CLOCK_MM[clock.net], clock.length, "mm"))
        if clock.resistor:
            rules.append(_at_most(f"{clock.net}: pin to {clock.resistor}", SOURCE_MM, clock.source, "mm"))
    return rules


def _at_most(rule: str, limit: float, value: float, unit: str) -> Measure:
    return Measure(rule, f"<= {limit:g} {unit[:2]}".rstrip(), f"{value:.1f} {unit}".rstrip(), value <= limit)


def _at_least(rule: str, limit: float, value: float, unit: str) -> Measure:
    return Measure(rule, f">= {limit:g} {unit}".rstrip(), f"{value:g} {unit}".rstrip(), value >= limit)


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return lines with columns as wide as their texts."""
    wide = [max(len(row[i]) for row in (head, *rows)) for i in range(len(head))]
    lines = ["  ".join(text.ljust(n) for text, n in zip(row, wide, strict=True)).rstrip() for row in (head, *rows)]
    return "\n".join(lines)


def capacitor_rows(pins: Sequence[Supplied]) -> list[list[str]]:
    """Return rail, number of pins, and mean and largest distance with its pin."""
    rows = []
    for rail in sorted({pin.rail for pin in pins}):
        here = [pin for pin in pins if pin.rail == rail]
        worst = max(here, key=lambda pin: pin.distance)
        mean = sum(pin.distance for pin in here) / len(here)
        rows.append([rail, str(len(here)), f"{mean:.1f}", f"{worst.distance:.1f}", f"{worst.pin}, {worst.capacitor}"])
    return rows


def track_rows(copper: Copper) -> list[list[str]]:
    """Return the length of tracks of every width, in mm, of supplies and of all signals."""
    rows = []
    groups = {net: {net} for net in SUPPLIES}
    groups["signals"] = {track.net for track in copper.tracks} - set(SUPPLIES)
    for name, nets in groups.items():
        here = [track for track in copper.tracks if track.net in nets]
        if here:
            by_width = (sum(track.length for track in here if track.width == width) for width in sorted(SUPPLY))
            note = "plane" if name in copper.planes else ""
            rows.append([name, *(f"{length:.0f}" for length in by_width), note])
    return rows


def report(name: str) -> tuple[str, bool]:
    """Return what is printed of a board, and whether every rule is kept. Raises OSError if it has no .kicad_pcb."""
    copper, circuit = read(HERE / name / f"{name}.kicad_pcb"), build(load_board(name))
    rules = measure(copper, circuit)
    rows = [[rule.rule, rule.limit, rule.found, "" if rule.kept else "BROKEN"] for rule in rules]
    length = sum(track.length for track in copper.tracks) / 1000
    size = "{:g} x {:g} mm".format(*copper.size)
    parts = [
        f"{name}: {size}, {len(copper.pads)} pads, {len(copper.vias)} vias, {length:.2f} m of tracks",
        table(("rule", "limit", "board", ""), rows),
        table(("rail", "pins", "mean mm", "worst mm", "of"), capacitor_rows(supplied(copper, circuit))),
        table(("tracks, mm", *(f"{width} wide" for width in sorted(SUPPLY)), ""), track_rows(copper)),
    ]
    return "\n\n".join(parts), all(rule.kept for rule in rules)


@command
def main(boards: Sequence[str]) -> int:
    """Print the rules of these boards, or of all that are laid out; return 1 if one is broken, 2 for a wrong name."""
    laid_out = [name for name in BOARDS if (HERE / name / f"{name}.kicad_pcb").exists()]
    good = True
    for name in named(boards, laid_out, "is laid out"):
        text, kept = report(name)
        print(text, end="\n\n")
        good = good and kept
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
