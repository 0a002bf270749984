"""Animations of runs: which ticks they show, what is drawn of them, and the files."""

import shutil
import subprocess
import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from PIL import Image

from tests.command_line import run_here, run_process
from tests.run_records import description, tick
from twinohm.files import MARK
from twinohm.plot.animation import FPS, HOLD_S, run_animation
from twinohm.plot.graph import INPUT, OUTPUT, NetworkDrawing, NetworkState, conductances
from twinohm.plot.history import History, Stretch
from twinohm.plot.learning import FRAMES, Learning, early_ticks
from twinohm.plot.style import COLOURS
from twinohm.runlog.folder import RunFolder

pytestmark = pytest.mark.slow

DATA = Path(__file__).parents[1] / "data" / "runs"
RUNS = sorted(path.name for path in DATA.iterdir())


def make(root: Path, ticks: int, **changes: Any) -> RunFolder:
    run = description(**{"task": "my $task_1", "ticks": max(ticks, 1)} | changes)
    with RunFolder.create(root, run) as folder:
        folder.append(tick(number, True, True) for number in range(ticks))
        return folder


def test_frames_are_dense_where_a_run_and_each_of_its_phases_begin() -> None:
    ticks = early_ticks([Stretch("i", 0, 1000), Stretch("ii", 1000, 3000)], 100)
    assert ticks[:4] == [0, 1, 2, 3] and {999, 1000, 1001, 1002, 2999} <= set(ticks)
    late = [at for at in ticks if at >= 1000]
    assert np.diff(late)[:3].tolist() == [1, 1, 1] and np.diff(late)[-1] > 200
    assert len(ticks) <= 100


def test_of_many_stretches_the_frames_are_evenly_spaced() -> None:
    ticks = early_ticks([Stretch("", start, start + 10) for start in range(0, 10_000, 10)], FRAMES)
    assert len(ticks) == FRAMES and ticks[0] == 0 and ticks[-1] == 9999
    assert set(np.diff(ticks).tolist()) <= {84, 85}


def test_a_short_run_has_each_tick_and_its_error(tmp_path: Path) -> None:
    folder = make(tmp_path, 50)
    learning, history = Learning.read(folder), History.read(folder)
    assert learning.every.tick.tolist() == list(range(50))
    np.testing.assert_array_equal(learning.every.median_V2, history.every.error_V2)
    np.testing.assert_array_equal(
        [frame.taps for frame in learning.frames], history.data["taps"][[frame.tick for frame in learning.frames]]
    )


@pytest.mark.parametrize("name", RUNS)
def test_errors_and_test_sets_of_every_format_are_those_of_the_figure(name: str) -> None:
    learning, history = Learning.read(RunFolder(DATA / name)), History.read(RunFolder(DATA / name))
    assert (learning.stretches, learning.cuts) == (history.stretches, history.cuts)
    np.testing.assert_array_equal(learning.every.median_V2, history.every.error_V2)
    np.testing.assert_array_equal(learning.tests.tick, history.tests.tick)
    np.testing.assert_array_equal(learning.tests.accuracy, history.tests.accuracy)


@pytest.mark.slow
def test_a_long_log_is_read_in_the_memory_of_a_short_one(tmp_path: Path) -> None:
    peaks = []
    for ticks in (2000, 6000):
        folder = make(tmp_path / str(ticks), ticks)
        tracemalloc.start()
        learning = Learning.read(folder)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        assert learning.stop == ticks and len(learning.frames) <= FRAMES and len(learning.every.tick) <= 1200
    assert peaks[1] < 1.3 * peaks[0] + 100_000


def test_the_network_shows_conductances_roles_and_pulled_edges() -> None:
    run = RunFolder(DATA / "format1-pulled").description()
    drawing = NetworkDrawing(Figure().add_subplot(), run)
    edges, nodes = drawing.moving[0], drawing.moving[2]
    kohm = np.linspace(2.0, 60.0, len(run.edges))
    scale = conductances(1000 / 60, 500)
    pulled = {run.edges[0]: True}
    drawing.show(NetworkState(kohm, pulled, {run.nodes[0]}, {run.nodes[1]}), scale)
    colours = [to_hex(colour) for colour in edges.get_color()]  # type: ignore[attr-defined]
    assert colours[0].upper() == COLOURS[1]
    assert colours[1:] == [to_hex(scale.to_rgba(1000 / one)) for one in kohm[1:]]
    assert [to_hex(face).upper() for face in nodes.get_facecolor()[:3]] == [INPUT, OUTPUT, "#FFFFFF"]  # type: ignore[attr-defined]
    drawing.show(NetworkState(kohm[::-1], {}, set(), set()), scale)
    assert to_hex(edges.get_color()[0]) == to_hex(scale.to_rgba(1000 / 60))  # type: ignore[attr-defined]


