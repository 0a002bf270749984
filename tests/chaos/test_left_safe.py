"""Whoever leaves a board leaves it safe: close(), the end of a command, Ctrl-C, and a host that is killed."""

import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

import twinohm
from tests.command_line import COMMAND, run_process, tcp_board
from tests.stopwatch import Stopwatch
from twinohm.errors import BoardError
from twinohm.link.port_stream import PortStream
from twinohm.link.repl import RawRepl
from twinohm.link.transports import open_port

DRIVE = "learner.apply({'B': 5, 'I': 0})"
# Code for the virtual board, which is a process of CPython: a thread there notes whether the switches are closed.
WATCH = """
import os, threading
def watch(path={path!r}):
    while not threading.Event().wait(0.02):
        with open(path + ".new", "w") as file:
            file.write(str(learner.twin.networks.connected))
        os.replace(path + ".new", path)
threading.Thread(target=watch, daemon=True).start()
"""
APPLY = """
import sys, twinohm
board = twinohm.open(sys.argv[1])
board.apply({"B": 5, "I": 0})
print("driven", flush=True)
sys.stdin.read()
"""


class Watched:
    """A virtual board at a TCP port."""

    def __init__(self, url: str, state: Path) -> None:
        self.url = url
        self._state = state
        with twinohm.open(url) as board:
            board.exec(WATCH.format(path=str(state)))

    @property
    def driven(self) -> bool:
        time.sleep(0.2)
        return {"True": True, "False": False}[self._state.read_text()]


@pytest.fixture
def watched(tmp_path: Path) -> Iterator[Watched]:
    with tcp_board("lab16", "--profile", "ideal") as url:
        yield Watched(url, tmp_path / "state")


def test_close_makes_a_board_safe_that_code_has_driven(watched: Watched) -> None:
    with twinohm.open(watched.url) as board:
        board.exec(DRIVE)
        assert watched.driven
        board.exec("1")
        assert watched.driven
        assert board.close()
        assert not watched.driven
    with pytest.raises(BoardError, match="ZeroDivisionError"), twinohm.open(watched.url) as board:
        board.exec(DRIVE + "\n1/0")
    assert not watched.driven


@pytest.mark.parametrize("code, exit_code", [(DRIVE, 0), (DRIVE + "\n1/0", 1)])
def test_the_command_exec_leaves_the_board_safe(watched: Watched, code: str, exit_code: int, tmp_path: Path) -> None:
    done = run_process("exec", code, "--port", watched.url, cwd=tmp_path)
    assert (done.returncode, watched.driven) == (exit_code, False), done.stderr


def test_ctrl_c_of_the_command_exec_ends_the_code_and_leaves_the_board_safe(watched: Watched) -> None:
    command = [*COMMAND, "exec", DRIVE + "\nwhile True: pass", "--port", watched.url]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        end = time.monotonic() + 20
        while not watched.driven and time.monotonic() < end:
            pass
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=10)
    assert process.returncode == 1
    assert said.strip() == "twinohm: stopped; the board is safe; the same command runs the code again"
    assert not watched.driven


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="POSIX timers")
@pytest.mark.parametrize("loop", ["while True: pass", "learner.nudge({'F': 3})\nlearner.train(10 ** 7)"])
def test_an_interrupted_exec_leaves_the_board_safe(watched: Watched, loop: str) -> None:
    before = signal.signal(signal.SIGALRM, signal.default_int_handler)
    try:
        with twinohm.open(watched.url) as board:
            signal.setitimer(signal.ITIMER_REAL, 0.5)
            with pytest.raises(KeyboardInterrupt):
                board.exec(f"{DRIVE}\n{loop}")
            assert not watched.driven
            assert board.exec("1 + 1") == "2\n"
    finally:
        signal.signal(signal.SIGALRM, before)


def test_a_served_board_makes_itself_safe_after_its_host_was_killed(watched: Watched) -> None:
    command = [sys.executable, "-c", APPLY, watched.url]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as host:
        assert host.stdout is not None and host.stdout.readline() == "driven\n"
        assert watched.driven
        host.kill()
        watch = Stopwatch()
    while watched.driven and watch.total_s() < 20:
        pass
    assert watch.total_s() > 4 and watch.free_s() < 8
    with twinohm.open(watched.url) as board:
        board.home()
        assert len(board.train(5, {"B": 5, "I": 0}, {"F": 3})) == 5


def test_a_board_that_code_has_driven_is_opened_again_with_open_switches(watched: Watched) -> None:
    with twinohm.open(watched.url) as board:
        board.exec(DRIVE)
        board.reopen()
        assert not watched.driven


def test_what_code_prints_without_a_host_is_dropped(watched: Watched) -> None:
    """The next host receives nothing that was printed before it came."""
    with closing(open_port(watched.url)) as port:
        repl = RawRepl(PortStream(port))
        repl.enter()
        repl.start("import datetime\nwhile True: print(datetime.datetime.now().timestamp(), 'x' * 100)")
    time.sleep(2)
    came = time.time()
    with closing(open_port(watched.url)) as port:
        stream = PortStream(port)
        assert stream.read_until(b"\n", 5)
        printed = stream.read_until(b" ", 5)
    assert printed is not None and float(printed) > came - 1


def test_pauses_of_the_host_are_no_time_of_a_served_board(watched: Watched) -> None:
    def times(pause_s: float) -> list[int]:
        with twinohm.open(watched.url) as board:
            board.set_clock(0)
            board.home()
            first = board.train(3, {"B": 5, "I": 0}, {"F": 3})
            time.sleep(pause_s)
            second = board.train(3, {"B": 5, "I": 0}, {"F": 3})
            return [tick.t_us - first[0].t_us for tick in (*first, *second)]

    assert times(0) == pytest.approx(times(1.0), abs=1)  # us: a tick is no whole number of them
