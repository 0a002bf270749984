"""Put footprints at their places and nets on their pads: place.py PARTS PLACEMENT BOARD PADS, under KiCad's Python.

PARTS (JSON, from layout/__main__.py) and PLACEMENT (layout/<board>.toml) are read; BOARD (.kicad_pcb) and PADS (JSON,
the outlines of pads for the router) are written. Lengths are in mm.
"""

import json
import os
import sys
import tomllib
from functools import cache
from pathlib import Path

import pcbnew
from texts import place_references, place_values

sys.path.insert(0, str(Path(__file__).parents[2]))
from hardware.generator import ISSUED, REVISION

LIBRARIES = Path(os.environ.get("KICAD9_FOOTPRINT_DIR", "/usr/share/kicad/footprints"))
ORIGIN = 40.0  # mm from the sheet's corner to the board's
TEXT, STROKE = 1.0, 0.15  # mm, height and line of references
HEAD = 3.25  # mm from a mounting hole's centre that a screw's head needs
FIDUCIAL = 1.0  # mm from a fiducial's centre to its solder mask


def at(x: float, y: float) -> pcbnew.VECTOR2I:
    """Return the point x, y from the board's corner."""
    return pcbnew.VECTOR2I(pcbnew.FromMM(ORIGIN + x), pcbnew.FromMM(ORIGIN + y))


def places(placement: dict) -> dict[str, tuple[float, float, float]]:
    """Return x, y and rotation in degrees of every part by its key, those of the edge cells among them."""
    found = {key: tuple(spot) for key, spot in placement["parts"].items()}
    for edge, (dx, dy) in placement.get("cells", {}).items():
        found |= {f"{edge}/{key}": (x + dx, y + dy, turn) for key, (x, y, turn) in placement["cell"].items()}
    return found


@cache
def load(library: str, name: str) -> pcbnew.FOOTPRINT:
    """Return a footprint of KiCad's library, which KiCad reads whole for each."""
    return pcbnew.FootprintLoad(str(LIBRARIES / f"{library}.pretty"), name)


def add_footprint(board: pcbnew.BOARD, part: dict, spot: tuple[float, float, float], nets: dict) -> None:
    """Add a part at x, y with a rotation; `nets` is the net of every (reference, pad number)."""
    library, name = part["footprint"].split(":")
    footprint = load(library, name).Duplicate()
    footprint.SetReference(part["ref"])
    footprint.SetValue(part["value"])
    footprint.SetFPID(pcbnew.LIB_ID(library, name))
    footprint.SetPath(pcbnew.KIID_PATH(part["path"]))
    for field, text in part["fields"]:
        footprint.SetField(field, text)
    for field in footprint.GetFields():
        field.SetVisible(field.GetName() == "Reference")
    footprint.Reference().SetTextSize(pcbnew.VECTOR2I(pcbnew.FromMM(TEXT), pcbnew.FromMM(TEXT)))
    footprint.Reference().SetTextThickness(pcbnew.FromMM(STROKE))
    footprint.SetExcludedFromBOM(part["key"].startswith("point_"))  # test points are copper
    footprint.SetExcludedFromPosFiles(False)
    board.Add(footprint)
    footprint.SetOrientationDegrees(spot[2])
    footprint.SetPosition(at(spot[0], spot[1]))
    for pad in footprint.Pads():
        if net := nets.get((part["ref"], pad.GetNumber())):
            pad.SetNet(net)


def draw_box(board: pcbnew.BOARD, box: list[float], layer: int, width: float) -> None:
    """Draw a box (left, top, right, bottom) with lines of that width."""
    left, top, right, bottom = box
    corners = [(left, top), (right, top), (right, bottom), (left, bottom)]
    for a, b in zip(corners, corners[1:] + corners[:1], strict=True):
        line = pcbnew.PCB_SHAPE(board, pcbnew.SHAPE_T_SEGMENT)
        line.SetStart(at(*a))
        line.SetEnd(at(*b))
        line.SetLayer(layer)
        line.SetWidth(pcbnew.FromMM(width))
        board.Add(line)


def write(board: pcbnew.BOARD, table: dict) -> None:
    """Print `text` on the board at `at`, `height` high, turned by 90 degrees if `turned`, on the back if `bottom`."""
    text = pcbnew.PCB_TEXT(board)
    text.SetText(table["text"])
    text.SetPosition(at(*table["at"]))
    text.SetLayer(pcbnew.B_SilkS if table.get("bottom") else pcbnew.F_SilkS)
    text.SetMirrored(table.get("bottom", False))
    text.SetTextSize(pcbnew.VECTOR2I(pcbnew.FromMM(table["height"]), pcbnew.FromMM(table["height"])))
    text.SetTextThickness(pcbnew.FromMM(table["height"] * 0.15))
    text.SetTextAngleDegrees(90 if table.get("turned") else 0)
    board.Add(text)


def words(placement: dict) -> list[dict]:
    """Return the texts to print, those of the edge cells among them."""
    found = [table | {"text": table["text"].format(revision=REVISION)} for table in placement["words"]]
    for edge, (dx, dy) in placement.get("cells", {}).items():
        for table in placement.get("cell_words", ()):
            x, y = table["at"]
            found.append(table | {"at": [x + dx, y + dy], "text": table["text"].format(edge=edge)})
    return found


