"""The search for placements: all that differ, ranked on fresh hardware, resumed where it stopped."""

import json
import re
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tests.command_line import run_here
from twinohm import job_runner
from twinohm.errors import UsageError
from twinohm.model.board_file import load_board
from twinohm.model.diodes import Diode
from twinohm.model.placement import Placement
from twinohm.model.profile import PROFILES
from twinohm.studies import placement_search as place
from twinohm.studies.candidates import Candidate, candidates, candidates_with_diodes
from twinohm.tasks import find_task

LAB16 = load_board("lab16")


def test_all_placements_that_differ_are_candidates() -> None:
    counts = {name: len(candidates(find_task(name), LAB16, 100_000)) for name in ("allostery", "allostery1")}
    assert counts == {"allostery": 10080, "allostery1": 504}
    sample = candidates(find_task("regression"), LAB16, 200)
    assert len(set(sample)) == 200 and all(len({*a, *b}) == 5 for (a, b), _ in sample)
    assert candidates(find_task("divider"), load_board("divider"), 10) == [((("TOP", "BOT"), ("MID",)), ())]


def test_diodes_are_drawn_with_placements() -> None:
    drawn = candidates_with_diodes(find_task("xor"), LAB16, 100, 2, "BAT42")
    assert len(set(drawn)) == 100 and drawn == candidates_with_diodes(find_task("xor"), LAB16, 100, 2, "BAT42")
    for (inputs, outputs), texts in drawn:
        diodes = [Diode.parse(text) for text in texts]
        assert len({*inputs, *outputs}) == 6 and len(set(diodes)) == 2 and {one.part for one in diodes} == {"BAT42"}
        assert not any({one.anode, one.cathode} <= {*inputs, *outputs} for one in diodes)
    with pytest.raises(UsageError, match="is between two driven nodes; try fewer"):
        candidates_with_diodes(find_task("xor"), LAB16, 2, 16)
    with pytest.raises(UsageError, match="board kit5 has no sockets"):
        candidates_with_diodes(find_task("divider"), load_board("kit5"), 2, 1)


def test_results_with_other_diodes_are_of_another_candidate(tmp_path: Path) -> None:
    """And those of a placement where a driver could pass its limit are left out."""
    file, placement = tmp_path / "a.jsonl", Placement(("E", "A", "I", "F"), ("H", "D"))
    board = LAB16.model_copy(update={"source_limit_mA": 12.0})
    search = place.Search(find_task("xor"), board, PROFILES["lab"])
    notebook = place.Notebook(file, search.key)
    one, other = (Candidate(placement, (text,)) for text in ("C>A", "A>C"))
    notebook.add("1", [place.Found(one, (1.0,), 0.5, 0.1, True)])
    again = place.Notebook(file, search.key)
    assert [found.candidate for found in again.known("1", [one, other])] == [one]
    good, bad = place.evaluate(search, [one, other], range(4))
    assert good.lower_quartile > bad.lower_quartile and (good.candidate, bad.candidate) == (one, other)
    assert place.rows([good])[0]["diodes"] == "C>A"


@pytest.mark.slow
def test_a_good_placement_ranks_above_a_bad_one(tmp_path: Path) -> None:
    search = place.Search(find_task("allostery"), LAB16, PROFILES["lab"])
    good, bad = (
        Candidate(Placement(*nodes))
        for nodes in ((("B", "D", "I"), ("F", "G", "H")), (("F", "E", "H"), ("C", "D", "B")))
    )
    found = place.evaluate(search, [bad, good], range(8))
    assert found[1].lower_quartile > 3 > found[0].lower_quartile
    row = place.rows(found)[1]
    assert row["place"] == "B,D,I,F,G,H" and row["warning"] == ""


def test_a_placement_that_needs_no_training_is_flagged() -> None:
    found = place.Found(Candidate(Placement(("A",), ("B",))), (0.96, 0.97), first=0.95, rms_V=0.3, classes=True)
    assert place.rows([found])[0]["warning"] == "needs no training"


def test_the_ranking_does_not_depend_on_which_worker_was_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of placements that are equally good always the same go on."""
    turned = False

    class Runner:
        def __init__(self, scheduler: str | None) -> None: ...

        def __enter__(self) -> "Runner":
            return self

        def __exit__(self, *_: object) -> None: ...

        def results(self, function: Any, jobs: Sequence[Any]) -> Iterator[Any]:
            yield from ((job, function(job)) for job in (jobs[::-1] if turned else jobs))

    def evaluate(search: place.Search, some: Sequence[Candidate], seeds: Sequence[int]) -> list[place.Found]:
        return [place.Found(one, (1.0,), 0.5, 0.0, classes=True) for one in some]

    monkeypatch.setattr(place, "JobRunner", Runner)
    monkeypatch.setattr(place, "evaluate", evaluate)
    monkeypatch.setattr(place, "BATCH", 64)
    search = place.Search(find_task("allostery"), LAB16, PROFILES["lab"])
    tried = candidates(search.task, LAB16, 400)
    ranked = []
    for turned in (False, True):
        notebook = place.Notebook(tmp_path / f"{turned}.jsonl", search.key)
        ranked.append(place.place(search, tried, notebook, lambda *_: None))
    assert len(ranked[0]) == 12 and ranked[0] == ranked[1]


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
    candidate = Candidate(Placement(("A",), ("B",)))
    assert place.Notebook(file, "k").known("1", [candidate]) == [place.Found(candidate, (0.5,), 0.1, 0.2, True)]


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
    monkeypatch.setattr(job_runner, "Workers", lambda number: ThreadPoolExecutor(1))


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


@pytest.mark.usefixtures("quick")
@pytest.mark.slow
def test_a_search_for_diodes_names_them(tmp_path: Path) -> None:
    command = ["place", "xor", "--limit", "16", "--json"]
    done = run_here(*command, "--diodes", "1", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    (row,) = map(json.loads, done.stdout.splitlines())
    found = run_here(
        "run", "xor", "--placement", row["place"], "--diode", row["diodes"], "--ticks", "5", "--no-plot", cwd=tmp_path
    )
    assert found.returncode == 0, found.stderr
    fixed = run_here(*command, "--out", "fixed.jsonl", cwd=tmp_path)
    assert json.loads(fixed.stdout.splitlines()[0])["diodes"] == "C>A"
    for words, options in (
        ("part = BAT42: no diodes are placed, say how many", ["--part", "BAT42"]),
        ("parts are 1N4148, BAT42, LED", ["--part", "1N4007", "--diodes", "1"]),
    ):
        refused = run_here(*command, *options, cwd=tmp_path)
        assert refused.returncode == 2 and words in refused.stderr and refused.stderr.count("\n") == 1, refused.stderr


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
