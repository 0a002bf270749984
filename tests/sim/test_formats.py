"""Runs and calibrations of every format (tests/data) are read by all that reads runs; a newer format is refused."""

import json
import math
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import ROOT
from tests.run_records import change_json
from twinohm.cli.watch import View
from twinohm.errors import RunError, RunFileError, TwinOhmError
from twinohm.model.calibration import read_calibration
from twinohm.plot.run_figure import run_figure
from twinohm.runlog.export import columns, events, export
from twinohm.runlog.folder import RunFolder
from twinohm.runlog.log_summary import log_summary
from twinohm.runlog.plan import plan_run
from twinohm.runlog.resume import plan_resume, resume
from twinohm.runlog.runner import run
from twinohm.runlog.tail import Tail
from twinohm.tasks import find_task

DATA = Path(__file__).parents[1] / "data"
TICKS = {"format1-iris": 30, "format1-pulled": 40, "format1-restored": 80, "format1-torn": 60, "format2-iris": 90}
TICKS |= {"format2-calibrated": 40, "format3-allostery": 30}
ENDED = [
    "format1-iris",
    "format1-pulled",
    "format1-restored",
    "format2-iris",
    "format2-calibrated",
    "format3-allostery",
]


@pytest.fixture
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> RunFolder:
    """A copy of a recorded run folder."""
    return RunFolder(shutil.copytree(DATA / "runs" / request.param, tmp_path / request.param))


every = pytest.mark.parametrize("folder", TICKS, indirect=True)


@pytest.mark.slow
@every
def test_a_run_of_every_format_is_drawn(folder: RunFolder) -> None:
    (folder.path / "run.png").unlink(missing_ok=True)
    assert run_figure(folder).read_bytes().startswith(b"\x89PNG")


@every
@pytest.mark.parametrize("fmt", ["csv", "parquet", "netcdf"])
def test_a_run_of_every_format_is_exported(folder: RunFolder, fmt: str) -> None:
    ticks = TICKS[folder.path.name]
    assert len(columns(folder)["tick"]) == ticks and len(events(folder)["tick"]) == len(list(folder.events()))
    path = export(folder, fmt)  # type: ignore[arg-type]
    assert path.stat().st_size > 1000
    if fmt == "csv":
        assert len(path.read_text().splitlines()) == ticks + 1


@every
def test_a_run_of_every_format_is_watched(folder: RunFolder) -> None:
    view = View(folder)
    view.add(Tail(folder).read())
    assert view.live.ticks == TICKS[folder.path.name]
    assert view.live.ended == ("done" if folder.path.name in ENDED else None)


@pytest.mark.parametrize("folder", ENDED, indirect=True)
def test_the_summary_of_a_run_of_every_format_is_read_and_is_still_what_its_log_gives(folder: RunFolder) -> None:
    written = json.loads((folder.path / "summary.json").read_bytes())
    summary = folder.summary()
    assert summary is not None
    since = {} if "calibration" in written else {"calibration": "none"}
    for again, more in ((summary, {}), (log_summary(folder), since)):
        form = json.loads(json.dumps(again.record()))
        form["run_dir"] = written["run_dir"]  # the folder was copied
        for name, value in (written | {"format": 1} | more).items():
            assert alike(form[name], value), (name, form[name], value)


