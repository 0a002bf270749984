"""What is written to a run folder, and what is not: counts, locks, folders that vanish, refused resumes, examples."""

import dataclasses
import hashlib
import json
import os
import re
import shutil
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.command_line import COMMAND, run_here
from tests.run_records import change_json, description, edit_log, kill_after_first_chunk, tick
from twinohm.errors import DiskError, RunBusy, RunError
from twinohm.runlog.events import BestRestored, Ended, Resumed
from twinohm.runlog.examples_file import describe, pack, unpack
from twinohm.runlog.folder import RunFolder
from twinohm.runlog.plan import plan_run
from twinohm.runlog.runner import run
from twinohm.tasks import find_task
from twinohm.tasks.recorded import recorded_task, task_arrays, task_fields

ROWS = 1200
PORT = ("--port", "sim://lab16?seed=0&profile=lab")  # of the runs here; a run.json that was changed needs it


def contents(path: Path) -> dict[str, tuple[bytes, int]]:
    """Return what is in the files of a folder, and when each was changed."""
    return {file.name: (file.read_bytes(), file.stat().st_mtime_ns) for file in path.iterdir()}


def cut(path: Path, to: Path) -> Path:
    """Return a copy of a run that was killed after its first chunk."""
    shutil.copytree(path, to)
    kill_after_first_chunk(to)
    return to


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return run(plan_run(find_task("allostery"), ticks=100), tmp_path_factory.mktemp("whole")).path


@pytest.fixture
def stopped(whole: Path, tmp_path: Path) -> Path:
    """A run of 100 ticks whose process was killed after 64."""
    return cut(whole, tmp_path / "stopped")


def test_nothing_is_wrong_with_a_run_that_was_killed(stopped: Path, tmp_path: Path) -> None:
    done = run_here("check", str(stopped), cwd=tmp_path)
    assert done.returncode == 0 and "64 ticks in 66 lines checksums and all" in done.stdout


OTHER = [[[5, 1, 0], [3, 3, 2]]]
OTHERS: dict[str, tuple[Callable[[Path], None], str]] = {
    "other examples": (lambda file: _change(file, task_fields={"examples": OTHER}), "its examples are not those"),
    "another circuit": (lambda file: _change(file, truth=_other_truth(file)), "circuit that is drawn now"),
    "a first line that is none": (lambda file: _damage(file.parent / "ticks.jsonl"), "line 1: "),
    "more ticks logged": (lambda file: _change(file, ticks=50), "tick 50 is one more than the 50 ticks"),
}  # fmt: skip


def _change(file: Path, **changes: object) -> None:
    """Change run.json, and make the log that of the changed file."""
    change_json(file, **changes)
    edit_log(file.parent)


def _damage(log: Path) -> None:
    log.write_bytes(b"{}\n" + log.read_bytes())


def _other_truth(file: Path) -> object:
    truth = json.loads(file.read_bytes())["truth"]
    truth["pot_ohm"][0][0] += 1e-6
    return truth


@pytest.mark.parametrize("other", OTHERS)
def test_a_refused_resume_changes_nothing(other: str, stopped: Path, tmp_path: Path) -> None:
    change, words = OTHERS[other]
    change(stopped / "run.json")
    with open(stopped / "ticks.jsonl", "ab") as log:
        log.write(b'{"tick":64,"t_')  # torn
    (stopped / ".lock").write_text("process 1 (twinohm run) since 2026-11-01\n")  # of the one that was killed
    before = contents(stopped)
    done = run_here("resume", str(stopped), *PORT, cwd=tmp_path)
    assert done.returncode in (1, 2) and words in done.stderr and "goes on" not in done.stderr
    assert contents(stopped) == before


