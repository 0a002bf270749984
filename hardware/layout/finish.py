"""Add tracks, vias and ground areas to a placed board: finish.py BOARD TRACKS PLACEMENT, under KiCad's Python."""

import json
import sys
import tomllib
from pathlib import Path

import pcbnew
from place import ORIGIN, at

GRID = 0.25  # mm, the router's
VIA, DRILL = 0.6, 0.3  # mm, the router's
NARROW = 0.2  # mm, a track from a cell to the middle of its pad
PLANE = 2  # the router's layer behind a via that ends on a plane
EDGE = 0.5  # mm, from the ground areas to the edge of the board


def track(board: pcbnew.BOARD, net: pcbnew.NETINFO_ITEM, layer: int, ends: tuple, width: float) -> None:
    """Add a straight track, `width` in mm."""
    if ends[0] == ends[1]:
        return
    item = pcbnew.PCB_TRACK(board)
    item.SetStart(ends[0])
    item.SetEnd(ends[1])
    item.SetWidth(pcbnew.FromMM(width))
    item.SetLayer(pcbnew.F_Cu if layer == 0 else pcbnew.B_Cu)
    item.SetNet(net)
    board.Add(item)


def runs(path: list, joints: set) -> list[tuple[list, float]]:
    """Return the pieces of a path and their widths: straight, of one width, in one layer and between joints."""
    pieces: list = []
    for before, now in zip(path, path[1:], strict=False):
        if now[0] != before[0]:
            pieces.append(None)
            continue
        step = (round(now[1] - before[1], 6), round(now[2] - before[2], 6))
        width = min(before[3], now[3])
        last = pieces[-1] if pieces else None
        if last and last["step"] == step and last["width"] == width and tuple(before[:3]) not in joints:
            last["points"].append(now)
        else:
            pieces.append({"step": step, "width": width, "points": [before, now]})
    return [(piece["points"], piece["width"]) for piece in pieces if piece]


def lay(board: pcbnew.BOARD, name: str, paths: list, vias: set) -> None:
    """Add the tracks and vias of one net; `vias` are those that are there already."""
    net = board.GetNetsByName()[name]
    pads = {}
    for pad in board.GetPads():
        if pad.GetNetname() == name:
            centre = pad.GetPosition()
            key = tuple(round((pcbnew.ToMM(value) - ORIGIN) / GRID) for value in (centre.x, centre.y))
            pads[key] = pad
    joints = {tuple(end[:3]) for path in paths for end in (path[0], path[-1])}
    done = set()
    for path in paths:
        for points, width in runs(path, joints):
            ends = (tuple(points[0][:3]), tuple(points[-1][:3]))
            if (*sorted(ends), width) not in done:
                done.add((*sorted(ends), width))
                track(board, net, points[0][0], (at(*points[0][1:3]), at(*points[-1][1:3])), width)
        for before, now in zip(path, path[1:], strict=False):
            key = tuple(round(value / GRID) for value in now[1:3])
            through = key in pads and pads[key].IsOnLayer(pcbnew.F_Cu) and pads[key].IsOnLayer(pcbnew.B_Cu)
            if now[0] != before[0] and (name, key) not in vias and not through:
                via = pcbnew.PCB_VIA(board)
                via.SetPosition(at(*now[1:3]))
                via.SetWidth(pcbnew.FromMM(VIA))
                via.SetDrill(pcbnew.FromMM(DRILL))
                via.SetNet(net)
                board.Add(via)
                vias.add((name, key))
        for end in (path[0], path[-1]):
            pad = pads.get(tuple(round(value / GRID) for value in end[1:3]))
            if end[0] != PLANE and pad and pad.IsOnLayer(pcbnew.F_Cu if end[0] == 0 else pcbnew.B_Cu):
                ends = (at(*end[1:3]), pad.GetPosition())
                if (key := (end[0], tuple(ends[0]), tuple(ends[1]))) not in done:
                    done.add(key)
                    track(board, net, end[0], ends, NARROW)


def areas(board: pcbnew.BOARD, placement: dict) -> None:
    """Add areas of ground on both sides, and the inner planes."""
    width, height = placement["size"]
    whole = [EDGE, EDGE, width - EDGE, height - EDGE]
    wanted = [("GND", "F.Cu", [whole]), ("GND", "B.Cu", [whole])]
    wanted += [(table["net"], table["layer"], table["boxes"]) for table in placement.get("plane", ())]
    for priority, (name, layer_name, boxes) in enumerate(wanted):
        net, layer = board.GetNetsByName()[name], board.GetLayerID(layer_name)
        zone = pcbnew.ZONE(board)
        zone.SetLayer(layer)
        zone.SetNet(net)
        zone.SetAssignedPriority(priority)  # a later plane cuts an earlier one of its layer
        shape = zone.Outline()
        for left, top, right, bottom in boxes:
            left, top = max(left, EDGE), max(top, EDGE)
            right, bottom = min(right, width - EDGE), min(bottom, height - EDGE)
            shape.NewOutline()
            for x, y in ((left, top), (right, top), (right, bottom), (left, bottom)):
                shape.Append(at(x, y))
        shape.Simplify()
        zone.SetLocalClearance(pcbnew.FromMM(0.25))
        zone.SetMinThickness(pcbnew.FromMM(0.25))
        zone.SetThermalReliefGap(pcbnew.FromMM(0.3))
        zone.SetThermalReliefSpokeWidth(pcbnew.FromMM(0.4))
        zone.SetIslandRemovalMode(pcbnew.ISLAND_REMOVAL_MODE_ALWAYS)
        board.Add(zone)
    pcbnew.ZONE_FILLER(board).Fill(board.Zones())


def main(board_file: str, tracks_file: str, placement_file: str) -> None:
    pcbnew.KIID.SeedGenerator(2)
    board = pcbnew.LoadBoard(board_file)
    placement = tomllib.loads(Path(placement_file).read_text())
    vias: set = set()
    for name, paths in sorted(json.loads(Path(tracks_file).read_text()).items()):
        lay(board, name, paths, vias)
    areas(board, placement)
    pcbnew.SaveBoard(board_file, board)
    lengths = sum(pcbnew.ToMM(item.GetLength()) for item in board.GetTracks())
    print(f"{len(vias)} vias, {lengths / 1000:.2f} m of tracks")


if __name__ == "__main__":
    main(*sys.argv[1:])
