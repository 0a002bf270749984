"""The compiled part of the router: what a track or via keeps other nets off, and the cheapest way over the grid.

Maps have one value for each kind (a track of one of WIDTHS, or a via), layer and cell. A via takes both layers: its
values are those of layer 0.
"""

from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray

GRID = 0.25  # mm
WIDTHS = (0.2, 0.4, 0.8)  # mm, of tracks; the kinds 0, 1 and 2
VIA = len(WIDTHS)  # the kind of a via
VIA_MM, DRILL_MM, CLEARANCE = 0.6, 0.3, 0.15
KINDS = VIA + 1
BLOCKED, FREE = -1, 0
EDGE = 4  # cells at the board's edge that stay empty
VIA_COST = 8.0
NARROW = 1.6  # how much dearer a step is whose track must be narrower than its net's
HOLES = 5  # squared cells between the holes of one net: 0.56 mm
PLANE = 2  # the layer behind a via that ends on a plane
Ints = NDArray[np.int32]


def _limits() -> NDArray[np.float64]:
    """Return the squared distances in cells from which on two kinds of different nets may be.

    A diagonal comes nearer than its cells: by 0.5 in squares of cells, if not both are narrow.
    """
    found = np.zeros((KINDS, KINDS))
    sizes = (*WIDTHS, VIA_MM)
    for a in range(KINDS):
        for b in range(KINDS):
            reach = ((sizes[a] + sizes[b]) / 2 + CLEARANCE) / GRID
            exact = (a == VIA and b == VIA) or (a == 0 and b == 0)
            found[a, b] = reach**2 + (0 if exact else 0.5) - 1e-6
    return found


LIMITS = _limits()


@numba.njit(cache=True)
def mark(occupied: Ints, limits: Any, kind: int, layer: int, y: int, x: int, step: int) -> None:
    """Reserve (step 1) or release (-1) the cells that other nets' tracks and vias must keep off."""
    kinds, _, height, width = occupied.shape
    via = kinds - 1
    for other in range(kinds):
        limit = limits[kind, other]
        reach = int(np.sqrt(limit))
        first, last = layer, layer
        if other == via:
            first, last = 0, 0
        elif kind == via:
            first, last = 0, 1
        for dy in range(-reach, reach + 1):
            for dx in range(-reach, reach + 1):
                if dx * dx + dy * dy < limit and 0 <= y + dy < height and 0 <= x + dx < width:
                    for to in range(first, last + 1):
                        occupied[other, to, y + dy, x + dx] += step


@numba.njit(cache=True)
def kind_at(net: int, prefer: Any, owners: Ints, layer: int, y: int, x: int) -> int:
    """Return the first kind of `prefer` that pads and fixed copper leave room for, or -1."""
    for kind in prefer:
        owner = owners[kind, layer, y, x]
        if owner == 0 or owner == net:
            return int(kind)
    return -1


@numba.njit(cache=True)
def apply(
    net: int, path: Any, prefer: Any, owners: Ints, occupied: Ints, through: Ints, limits: Any, step: int
) -> None:
    """Reserve or release all of a path."""
    _, _, height, width = occupied.shape
    for i in range(len(path)):
        layer, y, x = path[i] // (height * width), path[i] // width % height, path[i] % width
        if i > 0 and path[i - 1] // (height * width) != layer and through[y, x] != net:
            mark(occupied, limits, len(limits) - 1, 0, y, x, step)
        if layer < 2:
            mark(occupied, limits, max(kind_at(net, prefer, owners, layer, y, x), 0), layer, y, x, step)


@numba.njit(cache=True)
def conflicts(
    net: int, path: Any, prefer: Any, owners: Ints, occupied: Ints, through: Ints, history: Any, more: float
) -> int:
    """Return how many cells of a path meet other nets, and make those cells dearer."""
    _, _, height, width = occupied.shape
    found = 0
    for i in range(len(path)):
        layer, y, x = path[i] // (height * width), path[i] // width % height, path[i] % width
        if i > 0 and path[i - 1] // (height * width) != layer and through[y, x] != net:
            if occupied[len(occupied) - 1, 0, y, x]:
                found += 1
                history[2, y, x] += more
        if layer < 2 and occupied[max(kind_at(net, prefer, owners, layer, y, x), 0), layer, y, x]:
            found += 1
            history[layer, y, x] += more
    return found


