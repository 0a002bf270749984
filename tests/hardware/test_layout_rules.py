"""The layout rules of every committed board, read from its .kicad_pcb without KiCad, and of boards that break one."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from hardware.generator.build import build
from hardware.generator.files import BOARDS
from hardware.layout import rules
from hardware.layout.copper import Copper, read
from hardware.layout.router import Area, Router
from tests.conftest import ROOT
from tests.tiers import in_tiers
from twinohm.model.board_file import load_board

LAID_OUT = [name for name in BOARDS if (ROOT / "hardware" / name / f"{name}.kicad_pcb").exists()]


def board_file(name: str) -> Path:
    return ROOT / "hardware" / name / f"{name}.kicad_pcb"


@pytest.fixture(scope="module")
def divider() -> Copper:
    return read(board_file("divider"))


def broken(copper: Copper, name: str = "divider") -> list[str]:
    return [rule.rule for rule in rules.measure(copper, build(load_board(name))) if not rule.kept]


@pytest.mark.parametrize("name", in_tiers(LAID_OUT, "edge16".__eq__))
def test_every_rule_is_kept(name: str) -> None:
    text, kept = rules.report(name)
    assert kept, text
    assert "BROKEN" not in text


@pytest.mark.slow
@pytest.mark.parametrize("name", LAID_OUT)
def test_table_has_capacitors_widths_and_clocks_in_80_columns(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert rules.main([name]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= 80, max(lines, key=len)
    for rail in ("+3V3", "+5V") if name == "kit5" else ("+3V3", "+5V", "+9V", "VSYS"):
        assert any(re.match(rf"{re.escape(rail)} +[0-9]+ +[0-9.]+ +[0-9.]+ ", line) for line in lines), rail
    assert any(line.startswith("signals") for line in lines)
    assert any(line.startswith("CLK_IN: length") for line in lines)


def test_a_board_that_is_not_laid_out_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert rules.main(["lab99"]) == 2
    assert "'lab99'" in capsys.readouterr().err


def test_a_broken_rule_gives_exit_code_1(
    divider: Copper, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(rules, "read", lambda _: replace(divider, size=(161.0, 70.0)))
    assert rules.main(["divider"]) == 1
    assert re.search(r"^board, longer side +<= 160 mm +161.0 mm +BROKEN$", capsys.readouterr().out, re.MULTILINE)


# -- one rule broken --------------------------------------------------------------------------------------------------


def test_a_via_in_a_pad_is_found(divider: Copper) -> None:
    pad = next(pad for pad in divider.pads if pad.ref == "U101" and pad.number == "4")
    via = replace(divider.vias[0], at=pad.at, net=pad.net)
    assert "SMD pads with a via in or cutting them" in broken(replace(divider, vias=(*divider.vias, via)))


def test_a_via_that_cuts_the_edge_of_a_pad_is_found(divider: Copper) -> None:
    pad = next(pad for pad in divider.pads if pad.ref == "U101" and pad.number == "4")
    beside = (pad.at[0], pad.at[1] + pad.size[1] / 2 + 0.29)  # a via of 0.6 mm reaches 0.01 mm into it
    via = replace(divider.vias[0], at=beside, net=pad.net)
    bad, nearest = rules.pads_with_vias(replace(divider, vias=(via,)))
    assert [(pad.ref, pad.number) for pad in bad] == [("U101", "4")]
    assert nearest == pytest.approx(-0.01)


@pytest.mark.parametrize("ref", ["C101", "C103", "C13", "C3"])
def test_a_capacitor_far_from_its_pin_is_found(divider: Copper, ref: str) -> None:
    pads = tuple(replace(pad, at=(pad.at[0], pad.at[1] - 3.5)) if pad.ref == ref else pad for pad in divider.pads)
    assert "supply pin to its capacitor, worst" in broken(replace(divider, pads=pads))


def test_two_nets_too_near_are_found(divider: Copper) -> None:
    track = next(track for track in divider.tracks if track.net == "CLK" and track.length > 2)
    shifted = replace(
        track, net="SDA", start=(track.start[0] + 0.3, track.start[1]), end=(track.end[0] + 0.3, track.end[1])
    )
    assert "gap between two nets" in broken(replace(divider, tracks=(*divider.tracks, shifted)))


def test_a_narrow_supply_in_the_open_is_found(divider: Copper) -> None:
    tracks = tuple(replace(t, width=min(t.width, 0.4)) if t.net == "+5V" else t for t in divider.tracks)
    assert broken(replace(divider, tracks=tracks)) == ["supply below 0.8 mm, from other copper"]


def test_a_narrow_track_is_found(divider: Copper) -> None:
    tracks = (replace(divider.tracks[0], width=0.15), *divider.tracks[1:])
    assert "narrowest track" in broken(replace(divider, tracks=tracks))


def test_a_small_and_a_thin_text_are_found(divider: Copper) -> None:
    small = replace(divider, texts=(replace(divider.texts[0], height=0.8), *divider.texts[1:]))
    thin = replace(divider, texts=(replace(divider.texts[0], stroke=0.12), *divider.texts[1:]))
    assert broken(small) == ["text: height"]
    assert broken(thin) == ["text: line"]


@pytest.mark.parametrize(
    ("prefix", "rule"), [("FID", "fiducials"), ("H", "mounting holes"), ("TP", "test points")], ids=["FID", "H", "TP"]
)
def test_missing_fiducials_holes_and_test_points_are_found(divider: Copper, prefix: str, rule: str) -> None:
    left = tuple(fp for fp in divider.footprints if not re.fullmatch(rf"{prefix}\d+", fp.ref))
    assert broken(replace(divider, footprints=left)) == [rule]


def test_an_analogue_chip_beside_the_pico_is_found(divider: Copper) -> None:
    pads = tuple(replace(pad, at=(pad.at[0], pad.at[1] - 24)) if pad.ref == "U5" else pad for pad in divider.pads)
    assert "digital to analogue chip" in broken(replace(divider, pads=pads))


def test_an_edge_with_a_part_elsewhere_is_found(divider: Copper) -> None:
    moved = tuple(replace(fp, at=(fp.at[0] + 0.1, fp.at[1])) if fp.ref == "R203" else fp for fp in divider.footprints)
    assert broken(replace(divider, footprints=moved)) == ["edges unlike the first"]


def test_an_edge_with_other_copper_is_found(divider: Copper) -> None:
    inner = next(track for track in divider.tracks if track.net == "/edges/MID-BOT/PLUS")
    assert broken(replace(divider, tracks=tuple(t for t in divider.tracks if t != inner))) == ["edges unlike the first"]


def test_a_long_clock_and_a_resistor_far_from_its_source_are_found(divider: Copper) -> None:
    track = next(track for track in divider.tracks if track.net == "CLK" and track.layer == "F.Cu")
    long = replace(divider, tracks=divider.tracks + (track,) * int(300 / track.length))
    assert broken(long) == ["CLK: length"]
    pads = tuple(replace(pad, at=(pad.at[0], pad.at[1] + 8)) if pad.ref == "R13" else pad for pad in divider.pads)
    assert "CLK: pin to R13" in broken(replace(divider, pads=pads))


# -- the router -------------------------------------------------------------------------------------------------------


def square(net: str, x: float, y: float, side: float = 1.0) -> dict[str, object]:
    box = [x - side / 2, y - side / 2, x + side / 2, y + side / 2]
    return {"part": "U1", "number": "1", "net": net, "layers": [True, False], "centre": [x, y], "box": box}


@pytest.mark.slow
def test_a_via_to_a_plane_stands_beside_its_pad() -> None:
    router = Router((10, 10), [square("GND", 5, 5)], {"GND": Area([[0, 0, 10, 10]])})
    router.run(say=lambda *_, **__: None)
    [path] = router.points()["GND"]
    layer, x, y, _ = path[-1]
    assert layer == 2
    assert max(abs(x - 5), abs(y - 5)) >= 0.5 + 0.3 + 0.15  # half a pad, half a via, and a gap


@pytest.mark.slow
def test_a_via_to_a_plane_is_on_its_own_area() -> None:
    area = Area([[0, 0, 20, 10]], [[0, 0, 12, 10]])
    router = Router((20, 10), [square("+5V", 5, 5)], {"+5V": area})
    router.run(say=lambda *_, **__: None)
    assert router.points()["+5V"][0][-1][1] > 12


def test_a_supply_is_wide_and_narrows_between_pads() -> None:
    pads = [square("+9V", 3, 5), square("+9V", 17, 5)]
    pads += [square("", 10, y) for y in (2.0, 3.25, 6.75, 8.0)] + [square("", 10, 4.4, 0.6), square("", 10, 5.6, 0.6)]
    router = Router((20, 10), pads, widths={"+9V": (0.8, 0.4, 0.2)}, across=((1, 1), (99, 99)))
    router.run(say=lambda *_, **__: None)
    [path] = router.points()["+9V"]
    widths = {x: width for _, x, _, width in path}
    assert widths[4.0] == widths[16.0] == 0.8
    assert min(widths.values()) < 0.8


def test_a_net_without_a_way_says_where() -> None:
    wall = {"part": "", "number": "", "net": "", "layers": [True, True], "centre": [0, 0], "box": [5, 0, 6, 10]}
    router = Router((10, 10), [square("CLK", 2, 5), square("CLK", 8, 5), wall])
    with pytest.raises(ValueError, match="CLK cannot be routed from 2.0, 5.0 mm: move parts apart"):
        router.run(say=lambda *_, **__: None)
