"""A log says which run.json it was written with: no reader takes another one; and scores are those of the log."""

import dataclasses
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import twinohm
from tests.command_line import run_here
from tests.run_records import change_json, edit_log, kill_after_first_chunk
from twinohm.errors import RunFileError
from twinohm.plot.history import History
from twinohm.runlog.folder import RunFolder
from twinohm.runlog.plan import plan_run
from twinohm.runlog.runner import run
from twinohm.tasks import find_task

PORT = "sim://lab16?seed=0&profile=lab"
COMMANDS = ("check", "plot", "export --format csv", "watch --once", f"resume --no-plot --port {PORT}", "resume")
WORDS = "run.json is not the one that this log was written with: it was changed, or is of another run"
REMEDY = "; put run.json and ticks.jsonl of one run there, as the run wrote them"


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Two finished runs of one task and board, with seeds 0 and 1."""
    root = tmp_path_factory.mktemp("runs")
    return [run(plan_run(find_task("allostery"), seed=seed, ticks=70), root).path for seed in (0, 1)]


def copied(path: Path, to: Path) -> Path:
    return Path(shutil.copytree(path, to / "copy"))


def refused(path: Path, words: str = WORDS, commands: tuple[str, ...] = COMMANDS) -> None:
    """Check that every reader refuses a run in words, and changes nothing in its folder."""
    before = {file.name: file.read_bytes() for file in path.iterdir()}
    for command in commands:
        name, *options = command.split()
        done = run_here(name, str(path), *options, cwd=path.parent)
        assert done.returncode == 2 and "Traceback" not in done.stderr, (command, done)
        where = f"{path}/ticks.jsonl, line 1"
        if name == "check":
            assert any(line.startswith(where) and line.endswith(words) for line in done.stdout.splitlines()), done
        else:
            assert done.stderr.splitlines()[-1] == f"twinohm: {where}: {words}{REMEDY}", (command, done)
        assert {file.name: file.read_bytes() for file in path.iterdir()} == before


Change = Callable[[dict[str, Any]], Any]
CHANGES: dict[str, Change] = {
    "two edges swapped": lambda run: run.update(edges=[run["edges"][1], run["edges"][0], *run["edges"][2:]]),
    "nodes reversed": lambda run: run["nodes"].reverse(),
    "ticks": lambda run: run.update(ticks=1000),
    "block": lambda run: run.update(block=7),
    "levers": lambda run: run.update(levers={"p": 0.5}),
    "amplify": lambda run: run.update(amplify=2.0),
    "task": lambda run: run.update(task="regression"),
    "baselines": lambda run: run.update(baselines=[]),
    "a resistance": lambda run: run["truth"]["pot_ohm"][0].__setitem__(0, 1.0),
    "the seed": lambda run: run.update(seed=7),
    "a key that no reader knows": lambda run: run.update(remark="mine"),
    "a key is gone": lambda run: run.pop("started"),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_changed_run_json_is_refused_by_every_reader(change: str, runs: list[Path], tmp_path: Path) -> None:
    path = copied(runs[0], tmp_path)
    record = json.loads((path / "run.json").read_bytes())
    CHANGES[change](record)
    (path / "run.json").write_text(json.dumps(record))
    before = change in ("two edges swapped", "nodes reversed", "task")  # what a resume names before the log
    refused(path, commands=COMMANDS[:4] if before else COMMANDS)


@pytest.mark.parametrize("file", ["ticks.jsonl", "run.json"])
def test_the_log_of_another_run_is_refused_by_every_reader(file: str, runs: list[Path], tmp_path: Path) -> None:
    path = copied(runs[0], tmp_path)
    shutil.copyfile(runs[1] / file, path / file)
    refused(path, commands=COMMANDS[:5])
    kill_after_first_chunk(path)
    refused(path, commands=COMMANDS[:5])


def test_the_library_refuses_the_log_of_another_run(runs: list[Path], tmp_path: Path) -> None:
    path = copied(runs[0], tmp_path)
    shutil.copyfile(runs[1] / "ticks.jsonl", path / "ticks.jsonl")
    found = twinohm.load_run(path)
    reads: list[Callable[[], Any]] = [lambda: found.ticks, lambda: found.summary, found.plot, lambda: repr(found)]
    for read in reads:
        with pytest.raises(RunFileError, match=WORDS):
            read()
    table = twinohm.runs(tmp_path)
    assert WORDS in table.loc["copy", "problem"]


def test_a_log_format_that_is_set_back_is_refused(runs: list[Path], tmp_path: Path) -> None:
    path = copied(runs[0], tmp_path)
    change_json(path / "run.json", log_format=2, seed=7)
    refused(path, f"the log is of format 3, log_format of run.json is 2: {WORDS}")
    change_json(path / "run.json", "hmac", "log_format")
    refused(path, f"the log is of format 3, log_format of run.json is 1: {WORDS}")


@pytest.mark.parametrize("old", ["format1-iris", "format2-iris"])
def test_a_log_of_an_older_run_is_not_of_a_new_one(old: str, runs: list[Path], tmp_path: Path) -> None:
    path = copied(runs[0], tmp_path)
    shutil.copyfile(Path(__file__).parents[1] / "data" / "runs" / old / "ticks.jsonl", path / "ticks.jsonl")
    done = run_here("check", str(path), cwd=tmp_path)
    assert done.returncode == 2
    assert f"line 1: no event begin is before it, which says of which run the log is: {WORDS}\n" in done.stdout


def test_a_second_first_line_is_named(runs: list[Path], tmp_path: Path) -> None:
    path = copied(runs[0], tmp_path)
    log = path / "ticks.jsonl"
    log.write_bytes(log.read_bytes().splitlines(keepends=True)[0] + log.read_bytes())
    done = run_here("check", str(path), cwd=tmp_path)
    assert done.returncode == 2 and "line 2: event begin: it is the first line of a log alone" in done.stdout


def test_spaces_order_and_the_hmac_of_run_json_do_not_matter(runs: list[Path], tmp_path: Path) -> None:
    path = copied(runs[0], tmp_path)
    change_json(path / "run.json", "hmac", "hmac_key")
    record = json.loads((path / "run.json").read_bytes())
    (path / "run.json").write_text(json.dumps(dict(reversed(record.items())), indent=7))
    done = run_here("check", str(path), cwd=tmp_path)
    assert done.returncode == 0, done


def test_a_key_that_is_there_twice_is_refused(runs: list[Path], tmp_path: Path) -> None:
    path = copied(runs[0], tmp_path)
    text = (path / "run.json").read_text()
    (path / "run.json").write_text('{"eta": 0.5,' + text.lstrip()[1:])
    refused(path, commands=COMMANDS[:5])


def test_a_log_that_another_runs_replaces_leads_to_no_resume(
    runs: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    append = RunFolder.append

    def replace(folder: RunFolder, records: Any) -> None:
        append(folder, records)
        if folder.logged_ticks >= 64:
            shutil.copyfile(runs[1] / "ticks.jsonl", tmp_path / "other")
            os.replace(tmp_path / "other", folder.log)

    monkeypatch.setattr(RunFolder, "append", replace)
    done = run_here("run", "allostery", "--ticks", "200", "--no-plot", cwd=tmp_path)
    assert done.returncode and WORDS in done.stderr and "goes on" not in done.stderr, done


def test_a_run_json_that_is_changed_during_the_run_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    append = RunFolder.append

    def change(folder: RunFolder, records: Any) -> None:
        append(folder, records)
        change_json(folder.path / "run.json", eta=0.5)

    monkeypatch.setattr(RunFolder, "append", change)
    done = run_here("run", "allostery", "--ticks", "80", "--no-plot", cwd=tmp_path)
    assert done.returncode and done.stderr.count(WORDS) == 1 and "goes on" not in done.stderr, done.stderr


def test_a_run_json_that_is_removed_during_the_run_is_said_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    append = RunFolder.append

    def remove(folder: RunFolder, records: Any) -> None:
        append(folder, records)
        (folder.path / "run.json").unlink(missing_ok=True)

    monkeypatch.setattr(RunFolder, "append", remove)
    done = run_here("run", "allostery", "--ticks", "80", "--no-plot", cwd=tmp_path)
    assert done.returncode and done.stderr.count("run.json: cannot be read") == 1, done.stderr


# -- scores are those of the log ---------------------------------------------------------------------------------------


def test_the_scores_of_the_library_are_those_of_the_log(runs: list[Path], tmp_path: Path) -> None:
    path = copied(runs[0], tmp_path)
    before = twinohm.load_run(runs[0])
    change_json(path / "summary.json", true_orders_plateau=9.9, true_rms_plateau_V=1e-6, ticks=7, orders_best=9.9)
    found = twinohm.load_run(path)
    assert found.summary == dataclasses.replace(before.summary, run_dir=str(path))
    table = twinohm.runs(tmp_path)
    assert (table.loc["copy", "ticks"], table.loc["copy", "plateau_orders"]) == (
        70,
        round(before.summary.true_orders_plateau or 0, 3),
    )
    scores = twinohm.compare(before, found).loc["score: plateau_orders"]
    assert scores.iloc[0] == scores.iloc[1] < 9


def test_the_scores_of_the_library_follow_a_log_that_grows(runs: list[Path], tmp_path: Path) -> None:
    path = copied(runs[0], tmp_path)
    log = (path / "ticks.jsonl").read_bytes()
    kill_after_first_chunk(path)
    found = twinohm.load_run(path)
    assert found.summary.ticks == 64
    (path / "ticks.jsonl").write_bytes(log)
    assert found.summary == dataclasses.replace(twinohm.load_run(runs[0]).summary, run_dir=str(path))


def test_a_figure_takes_no_test_set_from_summary_json(tmp_path: Path) -> None:
    folder = run(plan_run(find_task("regression"), ticks=30), tmp_path)
    tests = History.read(folder).tests
    edit_log(folder.path, lambda records: records.remove(next(one for one in records if one.get("event") == "test")))
    summary = json.loads((folder.path / "summary.json").read_bytes())
    change_json(folder.path / "summary.json", final_test=summary["final_test"] | {"true_test_error_V2": 99.0})
    assert History.read(folder).tests.tick.tolist() == tests.tick.tolist()[:-1]
