"""Logs of boards that a program drives itself: twinohm.open(port, log=...)."""

import gc
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import twinohm
from tests.command_line import run_here
from twinohm.errors import RunError, UsageError
from twinohm.model.levers import Levers
from twinohm.protocol.telemetry import Example

GIVEN, WANTED = {"B": 5, "D": 1, "I": 0}, {"F": 3, "G": 3, "H": 3}
OF_A_TICK = ("free_V.", "clamp_V.", "cmp.", "sgn.", "up.", "moved.", "taps.")


def checked(path: Path | None) -> twinohm.Run:
    """Return the run at a path, in whose log nothing is wrong."""
    assert path is not None
    done = run_here("check", str(path), cwd=path)
    assert done.returncode == 0 and "nothing is wrong" in done.stdout, done.stdout + done.stderr
    return twinohm.load_run(path)


def assert_logged(run: twinohm.Run, phase: str, ticks: Any) -> None:
    """Assert that a phase of a log has just the ticks that the board has returned."""
    frame, logged = ticks.frame, run.ticks[run.ticks.phase == phase].reset_index(drop=True)
    names = [name for name in frame if str(name).startswith(OF_A_TICK)]
    assert len(names) > 60
    assert np.array_equal(logged[names].to_numpy(float), frame[names].to_numpy(float))


@pytest.mark.slow
def test_what_a_program_trains_is_logged(tmp_path: Path) -> None:
    with twinohm.open("sim://lab16?seed=3", log=tmp_path / "runs") as board:
        assert board.log is None
        board.home()
        first = board.train(70, GIVEN, WANTED)
        board.restore([40] * 16)
        second = board.train(30, GIVEN, WANTED, eta=2)
        third = board.train(20, {"C": [5, 4], "I": 0}, {"F": 2})
        path = board.log
    run = checked(path)
    assert (run.task, run.settings.seed, run.settings.profile, run.settings.ticks) == ("session", 3, "lab", None)
    assert_logged(run, "B D I -> F G H, eta 1", first)
    assert_logged(run, "B D I -> F G H, eta 2", second)
    assert_logged(run, "C I -> F, eta 1", third)
    assert run.ticks["inputs_V.C"].dropna().round(2).tolist() == [5.0] * 20 + [4.0] * 20
    assert run.events[["tick", "event"]].to_numpy().tolist() == [[70, "taps"], [140, "end"]]
    assert (run.ticks["true_free_V.F"] - run.ticks["free_V.F"]).abs().max() < 0.02
    assert "140 ticks" in repr(run)
    assert run_here("plot", str(path), "--out", "a.png", cwd=tmp_path).returncode == 0
    resumed = run_here("resume", str(path), cwd=tmp_path)
    assert resumed.returncode == 2 and "is the log of a session" in resumed.stderr


def test_other_levers_and_code_begin_another_folder(tmp_path: Path) -> None:
    with twinohm.open("sim://lab16", log=tmp_path) as board:
        board.train(10, GIVEN, WANTED)
        board.set_levers(Levers(readings=3))
        board.train(10, GIVEN, WANTED)
        board.exec("learner.apply({'B': 5, 'D': 1, 'I': 0})\nlearner.nudge({'F': 3})\nlearner.train(5)")
        board.train(10, GIVEN, WANTED)
    plain, levers, after_code = (checked(path) for path in sorted(tmp_path.iterdir()))
    assert [run.made for run in (plain, levers, after_code)] == [10, 10, 10]
    assert (plain.settings.levers.readings, levers.settings.levers.readings) == (1, 3)
    # the code made ticks that nobody has seen, so which true voltages are whose is not known
    assert "true_error_V2" in levers.ticks and "true_error_V2" not in after_code.ticks


