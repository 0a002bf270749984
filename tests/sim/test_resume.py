"""Interrupted runs continue at the tick they had and end like an undisturbed run."""

import dataclasses
import errno
import json
import os
import queue
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import serial
from serial.tools import list_ports
from serial.tools.list_ports_common import ListPortInfo

import twinohm
from tests.command_line import COMMAND
from tests.run_records import change_json, edit_log
from tests.tiers import in_tiers
from twinohm.errors import (
    BoardBusy,
    BoardError,
    BoardMismatch,
    BoardNotFound,
    DiskError,
    LinkLost,
    RunBusy,
    RunError,
    RunFileError,
    UsageError,
)
from twinohm.link import transports
from twinohm.link.board_client import BoardClient
from twinohm.link.terminal import serve_pty
from twinohm.link.timeouts import Timeouts
from twinohm.model.levers import Levers
from twinohm.plot.history import History
from twinohm.runlog import folder as folder_module
from twinohm.runlog.events import Ended, Resumed, Saturated
from twinohm.runlog.export import columns
from twinohm.runlog.folder import RunFolder
from twinohm.runlog.log_lines import to_line
from twinohm.runlog.log_summary import log_summary
from twinohm.runlog.plan import plan_run
from twinohm.runlog.resume import plan_resume, resume
from twinohm.runlog.runner import run
from twinohm.runlog.tick_record import TickRecord
from twinohm.tasks import find_task
from twinohm.version import __version__

QUICK = Timeouts(resend_s=0.3, tries=4, enter_s=3.0, reopen_s=5.0, losses=4)
INPUTS = {"B": 5.0, "D": 1.0, "I": 0.0}
OUTPUTS = {"F": 3.0, "G": 3.0, "H": 3.0}
PORT = "sim://lab16?seed=0&profile=lab"  # of most runs here; a run.json that was changed needs it

# Task, ticks, levers, restore_best: draws of the board, an eta that changes, targets from the board, a script.
PLANS: dict[str, tuple[str, int | None, Levers, bool]] = {
    "allostery": ("allostery", 200, Levers(), True),
    "with draws": ("allostery", 150, Levers(p=0.5), True),
    "with draws by error": ("allostery", 150, Levers(error_full_V=0.4, readings=3, vote="unanimous"), False),
    "with one draw for all": ("allostery", 150, Levers(error_full_V=0.4, whole=True, eta_end=0.3), False),
    "regression": ("regression", 60, Levers(), True),
    "iris": ("iris", 100, Levers(), True),
    "damage": ("damage", 330, Levers(p=0.7), True),
    "sequence": ("sequence", 750, Levers(), False),
}


def bare(record: TickRecord) -> TickRecord:
    """Return a tick without board time, which a reset starts anew."""
    return dataclasses.replace(record, t_us=0)


def same(folder: RunFolder, whole: RunFolder) -> None:
    """Check that two runs have the same ticks and scores."""
    assert [bare(record) for record in folder.ticks()] == [bare(record) for record in whole.ticks()]
    times = [record.t_us for record in folder.ticks()]
    assert times == sorted(times)
    assert list(folder.events_of(Saturated)) == list(whole.events_of(Saturated))
    ours, theirs = (one.summary().record() for one in (folder, whole))
    energy, whole_energy = (record["power"].pop("tick_uJ") for record in (ours, theirs))
    assert energy == pytest.approx(whole_energy, rel=0.01)  # a resumed run has time stamps of its own
    for key in theirs.keys() - {"run_dir", "seconds"}:
        assert ours[key] == theirs[key], key


def cut(whole: RunFolder, to: Path, ticks: int, tail: bytes = b"") -> RunFolder:
    """Return a copy of a run as it was when `ticks` were logged. tail: bytes after the last line."""
    shutil.copytree(whole.path, to)
    (to / "summary.json").unlink()
    kept, lines = 0, []
    for line in (to / "ticks.jsonl").read_bytes().splitlines(keepends=True):
        kept += b'"event"' not in line
        if kept > ticks:
            break
        lines.append(line)
    (to / "ticks.jsonl").write_bytes(b"".join(lines) + tail)
    return RunFolder(to)