@pytest.mark.parametrize(
    "change",
    [
        lambda log: log.replace(b"\n", b"\r\n"),
        lambda log: b"".join(log.splitlines(True)[:9] + log.splitlines(True)[10:]),
        lambda log: b"".join(log.splitlines(True)[:10] + log.splitlines(True)[9:]),
    ],
    ids=["CRLF", "a line left out", "a line doubled"],
)
def test_a_changed_log_is_refused_and_its_folder_stays(
    change: Callable[[bytes], bytes], stopped: Path, tmp_path: Path
) -> None:
    log = stopped / "ticks.jsonl"
    log.write_bytes(change(log.read_bytes()))
    (stopped / ".lock").write_text("process 1 (twinohm run) since 2026-11-01\n")
    before = contents(stopped)
    done = run_here("resume", str(stopped), cwd=tmp_path)
    assert done.returncode == 2 and "ticks.jsonl, line " in done.stderr and contents(stopped) == before


@pytest.mark.parametrize("line", [b"hello\n", b'{"tick":64,"t_'], ids=["a foreign line", "a torn line"])
def test_resume_names_the_last_line_that_it_cuts_off_as_check_does(line: bytes, stopped: Path, tmp_path: Path) -> None:
    with open(stopped / "ticks.jsonl", "ab") as log:
        log.write(line)
    said = run_here("check", str(stopped), cwd=tmp_path).stderr
    why = re.fullmatch(r".*: the last line of the log is ignored \((.*)\); `twinohm resume` cuts it off\n", said)
    assert why is not None, said
    done = run_here("resume", str(stopped), "--no-plot", cwd=tmp_path)
    assert done.returncode == 0 and f"{stopped}: the last line of the log was cut off ({why[1]})\n" in done.stderr
    assert [event.torn_bytes for event in RunFolder(stopped).events_of(Resumed)] == [len(line)]
    assert run_here("check", str(stopped), cwd=tmp_path).stderr == ""


@pytest.mark.skipif(os.name == "nt", reason="Windows has no limit of file sizes")
def test_a_full_disk_ends_the_run_with_the_count_on_the_disk(tmp_path: Path) -> None:
    command = " ".join(["ulimit -f 60; exec", *COMMAND, "run", "allostery", "--ticks", "200", "--no-plot"])
    done = subprocess.run(["bash", "-c", command], cwd=tmp_path, capture_output=True, text=True, timeout=120)
    (path,) = tmp_path.glob("runs/*")
    folder = RunFolder(path)
    ticks = len(list(folder.ticks()))
    assert done.returncode == 1 and 0 < ticks < 200
    assert f"free the disk first; {ticks} ticks are logged: `twinohm resume runs/{path.name}` goes on" in done.stderr
    assert [event.tick for event in folder.events_of(Ended)] == [ticks] and folder.summary().ticks == ticks
    assert run_here("check", str(path), cwd=tmp_path).returncode == 0


def test_a_summary_that_cannot_be_written_says_how_to_go_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(folder: RunFolder, summary: object) -> None:
        raise DiskError("summary.json: no space")

    monkeypatch.setattr(RunFolder, "write_summary", full)
    done = run_here("run", "divider", "--ticks", "5", cwd=tmp_path)
    assert done.returncode == 1 and "summary.json: no space; 5 ticks are logged: `twinohm resume runs/" in done.stderr


def test_a_second_writer_is_refused_also_without_the_lock_file(stopped: Path, tmp_path: Path) -> None:
    with RunFolder(stopped) as writer:
        writer.hold()
        (stopped / ".lock").unlink()
        done = run_here("resume", str(stopped), cwd=tmp_path)
        assert done.returncode == 1 and "is being written by another process; wait until it is done" in done.stderr
        writer.append([])


def test_a_log_with_two_names_is_not_continued(stopped: Path, tmp_path: Path) -> None:
    os.link(stopped / "ticks.jsonl", tmp_path / "other.jsonl")
    before = (tmp_path / "other.jsonl").read_bytes()
    done = run_here("resume", str(stopped), cwd=tmp_path)
    assert done.returncode == 2 and "is one file with 2 names (hard links)" in done.stderr
    assert (tmp_path / "other.jsonl").read_bytes() == before


def test_a_log_that_another_program_writes_is_not_continued(tmp_path: Path) -> None:
    with RunFolder.create(tmp_path, description()) as folder:
        folder.append([tick(0)])
        with open(folder.log, "ab") as log:
            log.write(b"\n")
        with pytest.raises(RunBusy, match=r"has \d+ bytes, this process left \d+: another one writes it; end it"):
            folder.append([tick(1)])


