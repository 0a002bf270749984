"""Faults of the chip and its I2C bus that pass: a run ends with the taps of an undisturbed one, without a human."""

import random
from pathlib import Path

import pytest

import twinohm
from tests.fault_runs import TICKS, URL, last_taps
from twinohm.errors import BoardError, UsageError

BYTES = random.Random(1).sample(range(150), 8)
EVENTS = (
    *(f"fault=stretched:SCL.{byte}=30" for byte in BYTES),  # from power-on: at boot, in the handshake, before the run
    *(f"at={1 + byte % TICKS}:fault=stretched:SCL.{byte % 40}=30" for byte in BYTES),
    "at=7:fault=stuck:SDA",
    "at=7:fault=stuck:SDA.2=30",
    "fault=stuck:SDA.5",
    "fault=reset:RUN.9",
    "at=7:fault=reset:RUN",
    "at=19:fault=reset:RUN.3",
)


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> tuple[int, ...]:
    return last_taps(URL, tmp_path_factory.mktemp("run"))


@pytest.mark.parametrize("event", EVENTS)
def test_a_run_outlives_what_passes(event: str, undisturbed: tuple[int, ...], tmp_path: Path) -> None:
    assert last_taps(f"{URL}&{event}", tmp_path) == undisturbed


def test_a_board_can_be_used_at_once_after_a_stalled_transfer() -> None:
    """From the library, and without a reset."""
    with twinohm.open(f"{URL}&at=3:fault=stuck:SDA") as board:
        board.home()
        for eta in (0.5, 0.5):
            try:
                board.train(10, {"B": 5, "D": 1, "I": 0}, {"F": 3, "G": 3, "H": 3}, eta)
            except BoardError as error:
                assert "MCP4728 at 0x61 does not answer" in str(error)
        assert board.tick == 13 and board.exec("list(learner.twin.taps)").strip() == str(list(board.taps or ()))


def test_state_machines_cannot_stop_where_there_are_none() -> None:
    with pytest.raises(UsageError, match="stopped:PIO is for emu://"):
        twinohm.open("sim://lab16?fault=stopped:PIO")
