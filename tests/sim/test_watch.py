"""`twinohm watch` follows a growing log in a process of its own and does not disturb the run."""

import json
import os
import signal
import subprocess
import time
from pathlib import Path

import pytest
from rich.console import Console

from tests.command_line import COMMAND, run_here
from tests.run_records import change_json, description, tick
from twinohm.cli.watch import View, follow, spark
from twinohm.runlog.folder import RunFolder
from twinohm.runlog.plan import plan_run
from twinohm.runlog.runner import run
from twinohm.runlog.tail import Tail
from twinohm.tasks import find_task


def shown(view: View) -> str:
    console = Console(width=140, record=True, file=open(os.devnull, "w"))
    console.print(view)
    return console.export_text()


def test_a_tail_yields_each_whole_line_once_while_the_log_grows(tmp_path: Path) -> None:
    whole = RunFolder.create(tmp_path, description())
    for k in range(0, 60, 20):
        whole.append(tick(number) for number in range(k, k + 20))
    folder = RunFolder.create(tmp_path, description())
    tail, data, seen = Tail(folder), whole.log.read_bytes(), []
    assert tail.read() == []
    with open(folder.log, "ab", buffering=0) as file:
        for at in range(0, len(data), 7):
            file.write(data[at : at + 7])
            seen += tail.read()
    assert [record.tick for record in seen] == list(range(60))
    last = sum(map(len, data.splitlines(keepends=True)[-4:]))  # three ticks and their checksum
    assert [record.tick for record in Tail(folder, most=last + 5).read()] == [57, 58, 59]


def test_watch_says_where_a_log_was_changed(tmp_path: Path) -> None:
    folder = run(plan_run(find_task("allostery"), ticks=10), tmp_path)
    folder.log.write_bytes(folder.log.read_bytes().replace(b'"tick":4,', b'"tick":5,'))
    done = run_here("watch", "--once", str(folder.path), cwd=tmp_path)
    assert done.returncode == 2 and "ticks.jsonl, line 6: tick 4 is missing" in done.stderr


def test_the_view_shows_progress_error_events_and_taps(tmp_path: Path) -> None:
    folder = run(plan_run(find_task("damage"), ticks=130, restore_best=True), tmp_path)
    view = View(folder)
    assert "0 of 130 ticks" in shown(view)
    view.add(folder.records())
    text = shown(view)
    *_, last = folder.ticks()
    rms_mV = 1000 * last.true_error_V2**0.5
    summary = folder.summary()
    there = [tap for edge, tap in zip(folder.description().edges, last.taps, strict=True) if edge != "E-H"]
    assert summary.rail_share == summary.phases[1].rail_share == sum(not 5 < tap < 126 for tap in there) / 15
    plateau_mV = 1000 * summary.true_rms_plateau_V
    assert all(words in text for words in ("130 of 130 ticks", f"{rms_mV:.1f} mV rms", "output E")), text
    assert all(words in text for words in ("tick 100: edge E-H pulled", "ended: done")), text
    scores = f"({plateau_mV:.1f} mV rms), held", "by chance", "set again by the supervisor"
    assert all(words in text for words in scores), text
    assert " ".join(map(str, last.taps)) in " ".join(text.split())


def test_a_run_that_logs_nothing_any_more_is_not_shown_as_running(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = run(plan_run(find_task("allostery"), ticks=10), tmp_path)
    log = folder.path / "ticks.jsonl"
    log.write_bytes(log.read_bytes()[: log.read_bytes().index(b'{"event":"end"')])
    follow(folder, once=True)
    assert "no process writes it any more: `twinohm resume` goes on with it" in capsys.readouterr().out
    with folder:
        folder.hold()
        follow(folder, once=True)
        assert "running" in capsys.readouterr().out
        os.utime(log, (time.time() - 300,) * 2)
        follow(folder, once=True)
        assert "nothing new for 300 s; its process is there" in capsys.readouterr().out
        (folder.path / ".lock").unlink()  # the log is locked too
        follow(folder, once=True)
        assert "its process is there" in capsys.readouterr().out


def test_watch_tells_a_killed_run_from_one_that_goes_on(tmp_path: Path) -> None:
    command = [*COMMAND, "run", "allostery", "--ticks", "1000000", "--no-plot"]
    with subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.DEVNULL) as host:
        end = time.monotonic() + 60
        while not (logs := list(tmp_path.glob("runs/*/ticks.jsonl"))) or logs[0].stat().st_size < 1000:
            assert time.monotonic() < end and host.poll() is None
            time.sleep(0.02)
        assert "running" in run_here("watch", "--once", cwd=tmp_path).stdout
        host.kill()
    assert "no process writes it any more" in run_here("watch", "--once", cwd=tmp_path).stdout


def test_the_scores_that_watch_shows_are_those_of_the_log(tmp_path: Path) -> None:
    folder = run(plan_run(find_task("allostery"), ticks=60), tmp_path)
    before = run_here("watch", "--once", str(folder.path), cwd=tmp_path)
    summary = json.loads((folder.path / "summary.json").read_bytes())
    better = {key: value / 2 for key, value in summary.items() if isinstance(value, float)}
    change_json(folder.path / "summary.json", **better)
    after = run_here("watch", "--once", str(folder.path), cwd=tmp_path)
    assert "plateau" in before.stdout and (after.returncode, after.stdout) == (0, before.stdout)


def test_a_sparkline_is_on_a_log_scale() -> None:
    line = spark(10.0**-k for k in range(8))
    assert line == "█▇▆▅▄▃▂▁" and spark([]) == "" and len(spark([1.0, 2.0] * 500)) <= 60


def left(folder: Path) -> bool:
    """Return whether Ctrl-C ends `watch` with exit code 0; a slow computer gets more time to begin."""
    for begins_s in (1, 2, 4, 8, 16):
        with subprocess.Popen([*COMMAND, "watch"], cwd=folder, stdout=subprocess.DEVNULL) as watcher:
            time.sleep(begins_s)
            watcher.send_signal(signal.SIGINT)
            if watcher.wait(60) == 0:
                return True
    return False


@pytest.mark.slow
def test_watch_follows_a_run_to_its_end_or_until_ctrl_c(tmp_path: Path) -> None:
    with subprocess.Popen([*COMMAND, "run", "allostery", "--ticks", "3000", "--no-plot"], cwd=tmp_path) as host:
        end = time.monotonic() + 60
        while not list(tmp_path.glob("runs/*/ticks.jsonl")):
            assert time.monotonic() < end
            time.sleep(0.05)
        once = subprocess.run(
            [*COMMAND, "watch", "--once"], cwd=tmp_path, capture_output=True, text=True, timeout=60, check=True
        )
        assert "of 3000 ticks" in once.stdout
        assert left(tmp_path)
        followed = subprocess.run([*COMMAND, "watch"], cwd=tmp_path, capture_output=True, text=True, timeout=120)
        assert host.wait(60) == 0
    assert followed.returncode == 0 and "ended: done" in followed.stdout and "3000 of 3000" in followed.stdout
    assert len(list(RunFolder(next(tmp_path.glob("runs/*"))).ticks())) == 3000
    nothing = subprocess.run([*COMMAND, "watch", "--out", "none"], cwd=tmp_path, capture_output=True, text=True)
    assert nothing.returncode == 1 and "no run in it yet" in nothing.stderr
