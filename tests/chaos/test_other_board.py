"""Another board in the place of the one that was in use: it is refused, with the ids of both."""

import re
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
import serial

import twinohm
from tests.chaos.proxy import FaultProxy
from tests.command_line import run_process, tcp_board
from twinohm.errors import LinkLost, OtherBoard, UsageError
from twinohm.link.timeouts import Timeouts
from twinohm.remedies import Symptom
from twinohm.runlog.events import Ended, Resumed
from twinohm.runlog.folder import RunFolder
from twinohm.runlog.plan import RunPlan, plan_run
from twinohm.runlog.runner import run
from twinohm.sim.settings import SimSettings
from twinohm.tasks import find_task

INPUTS, OUTPUTS = {"B": 5, "I": 0}, {"F": 3}
FIRST, SECOND = "sim://lab16?seed=1&profile=ideal", "sim://lab16?seed=2"
IDS = [SimSettings.parse(url).unique_id.hex() for url in (FIRST, SECOND)]
OURS, THEIRS = (f"a lab16 with the id {unique_id}" for unique_id in IDS)
BOTH = re.escape(Symptom.OTHER_BOARD.sentence(theirs=THEIRS, ours=OURS))


def plan(port: str) -> RunPlan:
    return plan_run(find_task("allostery"), port=port, ticks=400)


def test_a_run_is_not_resumed_on_another_board(tmp_path: Path) -> None:
    with tcp_board("lab16", "--seed", "1", "--profile", "ideal") as url, tcp_board("lab16", "--seed", "2") as other:
        done: list[int] = []
        folder = run(plan(url), tmp_path, lambda ticks, _: done.append(ticks), lambda: len(done) >= 2)
        log = folder.log.read_bytes()
        refused = run_process("resume", str(folder.path), "--no-plot", "--port", other, cwd=tmp_path)
        assert refused.returncode == 2, refused.stderr
        assert all(text in refused.stderr for text in (*IDS, "--port", "begin a new run")), refused.stderr
        assert folder.log.read_bytes() == log
        resumed = run_process("resume", str(folder.path), "--no-plot", "--port", url, cwd=tmp_path)
        assert resumed.returncode == 0, resumed.stderr
    assert RunFolder(folder.path).logged_ticks == 400


class Switch:
    """A network port that leads to one board, and to another one from tick 64 of a run on."""

    def __init__(self) -> None:
        self.boards = [serial.serial_for_url(url, timeout=0.05) for url in (FIRST, SECOND)]
        self.proxy = FaultProxy(self.boards[0], [], "0", lambda: None)
        self.back_after_s: float | None = None  # when it leads to the first one again
        self._exchanged = False

    def progress(self, ticks: int, _: float) -> None:
        """Take the progress of a run."""
        if ticks >= 64 and not self._exchanged:
            self._exchanged = True
            self._lead_to(1)
            if self.back_after_s is not None:
                threading.Timer(self.back_after_s, self._lead_to, (0,)).start()

    def _lead_to(self, number: int) -> None:
        self.proxy.board = self.boards[number]
        self.proxy._hang_up()

    def close(self) -> None:
        self.proxy.close()
        for board in self.boards:
            board.close()


@pytest.fixture
def switch() -> Iterator[Switch]:
    with closing(Switch()) as made:
        yield made


def test_a_run_whose_board_is_exchanged_ends_with_the_ids_of_both(switch: Switch, tmp_path: Path) -> None:
    timeouts = Timeouts(resend_s=0.3, reopen_s=2.0)
    with pytest.raises(OtherBoard, match=f"{BOTH}; .*ticks are logged"):
        run(plan(switch.proxy.port), tmp_path, switch.progress, timeouts=timeouts)
    (folder,) = map(RunFolder, tmp_path.iterdir())
    assert not list(folder.events_of(Resumed)) and folder.logged_ticks >= 64


def test_a_run_whose_board_is_back_goes_on(switch: Switch, tmp_path: Path) -> None:
    switch.back_after_s = 1.0
    timeouts = Timeouts(resend_s=0.3, reopen_s=20.0)
    folder = run(plan(switch.proxy.port), tmp_path, switch.progress, timeouts=timeouts)
    assert [event.why for event in folder.events_of(Ended)] == ["done"]
    assert len(list(folder.events_of(Resumed))) == 1 and folder.logged_ticks == 400


@pytest.mark.parametrize(
    "port, error, says",
    [
        (SECOND, OtherBoard, BOTH),
        ("sim://divider", OtherBoard, "another board is there: a divider with the id .*, not a lab16"),
        ("/dev/null", UsageError, "/dev/null: this is no serial port"),
    ],
)
def test_a_client_whose_reopen_was_refused_has_its_port_and_can_be_reopened(
    port: str, error: type[Exception], says: str
) -> None:
    with twinohm.open(FIRST) as board:
        board.home()
        number, name, ours = len(board.train(5, INPUTS, OUTPUTS)), board.port_name, board.board_id
        with pytest.raises(error, match=says):
            board.reopen(port)
        assert (board.port_name, board.board_id, number) == (name, ours, 5)
        with pytest.raises(LinkLost, match=re.escape(f"{name}: the link was lost; reopen() finds")):
            board.train(5, INPUTS, OUTPUTS)
        board.reopen()
        board.home()
        assert len(board.train(5, INPUTS, OUTPUTS)) == 5 and board.port_name == name
