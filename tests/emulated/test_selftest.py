"""The self-test of the firmware on the second emulator, with the errors of real parts around the chip."""

import pytest

import twinohm
from tests.conftest import Url
from twinohm.diagnostics.selftest import selftest


@pytest.mark.parametrize(
    ("fault", "found", "parts"),
    [({}, [], []), ({"fault": "high:CMP.E-H"}, ["high:CMP.E-H"], ["U1203 (LM393A) pin 1"])],
    ids=["sound", "broken"],
)
def test_a_fault_is_named_and_a_sound_board_is_well(
    fault: dict[str, str], found: list[str], parts: list[str], emu_js: Url
) -> None:
    with twinohm.open(emu_js("lab16", seed=3, **fault)) as board:
        result = selftest(board)
        assert board.side_channel.violations == 0
    assert [finding.fault for finding in result.findings] == found and not result.skipped
    assert [finding.parts[0] for finding in result.findings] == parts
