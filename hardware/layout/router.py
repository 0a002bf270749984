"""A two-layer grid router with negotiated congestion: nets that meet are routed again, what is crowded grows dear.

After McMurchie and Ebeling, PathFinder (FPGA 1995), each way by A* (Hart, Nilsson and Raphael 1968). A net with a
plane needs a way to a via on it from each pad. No via comes near a surface-mounted pad, its own net's included.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hardware.layout.search import (
    BLOCKED,
    CLEARANCE,
    FREE,
    GRID,
    HOLES,
    KINDS,
    LIMITS,
    PLANE,
    VIA,
    VIA_MM,
    WIDTHS,
    Ints,
    apply,
    conflicts,
    kind_at,
    search,
)

ROUNDS = 500
DEAREST = 26  # rounds until meeting another net costs more (1500 cells) than any way around it
REACH = VIA_MM / 2 + 0.1  # mm from a via's centre to the edge of its plane
PLANE_GAP = 0.25  # mm between two planes, as finish.py makes it
Points = list[tuple[int, float, float, float]]


@dataclass
class Area:
    """A plane: boxes (left, top, right, bottom in mm) without those that other planes of its layer cut out."""

    boxes: list[Sequence[float]] = field(default_factory=list)
    cuts: list[Sequence[float]] = field(default_factory=list)


def distance(a: tuple[int, int], b: tuple[int, int]) -> int:
    """Return the distance of two cells (y, x) along rows and columns."""
    return abs(a[0] - b[0]) + abs(a[1] - b[1])


class Router:
    """Paths of all nets on a board of `size` (width, height) in mm.

    `pads` have net, layers, centre and box in mm; a pad without a net is an obstacle. `planes` are the areas
    of nets with a plane. `widths` are the widths of tracks a net takes, best first; other
    nets have the narrowest. `fixed` are points of copper that is there already, by net, as points() returns them.
    `across` is the cost of a step along x and y in each layer. Nets of `leave` get a via, so that they can be reached.
    """

    def __init__(
        self,
        size: tuple[float, float],
        pads: list[dict[str, Any]],
        planes: Mapping[str, Area] | None = None,
        widths: Mapping[str, Sequence[float]] | None = None,
        fixed: Mapping[str, list[Points]] | None = None,
        across: Sequence[Sequence[float]] = ((1.0, 1.15), (1.15, 1.0)),
        leave: Collection[str] = (),
    ) -> None:
        self.shape = (2, round(size[1] / GRID) + 1, round(size[0] / GRID) + 1)
        height, width = self.shape[1:]
        self.nets = sorted({pad["net"] for pad in pads if pad["net"]})
        self._number = {net: i for i, net in enumerate(self.nets, 1)}
        self.owners = np.zeros((KINDS, *self.shape), np.int32)
        self.corners = np.zeros(self.shape, np.int32)  # between four cells
        self.occupied = np.zeros((KINDS, *self.shape), np.int32)
        self.through = np.zeros((height, width), np.int32)
        self.history = np.zeros((3, height, width))
        cells = 3 * height * width
        work = (np.zeros(cells), np.zeros(cells, np.int32), np.zeros(cells, np.int64))
        self._work = (*work, np.zeros(8 * cells, np.int64), np.zeros(8 * cells))
        self._stamp = 0
        self._across = np.array(across)
        self._leave = leave
        self._anywhere = np.ones((height, width), np.bool_)
        self._nowhere = np.zeros((height, width), np.bool_)
        self._own_holes = np.zeros((height, width), np.int8)
        self._prefer = {
            net: np.array([WIDTHS.index(w) for w in (widths or {}).get(net, WIDTHS[:1])]) for net in self.nets
        }
        self._planes = {net: self._region(area) for net, area in (planes or {}).items() if net in self._number}
        self._terminals: dict[str, list[list[int]]] = {net: [] for net in self.nets}
        self.paths: dict[str, list[NDArray[np.int64]]] = {net: [] for net in self.nets}
        self._add_pads(pads)
        self._fixed = {net: [np.array(path) for path in paths] for net, paths in (fixed or {}).items()}
        self._add_fixed(pads)

    def cell(self, layer: int, y: int, x: int) -> int:
        return (layer * self.shape[1] + y) * self.shape[2] + x

    def where(self, cell: int) -> tuple[int, int, int]:
        """Return layer, y and x of a cell."""
        return cell // (self.shape[1] * self.shape[2]), cell // self.shape[2] % self.shape[1], cell % self.shape[2]

    # -- what is there before any path ---------------------------------------------------------------------------------

    def _region(self, area: Area) -> NDArray[np.bool_]:
        """Return the cells where a via lands on the plane."""
        found = np.zeros(self.shape[1:], np.bool_)
        ys, xs = np.arange(self.shape[1]) * GRID, np.arange(self.shape[2]) * GRID
        for boxes, margin, inside in ((area.boxes, -REACH, True), (area.cuts, REACH + PLANE_GAP, False)):
            for left, top, right, bottom in boxes:
                columns = (xs >= left - margin) & (xs <= right + margin)
                rows = (ys >= top - margin) & (ys <= bottom + margin)
                found[rows[:, None] & columns[None, :]] = inside
        return found

    def _add_pads(self, pads: list[dict[str, Any]]) -> None:
        for pad in pads:
            number = self._number.get(pad["net"], BLOCKED)
            for layer in range(2):
                if not pad["layers"][layer]:
                    continue
                for kind, width in enumerate(WIDTHS):
                    margin = CLEARANCE + width / 2
                    if kind:  # a diagonal comes nearer than its cells
                        margin = (margin**2 + 0.5 * GRID**2) ** 0.5
                    self._keep_off(pad["box"], self.owners[kind, layer], margin, number)
                middle = [value - GRID / 2 for value in pad["box"]]
                self._keep_off(middle, self.corners[layer], CLEARANCE + WIDTHS[0] / 2, number)
            self._keep_off(pad["box"], self.owners[VIA, 0], CLEARANCE + VIA_MM / 2, BLOCKED)
        for pad in pads:
            if pad["net"]:
                number = self._number[pad["net"]]
                x, y = (round(value / GRID) for value in pad["centre"])
                self._terminals[pad["net"]].append([self.cell(i, y, x) for i in range(2) if pad["layers"][i]])
                for layer in range(2):
                    if pad["layers"][layer]:
                        self.owners[0, layer, y, x] = number
                if all(pad["layers"]):
                    self.through[y, x] = number

    def _keep_off(self, box: Sequence[float], owners: Ints, margin: float, number: int) -> None:
        """Give the cells nearer than `margin` to a pad to its net."""
        left, top, right, bottom = box
        first_x, last_x = max(int((left - margin) / GRID) - 1, 0), int((right + margin) / GRID) + 2
        first_y, last_y = max(int((top - margin) / GRID) - 1, 0), int((bottom + margin) / GRID) + 2
        here = owners[first_y : last_y + 1, first_x : last_x + 1]
        xs = (first_x + np.arange(here.shape[1])) * GRID
        ys = (first_y + np.arange(here.shape[0])) * GRID
        dx = np.maximum(np.maximum(left - xs, xs - right), 0)[None, :]
        dy = np.maximum(np.maximum(top - ys, ys - bottom), 0)[:, None]
        near = dx**2 + dy**2 < margin**2 - 1e-6
        here[near] = np.where((here[near] == FREE) | (here[near] == number), number, BLOCKED)

    def _add_fixed(self, pads: list[dict[str, Any]]) -> None:
        """Make obstacles of fixed copper, and one terminal of it with all pads that it joins."""
        for net, paths in self._fixed.items():
            number = self._number[net]
            groups: list[set[int]] = [set(cells) for cells in self._terminals[net]]
            on_plane: list[set[int]] = []
            for path in paths:
                cells, ends = set(), False
                for i, (layer, x, y, width) in enumerate(path):
                    column, row = round(x / GRID), round(y / GRID)
                    if i > 0 and path[i - 1][0] != layer:
                        self._hold(VIA, 0, row, column, number)
                        self.through[row, column] = number
                        cells |= {self.cell(0, row, column), self.cell(1, row, column)}
                    if layer == PLANE:
                        ends = True
                        continue
                    cells.add(self.cell(int(layer), row, column))
                    self._hold(WIDTHS.index(round(width, 3)), int(layer), row, column, number)
                joined = [group for group in groups if group & cells]
                groups = [group for group in groups if not group & cells] + [cells.union(*joined)]
                if ends:
                    on_plane.append(cells)
            if net in self._planes:
                groups = [group for group in groups if not any(group & cells for cells in on_plane)]
            self._terminals[net] = [sorted(group) for group in groups]

    def _hold(self, kind: int, layer: int, y: int, x: int, number: int) -> None:
        for other in range(KINDS):
            limit = LIMITS[kind, other]
            reach = int(limit**0.5)
            layers = (0,) if other == VIA else (0, 1) if kind == VIA else (layer,)
            for to in layers:
                for dy in range(-reach, reach + 1):
                    for dx in range(-reach, reach + 1):
                        if dx * dx + dy * dy < limit and 0 <= y + dy < self.shape[1] and 0 <= x + dx < self.shape[2]:
                            before = self.owners[other, to, y + dy, x + dx]
                            mine = before in (FREE, number) and not (kind == VIA and other == VIA)
                            self.owners[other, to, y + dy, x + dx] = number if mine else BLOCKED

    # -- ways ----------------------------------------------------------------------------------------------------------

    def _apply(self, net: str, step: int) -> None:
        for path in self.paths[net]:
            maps = (self.owners, self.occupied, self.through)
            apply(self._number[net], path, self._prefer[net], *maps, LIMITS, step)

    def _way(
        self,
        net: str,
        sources: list[int],
        targets: NDArray[np.bool_],
        box: tuple[int, ...],
        dear: float,
        plane: NDArray[np.bool_],
    ) -> NDArray[np.int64]:
        """Return the cells from a source to a target or to a via on the plane. Raises ValueError if there is no way."""
        self._stamp += 1
        maps = (self.owners, self.corners, self.occupied, self.through, self._own_holes, self.history, self._across)
        start, where = np.array(sources, np.int64), np.array(box, np.int64)
        found = search(
            self._number[net], self._prefer[net], start, targets, plane, where, *maps, dear, self._stamp, self._work
        )
        if found < 0:
            x, y = (self.where(sources[0])[i] * GRID for i in (2, 1))
            raise ValueError(f"{net} cannot be routed from {x}, {y} mm: move parts apart")
        path = [found]
        while (before := int(self._work[2][path[-1]])) >= 0:
            path.append(before)
        self._drill(net, np.array(path[::-1], np.int64), 1)
        return np.array(path[::-1], np.int64)

    def _drill(self, net: str, path: NDArray[np.int64], step: int) -> None:
        """Keep other vias of this net from the holes of a path."""
        for a, b in zip(path[:-1], path[1:], strict=True):
            layer, y, x = self.where(int(b))
            if self.where(int(a))[0] != layer and self.through[y, x] != self._number[net]:
                for dy in range(-2, 3):
                    for dx in range(-2, 3):
                        if 0 < dx * dx + dy * dy < HOLES:
                            self._own_holes[y + dy, x + dx] += step

    def _route(self, net: str, dear: float) -> None:
        """Grow a tree from the first terminal, always to the nearest of the others (Prim); or take all to the plane."""
        self.paths[net] = []
        targets = np.zeros(int(np.prod(self.shape)), np.bool_)
        terminals = self._terminals[net]
        everywhere = (0, self.shape[1], 0, self.shape[2])
        if net in self._planes:
            for cells in terminals:
                if not self._on_plane(net, cells):
                    self.paths[net].append(self._way(net, cells, targets, everywhere, dear, self._planes[net]))
        else:
            spots = [self.where(cells[0])[1:] for cells in terminals]
            tree, left = list(terminals[0]), set(range(1, len(terminals)))
            far = {i: (distance(spots[i], spots[0]), i) for i in left}
            while left:
                nearest = min(left, key=lambda i: far[i])
                targets[terminals[nearest]] = True
                points = [self.where(cell)[1:] for cell in terminals[nearest]]
                ys, xs = [y for y, _ in points], [x for _, x in points]
                path = self._way(net, tree, targets, (min(ys), max(ys), min(xs), max(xs)), dear, self._nowhere)
                targets[terminals[nearest]] = False
                self.paths[net].append(path)
                left.remove(nearest)
                tree += terminals[nearest] + path.tolist()
                for i in left:
                    far[i] = min(far[i], (distance(spots[i], spots[nearest]), i))
            if net in self._leave:
                self.paths[net].append(self._way(net, tree, targets, everywhere, dear, self._anywhere))
        for path in self.paths[net]:
            self._drill(net, path, -1)

    def _on_plane(self, net: str, cells: list[int]) -> bool:
        return any(
            self.through[y, x] == self._number[net] and self._planes[net][y, x]
            for _, y, x in (self.where(cell) for cell in cells)
        )

    def run(self, only: Collection[str] = (), say: Any = print) -> None:
        """Route all nets, or `only` some; `say` prints progress. Raises ValueError if conflicts remain after ROUNDS."""
        spans = {}
        for net in self.nets:
            points = np.array([self.where(cells[0])[1:] for cells in self._terminals[net]] or [(0, 0)])
            spans[net] = float(np.ptp(points, axis=0).sum())
        wanted = [net for net in self.nets if len(self._terminals[net]) > 1 or net in {*self._planes, *self._leave}]
        order = sorted((net for net in wanted if not only or net in only), key=lambda net: (spans[net], net))
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
        """Return the nets that meet others; make the cells where they meet dearer."""
        found = []
        for net in order:
            self._apply(net, -1)
            maps = (self.owners, self.occupied, self.through, self.history)
            number, prefer = self._number[net], self._prefer[net]
            if sum(conflicts(number, path, prefer, *maps, 0.25 * dear) for path in self.paths[net]):
                found.append(net)
            self._apply(net, 1)
        return found

    def points(self) -> dict[str, list[Points]]:
        """Return (layer, x, y, width) in mm along every path of every net; a last layer 2 is a via on a plane."""
        found: dict[str, list[Points]] = {}
        for net, paths in self.paths.items():
            found[net] = []
            for path in paths:
                spots = [self.where(int(cell)) for cell in path]
                kinds = [
                    kind_at(self._number[net], self._prefer[net], self.owners, layer % 2, y, x) for layer, y, x in spots
                ]
                points = zip(spots, kinds, strict=True)
                found[net].append([(layer, x * GRID, y * GRID, WIDTHS[max(kind, 0)]) for (layer, y, x), kind in points])
        return found
