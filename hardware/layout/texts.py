"""Find a free place on the silkscreen for every reference; one that has none goes to the assembly drawing (F.Fab)."""

from collections.abc import Iterator

import pcbnew

GAP = 0.15  # mm between texts, pads and lines
LARGE = 20.0  # mm2: a part of that size has no other part's reference in its body
BUCKET = 4.0  # mm
Box = tuple[float, float, float, float]


class Taken:
    """Boxes that are taken, in buckets."""

    def __init__(self) -> None:
        self._buckets: dict[tuple[int, int], list[Box]] = {}

    def _keys(self, box: Box) -> Iterator[tuple[int, int]]:
        for column in range(int(box[0] // BUCKET), int(box[2] // BUCKET) + 1):
            for row in range(int(box[1] // BUCKET), int(box[3] // BUCKET) + 1):
                yield column, row

    def add(self, box: Box) -> None:
        for key in self._keys(box):
            self._buckets.setdefault(key, []).append(box)

    def free(self, box: Box) -> bool:
        left, top, right, bottom = box[0] - GAP, box[1] - GAP, box[2] + GAP, box[3] + GAP
        for key in self._keys((left, top, right, bottom)):
            for a in self._buckets.get(key, ()):
                if meet(a, (left, top, right, bottom)):
                    return False
        return True


def box_of(item: pcbnew.BOARD_ITEM, more: float = 0.0) -> Box:
    """Return left, top, right and bottom in mm."""
    box = item.GetBoundingBox()
    left, top, right, bottom = (
        pcbnew.ToMM(value) for value in (box.GetLeft(), box.GetTop(), box.GetRight(), box.GetBottom())
    )
    return left - more, top - more, right + more, bottom + more


def courtyard(footprint: pcbnew.FOOTPRINT) -> Box:
    """Return the box that a footprint takes on the board, in mm."""
    box = footprint.GetCourtyard(pcbnew.F_CrtYd).BBox()
    return tuple(pcbnew.ToMM(v) for v in (box.GetLeft(), box.GetTop(), box.GetRight(), box.GetBottom()))


def meet(a: Box, b: Box) -> bool:
    """Say if two boxes overlap."""
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]


def candidates(body: Box, width: float, height: float) -> Iterator[tuple[float, float, int]]:
    """Yield centre and rotation of the places around a body, the nearest first."""
    middle_x, middle_y = (body[0] + body[2]) / 2, (body[1] + body[3]) / 2
    for away in (0.0, 0.5, 1.0, 1.5, 2.0):
        for slide in (0.0, 0.6, -0.6, 1.2, -1.2, 1.8, -1.8, 2.6, -2.6):
            yield middle_x + slide, body[1] - away - height / 2, 0
            yield middle_x + slide, body[3] + away + height / 2, 0
            yield body[0] - away - width / 2, middle_y + slide, 0
            yield body[2] + away + width / 2, middle_y + slide, 0
            yield body[0] - away - height / 2, middle_y + slide, 90
            yield body[2] + away + height / 2, middle_y + slide, 90
    yield middle_x, middle_y, 0
    yield middle_x, middle_y, 90


def place_references(board: pcbnew.BOARD, edges: list[float]) -> None:
    """Move the references; `edges` are the board's left, top, right and bottom in mm on the sheet."""
    taken = Taken()
    for footprint in board.GetFootprints():
        for pad in footprint.Pads():
            taken.add(box_of(pad, 0.1))
        for item in footprint.GraphicalItems():
            if item.GetLayer() == pcbnew.F_SilkS:
                taken.add(box_of(item))
    for item in board.GetDrawings():
        if item.GetLayer() == pcbnew.F_SilkS:
            taken.add(box_of(item))
    bodies = {footprint.GetReference(): courtyard(footprint) for footprint in board.GetFootprints()}
    large = {ref: body for ref, body in bodies.items() if (body[2] - body[0]) * (body[3] - body[1]) > LARGE}
    hidden = 0
    order = sorted(board.GetFootprints(), key=lambda footprint: footprint.GetReference()[:2] != "TP")
    for footprint in order:  # labels of test points first
        text = footprint.Reference()
        if not text.IsVisible():
            continue
        if text.GetText().startswith("TP"):  # who probes wants the name of the net
            text.SetLayer(pcbnew.F_Fab)
            text = footprint.Value()
            text.SetVisible(True)
            text.SetLayer(pcbnew.F_SilkS)
            text.SetTextSize(footprint.Reference().GetTextSize())
            text.SetTextThickness(footprint.Reference().GetTextThickness())
        text.SetKeepUpright(True)
        text.SetTextAngleDegrees(0)
        left, top, right, bottom = box_of(text)
        width, height = right - left, bottom - top
        ref = footprint.GetReference()
        others = [body for name, body in large.items() if name != ref]
        for x, y, turn in candidates(bodies[ref], width, height):
            half = (width / 2, height / 2) if turn == 0 else (height / 2, width / 2)
            box = (x - half[0], y - half[1], x + half[0], y + half[1])
            inside = box[0] > edges[0] + 0.6 and box[1] > edges[1] + 0.6
            inside = inside and box[2] < edges[2] - 0.6 and box[3] < edges[3] - 0.6
            if inside and taken.free(box) and not any(meet(box, body) for body in others):
                text.SetTextAngleDegrees(turn)
                now = box_of(text)
                text.Move(
                    pcbnew.VECTOR2I(pcbnew.FromMM(x - (now[0] + now[2]) / 2), pcbnew.FromMM(y - (now[1] + now[3]) / 2))
                )
                taken.add(box)
                break
        else:
            text.SetLayer(pcbnew.F_Fab)
            text.SetPosition(footprint.GetPosition())
            hidden += 1
    print(f"{hidden} references are on the assembly drawing alone")
