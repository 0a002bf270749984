"""Run folders that were changed by hand, with right checksums or none: what check, resume and plot say of them."""

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import xarray

import twinohm
from tests.command_line import run_here
from tests.run_records import change_json, edit_log
from twinohm.runlog.plan import plan_run
from twinohm.runlog.runner import run
from twinohm.tasks import find_task

TICKS = 24
PORT = ("--port", "sim://lab16?seed=0&profile=lab")
Records = list[dict[str, Any]]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    plan = plan_run(find_task("allostery"), ticks=TICKS, restore_best=True)
    return run(plan, tmp_path_factory.mktemp("whole")).path


def copied(path: Path, to: Path) -> Path:
    return Path(shutil.copytree(path, to / "copy"))


def cut(path: Path) -> None:
    """Leave what a process has that was killed after 10 ticks."""
    (path / "summary.json").unlink()
    edit_log(path, lambda records: records.__delitem__(slice(10, None)))


def of_event(records: Records, event: str) -> dict[str, Any]:
    return next(record for record in records if record.get("event") == event)


def give_other_inputs(records: Records) -> None:
    for record in records[:5]:
        for volts in (record["inputs_V"], record["free_V"]):
            volts["D"] = 2.0


LOGS: dict[str, tuple[Callable[[Records], Any], str]] = {
    "a clamped output": (lambda r: r[5]["clamp_V"].update(F=0.1), "clamp_V.F = 0.1 does not follow: free_V, desired_V"),
    "no clamped output": (lambda r: r[5]["clamp_V"].pop("F"), "clamp_V.F is missing"),
    "a hidden node": (lambda r: r[5]["true_free_V"].pop("A"), "true_free_V.A is missing"),
    "restored taps": (lambda r: of_event(r, "restore")["taps"].__setitem__(0, 99), "the run never had these taps"),
    "an input of no example": (give_other_inputs, "no example of run.json has these"),
    "a second end": (
        lambda r: r.insert(5, {"event": "end", "tick": 5, "why": "stopped", "seconds": 1.0}),
        "is after event end, and no event resume is between",
    ),
}


@pytest.mark.parametrize("case", LOGS)
def test_what_does_not_follow_is_refused_by_all_readers(case: str, whole: Path, tmp_path: Path) -> None:
    path, (change, words) = copied(whole, tmp_path), LOGS[case]
    edit_log(path, change)
    for command in ("check", "plot", "watch --once", "resume"):
        done = run_here(*command.split(), str(path), cwd=tmp_path)
        assert done.returncode == 2 and words in done.stdout + done.stderr, (command, done)


NOT_ITS = "its examples are not those of its task allostery"
DESCRIPTIONS: dict[str, tuple[Callable[[dict[str, Any]], Any], str, str]] = {
    "eta": (lambda run: run.update(eta=0.5), "free_V, desired_V and eta = 0.5 lead", "does not follow"),
    "edges": (lambda run: run["edges"].reverse(), "edges = ", "edges = "),
    "log_format": (lambda run: run.pop("log_format"), "log_format is 1 or missing", "log_format is 1 or missing"),
    "a target": (lambda run: run["examples"][0][1].__setitem__(0, 3.3), "no example of run.json has these", NOT_ITS),
    "an input": (lambda run: run["examples"][0][0].__setitem__(0, 4.0), "no example of run.json has these", NOT_ITS),
    "one more example": (lambda run: run["examples"].append([[1, 2, 3], [1, 2, 3]]), "its HMAC is wrong", NOT_ITS),
    "no example": (lambda run: run.update(examples=[]), "its HMAC is wrong", NOT_ITS),
    "outputs": (lambda run: run["placement"]["outputs"].reverse(), "are not those of run.json", "outputs F, G, H"),
}  # fmt: skip


@pytest.mark.parametrize("case", DESCRIPTIONS)
def test_a_changed_description_is_named_and_no_run_goes_on_with_it(case: str, whole: Path, tmp_path: Path) -> None:
    path, (change, words, refusal) = copied(whole, tmp_path), DESCRIPTIONS[case]
    cut(path)
    record = json.loads((path / "run.json").read_bytes())
    change(record)
    (path / "run.json").write_text(json.dumps(record))
    edit_log(path)
    before = {file: file.read_bytes() for file in path.iterdir()}
    done = run_here("check", str(path), cwd=tmp_path)
    assert done.returncode == 2 and words in done.stdout
    assert "run.json: its HMAC is wrong: it was changed after a run of yours wrote it" in done.stdout
    if refusal:
        done = run_here("resume", str(path), *PORT, cwd=tmp_path)
        assert done.returncode == 2 and refusal in done.stderr, done
        assert {file: file.read_bytes() for file in path.iterdir()} == before