def add_bare(board: pcbnew.BOARD, library: str, name: str, ref: str, spot: list[float]) -> None:
    """Add what is no part of the schematic: a mounting hole or a fiducial."""
    footprint = load(library, name).Duplicate()
    footprint.SetReference(ref)
    footprint.SetFPID(pcbnew.LIB_ID(library, name))
    bare = pcbnew.FP_BOARD_ONLY | pcbnew.FP_EXCLUDE_FROM_BOM | pcbnew.FP_EXCLUDE_FROM_POS_FILES
    footprint.SetAttributes(footprint.GetAttributes() | bare)
    for field in footprint.GetFields():
        field.SetVisible(False)
    board.Add(footprint)
    footprint.SetPosition(at(*spot))


def fill_title(board: pcbnew.BOARD, name: str) -> None:
    """Fill the title block."""
    block = board.GetTitleBlock()
    block.SetTitle(f"TwinOhm {name}")
    block.SetRevision(REVISION)
    block.SetDate(ISSUED)
    block.SetCompany("TwinOhm, CERN-OHL-P-2.0")
    board.SetTitleBlock(block)


def pads_for_router(board: pcbnew.BOARD, keys: dict[str, str]) -> list[dict]:
    """Return part, number, net, layers, centre and outline of pads, and obstacles, in mm from the board's corner.

    `keys` is the key of every part by its reference.
    """
    found = []
    for pad in board.GetPads():
        centre, ref = pad.GetPosition(), pad.GetParentFootprint().GetReference()
        x, y = pcbnew.ToMM(centre.x) - ORIGIN, pcbnew.ToMM(centre.y) - ORIGIN
        layers = [pad.IsOnLayer(pcbnew.F_Cu), pad.IsOnLayer(pcbnew.B_Cu)]
        box = limits(pad)
        if pad.GetAttribute() == pcbnew.PAD_ATTRIB_NPTH:
            layers = [True, True]
        if ref not in keys:
            reach = HEAD if layers[1] else FIDUCIAL
            box = [x - reach, y - reach, x + reach, y + reach]
        pad_of = {"part": keys.get(ref, ""), "number": pad.GetNumber(), "net": pad.GetNetname()}
        found.append(pad_of | {"layers": layers, "centre": [x, y], "box": box})
    for footprint in board.GetFootprints():
        for zone in footprint.Zones():
            if zone.GetIsRuleArea() and zone.GetDoNotAllowTracks():
                area = {"part": "", "number": "", "net": "", "layers": [True, True], "centre": [0, 0]}
                found.append(area | {"box": limits(zone)})
    return found


def limits(item: pcbnew.BOARD_ITEM) -> list[float]:
    """Return left, top, right and bottom of an item in mm from the board's corner."""
    box = item.GetBoundingBox()
    return [pcbnew.ToMM(value) - ORIGIN for value in (box.GetLeft(), box.GetTop(), box.GetRight(), box.GetBottom())]


def main(parts_file: str, placement_file: str, board_file: str, pads_file: str) -> None:
    """Place all parts."""
    given = json.loads(Path(parts_file).read_text())
    placement = tomllib.loads(Path(placement_file).read_text())
    spots = places(placement)
    pcbnew.KIID.SeedGenerator(1)  # the same UUIDs each time
    board = pcbnew.NewBoard(board_file)
    board.SetCopperLayerCount(4 if placement.get("plane") else 2)
    fill_title(board, Path(board_file).stem)
    settings = board.GetDesignSettings()
    settings.m_MinClearance = pcbnew.FromMM(0.15)
    settings.m_TrackMinWidth = pcbnew.FromMM(0.2)
    nets = {}
    for name, pins in given["nets"]:
        net = pcbnew.NETINFO_ITEM(board, name)
        board.Add(net)
        nets |= dict.fromkeys(map(tuple, pins), net)
    for part in given["parts"]:
        add_footprint(board, part, spots[part["key"]], nets)
    draw_box(board, [0, 0, *placement["size"]], pcbnew.Edge_Cuts, 0.1)
    for box in placement.get("frames", ()):  # of a board that stands on this one
        draw_box(board, box, pcbnew.F_SilkS, STROKE)
    for number, spot in enumerate(placement["holes"], 1):
        add_bare(board, "MountingHole", "MountingHole_3.2mm_M3", f"H{number}", spot)
    for number, spot in enumerate(placement.get("fiducials", ()), 1):
        add_bare(board, "Fiducial", "Fiducial_1mm_Mask2mm", f"FID{number}", spot)
    for table in words(placement):
        write(board, table)
    edges = [ORIGIN, ORIGIN, *(ORIGIN + side for side in placement["size"])]
    place_references(board, edges, place_values(board, edges, placement["values"]) if "values" in placement else None)
    pcbnew.SaveBoard(board_file, board)
    keys = {part["ref"]: part["key"] for part in given["parts"]}
    Path(pads_file).write_text(json.dumps(pads_for_router(board, keys)))


if __name__ == "__main__":
    main(*sys.argv[1:])
