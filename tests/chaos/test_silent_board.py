"""Ctrl-C where a board has fallen silent and its connection stays: every call and every run ends within a second."""

import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import serial

import twinohm
from tests.chaos.proxy import FaultProxy
from tests.command_line import COMMAND
from tests.interrupted_calls import INPUTS, OUTPUTS
from tests.stopwatch import Stopwatch
from twinohm.link.board_client import BoardClient
from twinohm.link.connection import HURRY_S

pytestmark = pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="POSIX timers")

CLOSING_S = 0.3  # that pyserial sleeps after it has closed a socket
LONGEST_S = HURRY_S + CLOSING_S + 0.3  # a second
BUSY_S = 1.0  # that a busy computer adds


class Mute:
    """One direction of the link, in which nothing passes once it is `silent`."""

    silent = False
    passed = 0
    done: tuple[str, ...] = ()

    def __call__(self, data: bytes) -> bytes:
        self.passed += len(data)
        return b"" if self.silent else data


@pytest.fixture
def link() -> Iterator[tuple[str, Mute]]:
    """Yield the port of a board, and the direction from it, which can be made silent."""
    board = serial.serial_for_url("sim://lab16?seed=1", timeout=0.05)
    proxy, way = FaultProxy(board, [], "0", lambda: None), Mute()
    proxy._ways["to host"] = way  # type: ignore[assignment]
    try:
        yield proxy.port, way
    finally:
        proxy.close()
        board.close()


def fall_silent(way: Mute, after_s: float) -> None:
    threading.Timer(after_s, setattr, (way, "silent", True)).start()


CALLS: dict[str, Callable[[BoardClient], object]] = {
    "train": lambda board: board.train(100_000, INPUTS, OUTPUTS),
    "infer": lambda board: [board.infer([[5, 1, 0]] * 100) for _ in range(10_000)],
    "exec": lambda board: board.exec("while True: pass"),
    "restore": lambda board: [board.restore([70] * 16) for _ in range(10_000)],
    "measure": lambda board: [board.measure() for _ in range(10_000)],
    "reset": lambda board: [board.reset() for _ in range(10_000)],
}


@pytest.mark.parametrize("name", CALLS)
def test_ctrl_c_in_a_call_of_a_silent_board_closes_it_within_a_second(name: str, link: tuple[str, Mute]) -> None:
    port, way = link
    interrupted: list[Stopwatch] = []

    def interrupt(*_: object) -> None:
        interrupted.append(Stopwatch())
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGALRM, interrupt)
    try:
        with pytest.raises(KeyboardInterrupt), twinohm.open(port) as board:
            board.place(tuple(INPUTS), tuple(OUTPUTS))
            fall_silent(way, 0.3)
            signal.setitimer(signal.ITIMER_REAL, 0.8)
            CALLS[name](board)
        assert interrupted[0].free_s() < LONGEST_S + BUSY_S
        assert way.silent and board.close() is False
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def test_a_board_that_speaks_again_after_the_interrupt_owes_no_tick(link: tuple[str, Mute]) -> None:
    port, way = link
    before = signal.signal(signal.SIGALRM, signal.default_int_handler)
    try:
        with twinohm.open(port) as board:
            board.home()
            fall_silent(way, 0.3)
            signal.setitimer(signal.ITIMER_REAL, 0.8)
            with pytest.raises(KeyboardInterrupt):
                board.train(100_000, INPUTS, OUTPUTS)
            assert board.taps is None
            way.silent = False
            made = board.last_ticks
            assert made and int(board.exec("learner.twin.ticks")) == len(made) == board.tick
            assert made[-1].taps == board.taps
            assert board.close()
    finally:
        signal.signal(signal.SIGALRM, before)


@pytest.mark.slow
def test_ctrl_c_ends_a_run_on_a_silent_board_within_a_second(link: tuple[str, Mute], tmp_path: Path) -> None:
    port, way = link
    command = [*COMMAND, "run", "allostery", "--port", port, "--ticks", "100000", "--no-plot"]
    with subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE, text=True) as host:
        end = time.monotonic() + 30
        while not [*tmp_path.glob("runs/*/ticks.jsonl")] and time.monotonic() < end:
            time.sleep(0.1)
        time.sleep(0.5)
        way.silent = True
        time.sleep(0.5)
        watch = Stopwatch()
        os.kill(host.pid, signal.SIGINT)
        _, stderr = host.communicate(timeout=30)
    assert watch.free_s() < 1.0 + BUSY_S
    assert host.returncode == 1 and "Traceback" not in stderr
    assert "stopped; " in stderr.splitlines()[-1] and "twinohm resume" in stderr.splitlines()[-1], stderr
