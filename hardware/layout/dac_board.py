"""The ready-made board with the DAC stands on two rows of pins: are they where its own drawing has them?"""

import math

from hardware.generator.circuit import Circuit
from hardware.layout.copper import Copper, Point
from hardware.sources.reader import load_sources

ROWS = ("MCP4728_bus", "MCP4728_outputs")  # kinds of parts, each with [pads_mm] from the board's corner in its sources


def rows_off(copper: Copper, circuit: Circuit) -> float | None:
    """Return by how many mm pins are nearer or further from each other than drawn; None without such a board.

    A mirrored pair of rows has the right distances and is infinitely far off.
    """
    refs = {part.kind.name: part.ref for part in circuit.parts if part.kind.name in ROWS}
    if not refs:
        return None
    ours: list[Point] = []
    drawn: list[Point] = []
    for kind in ROWS:
        pads = {pad.number: pad.at for pad in copper.pads if pad.ref == refs[kind]}
        places = next(source.pads_mm for source in load_sources()[kind] if source.pads_mm)
        ours += [pads[number] for number in places]
        drawn += [(x, y) for x, y in places.values()]
    if turn(ours) * turn(drawn) < 0:
        return math.inf
    pairs = [(i, j) for i in range(len(ours)) for j in range(i)]
    return max(abs(math.dist(ours[i], ours[j]) - math.dist(drawn[i], drawn[j])) for i, j in pairs)


def turn(points: list[Point]) -> float:
    """Return twice the area of the first, second and last point, negative if they turn the other way."""
    (ax, ay), (bx, by), (cx, cy) = points[0], points[1], points[-1]
    return (bx - ax) * (cy - ay) - (by - ay) * (cx - ax)
