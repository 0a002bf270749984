"""Figures of short runs of every task, and the report around them."""

import dataclasses
import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from twinohm.errors import RunError, RunFileError, UsageError
from twinohm.files import check_output
from twinohm.json_records import json_form
from twinohm.model.levers import Levers
from twinohm.plot.graph import pulled_edges
from twinohm.plot.history import History
from twinohm.plot.report import Meta, write_report
from twinohm.plot.report_figures import figure_damage, figure_divider, figure_sequence
from twinohm.plot.run_figure import run_figure
from twinohm.runlog.folder import RunFolder
from twinohm.runlog.intervals import share_interval
from twinohm.runlog.plan import plan_run
from twinohm.runlog.runner import run
from twinohm.tasks import find_task
from twinohm.tasks.presets import PRESETS
from twinohm.tasks.sequence import STEPS, Sequential
from twinohm.tasks.task import Task

META: Meta = {
    "profile": "lab",
    "seeds": {"firmware": range(2), "ensemble": range(64)},
    "versions": {"twinohm": "0.1.0"},
    "command": "twinohm reproduce",
}


def short(name: str) -> Task:
    """The task in a tenth of its ticks or fewer."""
    task = find_task(name)
    if isinstance(task, Sequential):
        steps = [(phase, dataclasses.replace(one, block=30)) for phase, one in STEPS]
        return dataclasses.replace(task, steps=steps, block=30 * len(steps))
    more = {"test_every": 10} if name == "regression" else {}
    return dataclasses.replace(task, block=60 if name in ("regression", "iris") else 20, **more)


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, str], RunFolder]:
    """A short run of every task of the report with the plain rule, and of some with levers."""
    root = tmp_path_factory.mktemp("runs")
    done = {}
    for name in ("divider", "allostery", "regression", "iris", "sequence", "damage"):
        board = "divider" if name == "divider" else "lab16"
        done[name, "paper"] = run(plan_run(short(name), board), root)
        if name in ("allostery", "iris", "damage"):
            done[name, "best"] = run(plan_run(short(name), board, levers=Levers(readings=3, error_full_V=0.1)), root)
    return done


def row(experiment: str, ours: str, preset: str, reached: int, of: int, by: str = "firmware") -> dict[str, Any]:
    return {
        "experiment": experiment,
        "paper": "falls > 4 orders",
        "ours": ours,
        "reached if": "> 4",
        "preset": preset,
        "by": by,
        "boards": of,
        "median": 4.321,
        "median_interval": (4.2, 4.5) if of > 5 else None,
        "share_interval": share_interval(reached / of, of),
        "q25": 4.0,
        "q75": 5.0,
        "worst": 3.0,
        "reached": reached,
        "of": of,
        "agrees": None,
        "violations": 0 if by == "firmware" else None,
    }


ROWS = [
    row("divider", "rms on target, mV", "paper", 10, 10),
    row("allostery", "best, orders", "paper", 2, 2),
    row("allostery", "best, orders", "paper", 64, 64, "ensemble"),
    row("allostery", "plateau, orders", "paper", 3, 64, "ensemble"),
    row("allostery", "plateau, orders", "best", 2, 2),
    row("regression", "plateau, orders", "paper", 0, 2),
    row("damage", "worst block rms, mV", "paper", 2, 2),
]
ROWS[0]["agrees"], ROWS[1]["agrees"] = True, False


@pytest.mark.slow
def test_the_report_names_every_row_shows_every_figure_and_says_how_far_a_claim_holds(
    tmp_path: Path, folders: dict[tuple[str, str], RunFolder]
) -> None:
    path = write_report(tmp_path / "new" / "report", ROWS, folders, META)
    text = path.read_text()
    assert path.name == "report.md"
    for one in ROWS:
        line = next(
            line
            for line in text.splitlines()
            if line.startswith(f"| {one['experiment']} | {one['paper']} | {one['ours']} > 4 | {one['by']} |")
        )
        cell = line.split("|")[5 if one["preset"] == "paper" else 6]
        low, high = (100 * share for share in one["share_interval"])
        median = "4.32 [4.2, 4.5]" if one["of"] > 5 else "4.32"
        assert cell == f" {median}, {one['reached']}/{one['of']} [{low:.3g}, {high:.3g}] % "
    assert "In 1 of 2 cases the firmware's median" in text and "not in: allostery, best, orders, preset paper" in text
    for task in ("divider", "allostery", "regression", "damage"):
        assert f"- {task}: {find_task(task).ours}" in text
    for label in PRESETS["best"].levers.labels():
        assert f"- {label}" in text
    assert "hardware seeds 0..1 (firmware) and 0..63 (ensemble)" in text and "twinohm 0.1.0" in text
    images = re.findall(r"!\[.*\]\((.*)\)", text)
    assert images == ["fig2-divider.png", "fig3-tasks.png", "fig4-sequence.png", "fig5-damage.png"]
    for name in images:
        assert (path.parent / name).read_bytes().startswith(b"\x89PNG")
    for name in ("report.md", *images):
        check_output(path.parent / name)  # another report may replace it
    assert "(allostery) holds only in part: best in 64 of 64 [94.3, 100] %, plateau in 3 of 64 [1.61, 12.9] %" in text
    assert "(regression) holds in no run: plateau in 0 of 2 [0, 65.8] %" in text
    assert "(damage) holds in all runs: worst block rms in 2 of 2 [34.2, 100] %" in text