def test_differences_of_outputs_have_their_errors_in_the_log(tmp_path: Path) -> None:
    with twinohm.open("sim://lab16?seed=3", log=tmp_path) as board:
        board.set_levers(Levers(pairs=True, hinge=True, margin_V=0.2))
        ticks = board.train(80, {"B": 5, "I": 0}, {"G": 3, "F": 2.5})
        path = board.log
    frame = ticks.frame
    lacking_V = 0.5 - (frame["free_V.G"] - frame["free_V.F"])
    lacking_V[lacking_V <= 0.3] = 0.0  # right by the margin of 0.2 V
    assert checked(path).ticks["error_V2"].to_numpy() == pytest.approx(lacking_V.to_numpy() ** 2, abs=1e-12)
    assert lacking_V[0] > 0 and (lacking_V == 0).any()


class Interrupt(Exception):
    pass


def interrupt(*_: object) -> None:
    raise Interrupt


@pytest.mark.parametrize("seed", range(3))
def test_no_tick_is_lost_or_twice_where_calls_are_interrupted(tmp_path: Path, seed: int) -> None:
    random = np.random.default_rng(seed)
    before = signal.signal(signal.SIGALRM, interrupt)
    made: dict[int, Any] = {}
    try:
        with twinohm.open("sim://lab16", log=tmp_path) as board:
            board.place(list(GIVEN), list(WANTED))
            board.home()
            while len(made) < 8:
                signal.setitimer(signal.ITIMER_REAL, float(random.uniform(0.001, 0.2)))
                try:
                    if random.random() < 0.5:
                        board.train(300, GIVEN, WANTED)
                    else:
                        for _ in board.stream([(300, Example(list(GIVEN.values()), list(WANTED.values())))]):
                            pass
                    time.sleep(1)
                except Interrupt:
                    pass
                finally:
                    signal.setitimer(signal.ITIMER_REAL, 0)
                ticks = board.last_ticks
                made |= {ticks.first + k: tick for k, tick in enumerate(ticks)} if ticks else {len(made): None}
            count, taps = board.tick, board.taps
            path = board.log
    finally:
        signal.signal(signal.SIGALRM, before)
    run = checked(path)
    assert run.made == count
    assert tuple(run.ticks[[name for name in run.ticks if name.startswith("taps.")]].iloc[-1]) == taps


def test_a_program_that_does_not_close_its_board_has_its_ticks(tmp_path: Path) -> None:
    program = (
        "import twinohm; board = twinohm.open('sim://lab16', log='runs');"
        f"board.train(500, {GIVEN}, {WANTED}); print(board.log)"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert checked(tmp_path / done.stdout.strip()).made == 500


def test_a_log_that_cannot_be_written_is_an_error_of_the_next_call(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with twinohm.open("sim://lab16", log=tmp_path / "file") as board:
        with pytest.raises(UsageError, match="no run can be made in it"):
            board.train(10, GIVEN, WANTED)
        assert board.tick == 0
    board = twinohm.open("sim://lab16", log=tmp_path / "runs")
    board.train(10, GIVEN, WANTED)
    assert board.log is not None
    time.sleep(0.5)  # let the thread write
    lost = board.log
    shutil.rmtree(lost)
    board.train(10, GIVEN, WANTED)
    board.train(10, GIVEN, WANTED)
    time.sleep(0.5)
    with pytest.raises(RunError, match="was removed.* later ticks are not logged; what is trained next"):
        board.train(10, GIVEN, WANTED)
    board.train(20, GIVEN, WANTED)
    board.close()
    assert board.log != lost and checked(board.log).made == 20


def test_a_folder_of_runs_stays_where_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with twinohm.open("sim://lab16", log="runs") as board:
        board.train(10, GIVEN, WANTED)
        monkeypatch.chdir("/")
        board.train(10, GIVEN, WANTED)
        board.set_clock(5)  # board time goes back
        board.train(5, GIVEN, WANTED)
    assert [checked(path).made for path in sorted((tmp_path / "runs").iterdir())] == [20, 5]


def test_a_board_that_is_dropped_ends_its_log(tmp_path: Path) -> None:
    board = twinohm.open("sim://lab16", log=tmp_path)
    board.train(10, GIVEN, WANTED)
    path = board.log
    del board
    gc.collect()
    assert list(checked(path).events.event) == ["end"]
