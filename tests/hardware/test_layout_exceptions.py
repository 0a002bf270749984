"""Each thing that KiCad's checks are set to ignore has a reason, and nothing is excluded."""

import json

import pytest

from hardware.generator.build import build
from hardware.generator.files import BOARDS
from hardware.layout import exceptions
from tests.conftest import ROOT
from twinohm.model.board_file import load_board


@pytest.mark.parametrize("name", BOARDS)
def test_everything_overlooked_has_a_reason(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert exceptions.main([name]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= 100
    assert any(line.endswith(f"open pins: {load_board(name).pots.part}") for line in lines)


@pytest.mark.parametrize("name", BOARDS)
def test_no_finding_is_excluded_and_no_severity_changed(name: str) -> None:
    project = json.loads((ROOT / "hardware" / name / f"{name}.kicad_pro").read_text())
    assert {entry.what.split(":")[0] for entry in exceptions.of_project(project)} == {"rule"}


@pytest.mark.parametrize("name", BOARDS)
def test_every_flag_is_at_an_open_pin(name: str) -> None:
    circuit = build(load_board(name))
    n_open = sum(entry.count for entry in exceptions.open_pins(circuit))
    assert exceptions.flags(ROOT / "hardware" / name, circuit) == n_open > 10


def test_exclusions_and_severities_are_found() -> None:
    project = {
        "board": {"design_settings": {"drc_exclusions": ["clearance|1|2"], "rules": {"min_clearance": 0}}},
        "erc": {"rule_severities": {"pin_not_connected": "ignore"}},
    }
    found = {entry.what: entry.reason for entry in exceptions.of_project(project)}
    assert found["DRC exclusion: clearance|1|2"] == found["ERC severity: pin_not_connected ignore"] == ""
    assert found["rule: min_clearance = 0"]


def test_a_wrong_name_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert exceptions.main(["lab99"]) == 2
    assert "'lab99'" in capsys.readouterr().err