@pytest.mark.parametrize("name", in_tiers(PLANS, "damage".__ne__))
def test_a_resumed_run_equals_an_undisturbed_one(name: str, tmp_path: Path) -> None:
    task, ticks, levers, best = PLANS[name]
    port = f"sim://lab16?profile=ideal{'&drift_K=20' if name == 'iris' else ''}"
    plan = plan_run(find_task(task), port=port, ticks=ticks, levers=levers, restore_best=best)
    whole = run(plan, tmp_path)
    for part in (0.0, 0.41, 0.93, 1.0) if name == "allostery" else (0.41,):
        done = round(part * plan.ticks)
        folder = cut(whole, tmp_path / f"cut{done}", done, b'{"tick":1,"to')
        again = plan_resume(folder)
        assert dataclasses.replace(again, task=plan.task) == plan
        resume(folder, again)
        same(folder, whole)
        assert [(event.tick, event.torn_bytes) for event in folder.events_of(Resumed)] == [(done, 13)] * (part < 1)
        assert not resume(folder, again), "a finished run has nothing left to do"


def test_a_users_task_is_resumed_from_run_json_alone(tmp_path: Path) -> None:
    file = tmp_path / "mine.csv"
    rows = "".join(f"{k % 5},{k % 3},{'abc'[k % 3]},{'test' if k % 4 == 0 else 'train'}\n" for k in range(40))
    file.write_text("in1,in2,label,set\n" + rows)
    whole = run(plan_run(find_task(str(file)), profile="ideal", ticks=70), tmp_path / "runs")
    file.unlink()
    folder = cut(whole, tmp_path / "cut", 33)
    resume(folder, plan_resume(folder))
    same(folder, whole)


def test_a_log_of_another_task_is_refused(tmp_path: Path) -> None:
    whole = run(plan_run(find_task("allostery"), ticks=40), tmp_path)
    folder = cut(whole, tmp_path / "cut", 20)
    file = folder.path / "run.json"
    table = json.loads(file.read_bytes())["board_table"]
    change_json(file, task_fields={"examples": [[[5, 1, 0], [3, 3, 2]]]})
    with pytest.raises(RunError, match="its examples are not those of its task allostery"):
        resume(folder, plan_resume(folder, port=PORT))
    change_json(file, task="iris", task_fields={}, examples=[])
    with pytest.raises(RunError, match=r"inputs and outputs are \(3, 3\), those of iris \(5, 3\); restore it"):
        plan_resume(folder, port=PORT)
    change_json(file, board_table=table | {"settle_us": 1})
    with pytest.raises(RunError, match="settle_us of boards.toml differs"):
        plan_resume(folder, port=PORT)
    change_json(file, board_table=table | {"pots": table["pots"] | {"wiper_ohm": 41.0}})
    with pytest.raises(RunError, match="pots.wiper_ohm of boards.toml differs"):
        plan_resume(folder, port=PORT)
    change_json(file, board_table=table | {"colour": "red"})
    with pytest.raises(
        RunFileError, match="board_table of run.json, .*colour.*TwinOhm .* made the run: restore run.json, or use"
    ):
        plan_resume(folder, port=PORT)
    change_json(file, "start_taps", board_table=table)
    with pytest.raises(RunFileError, match=r"run\.json: start_taps is missing"):
        plan_resume(folder, port=PORT)


@pytest.mark.parametrize("change", ["removed", "added"])
def test_a_key_at_its_default_does_not_forbid_a_resume(change: str, tmp_path: Path) -> None:
    """A table recorded before an optional key existed is the table with the default of that key."""
    folder = cut(run(plan_run(find_task("allostery"), ticks=40), tmp_path), tmp_path / "cut", 20)
    table = json.loads((folder.path / "run.json").read_bytes())["board_table"]
    assert (table["planned"], table["node_pF"]) == (False, 30.0)
    if change == "removed":
        del table["planned"], table["node_pF"]
    else:
        table |= {"comparators": table["comparators"], "node_pF": 30}
    change_json(folder.path / "run.json", board_table=table)
    edit_log(folder.path)
    assert resume(folder, plan_resume(folder, port=PORT))
    assert len(list(folder.ticks())) == 40