def test_check_tells_a_changed_run_from_one_of_another_user(whole: Path, tmp_path: Path) -> None:
    done = run_here("check", str(whole), cwd=tmp_path)
    assert done.returncode == 0 and done.stderr == ""
    path = copied(whole, tmp_path)
    change_json(path / "run.json", started="now")
    edit_log(path)
    done = run_here("check", str(path), cwd=tmp_path)
    assert done.returncode == 2 and "it was changed after a run of yours wrote it" in done.stdout
    for command in ("plot", "export --format csv", "watch --once"):
        done = run_here(*command.split(), str(path), cwd=tmp_path)
        said = "run.json: its HMAC is wrong: it was changed after a run of yours wrote it\n"
        assert done.returncode == 0 and done.stderr == f"{path}/{said}", (command, done)
    done = run_here("compare", str(whole), str(path), cwd=tmp_path)
    (row,) = [line for line in done.stdout.splitlines() if "run.json" in line]
    assert "changed after the run" in row
    done = run_here("runs", "--out", str(path.parent), cwd=tmp_path)
    assert f"twinohm: {path}/{said}" in done.stderr
    changed = twinohm.load_run(path)
    assert "run.json was changed after the run" in repr(changed) and "its HMAC is wrong" in changed._repr_html_()
    figure = changed.plot(tmp_path / "run.pdf")
    assert any("run.json was changed after the run" in text.get_text() for text in figure.texts)
    run_here("export", str(path), "--format", "netcdf", "--out", "run.nc", cwd=tmp_path)
    with xarray.open_dataset(tmp_path / "run.nc", engine="h5netcdf") as exported:
        assert "its HMAC is wrong" in exported.attrs["changed"]
    change_json(path / "run.json", hmac_key="0" * 16)
    done = run_here("check", str(path), cwd=tmp_path)
    assert done.returncode == 0 and "is not of a run of yours: its HMAC is of another user or computer" in done.stderr


@pytest.mark.parametrize("gone", [True, False])
def test_a_log_that_is_gone_is_a_finding(gone: bool, whole: Path, tmp_path: Path) -> None:
    path = copied(whole, tmp_path)
    (path / "summary.json").unlink()
    (path / "ticks.jsonl").unlink() if gone else (path / "ticks.jsonl").write_bytes(b"")
    done = run_here("check", str(path), cwd=tmp_path)
    what = "is missing" if gone else "is empty"
    said = f"{path}/ticks.jsonl: {what}: no tick is logged; if the run was stopped before its first tick, "
    assert (done.returncode, done.stdout) == (2, f"{said}`twinohm resume` begins it\n")


def test_a_log_that_is_emptied_during_the_run_counts_as_it_is_on_the_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from twinohm.runlog.folder import RunFolder

    append = RunFolder.append

    def empty(folder: RunFolder, records: Any) -> None:
        append(folder, records)
        if folder.logged_ticks >= 64:
            folder.log.write_bytes(b"")

    monkeypatch.setattr(RunFolder, "append", empty)
    done = run_here("run", "allostery", "--ticks", "130", "--no-plot", cwd=tmp_path)
    assert done.returncode == 1 and "0 ticks are logged: `twinohm resume" in done.stderr, done


@pytest.mark.parametrize("kind", ["dangling", "file", "null", "long"])
def test_a_place_that_can_have_no_run_is_refused(kind: str, tmp_path: Path) -> None:
    out = tmp_path / "out"
    if kind == "dangling":
        out.symlink_to(tmp_path / "nowhere")
    elif kind == "file":
        out.write_text("mine")
    out = {"null": Path("/dev/null"), "long": tmp_path / ("n" * 300)}.get(kind, out)
    done = run_here("run", "divider", "--ticks", "2", "--no-plot", "--out", str(out), cwd=tmp_path)
    words = "characters, than the file system allows; name a shorter one" if kind == "long" else "name a folder"
    assert done.returncode == 2 and words in done.stderr and (f"{out}: " in done.stderr or kind == "long")