def alike(one: Any, other: Any) -> bool:
    """Whether two values of JSON are equal, numbers to rounding: the last bit of a logarithm differs by computer."""
    if isinstance(one, float) and isinstance(other, int | float):
        return math.isclose(one, other, rel_tol=1e-12)
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(alike(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(alike, one, other))
    return bool(one == other)


def earlier_boards(folder: Path) -> Path:
    """A boards.toml as of these runs: another ADC, and no line to /LDAC."""
    path = folder / "boards.toml"
    text = (ROOT / "boards.toml").read_text(encoding="utf-8")
    for now, then in (
        ("ADS7953", "AD7490"),
        ("8_000_000", "4_000_000"),
        (', GP26 = "down"', ""),
        ('ldac = "GP26"\n', ""),
    ):
        assert now in text
        text = text.replace(now, then)
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize("folder", ["format2-calibrated"], indirect=True)
def test_a_finished_run_has_nothing_left_to_do(folder: RunFolder, tmp_path: Path) -> None:
    port = folder.description().port
    with pytest.raises(RunFileError, match=r"lab16 is not what it was .* give the one it had with"):
        plan_resume(folder, port=port)
    assert not resume(folder, plan_resume(folder, port=f"{port}&boards={earlier_boards(tmp_path)}"))


@pytest.mark.parametrize("folder", ["format1-torn", "format2-iris"], indirect=True)
def test_a_run_on_a_board_with_ideal_dacs_is_not_resumed_and_nothing_is_changed(folder: RunFolder) -> None:
    """Virtual boards of November 2026 had other parts than those that are drawn now."""
    before = {path.name: path.read_bytes() for path in folder.path.iterdir()}
    with pytest.raises(RunError, match=r"TwinOhm 0\.1\.0 made the run on a virtual board with ideal DACs.* new run"):
        plan_resume(folder, port=folder.description().port)
    assert {path.name: path.read_bytes() for path in folder.path.iterdir()} == before


def test_a_calibration_of_format_1_is_read() -> None:
    found = read_calibration(DATA / "calibration-format1.json")
    assert (found.format, found.board, found.adc["A.free"]) == (1, "lab16", (79997, 21059))
    assert found.noise_V == 0.004905


def test_a_new_run_carries_its_formats(tmp_path: Path) -> None:
    path = run(plan_run(find_task("allostery"), ticks=2), tmp_path).path
    run_json, summary = (json.loads((path / name).read_bytes()) for name in ("run.json", "summary.json"))
    assert (run_json["format"], run_json["log_format"], summary["format"]) == (1, 3, 1)


@pytest.mark.parametrize(
    ("file", "key", "newest"),
    [
        ("run.json", "format", 1),
        ("run.json", "log_format", 3),
        ("summary.json", "format", 1),
        ("calibration.json", "format", 2),
    ],
)
def test_a_newer_format_is_refused_by_both_numbers_and_with_a_remedy(
    file: str, key: str, newest: int, tmp_path: Path
) -> None:
    path = shutil.copytree(DATA / "runs" / "format1-pulled", tmp_path / "run")
    shutil.copyfile(DATA / "calibration-format1.json", path / "calibration.json")
    change_json(path / file, "task", "id", **{key: newest + 1})  # a newer format may lack what format 1 has
    act = {
        "run.json": lambda: RunFolder(path).description(),
        "summary.json": lambda: RunFolder(path).summary(),
        "calibration.json": lambda: read_calibration(path / file),
    }[file]
    with pytest.raises(TwinOhmError, match=rf"{file}: {key} = {newest + 1}: .* reads format {newest} and older; "):
        act()


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"eta": "much"}, 'eta = "much": input should be a valid number'),
        ({"placement": {"inputs": ["B"]}}, "placement.outputs is missing"),
        ({"placement": {"inputs": ["B"], "outputs": ["Z"]}}, "node Z of placement is not among the nodes"),
        ({"start_taps": [64]}, "start_taps has 1 values for 16 edges"),
        ({"levers": {"speed": 3}}, "this version has no lever speed"),
        ({"levers": {"p": 2.0}}, "levers: p = 2.0"),
        ({"truth": {"pot_ohm": []}}, "truth.pot_ohm"),
    ],
    ids=str,
)
def test_a_value_of_run_json_that_does_not_fit_is_named(changes: dict[str, object], words: str, tmp_path: Path) -> None:
    path = shutil.copytree(DATA / "runs" / "format1-pulled", tmp_path / "run")
    change_json(path / "run.json", **changes)
    with pytest.raises(RunFileError) as error:
        RunFolder(path).description()
    assert "run.json: " in str(error.value) and words in str(error.value) and "restore it" in str(error.value)


BUGS = {
    "plot": ("from twinohm.plot.history import History; del History.tests_of", "AttributeError"),
    "export": ("import twinohm.runlog.export as export; export._BITS['speed'] = '1'", "AttributeError"),
    "watch": ("import twinohm.cli.watch as watch; del watch.spark", "NameError"),
    "resume": ("import twinohm.runlog.log_summary as one; del one._Series.row", "AttributeError"),
}


@pytest.mark.slow
@pytest.mark.parametrize("command", BUGS)
def test_a_bug_in_what_reads_a_run_shows_its_traceback_and_does_not_blame_the_log(command: str, tmp_path: Path) -> None:
    bug, error = BUGS[command]
    path = shutil.copytree(DATA / "runs" / "format2-calibrated", tmp_path / "run")
    port = f"sim://lab16?seed=4&boards={earlier_boards(tmp_path)}"
    arguments = [command, str(path), *(["--port", port] if command == "resume" else [])]
    code = f"{bug}; import sys; from twinohm.cli import main; sys.argv = ['twinohm', *{arguments}]\nmain()"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert done.returncode == 1
    assert "Traceback (most recent call last)" in done.stderr and f"\n{error}: " in done.stderr
    *_, said = done.stderr.splitlines()
    assert "this is a bug in TwinOhm" in said and "the log or run.json was changed" not in done.stderr