@pytest.mark.slow
def test_a_virtual_board_with_other_component_values_is_refused(tmp_path: Path) -> None:
    folder = cut(run(plan_run(find_task("allostery"), ticks=40), tmp_path), tmp_path / "cut", 20)
    file = folder.path / "run.json"
    truth = json.loads(file.read_bytes())["truth"]
    truth["pot_ohm"][1][7] += 1e-9 * truth["pot_ohm"][1][7]
    change_json(file, truth=truth)
    edit_log(folder.path)
    done = subprocess.run(
        [*COMMAND, "resume", str(folder.path), "--port", PORT],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 2
    changed, said = [line for line in done.stderr.splitlines() if line.startswith("twinohm: ")]
    assert "run.json: its HMAC is wrong" in changed
    assert "the circuit that is drawn now is not the one of the run" in said
    assert f"TwinOhm {__version__} made" in said and "Traceback" not in done.stderr
    assert len(list(folder.ticks())) == 20


def test_the_log_alone_gives_summary_and_history(tmp_path: Path) -> None:
    whole = run(plan_run(find_task("iris"), ticks=70, restore_best=True), tmp_path)
    before = whole.summary()
    history = History.read(whole)
    (whole.path / "summary.json").unlink()
    assert log_summary(whole) == before
    assert (History.read(whole).tests.tick == history.tests.tick).all() and history.tests.tick[-1] == 70
    assert len(columns(whole)["tick"]) == 70
    kinds = [event.event for event in whole.events()]
    assert kinds.count("asked") == 3 and kinds[-4:] == ["judged", "restore", "restored", "end"]


def test_a_log_of_an_older_version_is_read(tmp_path: Path) -> None:
    """Such a log has no events; the final test set is in summary.json."""
    whole = run(plan_run(find_task("regression"), ticks=30), tmp_path)
    tests = History.read(whole).tests
    (whole.path / "ticks.jsonl").write_bytes(b"".join(to_line(tick) for tick in list(whole.ticks())))
    change_json(whole.path / "run.json", "hmac", log_format=1)
    again = History.read(whole).tests
    assert (again.tick == tests.tick).all() and (again.error_V2 == tests.error_V2).all()


# -- the board goes away while a run goes on ---------------------------------------------------------------------------


class Sabotage:
    """Called after each chunk of a run: acts once, when so many ticks are done."""

    def __init__(self, at: int, what: Callable[[], None]) -> None:
        self._at, self._what, self._chunks = at, what, 0

    def __call__(self, done: int, error_V2: float) -> None:
        self._chunks += 1
        if self._chunks == self._at:
            self._what()


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Every port that is opened."""
    seen: list[Any] = []
    open_port = transports.open_port

    def spy(*where: Any) -> Any:
        seen.append(open_port(*where))
        return seen[-1]

    monkeypatch.setattr("twinohm.link.connection.open_port", spy)
    return seen


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="POSIX signals")
@pytest.mark.parametrize("name", ["with draws", "damage", "iris"])
def test_a_run_goes_on_with_a_new_board_after_its_board_died(name: str, tmp_path: Path, opened: list[Any]) -> None:
    task, ticks, levers, best = PLANS[name]
    plan = plan_run(find_task(task), profile="ideal", ticks=ticks, levers=levers, restore_best=best)
    whole = run(plan, tmp_path / "whole")

    def kill() -> None:
        os.kill(opened[-1].process_id, signal.SIGKILL)

    folder = run(plan, tmp_path / "killed", progress=Sabotage(1, kill), timeouts=QUICK)  # one more chunk is in flight
    same(folder, whole)
    (event,) = folder.events_of(Resumed)
    assert "process has ended" in event.why and 0 < event.tick < plan.ticks
    assert len(opened) == 3 and folder.summary().resumed == 1


@pytest.fixture
def pty_url() -> str:
    """Return the URL of the virtual board that `pty` offers."""
    return "sim://lab16?profile=ideal"


class Plug:
    """A board's port until it is unplugged; its device is gone then, and the board goes on."""

    def __init__(self, board: serial.SerialBase) -> None:
        self.device = ""
        self._board, self._reading, self._plugged = board, threading.Lock(), True

    @property
    def in_waiting(self) -> int:
        return self._board.in_waiting

    def read(self, size: int) -> bytes:
        with self._reading:
            self._check()
            return self._board.read(size)

    def write(self, data: bytes) -> None:
        self._check()
        self._board.write(data)

    def unplug(self) -> None:
        with self._reading:  # what the board says then is for the next one
            self._plugged = False
        device = os.open(self.device, os.O_WRONLY | os.O_NOCTTY)
        os.write(device, b"\0")  # serve_pty reads it, cannot write it to the board, and ends
        os.close(device)

    def close(self) -> None:
        """Do nothing: the board is not this plug's."""

    def _check(self) -> None:
        if not self._plugged:
            raise OSError("unplugged")


@pytest.fixture
def pty(pty_url: str) -> Iterator[Callable[[], str]]:
    """Offers one virtual board at a new pseudo-terminal each time; the one before is unplugged."""
    if not hasattr(os, "openpty"):
        pytest.skip("no pseudo-terminals")
    board = serial.serial_for_url(pty_url, timeout=0.05)
    plugs: list[Plug] = []

    def offer() -> str:
        for plug in plugs[-1:]:
            plug.unplug()
        plugs.append(Plug(board))
        names: queue.SimpleQueue[str] = queue.SimpleQueue()
        threading.Thread(target=serve_pty, args=(plugs[-1], names.put), daemon=True).start()
        plugs[-1].device = names.get(timeout=60)
        return plugs[-1].device

    yield offer
    board.close()


def test_a_replugged_board_is_found_by_its_serial_number(
    pty: Callable[[], str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    devices = [pty()]

    def comports() -> list[ListPortInfo]:
        info = ListPortInfo(devices[-1])
        info.vid, info.pid, info.serial_number = *transports.USB_MICROPYTHON, "E66141"
        return [info]

    monkeypatch.setattr(list_ports, "comports", comports)
    plan = plan_run(find_task("allostery"), "lab16", devices[0], ticks=200)
    undisturbed = run(plan_run(find_task("allostery"), profile="ideal", ticks=200), tmp_path / "whole")
    replug = Sabotage(2, lambda: devices.append(pty()))
    patient = dataclasses.replace(QUICK, reopen_s=60.0)  # of a busy machine
    folder = run(plan, tmp_path / "replugged", progress=replug, timeouts=patient)
    (event,) = folder.events_of(Resumed)
    assert event.tick in (128, 192) and event.port == devices[1] != devices[0]  # the third chunk was in flight
    assert [record.taps for record in folder.ticks()] == [record.taps for record in undisturbed.ticks()]
    assert folder.description().serial_number == "E66141" and plan_resume(folder).port == "E66141"


SILENT = "sim://lab16?profile=ideal&at=100:fault=silent:0x61"
NO_ANSWER = "MCP4728 at 0x61 does not answer: check its supply"


def check_recovered(folder: RunFolder, whole: RunFolder) -> None:
    errors = [event for event in folder.events_of(Resumed) if event.why.startswith("the board reported: ")]
    assert [(event.tick, event.why.partition(",")[0]) for event in errors] == [(64, f"the board reported: {NO_ANSWER}")]
    assert [record.taps for record in folder.ticks()] == [record.taps for record in whole.ticks()]
    assert not folder.summary().violations


@pytest.mark.slow
@pytest.mark.parametrize("pty_url", [SILENT])
def test_a_run_goes_on_after_an_error_of_its_board(pty: Callable[[], str], tmp_path: Path) -> None:
    """A board on a serial port is soft-reset, a virtual one powered on anew; an undisturbed run has the same ticks."""
    task = find_task("allostery")
    whole = run(plan_run(task, profile="ideal", ticks=200, eta=0.5), tmp_path / "whole")
    check_recovered(run(plan_run(task, "lab16", pty(), ticks=200, eta=0.5), tmp_path / "serial"), whole)
    check_recovered(run(plan_run(task, port=SILENT, ticks=200, eta=0.5), tmp_path / "virtual"), whole)


def test_an_error_of_the_board_that_resets_do_not_mend_ends_the_run_and_names_the_part(tmp_path: Path) -> None:
    plan = plan_run(find_task("allostery"), port=SILENT.replace("silent", "missing"), ticks=200, eta=0.5)
    with pytest.raises(BoardError, match=rf"{NO_ANSWER}.*3 times in a row, with a reset after each.*twinohm resume"):
        run(plan, tmp_path)
    (folder,) = map(RunFolder, tmp_path.iterdir())
    assert [event.tick for event in folder.events_of(Resumed)] == [64, 64] and folder.summary().ticks == 64


def test_a_board_that_does_not_come_back_ends_the_run_with_the_command_to_resume(
    tmp_path: Path, opened: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = plan_run(find_task("allostery"), profile="ideal", ticks=200)

    def absent(*_: Any) -> None:
        raise BoardNotFound("nobody there")

    def gone() -> None:
        opened[-1].close()
        monkeypatch.setattr("twinohm.link.connection.open_port", absent)

    with pytest.raises(LinkLost, match="not back within 1 s.*64 ticks are logged.*twinohm resume") as caught:
        run(plan, tmp_path, progress=Sabotage(1, gone), timeouts=dataclasses.replace(QUICK, reopen_s=1.0))
    monkeypatch.undo()
    folder = RunFolder(next(tmp_path.iterdir()))
    assert str(folder.path) in str(caught.value) and folder.summary().ticks == 64
    resume(folder, plan_resume(folder))
    assert [event.why.split(":")[0] for event in folder.events_of(Ended)] == ["LinkLost", "done"]


def test_another_board_at_the_port_is_refused(tmp_path: Path) -> None:
    with (
        twinohm.open("sim://lab16") as client,
        pytest.raises(BoardMismatch, match="another board is there: a divider with the id"),
    ):
        client.reopen("sim://divider")


def test_ticks_that_were_not_requested_are_an_error() -> None:
    with BoardClient("sim://lab16?profile=ideal", timeouts=QUICK) as client:
        client.home()
        client.train(10, INPUTS, OUTPUTS)
        client._state = dataclasses.replace(client._state, next_tick=9)
        with pytest.raises(LinkLost, match="the board made 0 from tick 10 on"):
            client.train(10, INPUTS, OUTPUTS)


# -- two of them -------------------------------------------------------------------------------------------------------


def test_a_second_host_is_refused_with_the_name_of_the_first(pty: Callable[[], str]) -> None:
    device = pty()
    with BoardClient(device, timeouts=QUICK), pytest.raises(BoardBusy, match=rf"held by process {os.getpid()} \("):
        BoardClient(device, timeouts=QUICK)
    with BoardClient(device, timeouts=QUICK) as client:
        assert client.hello.board == "lab16"


def test_a_run_has_one_writer_and_a_lock_dies_with_its_process(tmp_path: Path) -> None:
    whole = run(plan_run(find_task("allostery"), ticks=10), tmp_path)
    code = f"""
from twinohm.runlog.folder import RunFolder
import time
folder = RunFolder({str(whole.path)!r})
folder.hold()
print("held", flush=True)
time.sleep(60)
"""
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None and other.stdout.readline() == "held\n"
        with pytest.raises(RunBusy, match=f"written by process {other.pid}"):
            whole.append([])
        assert len(list(whole.ticks())) == 10, "a lock keeps writers out, not readers"
        other.kill()
        other.wait()
    with whole:
        whole.append([])


# -- disks -------------------------------------------------------------------------------------------------------------


def test_a_disk_without_room_is_refused_before_the_first_tick(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=50_000))
    with pytest.raises(DiskError, match=r"takes about [0-9]+ kB, 50 kB are free"):
        run(plan_run(find_task("allostery"), ticks=1000), tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="root may write anywhere")
def test_a_read_only_folder_is_refused_before_the_first_tick(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(UsageError, match="no run can be made in it"):
        run(plan_run(find_task("allostery"), ticks=10), tmp_path)


def test_a_disk_that_fills_up_keeps_the_log_and_the_run_can_be_resumed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = plan_run(find_task("allostery"), profile="ideal", ticks=200)
    whole = run(plan, tmp_path / "whole")
    write, room = folder_module.append, [100_000]

    def full(log: Any, lines: bytes) -> None:
        room[0] -= len(lines)
        if room[0] < 0:
            raise OSError(errno.ENOSPC, "No space left on device")
        write(log, lines)

    monkeypatch.setattr(folder_module, "append", full)
    with pytest.raises(DiskError, match=r"No space left.*128 ticks are logged|free the disk"):
        run(plan, tmp_path / "full")
    monkeypatch.undo()
    folder = RunFolder(next((tmp_path / "full").iterdir()))
    assert len(list(folder.ticks())) in (64, 128)
    resume(folder, plan_resume(folder))
    same(folder, whole)


# -- commands ----------------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_a_run_whose_host_was_killed_is_resumed(tmp_path: Path) -> None:
    run_it = [*COMMAND, "run", "allostery", "--ticks", "700", "--profile", "ideal", "--no-plot", "--json"]
    whole = subprocess.run([*run_it, "--out", "whole"], cwd=tmp_path, check=True, capture_output=True, timeout=120)
    with subprocess.Popen(run_it, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as host:
        end = time.monotonic() + 60
        while not (logs := list(tmp_path.glob("runs/*/ticks.jsonl"))) or logs[0].stat().st_size < 100_000:
            assert time.monotonic() < end and host.poll() is None
            time.sleep(0.02)
        host.kill()
    path = logs[0].parent
    assert not (path / "summary.json").exists()
    done = subprocess.run(
        [*COMMAND, "resume", str(path), "--json"], cwd=tmp_path, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    ours, theirs = json.loads(done.stdout), json.loads(whole.stdout)
    assert {k: v for k, v in ours.items() if k not in ("run_dir", "seconds", "resumed")} == {
        k: v for k, v in theirs.items() if k not in ("run_dir", "seconds")
    }
    assert ours["resumed"] == 1 and (path / "run.png").stat().st_size > 10_000
    again = subprocess.run([*COMMAND, "resume", str(path)], cwd=tmp_path, capture_output=True, text=True, timeout=120)
    assert again.returncode == 0 and "nothing was left to do" in again.stderr
