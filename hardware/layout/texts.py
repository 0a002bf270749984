"""Find a free place on the silkscreen for every reference; one that has none goes to the assembly drawing (F.Fab)."""

from collections.abc import Iterator

import pcbnew

GAP = 0.15  # mm between texts, pads and lines
LARGE = 20.0  # mm2: a part of that size has no other part's reference in its body
BUCKET = 4.0  # mm
CLOSE = 0.1  # mm: a line at the edge of a courtyard is as far from a text as GAP
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


def candidates(body: Box, width: float, height: float, nearest: float) -> Iterator[tuple[float, float, int]]:
    """Yield centre and rotation of the places around a body, those `nearest` mm from it first."""
    middle_x, middle_y = (body[0] + body[2]) / 2, (body[1] + body[3]) / 2
    for step in range(5):
        away = nearest + 0.5 * step
        for slide in (0.0, 0.6, -0.6, 1.2, -1.2, 1.8, -1.8, 2.6, -2.6):
            yield middle_x + slide, body[1] - away - height / 2, 0
            yield middle_x + slide, body[3] + away + height / 2, 0
            yield body[0] - away - width / 2, middle_y + slide, 0
            yield body[2] + away + width / 2, middle_y + slide, 0
            yield body[0] - away - height / 2, middle_y + slide, 90
            yield body[2] + away + height / 2, middle_y + slide, 90
    yield middle_x, middle_y, 0
    yield middle_x, middle_y, 90


def taken_at_first(board: pcbnew.BOARD) -> Taken:
    """Return what pads, lines and words take."""
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
    return taken


class Placer:
    """Moves texts to free places.

    `edges` are the board's left, top, right and bottom in mm on the sheet, `nearest` mm are between text and courtyard.
    """

    def __init__(self, board: pcbnew.BOARD, edges: list[float], taken: Taken, nearest: float) -> None:
        self._edges, self._taken, self._nearest = edges, taken, nearest
        self.bodies = {footprint.GetReference(): courtyard(footprint) for footprint in board.GetFootprints()}
        self._large = {ref: b for ref, b in self.bodies.items() if (b[2] - b[0]) * (b[3] - b[1]) > LARGE}

    def place(self, text: pcbnew.EDA_TEXT, ref: str, middle_first: bool = False) -> bool:
        """Move a text to the first free place at its part, and return whether there is one."""
        text.SetKeepUpright(True)
        text.SetTextAngleDegrees(0)
        left, top, right, bottom = box_of(text)
        width, height = right - left, bottom - top
        others = [body for name, body in self._large.items() if name != ref]
        edges, spots = self._edges, list(candidates(self.bodies[ref], width, height, self._nearest))
        for x, y, turn in spots[-2:] + spots[:-2] if middle_first else spots:
            half = (width / 2, height / 2) if turn == 0 else (height / 2, width / 2)
            box = (x - half[0], y - half[1], x + half[0], y + half[1])
            inside = box[0] > edges[0] + 0.6 and box[1] > edges[1] + 0.6
            inside = inside and box[2] < edges[2] - 0.6 and box[3] < edges[3] - 0.6
            if inside and self._taken.free(box) and not any(meet(box, body) for body in others):
                text.SetTextAngleDegrees(turn)
                now = box_of(text)
                text.Move(
                    pcbnew.VECTOR2I(pcbnew.FromMM(x - (now[0] + now[2]) / 2), pcbnew.FromMM(y - (now[1] + now[3]) / 2))
                )
                self._taken.add(box)
                return True
        return False


def place_values(board: pcbnew.BOARD, edges: list[float], shown: dict[str, str]) -> Taken:
    """Print what to solder in each place, in the part's body if it fits there, and return what is taken then.

    `shown` has what is printed instead of a value, nothing for an empty text.
    """
    taken = taken_at_first(board)
    placer, homeless = Placer(board, edges, taken, CLOSE), []
    for footprint in board.GetFootprints():
        words = shown.get(footprint.GetValue(), footprint.GetValue())
        if not words or footprint.GetReference().startswith("TP") or not footprint.Reference().IsVisible():
            continue
        text = pcbnew.PCB_TEXT(footprint)
        text.SetText(words)
        text.SetLayer(pcbnew.F_SilkS)
        text.SetTextSize(footprint.Reference().GetTextSize())
        text.SetTextThickness(footprint.Reference().GetTextThickness())
        text.SetPosition(footprint.GetPosition())
        if placer.place(text, footprint.GetReference(), middle_first=True):
            footprint.Add(text)
        else:
            homeless.append(footprint.GetReference())
    print(f"values without a place: {', '.join(homeless) or 'none'}")
    return taken


def place_references(board: pcbnew.BOARD, edges: list[float], taken: Taken | None = None) -> None:
    """Move the references; `taken` is what values took."""
    placer = Placer(board, edges, taken or taken_at_first(board), 0.0 if taken is None else CLOSE)
    hidden = []
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
        if not placer.place(text, footprint.GetReference()):
            text.SetLayer(pcbnew.F_Fab)
            text.SetPosition(footprint.GetPosition())
            hidden.append(footprint.GetReference())
    print(f"{len(hidden)} references are on the assembly drawing alone: {', '.join(hidden)}")
