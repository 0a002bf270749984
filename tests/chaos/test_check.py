"""A log that was changed is refused by everything that reads it, and `twinohm check` says what is wrong and where."""

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.command_line import run_here
from tests.run_records import change_json
from twinohm.runlog.folder import RunFolder
from twinohm.runlog.plan import plan_run
from twinohm.runlog.resume import plan_resume, resume
from twinohm.runlog.runner import run
from twinohm.tasks import find_task

RUNS = Path(__file__).parents[1] / "data" / "runs"
Lines = list[bytes]


def changed(name: str, to: Path, change: Callable[[Lines], Lines]) -> Path:
    """Return a copy of a recorded run with other lines in its log."""
    path = shutil.copytree(RUNS / name, to / name)
    log = path / "ticks.jsonl"
    lines = log.read_bytes().splitlines(keepends=True)
    after = change(list(lines))
    assert after != lines
    log.write_bytes(b"".join(after))
    return path


def at(number: int, old: bytes, new: bytes) -> Callable[[Lines], Lines]:
    """Return a change of line `number`, counted from 1 or from -1 at the end; `old` is a pattern."""
    index = number - (number > 0)

    def change(lines: Lines) -> Lines:
        lines[index] = re.sub(old, new, lines[index], count=1)
        return lines

    return change


LINE = "one was changed, or some before were removed"
F1, F2 = "format1-iris", "format2-iris"  # tick 0 is in line 2, and in line 5
# Run, change of its log, and what is wrong with it.
CHANGES: dict[str, tuple[str, Callable[[Lines], Lines], str]] = {
    "a tick is missing": (F1, lambda lines: lines[:9] + lines[10:], "line 10, tick 9: tick 8 is missing"),
    "ticks are missing": (F1, lambda lines: lines[:9] + lines[12:], "line 10, tick 11: ticks 8 to 10 are missing"),
    "a tick twice": (F1, lambda lines: lines[:9] + lines[8:], "line 10, tick 7: tick 7 is there again"),
    "a negative tick": (F1, at(9, b'"tick":7', b'"tick":-5'), "line 9, tick -5: tick = -5: ticks are counted from 0"),
    "a tap": (F1, at(9, rb'"taps":\[\d+', b'"taps":[9'), "line 9, tick 7: taps[0] = 9 does not follow"),
    "a direction": (F1, at(9, rb'"up":\d+', b'"up":3'), "line 9, tick 7: up = 3: cmp and sgn lead to "),
    "an error": (F1, at(9, rb'"error_V2":[\d.]+', b'"error_V2":0.5'), "error_V2 = 0.5: the outputs of the tick have"),
    "board time": (F1, at(9, rb'"t_us":\d+', b'"t_us":1'), "line 9, tick 7: t_us = 1 is before the tick before"),
    "no board time": (
        F1,
        at(9, rb'"t_us":\d+', b'"t_us":null'),
        "line 9, tick 7: t_us is missing: each tick of a board has one",
    ),
    "an invented event": (
        F1,
        lambda lines: [*lines[:8], b'{"event":"saturated","tick":7,"node":"G","phase":null}\n', *lines[8:]],
        "line 10, tick 7: event saturated of node G is before it",
    ),
    "an accuracy": (F1, at(2, rb'accuracy":[\d.]+', b'accuracy":7.5'), "test_accuracy = 7.5: a share is 0 to 1"),
    "a test set": (
        F1,
        at(32, b'"tick":30', b'"tick":29'),
        "line 32, tick 29: event test: tick = 29: 30 ticks are",
    ),
    "restored taps": (F2, at(-6, rb'"taps":\[\d+', b'"taps":[1'), "event restore: taps[0] = 1 is not in 4..127"),
    "a voltage": (
        F2,
        at(9, rb'"F":\d', b'"F":4'),
        "line 35, tick 30: checksum of lines 5 to 34: ",
    ),
    "an event": (F2, at(-2, b'"why":"done"', b'"why":"Done"'), LINE),
    "a checksum": (F2, at(-1, rb'crc32":".', b'crc32":"x'), 'crc32 = "x'),
    "no checksum": (F2, lambda lines: lines[:-1], "no checksum follows lines 114 to 114"),
    "an event is missing": (F2, lambda lines: lines[:-4] + lines[-2:], LINE),
    "a torn line": (F2, lambda lines: [*lines[:9], lines[9][:40] + b"\n", *lines[10:]], "line 10: not JSON"),
}


@pytest.mark.parametrize("change", CHANGES)
def test_check_says_what_is_wrong_and_where(change: str, tmp_path: Path) -> None:
    name, edit, words = CHANGES[change]
    path = changed(name, tmp_path, edit)
    done = run_here("check", str(path), cwd=tmp_path)
    assert done.returncode == 2, done
    (said,) = done.stdout.splitlines()
    assert said.startswith(f"{path}/ticks.jsonl") and words in said
    assert done.stderr == f"twinohm: {path}: 1 thing is wrong; restore the files from a copy\n"


