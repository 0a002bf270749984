"""A two-layer grid router with negotiated congestion: nets that meet are routed again, what is crowded grows dear.

After McMurchie and Ebeling, PathFinder (FPGA 1995), each way by A* (Hart, Nilsson and Raphael 1968).
Cells are GRID wide; a track or via reserves the cells around it. A net with a plane of its own needs a via at each pad.
"""

from collections.abc import Sequence
from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray

GRID = 0.25  # mm
TRACK, CLEARANCE, VIA = 0.25, 0.15, 0.6  # mm: width, gap, diameter
BLOCKED, FREE = -1, 0
ROUNDS = 150
EDGE = 4  # cells at the board's edge that stay empty
VIA_COST = 8.0
DEAREST = 26  # rounds until meeting another net costs more (1500 cells) than any way around it
Ints = NDArray[np.int32]


@numba.njit(cache=True)
def mark(occupied: Ints, layer: int, y: int, x: int, is_via: bool, step: int) -> None:
    """Reserve (step 1) or release (-1) the cells that another net's track must keep off."""
    reach, limit = (2, 6.3) if is_via else (1, 3.3)
    _, height, width = occupied.shape
    for other in range(2):
        if other != layer and not is_via:
            continue
        for dy in range(-reach, reach + 1):
            for dx in range(-reach, reach + 1):
                if dx * dx + dy * dy <= limit and 0 <= y + dy < height and 0 <= x + dx < width:
                    occupied[other, y + dy, x + dx] += step


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
    sources: Any,
    targets: Any,
    box: Any,
    tracks: Ints,
    vias: Ints,
    occupied: Ints,
    history: Any,
    dear: float,
    work: Any,
) -> int:
    """Find the cheapest way from any source to any target cell, all of them inside `box`; return the target or -1.

    `work` holds cost, origin, heap and keys.
    """
    cost, origin, heap, keys = work
    layers, height, width = tracks.shape
    cost[:] = 1e9
    size = 0
    for cell in sources:
        cost[cell] = 0.0
        origin[cell] = -1
        size = push(heap, keys, size, cell, ahead(cell // width % height, cell % width, box))
    while size > 0:
        size = pop(heap, keys, size)
        cell, key = heap[size], keys[size]
        layer, y, x = cell // (height * width), cell // width % height, cell % width
        if key > cost[cell] + ahead(y, x, box) + 1e-4:
            continue
        if targets[cell]:
            return int(cell)
        for dy in range(-1, 2):
            for dx in range(-1, 2):
                ny, nx = y + dy, x + dx
                if (dx == 0 and dy == 0) or not (EDGE <= ny < height - EDGE and EDGE <= nx < width - EDGE):
                    continue
                owner = tracks[layer, ny, nx]
                if owner != FREE and owner != net:
                    continue
                length = 1.42 if dx and dy else 1.0
                along = (dx != 0) if layer == 0 else (dy != 0)
                step = length * (1.0 if along else 1.15) + history[layer, ny, nx] + occupied[layer, ny, nx] * dear
                there = (layer * height + ny) * width + nx
                if cost[cell] + step < cost[there] - 1e-5:
                    cost[there] = cost[cell] + step
                    origin[there] = cell
                    size = push(heap, keys, size, there, cost[there] + ahead(ny, nx, box))
        other = 1 - layer
        fits = tracks[other, y, x] == FREE or tracks[other, y, x] == net
        for k in range(2):
            fits = fits and (vias[k, y, x] == FREE or vias[k, y, x] == net)
        if fits:
            step = VIA_COST
            for k in range(2):
                for dy in range(-1, 2):
                    for dx in range(-1, 2):
                        if 0 <= y + dy < height and 0 <= x + dx < width:
                            step += occupied[k, y + dy, x + dx] * dear + 0.3 * history[k, y + dy, x + dx]
            there = (other * height + y) * width + x
            if cost[cell] + step < cost[there] - 1e-5:
                cost[there] = cost[cell] + step
                origin[there] = cell
                size = push(heap, keys, size, there, cost[there] + ahead(y, x, box))
    return -1


def distance(a: tuple[int, int], b: tuple[int, int]) -> int:
    """Return the distance of two cells (y, x) along rows and columns."""
    return abs(a[0] - b[0]) + abs(a[1] - b[1])


class Router:
    """Paths of all nets on a board of `size` (width, height) in mm.

    `pads` have net, layers, centre and box in mm; a pad without a net is an obstacle. `planes` are nets with a layer of
    their own. `paths` are lists of cells by net.
    """

    def __init__(self, size: tuple[float, float], pads: list[dict[str, Any]], planes: Sequence[str] = ()) -> None:
        self._planes = planes
        self.shape = (2, round(size[1] / GRID) + 1, round(size[0] / GRID) + 1)
        self.nets = sorted({pad["net"] for pad in pads if pad["net"]})
        self.tracks = np.zeros(self.shape, np.int32)
        self.vias = np.zeros(self.shape, np.int32)
        self.occupied = np.zeros(self.shape, np.int32)
        self.history = np.zeros(self.shape)
        cells = int(np.prod(self.shape))
        self._work = (np.zeros(cells), np.zeros(cells, np.int64), np.zeros(8 * cells, np.int64), np.zeros(8 * cells))
        self._terminals: dict[str, list[list[int]]] = {net: [] for net in self.nets}
        self.paths: dict[str, list[list[int]]] = {net: [] for net in self.nets}
        for pad in pads:
            number = self.nets.index(pad["net"]) + 1 if pad["net"] else BLOCKED
            self._keep_off(pad, self.tracks, CLEARANCE + TRACK / 2, number)
            self._keep_off(pad, self.vias, CLEARANCE + VIA / 2, number)
        for pad in pads:
            if pad["net"]:
                x, y = (round(value / GRID) for value in pad["centre"])
                cells_of = [self.cell(layer, y, x) for layer in range(2) if pad["layers"][layer]]
                self._terminals[pad["net"]].append(cells_of)
                for layer in range(2):
                    if pad["layers"][layer]:
                        self.tracks[layer, y, x] = self.nets.index(pad["net"]) + 1

    def cell(self, layer: int, y: int, x: int) -> int:
        return (layer * self.shape[1] + y) * self.shape[2] + x

    def where(self, cell: int) -> tuple[int, int, int]:
        """Return layer, y and x of a cell."""
        return cell // (self.shape[1] * self.shape[2]), cell // self.shape[2] % self.shape[1], cell % self.shape[2]

    def _keep_off(self, pad: dict[str, Any], owners: Ints, margin: float, number: int) -> None:
        left, top, right, bottom = pad["box"]
        xs = np.arange(self.shape[2]) * GRID
        ys = np.arange(self.shape[1]) * GRID
        dx = np.maximum(np.maximum(left - xs, xs - right), 0)
        dy = np.maximum(np.maximum(top - ys, ys - bottom), 0)
        near = dx[None, :] ** 2 + dy[:, None] ** 2 < (margin - 1e-6) ** 2
        for layer in range(2):
            if pad["layers"][layer]:
                here = owners[layer]
                here[near] = np.where((here[near] == FREE) | (here[near] == number), number, BLOCKED)

    def _apply(self, net: str, step: int) -> None:
        for path in self.paths[net]:
            for i, cell in enumerate(path):
                layer, y, x = self.where(cell)
                is_via = i > 0 and self.where(path[i - 1])[0] != layer
                mark(self.occupied, layer, y, x, is_via, step)

    def _way(
        self, net: str, sources: list[int], targets: NDArray[np.bool_], box: tuple[int, ...], dear: float
    ) -> list[int]:
        """Return the cells from a target back to a source. Raises ValueError if there is no way."""
        number, start = self.nets.index(net) + 1, np.array(sources, np.int64)
        where = np.array(box, np.int64)
        maps = (self.tracks, self.vias, self.occupied, self.history)
        found = search(number, start, targets, where, *maps, dear, self._work)
        if found < 0:
            raise ValueError(f"{net} cannot be routed: move parts apart")
        path = [found]
        while (before := int(self._work[1][path[-1]])) >= 0:
            path.append(before)
        return path

    def _to_plane(self, net: str, dear: float) -> None:
        """Give each pad on one side a via: any cell of the other side is a target."""
        other = np.zeros(int(np.prod(self.shape)), np.bool_)
        other[len(other) // 2 :] = True
        everywhere = (0, self.shape[1], 0, self.shape[2])
        self.paths[net] = []
        for cells in self._terminals[net]:
            if len(cells) == 1:
                path = self._way(net, cells, other, everywhere, dear)[::-1]
                self.paths[net].append(path)
                for i, cell in enumerate(path):  # the next pad of this net sees it
                    mark(self.occupied, *self.where(cell), i == len(path) - 1, 1)
        for path in self.paths[net]:
            for i, cell in enumerate(path):
                mark(self.occupied, *self.where(cell), i == len(path) - 1, -1)

    def _route(self, net: str, dear: float) -> None:
        """Grow a tree from the first terminal, always to the nearest of the others (Prim)."""
        if net in self._planes:
            self._to_plane(net, dear)
            return
        terminals = self._terminals[net]
        spots = [self.where(cells[0])[1:] for cells in terminals]
        tree, left = list(terminals[0]), set(range(1, len(terminals)))
        far = {i: (distance(spots[i], spots[0]), i) for i in left}
        self.paths[net] = []
        targets = np.zeros(int(np.prod(self.shape)), np.bool_)
        while left:
            nearest = min(left, key=lambda i: far[i])
            targets[terminals[nearest]] = True
            y, x = spots[nearest]
            path = self._way(net, tree, targets, (y, y, x, x), dear)
            targets[terminals[nearest]] = False
            self.paths[net].append(path[::-1])
            left.remove(nearest)
            tree += terminals[nearest] + path
            for i in left:
                far[i] = min(far[i], (distance(spots[i], spots[nearest]), i))

    def run(self, say: Any = print) -> None:
        """Route all nets; `say` prints progress. Raises ValueError if conflicts remain after ROUNDS."""
        spans = {}
        for net in self.nets:
            points = np.array([self.where(cells[0])[1:] for cells in self._terminals[net]])
            spans[net] = float(np.ptp(points, axis=0).sum())
        order = sorted((net for net in self.nets if len(self._terminals[net]) > 1), key=lambda net: (spans[net], net))
        again = order
        for turn in range(ROUNDS):
            dear = 0.6 * 1.35 ** min(turn, DEAREST)
            for net in again:
                self._apply(net, -1)
                self._route(net, dear)
                self._apply(net, 1)
            again = self._conflicts(order, dear)
            names = ", ".join(again) if len(again) < 20 else ""
            say(f"round {turn}: {len(again)} nets in conflict {names}".rstrip(), flush=True)
            if not again:
                return
        raise ValueError(f"{len(again)} nets still in conflict after {ROUNDS} rounds: move parts apart")

    def _conflicts(self, order: list[str], dear: float) -> list[str]:
        """Return the nets that meet others, and those whose vias they meet; make the cells where they meet dearer."""
        found, met = set(), set()
        for net in order:
            self._apply(net, -1)
            here = {cell for path in self.paths[net] for cell in path if self.occupied[self.where(cell)]}
            self._apply(net, 1)
            if here:
                found.add(net)
                met |= {self.where(cell)[1:] for cell in here}
            for cell in here:
                self.history[self.where(cell)] += 0.25 * dear
        for net in order:
            if any(distance(spot, via) <= 3 for via in self._vias_of(net) for spot in met):
                found.add(net)
        return [net for net in order if net in found]

    def _vias_of(self, net: str) -> list[tuple[int, int]]:
        size = self.shape[1] * self.shape[2]
        pairs = ((a, b) for path in self.paths[net] for a, b in zip(path, path[1:], strict=False))
        return [self.where(b)[1:] for a, b in pairs if a // size != b // size]

    def points(self) -> dict[str, list[list[tuple[int, float, float]]]]:
        """Return (layer, x, y) in mm along every path of every net."""
        found = {}
        for net, paths in self.paths.items():
            spots = [[self.where(cell) for cell in path] for path in paths]
            found[net] = [[(layer, x * GRID, y * GRID) for layer, y, x in path] for path in spots]
        return found