slow_runs = [pytest.param(name, marks=pytest.mark.slow) for name in ("format1-torn", "format2-iris")]


@pytest.mark.parametrize("name", ["format3-allostery", *slow_runs])
def test_plot_writes_a_gif_that_says_who_made_it(name: str, tmp_path: Path) -> None:
    run = shutil.copytree(DATA / name, tmp_path / name)
    done = run_here("plot", str(run), "--format", "gif", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (0, f"{run / 'run.gif'}\n")
    frames = len(Learning.read(RunFolder(run)).frames)
    with Image.open(run / "run.gif") as movie:
        pictures = []
        for number in range(movie.n_frames):  # type: ignore[attr-defined]
            movie.seek(number)
            pictures.append((movie.convert("RGB").tobytes(), movie.info["duration"]))
    assert len(pictures) == frames and pictures[0][0] != pictures[-1][0]
    assert pictures[-1][1] >= 1000 * HOLD_S > pictures[0][1] == 1000 // FPS // 10 * 10
    content = (run / "run.gif").read_bytes()
    assert MARK.encode() in content and len(content) < 3e6


def test_an_animation_replaces_its_own_file_and_no_other(tmp_path: Path) -> None:
    folder = make(tmp_path, 3)
    out = tmp_path / "learns.gif"
    assert run_animation(folder, out) == out
    assert run_animation(folder, out) == out
    out.write_bytes(b"GIF89a of mine")
    done = run_here("plot", str(folder.path), "--out", str(out), cwd=tmp_path)
    assert done.returncode == 2 and "learns.gif: is there already" in done.stderr
    assert out.read_bytes() == b"GIF89a of mine"


def test_a_missing_ffmpeg_is_one_line_with_a_remedy_before_anything_is_read(tmp_path: Path) -> None:
    folder = make(tmp_path, 0)  # drawing it would fail
    done = run_process("plot", str(folder.path), "--format", "mp4", cwd=tmp_path, PATH=str(tmp_path))
    assert done.returncode == 1 and done.stderr.startswith("twinohm: mp4 needs the program ffmpeg, ")
    assert "apt install ffmpeg" in done.stderr and len(done.stderr.splitlines()) == 1


def test_an_ffmpeg_that_fails_is_an_error_in_words_and_leaves_no_file(tmp_path: Path) -> None:
    folder = make(tmp_path, 3)
    program = tmp_path / "ffmpeg"
    program.write_text("#!/bin/sh\nexit 7\n")
    program.chmod(0o755)
    done = run_process("plot", str(folder.path), "--out", "x.mp4", cwd=tmp_path, PATH=f"{tmp_path}:/usr/bin:/bin")
    assert done.returncode == 1 and "ffmpeg failed" in done.stderr and "Traceback" not in done.stderr
    assert not (tmp_path / "x.mp4").exists()


def test_plot_writes_an_mp4(tmp_path: Path, ffmpeg: Path) -> None:
    folder = make(tmp_path, 3)
    done = run_here("plot", str(folder.path), "--out", "learns.mp4", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (0, "learns.mp4\n")
    assert MARK.encode() in (tmp_path / "learns.mp4").read_bytes()
    probe = [str(ffmpeg), "-v", "error", "-i", "learns.mp4", "-f", "null", "-"]
    assert subprocess.run(probe, cwd=tmp_path, capture_output=True, text=True, check=True).stderr == ""


def test_options_of_plot_that_nothing_would_use_are_refused(tmp_path: Path) -> None:
    folder = make(tmp_path, 1)
    done = run_here("plot", str(folder.path), "--out", "x.gif", "--format", "gif", cwd=tmp_path)
    assert done.returncode == 2 and "--format gif: the name of --out says it" in done.stderr
    done = run_here("plot", str(folder.path), "--out", "x.bmp", cwd=tmp_path)
    assert done.returncode == 2 and "an animation as .gif or .mp4" in done.stderr
