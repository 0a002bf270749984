"""Route one edge cell and repeat its copper in all others, so that all edges are identical."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from hardware.layout.router import Area, Points, Router
from hardware.layout.search import PLANE

ACROSS = ((1.0, 1.05), (1.6, 1.6))  # a cell keeps to the front: the back is for what crosses it


def route_cells(
    pads: list[dict[str, Any]],
    placement: dict[str, Any],
    planes: Mapping[str, Area],
    widths: Mapping[str, Sequence[float]],
) -> dict[str, list[Points]]:
    """Return the points along the tracks inside all cells, by net, from the board's corner."""
    cells = placement["cells"]
    first, (x0, y0) = next(iter(cells.items()))
    width, height = placement["cell_size"]
    nets = {(pad["part"], pad["number"]): pad["net"] for pad in pads}
    moved, in_cells = [], {}
    for pad in pads:  # open pads are obstacles, with a net of no name
        edge, _, key = pad["part"].partition("/")
        if edge == first:
            there = [nets[f"{other}/{key}", pad["number"]] for other in cells]
            name = " ".join(there).strip()  # pads have one net in the cell if they have one net in every cell
            in_cells[name] = dict(zip(cells, there, strict=True))
            box, (x, y) = shift(pad["box"], -x0, -y0), pad["centre"]
            moved.append(pad | {"net": name, "centre": [x - x0, y - y0], "box": box})
    moved += strangers(pads, placement)
    own = {name: there[first] for name, there in in_cells.items()}
    inside = {}
    for name, net in own.items():
        if net in planes and len(set(in_cells[name].values())) == 1:
            area = planes[net]
            inside[name] = Area(
                [clip(shift(box, -x0, -y0), width, height) for box in area.boxes],
                [clip(shift(box, -x0, -y0), width, height) for box in area.cuts],
            )
    wide = {name: widths[net] for name, net in own.items() if net}
    leave = [name for name in wide if name not in inside and not own[name].startswith("/edges/")]
    router = Router((width, height), moved, inside, wide, across=ACROSS, leave=leave)
    router.run()
    found: dict[str, list[Points]] = {}
    for edge, (x, y) in cells.items():
        for name, paths in router.points().items():
            for path in paths:
                here = found.setdefault(in_cells[name][edge], [])
                here.append([(layer, px + x, py + y, w) for layer, px, py, w in path])
    return found


def strangers(pads: list[dict[str, Any]], placement: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the pads of other parts that stand inside a cell, from its corner, as obstacles of all cells."""
    width, height = placement["cell_size"]
    found = []
    for pad in pads:
        for x, y in placement["cells"].values():
            centre = [pad["centre"][0] - x, pad["centre"][1] - y]
            if "/" not in pad["part"] and 0 < centre[0] < width and 0 < centre[1] < height:
                found.append(pad | {"net": "", "centre": centre, "box": shift(pad["box"], -x, -y)})
    return found


def trim(
    fixed: Mapping[str, list[Points]], laid: Mapping[str, list[Points]], planes: Collection[str]
) -> dict[str, list[Points]]:
    """Return the copper of cells without the ends of ways out that no other track uses."""
    found: dict[str, list[Points]] = {}
    for net, paths in fixed.items():
        found[net] = []
        for i, path in enumerate(paths):
            if path[-1][0] != PLANE or net in planes:
                found[net].append(path)
                continue
            others = paths[:i] + paths[i + 1 :] + laid.get(net, [])
            met = {tuple(spot[:3]) for other in others for spot in other if spot[0] != PLANE}
            *way, last = path
            if (1 - way[-1][0], *last[1:3]) in met:  # another track goes on from the via, on the other side
                found[net].append([*way, (1 - way[-1][0], *last[1:])])
                continue
            while way and tuple(way[-1][:3]) not in met:
                way.pop()
            if len(way) > 1:
                found[net].append(way)
    return found


def shift(box: Sequence[float], dx: float, dy: float) -> list[float]:
    return [box[0] + dx, box[1] + dy, box[2] + dx, box[3] + dy]


def clip(box: Sequence[float], width: float, height: float) -> list[float]:
    """Return the part of a box in the cell; one outside of it has a negative side and takes no place."""
    return [max(box[0], -1.0), max(box[1], -1.0), min(box[2], width + 1), min(box[3], height + 1)]