@numba.njit(cache=True)
def push(heap: Any, keys: Any, size: int, cell: int, key: float) -> int:
    """Add a cell and return the new size."""
    i = size
    while i > 0 and keys[(i - 1) // 2] > key:
        heap[i], keys[i] = heap[(i - 1) // 2], keys[(i - 1) // 2]
        i = (i - 1) // 2
    heap[i], keys[i] = cell, key
    return size + 1


@numba.njit(cache=True)
def pop(heap: Any, keys: Any, size: int) -> int:
    """Remove the least item, which is at heap[size - 1] afterwards, and return the new size."""
    cell, key = heap[0], keys[0]
    last, last_key = heap[size - 1], keys[size - 1]
    i = 0
    while True:
        child = 2 * i + 1
        if child >= size - 1:
            break
        if child + 1 < size - 1 and keys[child + 1] < keys[child]:
            child += 1
        if keys[child] >= last_key:
            break
        heap[i], keys[i] = heap[child], keys[child]
        i = child
    heap[i], keys[i] = last, last_key
    heap[size - 1], keys[size - 1] = cell, key
    return size - 1


@numba.njit(cache=True)
def ahead(y: int, x: int, box: Any) -> float:
    """Return the length of the shortest way to the box (top, bottom, left, right) around the targets, in cells."""
    dy = max(box[0] - y, y - box[1], 0)
    dx = max(box[2] - x, x - box[3], 0)
    return float(max(dy, dx) + 0.42 * min(dy, dx))


@numba.njit(cache=True)
def search(
    net: int,
    prefer: Any,
    sources: Any,
    targets: Any,
    plane: Any,
    box: Any,
    owners: Ints,
    corners: Ints,
    occupied: Ints,
    through: Ints,
    own_holes: Any,
    history: Any,
    across: Any,
    dear: float,
    stamp: int,
    work: Any,
) -> int:
    """Find the cheapest way from any source to a target cell inside `box`, or to a via on `plane`; return it or -1.

    `corners` is the net whose pads a narrow diagonal between four cells would come too near to, `through` the net of a
    hole at that cell: pad or fixed via. `own_holes` are cells too near to another via of this net. `across` is what a
    step along x and y costs in each layer. `work` holds cost, when a cell was seen, origin, heap and keys.
    """
    cost, seen, origin, heap, keys = work
    _, _, height, width = owners.shape
    via = len(owners) - 1
    size = 0
    for cell in sources:
        cost[cell] = 0.0
        seen[cell] = stamp
        origin[cell] = -1
        size = push(heap, keys, size, cell, ahead(cell // width % height, cell % width, box))
    while size > 0:
        size = pop(heap, keys, size)
        cell, key = heap[size], keys[size]
        layer, y, x = cell // (height * width), cell // width % height, cell % width
        if key > cost[cell] + ahead(y, x, box) + 1e-4:
            continue
        if layer == 2 or targets[cell]:
            return int(cell)
        for dy in range(-1, 2):
            for dx in range(-1, 2):
                ny, nx = y + dy, x + dx
                if (dx == 0 and dy == 0) or not (EDGE <= ny < height - EDGE and EDGE <= nx < width - EDGE):
                    continue
                kind = kind_at(net, prefer, owners, layer, ny, nx)
                if kind < 0:
                    continue
                step = 1.0
                if dx and dy:
                    step = 1.42
                    corner = corners[layer, min(y, ny), min(x, nx)]
                    if kind == 0 and corner != 0 and corner != net:
                        continue
                elif dx:
                    step = across[layer, 0]
                else:
                    step = across[layer, 1]
                if kind != prefer[0]:
                    step *= NARROW
                step += history[layer, ny, nx] + occupied[kind, layer, ny, nx] * dear
                there = (layer * height + ny) * width + nx
                if seen[there] != stamp or cost[cell] + step < cost[there] - 1e-5:
                    cost[there] = cost[cell] + step
                    seen[there] = stamp
                    origin[there] = cell
                    size = push(heap, keys, size, there, cost[there] + ahead(ny, nx, box))
        step = -1.0
        if through[y, x] == net:
            step = 0.5
        elif (owners[via, 0, y, x] == 0 or owners[via, 0, y, x] == net) and own_holes[y, x] == 0:
            step = VIA_COST + history[2, y, x] + occupied[via, 0, y, x] * dear
        if step >= 0:
            for to in range(3):
                if to == layer or (to == 2 and not plane[y, x]):
                    continue
                if to < 2 and kind_at(net, prefer, owners, to, y, x) < 0:
                    continue
                there = (to * height + y) * width + x
                if seen[there] != stamp or cost[cell] + step < cost[there] - 1e-5:
                    cost[there] = cost[cell] + step
                    seen[there] = stamp
                    origin[there] = cell
                    size = push(heap, keys, size, there, cost[there] + ahead(y, x, box))
    return -1
