"""Footprints at their places, nets on their pads. For KiCad's Python: place.py NETLIST PLACEMENT KEYS BOARD PADS"""

import json
import os
import sys
import tomllib
from pathlib import Path

import pcbnew

sys.path.insert(0, str(Path(__file__).parents[2]))
from hardware.generator import ISSUED, REVISION
from hardware.generator.sexp import find, first, parse

LIBRARIES = Path(os.environ.get("KICAD9_FOOTPRINT_DIR", "/usr/share/kicad/footprints"))
ORIGIN = 40.0  # mm from the sheet's corner to the board's


def at(x: float, y: float) -> pcbnew.VECTOR2I:
    return pcbnew.VECTOR2I(pcbnew.FromMM(ORIGIN + x), pcbnew.FromMM(ORIGIN + y))


def places(placement: dict) -> dict[str, tuple[float, float, float]]:
    """x, y, rotation of every part, cells taken apart."""
    found = {key: tuple(spot) for key, spot in placement["parts"].items()}
    for edge, (dx, dy) in placement.get("cells", {}).items():
        found |= {f"{edge}/{key}": (x + dx, y + dy, turn) for key, (x, y, turn) in placement["cell"].items()}
    return found


def add_footprint(board: pcbnew.BOARD, item: list, spot: tuple[float, float, float], nets: dict) -> None:
    ref = first(item, "ref")[1]
    library, name = first(item, "footprint")[1].split(":")
    footprint = pcbnew.FootprintLoad(str(LIBRARIES / f"{library}.pretty"), name)
    footprint.SetReference(ref)
    footprint.SetValue(first(item, "value")[1])
    footprint.SetFPID(pcbnew.LIB_ID(library, name))
    footprint.SetPath(pcbnew.KIID_PATH(first(first(item, "sheetpath"), "tstamps")[1] + first(item, "tstamps")[1]))
    for field in find(first(item, "fields"), "field"):
        if len(field) > 2:
            footprint.SetField(first(field, "name")[1], field[2])
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
        if net := nets.get((ref, pad.GetNumber())):
            pad.SetNet(net)


def edges(board: pcbnew.BOARD, width: float, height: float) -> None:
    corners = [(0, 0), (width, 0), (width, height), (0, height)]
    for a, b in zip(corners, corners[1:] + corners[:1], strict=True):
        line = pcbnew.PCB_SHAPE(board, pcbnew.SHAPE_T_SEGMENT)
        line.SetStart(at(*a))
        line.SetEnd(at(*b))
        line.SetLayer(pcbnew.Edge_Cuts)
        line.SetWidth(pcbnew.FromMM(0.1))
        board.Add(line)


def word(board: pcbnew.BOARD, table: dict) -> None:
    text = pcbnew.PCB_TEXT(board)
    text.SetText(table["text"])
    text.SetPosition(at(*table["at"]))
    text.SetLayer(pcbnew.F_SilkS)
    text.SetTextSize(pcbnew.VECTOR2I(pcbnew.FromMM(table["height"]), pcbnew.FromMM(table["height"])))
    text.SetTextThickness(pcbnew.FromMM(table["height"] * 0.15))
    text.SetTextAngleDegrees(90 if table.get("turned") else 0)
    board.Add(text)


def words(placement: dict) -> list[dict]:
    """With those of the cells."""
    found = [table | {"text": table["text"].format(revision=REVISION)} for table in placement["words"]]
    for edge, (dx, dy) in placement.get("cells", {}).items():
        for table in placement.get("cell_words", ()):
            x, y = table["at"]
            found.append(table | {"at": [x + dx, y + dy], "text": table["text"].format(edge=edge)})
    return found


def hole(board: pcbnew.BOARD, spot: list[float], number: int) -> None:
    footprint = pcbnew.FootprintLoad(str(LIBRARIES / "MountingHole.pretty"), "MountingHole_3.2mm_M3")
    footprint.SetReference(f"H{number}")
    footprint.SetAttributes(pcbnew.FP_BOARD_ONLY | pcbnew.FP_EXCLUDE_FROM_BOM | pcbnew.FP_EXCLUDE_FROM_POS_FILES)
    for field in footprint.GetFields():
        field.SetVisible(False)
    board.Add(footprint)
    footprint.SetPosition(at(*spot))


def title(board: pcbnew.BOARD, name: str) -> None:
    block = board.GetTitleBlock()
    block.SetTitle(f"TwinOhm {name}")
    block.SetRevision(REVISION)
    block.SetDate(ISSUED)
    block.SetCompany("TwinOhm, CERN-OHL-P-2.0")
    board.SetTitleBlock(block)


def pads_for_router(board: pcbnew.BOARD) -> list[dict]:
    """Outlines of pads and holes in mm from the board's corner."""
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


def main(netlist: str, placement_file: str, keys_file: str, board_file: str, pads_file: str) -> None:
    tree = parse(Path(netlist).read_text())
    placement = tomllib.loads(Path(placement_file).read_text())
    keys = json.loads(Path(keys_file).read_text())
    spots = places(placement)
    pcbnew.KIID.SeedGenerator(1)  # the same UUIDs each time
    board = pcbnew.NewBoard(board_file)
    board.SetCopperLayerCount(4 if placement.get("planes") else 2)
    title(board, Path(board_file).stem)
    settings = board.GetDesignSettings()
    settings.m_MinClearance = pcbnew.FromMM(0.15)
    settings.m_TrackMinWidth = pcbnew.FromMM(0.2)
    nets = {}
    for item in find(first(tree, "nets"), "net"):
        net = pcbnew.NETINFO_ITEM(board, first(item, "name")[1])
        board.Add(net)
        nets |= {(first(pin, "ref")[1], first(pin, "pin")[1]): net for pin in find(item, "node")}
    for item in find(first(tree, "components"), "comp"):
        add_footprint(board, item, spots[keys[first(item, "ref")[1]]], nets)
    edges(board, *placement["size"])
    for number, spot in enumerate(placement["holes"], 1):
        hole(board, spot, number)
    for table in words(placement):
        word(board, table)
    pcbnew.SaveBoard(board_file, board)
    given = {"size": placement["size"], "planes": list(placement.get("planes", ())), "pads": pads_for_router(board)}
    Path(pads_file).write_text(json.dumps(given))


if __name__ == "__main__":
    main(*sys.argv[1:])
