"""Calls of a board with a log that are refused, or come between the ticks of a stream: no tick is without its log."""

import signal
import time
from pathlib import Path

import pytest

import twinohm
from tests.chaos.test_calls_within_calls import REFUSED
from tests.chaos.test_interrupted_calls import alarms, in_thread
from tests.sim.test_session_log import GIVEN, WANTED, checked
from twinohm.errors import UsageError
from twinohm.protocol.telemetry import Example


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="POSIX timers")
def test_refused_calls_leave_the_log_as_it_is(tmp_path: Path) -> None:
    refused: list[str] = []

    def call_all(*_: object) -> None:
        for name, call in REFUSED.items():
            with pytest.raises(UsageError, match="is called within another call|uses this board"):
                call(board)
            refused.append(name)

    with twinohm.open("sim://lab16", log=tmp_path) as board:
        with alarms(call_all, 0.3):
            first = board.train(1000, GIVEN, WANTED)
        thread, raised = in_thread(lambda: board.train(1000, GIVEN, WANTED))
        time.sleep(0.3)
        call_all()
        thread.join()
    assert refused == [*REFUSED] * 2 and not raised
    assert len(first) == 1000
    (folder,) = tmp_path.iterdir()
    assert checked(folder).made == 2000


def test_ticks_in_flight_are_logged_where_another_call_begins_another_folder(tmp_path: Path) -> None:
    """set_clock() in the loop over a stream, as every other call there, ends the stream."""
    example = Example(list(GIVEN.values()), list(WANTED.values()))
    with twinohm.open("sim://lab16", log=tmp_path) as board:
        board.place(list(GIVEN), list(WANTED))
        board.home()
        with pytest.raises(UsageError, match="has ended this training"):
            for _ in board.stream([(500, example)]):
                board.set_clock(5)
        made = board.ticks_made
        board.train(10, GIVEN, WANTED)
    first, second = (checked(path).made for path in sorted(tmp_path.iterdir()))
    assert (first, second) == (made, 10)