def test_a_folder_that_is_renamed_is_not_continued(tmp_path: Path) -> None:
    with RunFolder.create(tmp_path, description()) as folder:
        folder.append([tick(0)])
        folder.path.rename(tmp_path / "renamed")
        with pytest.raises(DiskError, match="was removed or renamed"):
            folder.append([tick(1)])
    assert list(RunFolder(tmp_path / "renamed").ticks()) == [tick(0)]


def test_a_board_may_come_back_with_its_best_taps_after_the_last_tick(tmp_path: Path) -> None:
    best = (64, 64, 64, 70)
    back = Resumed(tick=2, time="", why="lost", taps=best, port="sim://", boot=1, firmware="f")
    with RunFolder.create(tmp_path, description(restore_best=True, ticks=3)) as folder:
        folder.append([tick(0), tick(1)])
        with pytest.raises(RunError, match="event resume: taps are not those of the last tick"):
            folder.append([back])
        folder.append([tick(2), dataclasses.replace(back, tick=3), BestRestored(tick=3, taps=best, loss=0.5)])
        assert len(list(folder.events())) == 2


@pytest.mark.parametrize("name", ["ticks.jsonl", "summary.json", "examples.npz"])
@pytest.mark.parametrize("command", ["check", "watch"])
def test_a_folder_in_place_of_a_file_is_refused(command: str, name: str, many: Path, tmp_path: Path) -> None:
    stopped = cut(many, tmp_path / "stopped")
    (stopped / name).unlink(missing_ok=True)
    (stopped / name).mkdir()
    done = run_here(command, *(["--once"] if command == "watch" else []), str(stopped), cwd=tmp_path)
    read = name == "ticks.jsonl" or command == "check"
    assert done.returncode == (2 if read else 0)
    assert not read or name in done.stdout + done.stderr


def test_a_tick_that_does_not_follow_is_not_logged(tmp_path: Path) -> None:
    with RunFolder.create(tmp_path, description()) as folder:
        with pytest.raises(RunError, match=r"tick 2 cannot be logged \(tick 1 is missing\)"):
            folder.append([tick(0), tick(2)])
        folder.append([tick(0), tick(1)])
        assert list(folder.ticks()) == [tick(0), tick(1)]


def test_a_run_ends_when_its_folder_is_removed(tmp_path: Path) -> None:
    command = [*COMMAND, "run", "allostery", "--ticks", "1000000", "--no-plot"]
    with subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE, text=True) as host:
        end = time.monotonic() + 60
        while not (logs := list(tmp_path.glob("runs/*/ticks.jsonl"))) or logs[0].stat().st_size < 1000:
            assert time.monotonic() < end and host.poll() is None
            time.sleep(0.02)
        shutil.rmtree(logs[0].parent)
        said = host.communicate(timeout=60)[1]
    assert host.returncode == 1 and "ticks.jsonl: was removed or renamed while the run went on" in said
    assert "resume" not in said and "Traceback" not in said and not logs[0].parent.exists()