@pytest.mark.slow
def test_a_figure_without_its_run_is_left_out_and_said_so(
    tmp_path: Path, folders: dict[tuple[str, str], RunFolder]
) -> None:
    kept = {key: folder for key, folder in folders.items() if key[0] not in ("iris", "sequence")}
    text = write_report(tmp_path, ROWS, kept, META).read_text()
    assert "fig3-tasks.png is left out: no run of iris with preset paper" in text
    assert "fig4-sequence.png is left out: no run of sequence" in text
    assert sorted(path.name for path in tmp_path.iterdir()) == ["fig2-divider.png", "fig5-damage.png", "report.md"]
    seeds = {"firmware": [7], "ensemble": []}
    text = write_report(tmp_path / "rows", ROWS[:1], {}, META | {"seeds": seeds}).read_text()
    assert "hardware seeds 7 (firmware);" in text and text.count("left out") == 4
    (tmp_path / "file").touch()
    with pytest.raises(UsageError, match="file: cannot be made"):
        write_report(tmp_path / "file", ROWS, {}, META)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["regression", "iris", "sequence", "damage"])
def test_run_figure_of_every_task(name: str, folders: dict[tuple[str, str], RunFolder]) -> None:
    folder = folders.get((name, "best"), folders[name, "paper"])
    assert run_figure(folder).read_bytes().startswith(b"\x89PNG")


@pytest.mark.slow
def test_history_of_a_sequence(folders: dict[tuple[str, str], RunFolder]) -> None:
    history = History.read(folders["sequence", "paper"])
    assert [one.name for one in history.stretches] == [phase for phase, _ in STEPS]
    assert [one.start for one in history.stretches] == list(range(0, 270, 30))
    assert history.phases and history.mixed and history.changes_often
    assert history.tests.tick.tolist() == [0, *range(180, 240, 10)]
    assert history.scored(history.stretches[1]).tick.tolist() == list(range(30, 60))
    assert np.isnan(history.tests.accuracy).tolist() == [False] + [True] * 6


def test_history_of_pulled_edges(folders: dict[tuple[str, str], RunFolder]) -> None:
    history = History.read(folders["damage", "paper"])
    assert history.cuts == [(20, "E-H"), (40, "A-H"), (60, "G-I"), (80, "E-F"), (100, "H-I")]
    first, last = history.stretches[0], history.stretches[-1]
    assert [len(pulled_edges(history.cuts, *at)) for at in ((first, 19), (first, 20), (last, 119))] == [0, 1, 5]
    assert not history.changes_often and not history.mixed


def test_history_ends_with_the_final_test(folders: dict[tuple[str, str], RunFolder]) -> None:
    history = History.read(folders["iris", "paper"])
    assert history.tests.tick.tolist() == [0, 30, 60]
    summary = folders["iris", "paper"].summary()
    assert history.tests.accuracy[-1] == summary.final_test.true_test_accuracy


def test_levers_are_named_with_their_reach(folders: dict[tuple[str, str], RunFolder]) -> None:
    assert History.read(folders["iris", "paper"]).levers == {}
    assert History.read(folders["iris", "best"]).levers == {
        "levers local to the edge": ["readings=3"],
        "extensions that need the supervisor": ["error_full_V=0.1"],
    }


@pytest.mark.slow
def test_a_script_in_the_port_pulls_edges_too(tmp_path: Path) -> None:
    task = dataclasses.replace(find_task("allostery"), block=20)
    folder = run(plan_run(task, port="sim://lab16?at=10:remove=EH&at=12:remove=A-H&at=12:insert=E-H"), tmp_path)
    assert History.read(folder).cuts == [(10, "E-H"), (12, "A-H")]
    assert run_figure(folder).stat().st_size > 10_000
    assert figure_damage(folder, tmp_path / "damage.png").stat().st_size > 10_000
    assert figure_sequence(folder, tmp_path / "sequence.png").stat().st_size > 10_000
    with pytest.raises(RunError, match="needs two edges"):
        figure_divider(folder, tmp_path / "divider.png")
    assert not (tmp_path / "divider.png").exists()


@pytest.mark.parametrize("strange", ["x", [1]])
def test_a_test_score_that_is_no_number_is_named(tmp_path: Path, strange: Sequence[Any]) -> None:
    folder = run(plan_run(short("regression"), ticks=2), tmp_path)
    scores = {"tick": 2, "test_error_V2": 0.1, "true_test_error_V2": strange}
    log = folder.path / "ticks.jsonl"
    whole, first = log.read_bytes(), json_form(next(folder.ticks()))
    for line in ({"event": "test"} | scores, first | scores):
        log.write_bytes(whole + json.dumps(line).encode() + b"\n")
        number = whole.count(b"\n") + 1
        with pytest.raises(RunFileError, match=rf"ticks\.jsonl, line {number}: .*true_test_error_V2 = .*valid number"):
            History.read(folder)
