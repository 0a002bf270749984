"""The gate before fabrication: every pin, limit and footprint of a board's parts is proved by two origins."""

import re
import shutil
from functools import partial
from pathlib import Path

import pytest

from hardware.generator.catalogue import Kind, find_kind, kinds
from hardware.generator.files import BOARDS
from hardware.layout import fabricate
from hardware.provenance import Gate, board_findings, main, package_of, value_table
from hardware.sources import sums
from hardware.sources.kicad_library import FOOTPRINTS, SYMBOLS, footprint_source, package_version, symbol_source
from hardware.sources.reader import FOLDER, check_sums, load_sources, plain


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of hardware/sources/ to be changed."""
    return shutil.copytree(FOLDER, tmp_path / "sources", ignore=shutil.ignore_patterns("__pycache__"))


def edit(folder: Path, file: str, pattern: str, text: str = "", summed: bool = True) -> None:
    """Replace the one line that matches; `summed` renews SHA256SUMS."""
    path = folder / file
    changed, count = re.subn(pattern, text, path.read_text(encoding="utf-8"), flags=re.M)
    assert count == 1, pattern
    path.write_text(changed, encoding="utf-8")
    if summed:
        sums.write(folder)


def findings(folder: Path, board: str = "divider") -> list[str]:
    return [str(finding) for finding in board_findings(board, folder)]


@pytest.mark.parametrize("board", BOARDS)
def test_every_board_is_proved(board: str, folder: Path) -> None:
    assert findings(folder, board) == []


def test_a_pin_with_one_source_deleted_is_named(folder: Path) -> None:
    edit(folder, "AD5220.olin.toml", '^7 = "~CS"\n')
    (line,) = findings(folder)
    assert line == (
        "AD5220: pin 7 (~{CS}) of the SOIC-8 has 1 of 2 origins: AD5220.flicker.toml; "
        "add hardware/sources/AD5220.<source>.toml of another origin"
    )


@pytest.mark.slow
@pytest.mark.parametrize("part", ["AD5220", "MCP4728", "MCP6004", "Pico", "PCA9306"])
def test_deleting_any_pin_of_a_part_with_two_sources_is_found(part: str, folder: Path) -> None:
    for source in load_sources(folder)[part]:
        for number in source.pins:
            saved = (folder / source.file).read_text(encoding="utf-8")
            edit(folder, source.file, rf'^"?{number}"? = "[^"]*"\n')
            (finding, *_) = Gate(folder).check(find_kind(part)).findings
            assert str(finding).startswith(f"{part}: pin {number} ("), source.file
            (folder / source.file).write_text(saved, encoding="utf-8")


def test_a_file_with_another_hash_is_refused(folder: Path) -> None:
    edit(folder, "AD5220.olin.toml", "^read = .*$", "read = 2026-11-28", summed=False)
    (line,) = findings(folder)
    assert line.startswith("AD5220: hardware/sources/AD5220.olin.toml; it does not have the hash of SHA256SUMS")


def test_a_deleted_file_is_refused(folder: Path) -> None:
    (folder / "MCP4728.adafruit.toml").unlink()
    assert findings(folder)[0].startswith("MCP4728: hardware/sources/MCP4728.adafruit.toml; SHA256SUMS lists it")
    assert any("MCP4728: pin 2 (SCL)" in line for line in findings(folder))


def test_a_file_that_is_not_in_the_sums_is_refused(folder: Path) -> None:
    shutil.copy(folder / "AD5220.olin.toml", folder / "AD5220.copy.toml")
    assert findings(folder) == [
        "AD5220: hardware/sources/AD5220.copy.toml; SHA256SUMS does not list it: run python -m hardware.sources.sums"
    ]


def test_two_files_of_one_origin_count_once(folder: Path) -> None:
    edit(folder, "AD5220.olin.toml", "^origin = .*$", 'origin = "Tim Deegan"')
    assert any("pin 8 (VDD) of the SOIC-8 has 1 of 2 origins" in line for line in findings(folder))


def test_a_contradiction_is_named(folder: Path) -> None:
    edit(folder, "AD5220.flicker.toml", '^5 = "W1"$', '5 = "A1"')
    (line,) = findings(folder)
    assert line.startswith('AD5220: pin 5 (W) is not "A1", as AD5220.flicker.toml says; find out which is right')


def test_a_source_for_another_package_does_not_count(folder: Path) -> None:
    for source in ("bms", "polymorphic"):
        edit(folder, f"REF3025.{source}.toml", "^packages = .*$", 'packages = ["SC70-3"]')
    assert any(line.startswith("REF3025: pin 1 (IN) of the SOT-23 has 1 of 2") for line in findings(folder, "edge16"))


def test_two_rows_alike_need_one_source_for_the_package_itself(folder: Path) -> None:
    edit(folder, "AD5220.olin.toml", "^packages = .*$", 'packages = ["DIP-8"]')
    assert "AD5220: pin 1 (CLK) has no source for SOIC-8; add one for that package" in findings(folder)


def test_pads_are_compared_with_a_drawing(folder: Path) -> None:
    edit(folder, "Jack.fritzing.toml", '^"1 2" = .*$', '"1 2" = 6.5')
    assert findings(folder) == [
        "Jack: pads 1 2 are 6.00 mm apart, 6.50 mm in Jack.fritzing.toml; take another footprint"
    ]


def limited(limit: tuple[float, float]) -> Kind:
    kind = find_kind("Schottky")
    return Kind(**{key: getattr(kind, key) for key in Kind.__dataclass_fields__} | {"limits": {"reverse_V": limit}})


def test_a_limit_needs_two_origins_that_agree(folder: Path) -> None:
    assert Gate(folder).check(limited(40)).limits == (1, 1)  # type: ignore[arg-type]
    (wrong,) = Gate(folder).check(limited(60)).findings  # type: ignore[arg-type]
    assert str(wrong).startswith("Schottky: reverse_V is 60 in parts.toml, 40 in Schottky.diodes.toml")
    edit(folder, "Schottky.onsemi.toml", "^reverse_V = .*\n")
    (missing,) = Gate(folder).check(limited(40)).findings  # type: ignore[arg-type]
    assert "reverse_V = 40 has 1 of 2 origins: Schottky.diodes.toml" in str(missing)


def test_values_of_one_origin_or_that_disagree_are_listed(folder: Path) -> None:
    lines = value_table(["AD5220", "X9C104", "Fuse"], folder)
    text = " ".join(" ".join(lines).split())
    assert "wiper_mA 4.4 (Renesas), 4.4 (notes to a joule thief), 1 (Xicor) disagree" in text
    assert "AD5220: power_on_tap 64," in text, "one origin alone"
    assert "standby_mA" not in text, "two origins agree, and parts.toml demands it"
    assert not any(line.startswith("Fuse") for line in lines), "all of its values are demanded, and proved twice"
    edit(folder, "Fuse.list.toml", "^max_V = 30", "max_V = 60")
    assert any("max_V is 30 in parts.toml, 60 in Fuse.list.toml" in line for line in findings(folder))


CHIPS = [name for name, kind in kinds().items() if kind.prefix == "U" and name not in ("ADG715", "Pico")]


@pytest.mark.parametrize("part", CHIPS)
def test_every_chip_but_two_has_limits_of_two_origins(part: str) -> None:
    kind = find_kind(part)
    assert kind.limits and Gate().check(kind).limits == (len(kind.limits), len(kind.limits))


def test_a_part_from_memory_is_refused(folder: Path) -> None:
    kind = find_kind("MCP4728")
    given = {key: getattr(kind, key) for key in Kind.__dataclass_fields__}
    (finding,) = Gate(folder).check(Kind(**given | {"pinout": "memory"})).findings
    assert str(finding) == "MCP4728: its pins are from memory; look them up and add source files"


def test_fabricate_refuses_with_2_and_writes_nothing(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def kicad(*args: object) -> None:
        raise AssertionError(f"KiCad was called: {args}")

    edit(folder, "Pico.raspberrypi.toml", "^39 = .*\n")
    monkeypatch.setattr(fabricate, "board_findings", partial(board_findings, folder=folder))
    monkeypatch.setattr(fabricate, "kicad", kicad)
    assert fabricate.main(["divider"]) == 2
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == "divider is not made: 1 facts about its parts are not proved"
    assert lines[1].startswith("Pico: pin 39 (VSYS) of the Pico has 1 of 2 origins") and max(map(len, lines)) <= 80


def test_fabricate_refuses_a_layout_of_another_netlist(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pcb = '(kicad_pcb (footprint "R" (property "Reference" "R1") (pad "1" smd (net 1 "A")) (pad "2" smd (net 2 "B"))))'
    folder = tmp_path / "divider"
    folder.mkdir()
    monkeypatch.setattr(fabricate, "HERE", tmp_path)
    (folder / "divider.kicad_pcb").write_text(pcb)
    parts = '(components (comp (ref "R1") (value "1k") (fields) (libsource (lib "twinohm") (part "R"))))'
    for net, wrong in (("B", 0), ("C", 1)):
        nodes = f'(net (name "A") (node (ref "R1") (pin "1"))) (net (name "{net}") (node (ref "R1") (pin "2")))'
        (folder / "divider.net").write_text(f"(export {parts} (nets {nodes}))")
        assert len(fabricate.refusal("divider")) == 2 * wrong
    assert fabricate.main(["divider"]) == 2
    text = " ".join(capsys.readouterr().err.split())
    assert text == (
        "divider is not made: divider.kicad_pcb is of another netlist: R1 has other nets; "
        "lay it out again: python -m hardware.layout divider"
    )


def test_the_table_is_80_columns_wide_and_has_every_part(capsys: pytest.CaptureFixture[str]) -> None:
    main([])
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= 80
    assert [line.split()[0] for line in lines[1 : len(kinds()) + 1]] == list(kinds())
    assert main(["divider"]) == 0
    assert "for later" not in capsys.readouterr().out


def test_parts_for_later_are_listed_with_what_is_proved_of_them(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main([])
    after = capsys.readouterr().out.partition("for later, not in parts.toml:\n")[2]
    found = {line.split()[0]: line.split()[1] for line in after.splitlines()[:-1]}
    assert (found["TCA9548A"], found["AD7490"]) == ("24/24", "0/33")
    edit(folder, "TCA9548A.samacsys.toml", '^5 = "SC0"$', '5 = "SD0"')
    (mux,) = (report for report in Gate(folder).unlisted(list(kinds())) if report.part == "TCA9548A")
    assert mux.pins == (23, 24)


def test_another_package_of_a_part_is_proved_by_its_sources(folder: Path) -> None:
    kind = find_kind("LM393A")
    given = {key: getattr(kind, key) for key in Kind.__dataclass_fields__}
    given |= {"name": "LM393P", "footprint": "Package_DIP:DIP-8_W7.62mm"}
    assert Gate(folder).check(Kind(**given)).pins == (0, 8)
    report = Gate(folder).check(Kind(**given | {"proved_as": "LM393A"}))
    assert report.pins == (8, 8) and not report.findings


def test_a_source_without_its_address_is_an_error(folder: Path) -> None:
    edit(folder, "AD5220.olin.toml", "^address = .*\n")
    with pytest.raises(ValueError, match=r"AD5220\.olin\.toml: address and read, or package and file_sha256 missing"):
        load_sources(folder)


@pytest.mark.parametrize("name", ["~{CS}", "/CS", "CS#", "!CS", "~CS", r"\CS", r"\_CS\_"])
def test_bars_are_written_in_one_way(name: str) -> None:
    assert plain(name) == "/CS"


def test_packages_are_read_from_footprints() -> None:
    found = {name: package_of(kind.footprint) for name, kind in kinds().items()}
    assert (found["AD5220"], found["MCP4728"], found["REF3025"], found["L7805"]) == (
        "SOIC-8", "MSOP-10", "SOT-23", "TO-220-3",
    )  # fmt: skip


def test_committed_sums_are_right() -> None:
    assert check_sums() == {}


def facts(text: str) -> str:
    """A source file without the lines that change with the library's version."""
    return "\n".join(line for line in text.splitlines() if not line.startswith(("package = ", "file_sha256 = ")))


@pytest.mark.parametrize("part", SYMBOLS)
def test_committed_pins_are_those_of_the_installed_symbols(part: str, kicad: Path) -> None:
    committed = (FOLDER / f"{part}.kicad.toml").read_text(encoding="utf-8")
    assert facts(symbol_source(part)) == facts(committed)
    if package_version("kicad-symbols") in committed:
        assert symbol_source(part) == committed


@pytest.mark.parametrize("part", FOOTPRINTS)
def test_committed_pads_are_those_of_the_installed_footprints(part: str, kicad: Path) -> None:
    committed = (FOLDER / f"{part}.kicad_pads.toml").read_text(encoding="utf-8")
    assert facts(footprint_source(part)) == facts(committed)
