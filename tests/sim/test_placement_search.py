"""The search for placements: all that differ, ranked on fresh hardware, resumed where it stopped."""

import json
import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.command_line import run_here
from twinohm.errors import UsageError
from twinohm.model.board_file import load_board
from twinohm.model.placement import Placement
from twinohm.model.profile import PROFILES
from twinohm.studies import placement_search as place
from twinohm.tasks import find_task

LAB16 = load_board("lab16")


def test_all_placements_that_differ_are_candidates() -> None:
    counts = {name: len(place.candidates(find_task(name), LAB16, 100_000)) for name in ("allostery", "allostery1")}
    assert counts == {"allostery": 10080, "allostery1": 504}
    sample = place.candidates(find_task("regression"), LAB16, 200)
    assert len(set(sample)) == 200 and all(len({*a, *b}) == 5 for a, b in sample)
    assert place.candidates(find_task("divider"), load_board("divider"), 10) == [(("TOP", "BOT"), ("MID",))]


@pytest.mark.slow
def test_a_good_placement_ranks_above_a_bad_one(tmp_path: Path) -> None:
    search = place.Search(find_task("allostery"), LAB16, PROFILES["lab"])
    good, bad = (("B", "D", "I"), ("F", "G", "H")), (("F", "E", "H"), ("C", "D", "B"))
    found = place.evaluate(search, [bad, good], range(8))
    assert found[1].lower_quartile > 3 > found[0].lower_quartile
    row = place.rows(found)[1]
    assert row["place"] == "B,D,I,F,G,H" and row["warning"] == ""


def test_a_placement_that_needs_no_training_is_flagged() -> None:
    found = place.Found((("A",), ("B",)), (0.96, 0.97), first=0.95, rms_V=0.3, classes=True)
    assert place.rows([found])[0]["warning"] == "needs no training"


LINE = {
    "stage": "1",
    "inputs": ["A"],
    "outputs": ["B"],
    "values": [0.5],
    "first": 0.1,
    "rms_V": 0.2,
    "classes": True,
    "key": "k",
}


def test_kept_results_are_read_and_a_torn_line_is_left_out(tmp_path: Path) -> None:
    file = tmp_path / "a.jsonl"
    text = json.dumps(LINE)
    file.write_text(f"{text[:30]}\n{text}\n{text[:-9]}")
    placement = Placement(("A",), ("B",))
    assert place.Notebook(file, "k").known("1", [placement]) == [place.Found(placement, (0.5,), 0.1, 0.2, True)]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"values": "many"}, 'values = "many": '),
        ({"first": None}, "first = null: "),
        ({"rms_V": "1"}, 'rms_V = "1": '),
    ],
    ids=lambda change: "-".join(change) if isinstance(change, dict) else "",
)
def test_a_line_that_is_no_result_is_named(tmp_path: Path, change: dict[str, object], words: str) -> None:
    file = tmp_path / "a.jsonl"
    file.write_text(f"{json.dumps(LINE)}\n{json.dumps(LINE | change)}\n")
    with pytest.raises(
        UsageError, match=rf"a\.jsonl line 2: {re.escape(words)}.*; remove the line, or name another out="
    ):
        place.Notebook(file, "k")


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """A search of seconds becomes one of milliseconds: fewer seeds, and no processes of its own."""
    monkeypatch.setattr(place, "STAGES", ((2, 1),))
    monkeypatch.setattr(place, "FRESH", 2)
    monkeypatch.setattr(place, "Workers", lambda: ThreadPoolExecutor(1))


CSV = "in1,in2,out1\n5,0,{}\n4,0,2\n"
CHANGES = {
    "profile": ["--set", "noise_V=0.05"],
    "task": [],
    "board": ["--boards", "boards.toml"],
    "version": [],
}


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("change", CHANGES)
def test_results_of_another_search_are_not_used(change: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever a result depends on: a file with older results gives what a new file does."""
    (tmp_path / "mine.csv").write_text(CSV.format(3))
    text = (Path(__file__).parents[2] / "boards.toml").read_text()
    (tmp_path / "boards.toml").write_text(text.replace("series_ohm = 1000", "series_ohm = 3000"))
    command = ["place", "mine.csv", "--board", "divider", "--json"]
    first = run_here(*command, cwd=tmp_path)
    again = run_here(*command, cwd=tmp_path)
    assert (again.returncode, again.stdout) == (0, first.stdout) and "not used" not in again.stderr
    if change == "task":
        (tmp_path / "mine.csv").write_text(CSV.format(4))
    if change == "version":
        monkeypatch.setattr(place, "__version__", "9.9")
    changed = run_here(*command, *CHANGES[change], cwd=tmp_path)
    (tmp_path / "place-mine-divider.jsonl").rename(tmp_path / "both.jsonl")
    fresh = run_here(*command, *CHANGES[change], cwd=tmp_path)
    assert changed.returncode == 0 and changed.stdout == fresh.stdout
    assert (changed.stdout == first.stdout) == (change == "version")
    said = "2 of its results are not used: they are of another task, board, profile or version"
    assert f"place-mine-divider.jsonl: {said}" in changed.stderr
    assert len((tmp_path / "both.jsonl").read_text().splitlines()) == 4


@pytest.mark.usefixtures("quick")
def test_results_without_a_key_are_not_used(tmp_path: Path) -> None:
    """Versions before wrote none."""
    (tmp_path / "mine.csv").write_text(CSV.format(3))
    command = ["place", "mine.csv", "--board", "divider", "--json"]
    first = run_here(*command, cwd=tmp_path)
    file = tmp_path / "place-mine-divider.jsonl"
    lines = [json.loads(line) for line in file.read_text().splitlines()]
    file.write_text("".join(json.dumps({**line, "values": [9.0], "key": ""}) + "\n" for line in lines))
    again = run_here(*command, cwd=tmp_path)
    assert again.stdout == first.stdout and "2 of its results are not used" in again.stderr


@pytest.mark.slow
def test_a_stopped_search_goes_on_where_it_was(tmp_path: Path) -> None:
    command = ["place", "allostery1", "--limit", "30", "--json", "--out", "a.jsonl"]
    first = run_here(*command, cwd=tmp_path)
    assert first.returncode == 0, first.stderr
    rows = [json.loads(line) for line in first.stdout.splitlines()]
    assert len(rows) == 12 and rows[0]["lower_quartile"] >= rows[-1]["lower_quartile"]
    log = (tmp_path / "a.jsonl").read_text()
    (tmp_path / "a.jsonl").write_text(log[: len(log) // 2])  # stopped half-way, with a torn line
    again = run_here(*command, cwd=tmp_path)
    assert again.stdout == first.stdout
