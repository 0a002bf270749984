"""Add tracks, vias and ground areas to a placed board: finish.py BOARD TRACKS PLACEMENT, under KiCad's Python."""

import json
import sys
import tomllib
from pathlib import Path

import pcbnew
from place import ORIGIN, at

GRID = 0.25  # mm, the router's
VIA, DRILL = 0.6, 0.3  # mm
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


def runs(path: list, joints: set) -> list[list]:
    """Return the pieces of a path, each straight in one layer and between joints; a via is a piece of one point."""
    pieces = [[path[0]]]
    for before, now in zip(path, path[1:], strict=False):
        piece = pieces[-1]
        straight = len(piece) < 2 or (
            round(now[1] - before[1], 6) == round(piece[-1][1] - piece[-2][1], 6)
            and round(now[2] - before[2], 6) == round(piece[-1][2] - piece[-2][2], 6)
        )
        if now[0] != before[0]:
            pieces.append([now])
        elif straight:
            piece.append(now)
        else:
            pieces.append([before, now])
        if tuple(now) in joints:
            pieces.append([now])
    return pieces


def lay(board: pcbnew.BOARD, name: str, paths: list, width: float, vias: set) -> None:
    """Add the tracks and vias of one net; `vias` are those that are there already."""
    net = board.GetNetsByName()[name]
    pads = {}
    for pad in board.GetPads():
        if pad.GetNetname() == name:
            centre = pad.GetPosition()
            key = tuple(round((pcbnew.ToMM(value) - ORIGIN) / GRID) for value in (centre.x, centre.y))
            pads[key] = pad
    joints = {tuple(end) for path in paths for end in (path[0], path[-1])}
    for path in paths:
        for piece in runs(path, joints):
            track(board, net, piece[0][0], (at(*piece[0][1:]), at(*piece[-1][1:])), width)
        for before, now in zip(path, path[1:], strict=False):
            key = tuple(round(value / GRID) for value in now[1:])
            through = key in pads and pads[key].IsOnLayer(pcbnew.F_Cu) and pads[key].IsOnLayer(pcbnew.B_Cu)
            if now[0] != before[0] and (name, key) not in vias and not through:
                via = pcbnew.PCB_VIA(board)
                via.SetPosition(at(*now[1:]))
                via.SetWidth(pcbnew.FromMM(VIA))
                via.SetDrill(pcbnew.FromMM(DRILL))
                via.SetNet(net)
                board.Add(via)
                vias.add((name, key))
        for end in (path[0], path[-1]):
            pad = pads.get(tuple(round(value / GRID) for value in end[1:]))
            if pad and pad.IsOnLayer(pcbnew.F_Cu if end[0] == 0 else pcbnew.B_Cu):
                track(board, net, end[0], (at(*end[1:]), pad.GetPosition()), width)


def areas(board: pcbnew.BOARD, size: list[float], planes: dict[str, str]) -> None:
    """Add areas of ground on both sides, and the inner planes; `size` is width and height in mm."""
    wanted = [("GND", "F.Cu"), ("GND", "B.Cu"), *planes.items()]
    for name, layer_name in wanted:
        net, layer = board.GetNetsByName()[name], board.GetLayerID(layer_name)
        zone = pcbnew.ZONE(board)
        zone.SetLayer(layer)
        zone.SetNet(net)
        outline = zone.Outline()
        outline.NewOutline()
        for x, y in ((EDGE, EDGE), (size[0] - EDGE, EDGE), (size[0] - EDGE, size[1] - EDGE), (EDGE, size[1] - EDGE)):
            outline.Append(at(x, y))
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
        lay(board, name, paths, placement["track_mm"], vias)
    areas(board, placement["size"], placement.get("planes", {}))
    pcbnew.SaveBoard(board_file, board)
    lengths = sum(pcbnew.ToMM(item.GetLength()) for item in board.GetTracks())
    print(f"{len(vias)} vias, {lengths / 1000:.2f} m of tracks")


if __name__ == "__main__":
    main(*sys.argv[1:])
