"""TCP ports that cannot be had, repeated signals, and a home folder that takes no file: each in words."""

import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
import serial

import twinohm
from tests.command_line import COMMAND, run_here, run_process
from twinohm.runlog.trainer import Trainer

posix = pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")


def test_a_tcp_port_in_use_is_one_line_with_a_remedy(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        number = str(taken.getsockname()[1])
        done = run_here("sim", "lab16", "--tcp", number, cwd=tmp_path)
    assert done.returncode == 2
    assert done.stderr == (f"twinohm: port {number} of 127.0.0.1 is in use; name another, or give 0 for any free one\n")


def test_a_tcp_port_that_may_not_be_opened_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("twinohm.link.terminal.socket.create_server", refuse)
    done = run_here("sim", "lab16", "--tcp", "80", cwd=tmp_path)
    assert done.returncode == 2
    assert "port 80 of 127.0.0.1 cannot be opened (Permission denied); name another" in done.stderr


@posix
@pytest.mark.parametrize("number", ["SIGTERM", "SIGHUP"])
def test_a_served_board_that_the_system_ends_says_so(number: str, tmp_path: Path) -> None:
    pipe = subprocess.PIPE
    command = [*COMMAND, "sim", "lab16", "--tcp", "0"]
    with subprocess.Popen(command, cwd=tmp_path, stdout=pipe, stderr=pipe, text=True) as board:
        assert board.stdout is not None and "socket://" in board.stdout.readline()
        board.send_signal(getattr(signal, number))
        stderr = board.communicate(timeout=20)[1]
    assert board.returncode == 1
    said = stderr.lstrip("\n")  # the line of a terminal that shows ^C is ended first
    assert said == "twinohm: stopped; the virtual board is off; the same command powers on a new one\n"


@posix
@pytest.mark.slow
@pytest.mark.parametrize("presses", [3, 6, 12])
def test_repeated_ctrl_c_ends_a_run_in_words(presses: int, tmp_path: Path) -> None:
    command = [*COMMAND, "run", "allostery", "--ticks", "100000", "--no-plot"]
    with subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE, text=True) as run:
        end = time.monotonic() + 60
        while not list(tmp_path.glob("runs/*/ticks.jsonl")) and time.monotonic() < end:
            time.sleep(0.02)
        for _ in range(presses):
            run.send_signal(signal.SIGINT)
            time.sleep(0.05)
        stderr = run.communicate(timeout=20)[1]
    assert run.returncode == 1 and "Traceback" not in stderr and "`twinohm resume" in stderr


LOST = """
import os, signal, sys, time
from twinohm.cli.interrupts import Interrupts
class Closing:
    def __del__(self):
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(0.01)
with Interrupts() as interrupts:
    interrupts.how_to_go_on = "it goes on"
    Closing()
    for _ in range(5):
        os.kill(os.getpid(), signal.SIGINT)
    sys.exit(1)
"""


@posix
def test_an_interrupt_that_cannot_leave_shows_no_traceback(tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, "-c", LOST], cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert done.returncode == 1 and "Traceback" not in done.stderr and "ignored" not in done.stderr


def test_a_run_that_is_stopped_before_its_first_tick_names_its_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Trainer, "train", interrupt)
    done = run_here("run", "divider", "--board", "divider", "--ticks", "20", cwd=tmp_path)
    (folder,) = (tmp_path / "runs").iterdir()
    assert done.returncode == 1
    resumed = f"`twinohm resume {Path('runs') / folder.name}` goes on"
    assert f"twinohm: stopped; 0 ticks are logged: {resumed}\n" == capfd.readouterr().err


def test_a_port_that_was_closed_says_so_to_a_thread_that_still_writes() -> None:
    from twinohm.link.transports import open_port

    port = open_port("sim://lab16")
    port.close()
    with pytest.raises(serial.PortNotOpenError):
        port.write(b"1")


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="needs /proc")
def test_the_ensemble_engine_runs_without_a_home(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    more = {"HOME": str(tmp_path / "file"), "NUMBA_CACHE_DIR": "", "XDG_CACHE_HOME": "/proc/none"}
    command = ("run", "divider", "--board", "divider", "--engine", "ensemble", "--ticks", "4", "--no-plot")
    done = run_process(*command, cwd=tmp_path, **more)
    assert done.returncode == 0, done.stderr
    assert len(twinohm.load_run(next((tmp_path / "runs").iterdir())).ticks) == 4


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--board", "auto", "--port", "sim://lab16"), "sim://lab16 is not --board auto: leave one of them out"),
        (("--engine", "ensemble", "--reconnect", "5"), "reconnect = 5.0: the ensemble engine has no board to lose"),
        (("--engine", "ensemble", "--set", "drift_K=2"), "a run of engine firmware warms its board"),
    ],
    ids=["board", "reconnect", "drift"],
)
def test_the_ensemble_engine_names_what_the_user_typed(options: tuple[str, ...], words: str, tmp_path: Path) -> None:
    done = run_here("run", "allostery", *options, cwd=tmp_path)
    assert done.returncode == 2 and words in done.stderr and not list(tmp_path.glob("runs/*"))


def test_an_emulated_board_names_a_uf2_in_its_url(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("twinohm.firmware.uf2.cache_dir", lambda: tmp_path)
    done = run_here("run", "allostery", "--port", "emu://lab16", cwd=tmp_path)
    assert done.returncode == 2 and "`emu://lab16?uf2=FILE`" in done.stderr
    done = run_here("run", "allostery", "--port", f"emu://lab16?uf2={tmp_path / 'none'}", cwd=tmp_path)
    assert done.returncode == 2 and "`emu://lab16?uf2=FILE`" in done.stderr
