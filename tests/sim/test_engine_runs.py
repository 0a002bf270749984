"""Runs by the ensemble engine: the same run as through the firmware, without a board."""

from pathlib import Path
from typing import Any

import pytest

import twinohm
from tests.command_line import run_here
from twinohm.ensemble import Ensemble
from twinohm.errors import RunFileError
from twinohm.sim.component_truth import draw_truth

FIRMWARE_ALONE = ("t_us", "cmp.", "sgn.")  # columns of what only a board has


def engine_run(tmp_path: Path, task: Any = "allostery", **settings: Any) -> twinohm.Run:
    return twinohm.run(task, engine="ensemble", out=tmp_path, progress=False, **settings)


def stop_after(chunks: int) -> Any:
    left = [chunks]

    def stop() -> bool:
        left[0] -= 1
        return left[0] < 0

    return stop


@pytest.mark.parametrize(
    ("task", "board", "ticks"), [("allostery", "lab16", 80), ("damage", "lab16", 320), ("allostery", "edge16", 40)]
)
def test_an_ideal_run_has_the_ticks_of_the_firmware(tmp_path: Path, task: str, board: str, ticks: int) -> None:
    same: dict[str, Any] = {"board": board, "profile": "ideal", "ticks": ticks, "eta": 0.2}
    same |= {"out": tmp_path, "progress": False}
    firmware = twinohm.run(task, **same)
    engine = twinohm.run(task, engine="ensemble", **same)
    assert engine.settings.truth == firmware.settings.truth
    kept = [name for name in firmware.ticks if not str(name).startswith(FIRMWARE_ALONE)]
    assert set(kept) <= set(engine.ticks)
    volts = [name for name in kept if "_V" in str(name)]
    rest = [name for name in kept if name not in volts]
    assert engine.ticks[rest].equals(firmware.ticks[rest])
    assert (engine.ticks[volts] - firmware.ticks[volts]).abs().max(axis=None) < 1e-8
    assert list(engine.events.event) == list(firmware.events.event)


def test_component_values_are_those_of_the_virtual_board(tmp_path: Path) -> None:
    same: dict[str, Any] = {"seed": 7, "set": {"temperature_K": 5}, "ticks": 2, "out": tmp_path, "progress": False}
    assert (
        twinohm.run("allostery", engine="ensemble", **same).settings.truth
        == twinohm.run("allostery", **same).settings.truth
    )


@pytest.mark.slow
@pytest.mark.parametrize(
    ("task", "settings"),
    [
        ("regression", {"preset": "best", "ticks": 120}),
        ("damage", {"ticks": 320}),
        ("iris", {"board": "auto", "ticks": 60, "restore_best": True}),
    ],
)
def test_a_run_in_parts_is_the_same_run(tmp_path: Path, task: str, settings: dict[str, Any]) -> None:
    whole = engine_run(tmp_path, task, **settings)
    part = engine_run(tmp_path, task, stop=stop_after(4), **settings)
    assert 0 < part.made < whole.made
    part = twinohm.resume(part.path, progress=False)
    assert part.ticks.equals(whole.ticks)
    assert list(part.events.event[part.events.event == "resume"]) == ["resume"]
    assert part.summary.rms_plateau_V == whole.summary.rms_plateau_V
    assert run_here("check", str(part.path), cwd=tmp_path).returncode == 0


@pytest.mark.parametrize("task", ["allostery", "iris"])
def test_a_run_that_was_stopped_before_its_first_tick_is_resumed(tmp_path: Path, task: str) -> None:
    part = engine_run(tmp_path, task, board="auto", ticks=40, stop=lambda: True)
    assert part.made == 0
    part = twinohm.resume(part.path, progress=False)
    assert part.made == 40
    assert run_here("check", str(part.path), cwd=tmp_path).returncode == 0


@pytest.mark.slow
def test_a_log_of_another_engine_is_not_continued(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    part = engine_run(tmp_path, ticks=600, stop=stop_after(4))
    assert 0 < part.made < 600
    size = (part.path / "ticks.jsonl").stat().st_size
    start = Ensemble.start
    with monkeypatch.context() as other:
        other.setattr(Ensemble, "start", lambda engine, taps=None: start(engine, taps, stream=1))
        with pytest.raises(RunFileError, match="has other taps than the engine makes now"):
            twinohm.resume(part.path, progress=False)
    with monkeypatch.context() as other:
        other.setattr(
            "twinohm.runlog.engine_board.draw_truth", lambda board, profile, seed: draw_truth(board, profile, 1)
        )
        with pytest.raises(RunFileError, match="the circuit that is drawn now is not the one of the run"):
            twinohm.resume(part.path, progress=False)
    assert (part.path / "ticks.jsonl").stat().st_size == size
    assert twinohm.resume(part.path, progress=False).made == 600


def test_board_auto_joins_every_output_to_every_input(tmp_path: Path) -> None:
    done = run_here("run", "allostery", "--board", "auto", "--ticks", "60", "--no-plot", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "auto_3_3: 6 nodes, 9 edges; no firmware, no wire" in done.stderr
    run = twinohm.load_run(next((tmp_path / "runs").iterdir()))
    assert run.settings.edges == tuple(f"X{i}-Y{o}" for o in (1, 2, 3) for i in (1, 2, 3))
    assert run.settings.placement == (("X1", "X2", "X3"), ("Y1", "Y2", "Y3"))
    power = run.summary.power
    assert power is not None and power.tick_uJ is None and power.free_mW > 0
    assert run.ticks.true_error_V2.iloc[-10:].mean() < run.ticks.true_error_V2.iloc[0] / 10
    assert "t_us" not in run.ticks


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--engine", "ensemble", "--port", "/dev/ttyACM0"), "/dev/ttyACM0 is none: leave the port out"),
        (("--engine", "ensemble", "--port", "emu://lab16"), "emu://lab16 is none: leave the port out"),
        (("--engine", "ensemble", "--calibration", "auto"), "the ensemble engine has no board to calibrate"),
        (("--engine", "ensemble", "--set", "fault=high:CMP.E-H"), "is for a board with firmware"),
        (("--engine", "ensemble", "--set", "drift_K=1"), "drift_K"),
        (("--engine", "ensemble", "--set", "clock=wall"), "no setting 'clock'"),
        (("--engine", "firmware", "--board", "auto"), "board auto has no pins; leave engine out"),
        (("--port", "sim://auto_3_3"), "no board 'auto_3_3'"),
    ],
)  # fmt: skip
def test_what_the_engine_cannot_do_is_refused(tmp_path: Path, arguments: tuple[str, ...], words: str) -> None:
    done = run_here("run", "allostery", *arguments, cwd=tmp_path)
    assert done.returncode == 2
    assert words in done.stderr and "Traceback" not in done.stderr
    assert not (tmp_path / "runs").exists()


def test_a_resumed_run_lost_no_board(tmp_path: Path) -> None:
    part = engine_run(tmp_path, ticks=200, stop=stop_after(1))
    done = run_here("resume", str(part.path), "--no-plot", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "twinohm: the run was broken off 1 time; the log says when" in done.stderr


def test_a_tick_with_board_time_is_none_of_the_engine(tmp_path: Path) -> None:
    run = engine_run(tmp_path, ticks=4)
    log = run.path / "ticks.jsonl"
    assert b'"t_us":null' in log.read_bytes()
    log.write_bytes(log.read_bytes().replace(b'"t_us":null', b'"t_us":5', 1))
    done = run_here("check", str(run.path), cwd=tmp_path)
    assert done.returncode == 2 and "t_us = 5: the ensemble engine has no board time" in done.stdout
