"""Ctrl-C in train, home and serve, once and twice, at each place where it can act: no wrong count is known."""

import json
from pathlib import Path

import pytest

from tests.firmware.instrument import write_instrumented
from tests.firmware.test_firmware import run_on_board
from tests.interrupts import INTERRUPTS, SHARES
from twinohm.paths import firmware_dir


@pytest.mark.parametrize("everywhere", [False, True], ids=["jumps", "statements"])
@pytest.mark.parametrize("board", SHARES)
def test_no_interrupt_leaves_wrong_counts(board: str, everywhere: bool, micropython: Path, tmp_path: Path) -> None:
    """At jumps, where MicroPython raises it, the board is safe too; between statements only the counts are at stake."""
    firmware, folder = tmp_path / "firmware", tmp_path / "run"
    folder.mkdir()
    write_instrumented(firmware_dir(), firmware, everywhere)
    count = round(SHARES[board] * INTERRUPTS)
    more = (str(count), "1", str(int(not everywhere)))
    done = run_on_board("interrupts.py", [str(micropython)], board, firmware, folder, *more)
    assert done.stdout, done.stderr[-2000:]
    told = json.loads(done.stdout)
    print(told)  # pytest -s
    assert told["wrong"] == []
    assert told["interrupts"] >= count and min(told["places"].values()) > 50
    assert told["known"] > told["tries"] / 10  # most of the others were in home