@pytest.mark.parametrize("change", ["ticks are missing", "a tap", "a voltage", "a torn line"])
@pytest.mark.parametrize("command", ["plot", "export", "watch --once"])
def test_a_changed_log_is_refused_by_every_reader_and_stays_as_it_is(command: str, change: str, tmp_path: Path) -> None:
    name, edit, words = CHANGES[change]
    path = changed(name, tmp_path, edit)
    before = {file: file.read_bytes() for file in path.iterdir()}
    done = run_here(*command.split(), str(path), cwd=tmp_path)
    assert done.returncode == 2
    *_, said = done.stderr.splitlines()
    where, _, what = words.partition(": ")
    assert f"{path}/ticks.jsonl, line " in said and (what or where) in said
    assert {file: file.read_bytes() for file in path.iterdir()} == before


@pytest.mark.parametrize("name", sorted(path.name for path in RUNS.iterdir()))
def test_check_finds_nothing_wrong_with_a_run_of_any_format(name: str, tmp_path: Path) -> None:
    done = run_here("check", str(RUNS / name), cwd=tmp_path)
    assert done.returncode == 0 and "nothing is wrong" in done.stdout
    assert ("has no checksums" in done.stdout) == name.startswith("format1")
    assert ("the last line of the log is ignored (torn after 60 bytes)" in done.stderr) == (name == "format1-torn")


def test_check_compares_the_summary_with_the_log(tmp_path: Path) -> None:
    path = changed("format2-iris", tmp_path, lambda lines: lines[:-2])  # the end, with its checksum
    done = run_here("check", str(path), cwd=tmp_path)
    assert (done.returncode, done.stdout) == (
        2,
        f"{path}/summary.json: seconds = 4.664: events `end` of the log have 0.0; one is missing\n",
    )
    change_json(path / "summary.json", ticks=91)
    done = run_here("check", str(path), cwd=tmp_path)
    seconds = "seconds = 4.664: events `end` of the log have 0.0; one is missing"
    ticks = "ticks = 91: the log gives 90"
    assert (done.returncode, done.stdout.splitlines()) == (
        2,
        [f"{path}/summary.json: {wrong}" for wrong in (ticks, seconds)],
    )
    shutil.copytree(RUNS / "format2-iris", path, dirs_exist_ok=True)
    change_json(path / "summary.json", orders_best=7.0)
    done = run_here("check", str(path), cwd=tmp_path)
    assert done.returncode == 2 and "summary.json: orders_best = 7.0: the log gives 0.095" in done.stdout


def test_check_lists_every_difference_of_the_summary(tmp_path: Path) -> None:
    path = Path(shutil.copytree(RUNS / "format2-iris", tmp_path / "run"))
    change_json(path / "summary.json", orders_best=7.0, seconds=999.0, accuracy=0.5, taps=[64] * 16)
    done = run_here("check", str(path), cwd=tmp_path)
    said = [line.removeprefix(f"{path}/summary.json: ").split(" = ")[0] for line in done.stdout.splitlines()]
    assert done.returncode == 2 and sorted(said) == ["accuracy", "orders_best", "seconds", "taps"]


def test_check_names_keys_of_the_summary_that_are_no_scores_and_scores_that_are_missing(tmp_path: Path) -> None:
    done = run_here("run", "allostery", "--ticks", "12", "--no-plot", cwd=tmp_path)
    (path,) = (tmp_path / "runs").iterdir()
    whole = json.loads((path / "summary.json").read_bytes())
    changes = {
        "accuracy_final = 1.0: is no score": {"accuracy_final": 1.0},
        "power.zz = 5: is no score": {"power": whole["power"] | {"zz": 5}},
        "placement.zz = [1]: extra inputs": {"placement": whole["placement"] | {"zz": [1]}},
        "baselines[0].zz = 5: is no score": {"baselines": [whole["baselines"][0] | {"zz": 5}]},
        "true_mse_chance is missing: the log gives": {"true_mse_chance": None},
        "power is missing: the log gives": {"power": None},
        "accuracy_final = 1.0: is no": {"accuracy_final": 1.0, "rail_share": None},
    }
    for said, change in changes.items():
        changed = {key: value for key, value in (whole | change).items() if value is not None or key not in change}
        (path / "summary.json").write_text(json.dumps(changed))
        done = run_here("check", str(path), cwd=tmp_path)
        assert done.returncode == 2 and f"summary.json: {said}" in done.stdout, (said, done.stdout)
        assert ("rail_share is missing" in done.stdout) == ("rail_share" in change)
    (path / "summary.json").write_text(json.dumps(whole))
    assert run_here("check", str(path), cwd=tmp_path).returncode == 0