def test_a_deleted_current_folder_is_said(tmp_path: Path) -> None:
    (tmp_path / "gone").mkdir()
    code = "import os, sys; os.rmdir(os.getcwd()); sys.argv[1:] = ['tasks']; from twinohm.cli import main; main()"
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path / "gone", capture_output=True, text=True)
    assert done.returncode == 2 and done.stderr == (
        "twinohm: the current folder was deleted; change to another one, such as `cd`\n"
    )


def test_a_task_without_its_library_makes_no_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sklearn.datasets", None)
    for task in ("iris", "sequence"):
        done = run_here("run", task, "--ticks", "3", "--no-plot", cwd=tmp_path)
        assert done.returncode == 1 and "pip install" in done.stderr and list(tmp_path.iterdir()) == []


def test_lines_without_a_checksum_are_a_warning_of_every_reader(whole: Path, tmp_path: Path) -> None:
    path = copied(whole, tmp_path)
    log = path / "ticks.jsonl"
    log.write_bytes(b"".join(line for line in log.read_bytes().splitlines(True) if b'"checksum"' not in line))
    for command in ("plot", "export --format csv", "watch --once", "resume --no-plot"):
        done = run_here(*command.split(), str(path), cwd=tmp_path)
        assert done.returncode == 0 and "no checksum follows lines 1 to " in done.stderr, (command, done)


VALUES = ["stuck:SDA=-3", "stuck:SDA=0", "stretched:SCL=1e9", "stuck:SDA.99999999"]


@pytest.mark.parametrize("fault", VALUES)
def test_a_fault_that_cannot_occur_is_refused(fault: str, tmp_path: Path) -> None:
    done = run_here("run", "allostery", "--port", f"sim://lab16?at=2:fault={fault}", "--no-plot", cwd=tmp_path)
    assert done.returncode == 2 and fault in done.stderr and "write for example" in done.stderr, done


def test_a_resistance_without_bound_and_a_name_with_a_nul_are_named(tmp_path: Path) -> None:
    boards = (Path(__file__).parents[2] / "boards.toml").read_text()
    (tmp_path / "boards.toml").write_text(re.sub(r"\nohm = [\d_e.]+", "\nohm = 1e300", boards, count=1))
    done = run_here("boards", "--boards", "boards.toml", cwd=tmp_path)
    assert done.returncode == 2 and "ohm" in done.stderr and "1e+300" in done.stderr, done
    (tmp_path / "task.toml").write_text('data = "a\\u0000b"\noutputs = ["y"]\n')
    done = run_here("run", "task.toml", cwd=tmp_path)
    assert done.returncode == 2 and "UTF-8" not in done.stderr and "no file can have this name" in done.stderr, done


def test_a_run_of_too_many_ticks_does_not_go_on(whole: Path, tmp_path: Path) -> None:
    path = copied(whole, tmp_path)
    cut(path)
    for ticks, words in ((2**70, "ticks = 1180591620717411303424: "), (10**12, "the log takes about")):
        change_json(path / "run.json", ticks=ticks)
        edit_log(path)
        done = run_here("resume", str(path), *PORT, cwd=tmp_path)
        assert done.returncode and words in done.stderr, done


def test_a_line_feed_of_a_foreign_file_begins_no_line(whole: Path, tmp_path: Path) -> None:
    path = copied(whole, tmp_path)
    (path / "ticks.jsonl").write_bytes(b'{"event":"a\\nall is well"}\n' + b'{"event":"' + b"x" * 10**6 + b'"}\n')
    for command in ("check", "plot", "watch --once"):
        done = run_here(*command.split(), str(path), cwd=tmp_path)
        said = done.stdout + done.stderr
        assert done.returncode == 2 and "all is well" in said and len(said) < 20_000, (command, said)
        assert not [line for line in said.splitlines() if line.startswith("all is well")], said


@pytest.mark.parametrize("more", ["&at=12:remove=E-H", "&fault=high:CMP.E-H", "&at=12:fault=high:CMP.E-H"])
def test_a_virtual_run_goes_on_with_its_own_script_and_faults_alone(more: str, whole: Path, tmp_path: Path) -> None:
    path = copied(whole, tmp_path)
    cut(path)
    done = run_here("resume", str(path), "--port", PORT[1] + more, cwd=tmp_path)
    assert done.returncode == 2 and "script and faults are not those of the run" in done.stderr, done