# -- results and figures -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("command", ["run", "resume"])
def test_a_figure_that_fails_does_not_lose_the_result(
    command: str, stopped: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(folder: RunFolder) -> Path:
        raise DiskError("no space") if command == "run" else RuntimeError("a bug")

    monkeypatch.setattr("twinohm.plot.run_figure.run_figure", fail)
    if command == "run":
        done = run_here("run", "divider", "--ticks", "5", "--json", cwd=tmp_path)
        assert json.loads(done.stdout)["ticks"] == 5 and done.stderr.endswith("twinohm: no space\n")
    else:
        done = run_here("resume", str(stopped), cwd=tmp_path)
        assert "measured:  plateau" in done.stdout and "figure: " not in done.stdout
        assert "RuntimeError: a bug" in done.stderr
    assert done.returncode == 1


# -- examples ----------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of a data file that has a built-in task's name, and 1,200 rows."""
    root = tmp_path_factory.mktemp("many")
    rows = "".join(f"{k % 5},{k % 3 / 7},{(k % 5 + k % 3 / 7) / 2}\n" for k in range(ROWS))
    (root / "allostery.csv").write_text("in1,in2,out1\n" + rows)
    done = run_here("run", "allostery.csv", "--ticks", "400", "--no-plot", cwd=root)
    assert done.returncode == 0, done.stderr
    (root / "allostery.csv").unlink()
    (path,) = root.glob("runs/*")
    return path


def test_a_data_file_with_the_name_of_a_built_in_task_is_resumed(many: Path, tmp_path: Path) -> None:
    stopped = cut(many, tmp_path / "stopped")
    done = run_here("resume", str(stopped), "--no-plot", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    ours, theirs = (list(RunFolder(path).ticks()) for path in (stopped, many))
    assert len(ours) == 400 and [tick.desired_V for tick in ours] == [tick.desired_V for tick in theirs]


def test_many_examples_are_stored_once_beside_run_json(many: Path) -> None:
    described = json.loads((many / "run.json").read_bytes())
    data = (many / "examples.npz").read_bytes()
    assert described["examples_file"] == {"examples": ROWS, "sha256": hashlib.sha256(data).hexdigest()}
    assert (described["examples"], described["task_fields"]["rows"]) == ([], [])
    assert len(data) < 20_000 and (many / "run.json").stat().st_size < 20_000


@pytest.mark.parametrize("change", ["changed", "missing", "no arrays"])
def test_examples_that_are_not_the_runs_are_refused(change: str, many: Path, tmp_path: Path) -> None:
    stopped = cut(many, tmp_path / "stopped")
    file = stopped / "examples.npz"
    words = {"changed": "its sha256 is ", "missing": "cannot be read", "no arrays": "no file of arrays"}[change]
    if change == "missing":
        file.unlink()
    else:
        file.write_bytes(file.read_bytes().replace(b"PK", b"pk") if change == "changed" else b"x")
    if change == "no arrays":
        change_json(stopped / "run.json", examples_file={"examples": 1, "sha256": hashlib.sha256(b"x").hexdigest()})
    before = contents(stopped)
    for command in (["resume", *PORT], ["check"]):
        done = run_here(*command, str(stopped), cwd=tmp_path)
        assert done.returncode == 2 and f"{file}: {words}" in done.stdout + done.stderr
    assert contents(stopped) == before


def test_a_run_json_without_its_examples_is_refused(many: Path, tmp_path: Path) -> None:
    stopped = cut(many, tmp_path / "stopped")
    change_json(stopped / "run.json", "examples_file")
    done = run_here("resume", str(stopped), *PORT, cwd=tmp_path)
    assert done.returncode == 2 and "has no examples, and no file of them: restore run.json" in done.stderr


def test_a_thousand_examples_stay_in_run_json(tmp_path: Path) -> None:
    file = tmp_path / "mine.csv"
    file.write_text("in1,in2,out1\n" + "1,2,1.5\n2,1,1.5\n" * 500)
    task = find_task(str(file))
    assert task_arrays(task) == {} and len(task_fields(task)["rows"]) == 1000


def test_many_examples_of_any_kind_come_back(tmp_path: Path) -> None:
    csv, toml = tmp_path / "mine.csv", tmp_path / "two.toml"
    csv.write_text(
        "in1,label,set\n"
        + "".join(f"{k / 999},{'ab'[k % 2]},{'test' * (k % 9 == 0) or 'train'}\n" for k in range(1001))
    )
    toml.write_text("".join(f"[[examples]]\ninputs = [{k / 999}]\ndesired = [1, 2.5]\n" for k in range(1001)))
    for task in (find_task(str(csv)), find_task(str(toml))):
        arrays = task_arrays(task)
        data = pack(arrays)
        fields = json.loads(json.dumps(task_fields(task)))
        again = recorded_task(task.name, fields, 1.0, unpack(data, describe(data, arrays)))
        assert again == dataclasses.replace(task, examples=again.examples) and [*again.examples] == [*task.examples]