def test_a_summary_that_is_older_than_the_log_is_no_fault_and_is_said(tmp_path: Path) -> None:
    seen: list[int] = []
    plan = plan_run(find_task("allostery"), ticks=200)
    folder = run(plan, tmp_path, progress=lambda done, _: seen.append(done), stop=lambda: bool(seen))
    first = (folder.path / "summary.json").read_bytes()
    ticks = folder.logged_ticks
    assert 0 < ticks < 200
    resume(folder, plan_resume(folder))
    assert run_here("check", str(folder.path), cwd=tmp_path).stderr == ""
    (folder.path / "summary.json").write_bytes(first)
    log = folder.log.read_bytes()
    folder.log.write_bytes(log[: log.rindex(b'{"event":"end"')])  # the process was killed before it ended
    done = run_here("check", str(folder.path), cwd=tmp_path)
    said = f"{folder.path}/summary.json: it has the scores of {ticks} of 200 ticks: it is older than the log; "
    assert done.returncode == 0 and "nothing is wrong" in done.stdout
    assert done.stderr == f"{said}`{folder.resume_command}` goes on and writes it anew\n"
    folder.log.write_bytes(log)  # or after that, before it wrote the summary
    done = run_here("check", str(folder.path), cwd=tmp_path)
    assert done.returncode == 0 and done.stderr == f"{said}`{folder.resume_command}` writes it anew\n"
    change_json(folder.path / "summary.json", mse_first=0.5)  # no process of the run has written that
    done = run_here("check", str(folder.path), cwd=tmp_path)
    assert done.returncode == 2 and f"summary.json: ticks = {ticks}: the log gives 200" in done.stdout
    (folder.path / "summary.json").write_bytes(first)
    assert run_here("resume", str(folder.path), "--no-plot", cwd=tmp_path).returncode == 0
    done = run_here("check", str(folder.path), cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "") and folder.log.read_bytes() == log
    assert RunFolder(folder.path).summary().ticks == 200  # type: ignore[union-attr]


def test_a_resume_that_is_killed_before_it_writes_the_summary_leaves_a_remark_of_check(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The process of `resume` ends where it would write summary.json, after the log has got its end."""

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    seen: list[int] = []
    plan = plan_run(find_task("divider"), board_name="divider", ticks=200)
    folder = run(plan, tmp_path, progress=lambda done, _: seen.append(done), stop=lambda: bool(seen))
    with monkeypatch.context() as patched:
        patched.setattr(RunFolder, "write_summary", interrupt)
        assert run_here("resume", str(folder.path), "--no-plot", cwd=tmp_path).returncode == 1
    done = run_here("check", str(folder.path), cwd=tmp_path)
    assert done.returncode == 0 and "of 200 ticks: it is older than the log; `twinohm resume" in done.stderr


def test_check_lists_every_problem_once_also_as_json(tmp_path: Path) -> None:
    def edit(lines: Lines) -> Lines:
        first = at(9, rb'"F":\d', b'"F":4')(lines)
        return at(-2, b"end", b"enb")(first[:50] + first[52:])

    path = changed("format2-iris", tmp_path, edit)
    done = run_here("check", str(path), "--json", cwd=tmp_path)
    found = json.loads(done.stdout)
    assert done.returncode == 2 and (found["log_format"], found["ticks"], found["run_dir"]) == (2, 88, str(path))
    assert [(one["line"], one["tick"]) for one in found["problems"]] == [(35, 30), (51, 43), (112, None)]
    assert "twinohm: " in done.stderr and "3 things are wrong" in done.stderr


def test_a_log_of_an_empty_line_has_no_tick(tmp_path: Path) -> None:
    path = Path(shutil.copytree(RUNS / F2, tmp_path / F2))
    (path / "summary.json").unlink()
    (path / "ticks.jsonl").write_bytes(b"\n")
    done = run_here("check", str(path), cwd=tmp_path)
    assert done.returncode == 2 and "no tick is logged" in done.stdout


@pytest.mark.parametrize("name", sorted(path.name for path in RUNS.iterdir()))
def test_check_says_which_formats_have_no_proof_of_belonging(name: str, tmp_path: Path) -> None:
    done = run_here("check", str(RUNS / name), cwd=tmp_path)
    assert ("nothing proves that log and run.json are of one run" in done.stdout) == name.startswith(
        ("format1", "format2")
    )


def test_the_same_fault_of_many_lines_is_one_line_with_its_count(tmp_path: Path) -> None:
    path = shutil.copytree(RUNS / "format1-pulled", tmp_path / "format1-pulled")
    described = json.loads((path / "run.json").read_text())
    for key in ("edges", "start_taps"):
        described[key].pop()
    (path / "run.json").write_text(json.dumps(described))
    done = run_here("check", str(path), cwd=tmp_path)
    assert done.returncode == 2 and len(done.stdout.splitlines()) <= 4
    assert "more of its kind, to line" in done.stdout and "things are wrong" in done.stderr, done
