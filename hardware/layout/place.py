"""Put footprints at their places and nets on their pads: place.py PARTS PLACEMENT BOARD PADS, under KiCad's Python.

PARTS (JSON, from layout/__main__.py) and PLACEMENT (layout/<board>.toml) are read; BOARD (.kicad_pcb) and PADS (JSON,
the outlines of pads for the router) are written. Lengths are in mm.
"""

import json
import os
import sys
import tomllib
from pathlib import Path

import pcbnew

sys.path.insert(0, str(Path(__file__).parents[2]))
from hardware.generator import ISSUED, REVISION

LIBRARIES = Path(os.environ.get("KICAD9_FOOTPRINT_DIR", "/usr/share/kicad/footprints"))
ORIGIN = 40.0  # mm from the sheet's corner to the board's


def at(x: float, y: float) -> pcbnew.VECTOR2I:
    """Return the point x, y from the board's corner."""
    return pcbnew.VECTOR2I(pcbnew.FromMM(ORIGIN + x), pcbnew.FromMM(ORIGIN + y))


def places(placement: dict) -> dict[str, tuple[float, float, float]]:
    """Return x, y and rotation in degrees of every part by its key, those of the edge cells among them."""
    found = {key: tuple(spot) for key, spot in placement["parts"].items()}
    for edge, (dx, dy) in placement.get("cells", {}).items():
        found |= {f"{edge}/{key}": (x + dx, y + dy, turn) for key, (x, y, turn) in placement["cell"].items()}
    return found


def add_footprint(board: pcbnew.BOARD, part: dict, spot: tuple[float, float, float], nets: dict) -> None:
    """Add a part at x, y with a rotation; `nets` is the net of every (reference, pad number)."""
    library, name = part["footprint"].split(":")
    footprint = pcbnew.FootprintLoad(str(LIBRARIES / f"{library}.pretty"), name)
    footprint.SetReference(part["ref"])
    footprint.SetValue(part["value"])
    footprint.SetFPID(pcbnew.LIB_ID(library, name))
    footprint.SetPath(pcbnew.KIID_PATH(part["path"]))
    for field, text in part["fields"]:
        footprint.SetField(field, text)
    for field in footprint.GetFields():
        field.SetVisible(field.GetName() == "Reference")
    footprint.Reference().SetTextSize(pcbnew.VECTOR2I(pcbnew.FromMM(0.8), pcbnew.FromMM(0.8)))
    footprint.Reference().SetTextThickness(pcbnew.FromMM(0.12))
    footprint.SetExcludedFromBOM(False)
    footprint.SetExcludedFromPosFiles(False)
    board.Add(footprint)
    footprint.SetOrientationDegrees(spot[2])
    footprint.SetPosition(at(spot[0], spot[1]))
    for pad in footprint.Pads():
        if net := nets.get((part["ref"], pad.GetNumber())):
            pad.SetNet(net)


def outline(board: pcbnew.BOARD, width: float, height: float) -> None:
    """Draw the board's edges."""
    corners = [(0, 0), (width, 0), (width, height), (0, height)]
    for a, b in zip(corners, corners[1:] + corners[:1], strict=True):
        line = pcbnew.PCB_SHAPE(board, pcbnew.SHAPE_T_SEGMENT)
        line.SetStart(at(*a))
        line.SetEnd(at(*b))
        line.SetLayer(pcbnew.Edge_Cuts)
        line.SetWidth(pcbnew.FromMM(0.1))
        board.Add(line)


def write(board: pcbnew.BOARD, table: dict) -> None:
    """Print `text` on the board at `at`, `height` high, turned by 90 degrees if `turned`."""
    text = pcbnew.PCB_TEXT(board)
    text.SetText(table["text"])
    text.SetPosition(at(*table["at"]))
    text.SetLayer(pcbnew.F_SilkS)
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


def drill(board: pcbnew.BOARD, spot: list[float], number: int) -> None:
    """Add a mounting hole for M3."""
    footprint = pcbnew.FootprintLoad(str(LIBRARIES / "MountingHole.pretty"), "MountingHole_3.2mm_M3")
    footprint.SetReference(f"H{number}")
    footprint.SetAttributes(pcbnew.FP_BOARD_ONLY | pcbnew.FP_EXCLUDE_FROM_BOM | pcbnew.FP_EXCLUDE_FROM_POS_FILES)
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


def pads_for_router(board: pcbnew.BOARD) -> list[dict]:
    """Return net, layers, centre and outline of pads, holes and areas without tracks, in mm from the board's corner."""
    found = []
    for pad in board.GetPads():
        box, centre = pad.GetBoundingBox(), pad.GetPosition()
        edges_mm = (box.GetLeft(), box.GetTop(), box.GetRight(), box.GetBottom())
        layers = [pad.IsOnLayer(pcbnew.F_Cu), pad.IsOnLayer(pcbnew.B_Cu)]
        through = pad.GetAttribute() == pcbnew.PAD_ATTRIB_NPTH
        found.append(
            {
                "net": pad.GetNetname(),
                "layers": [True, True] if through else layers,
                "centre": [pcbnew.ToMM(centre.x) - ORIGIN, pcbnew.ToMM(centre.y) - ORIGIN],
                "box": [pcbnew.ToMM(value) - ORIGIN for value in edges_mm],
            }
        )
    for footprint in board.GetFootprints():
        for zone in footprint.Zones():
            if zone.GetIsRuleArea() and zone.GetDoNotAllowTracks():
                box = zone.GetBoundingBox()
                edges_mm = (box.GetLeft(), box.GetTop(), box.GetRight(), box.GetBottom())
                limits = [pcbnew.ToMM(value) - ORIGIN for value in edges_mm]
                found.append({"net": "", "layers": [True, True], "centre": [0, 0], "box": limits})
    return found


def main(parts_file: str, placement_file: str, board_file: str, pads_file: str) -> None:
    """Place all parts."""
    given = json.loads(Path(parts_file).read_text())
    placement = tomllib.loads(Path(placement_file).read_text())
    spots = places(placement)
    pcbnew.KIID.SeedGenerator(1)  # the same UUIDs each time
    board = pcbnew.NewBoard(board_file)
    board.SetCopperLayerCount(4 if placement.get("planes") else 2)
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
    outline(board, *placement["size"])
    for number, spot in enumerate(placement["holes"], 1):
        drill(board, spot, number)
    for table in words(placement):
        write(board, table)
    pcbnew.SaveBoard(board_file, board)
    pads = {"size": placement["size"], "planes": list(placement.get("planes", ())), "pads": pads_for_router(board)}
    Path(pads_file).write_text(json.dumps(pads))


if __name__ == "__main__":
    main(*sys.argv[1:])
