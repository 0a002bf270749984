"""Calls in a signal handler while a call goes on, and safe() and close() while another thread runs code."""

import json
import os
import random
import re
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

import twinohm
from tests.chaos.test_interrupted_calls import EXAMPLE, LONG, alarms, can_be_used, in_thread
from tests.chaos.test_left_safe import DRIVE, WATCH
from tests.command_line import tcp_board
from tests.interrupted_calls import INPUTS, OUTPUTS, Calls, call_within, check_after_call, first_and_last_passes
from tests.stopwatch import Stopwatch
from twinohm.errors import UsageError
from twinohm.link.board_client import BoardClient
from twinohm.model.levers import Levers

pytestmark = pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="POSIX timers")

MOST = int(os.environ.get("TWINOHM_INTERRUPTS", "12"))  # of each call; all: 10000
CALLS = [name for name in vars(Calls) if name.startswith("call_")]
URL = "sim://lab16?seed=1&profile=ideal"
ENDLESS = f"{DRIVE}\nwhile True: pass"
OUTER: dict[str, Callable[[BoardClient], Any]] = {
    "train": lambda board: board.train(LONG, INPUTS, OUTPUTS),
    "stream": lambda board: [tick for chunk in board.stream([(LONG, EXAMPLE)]) for tick in chunk],
    "exec": lambda board: board.exec(ENDLESS),
    "infer": lambda board: board.infer([[5, 1, 0]] * 10**5),
}
REFUSED: dict[str, Callable[[BoardClient], Any]] = {
    "apply": lambda board: board.apply(INPUTS),
    "correct": lambda board: board.correct(None),
    "exec": lambda board: board.exec("1"),
    "exec_json": lambda board: board.exec("1"),
    "home": BoardClient.home,
    "infer": lambda board: board.infer([[5, 1, 0]]),
    "measure": BoardClient.measure,
    "place": lambda board: board.place(("A", "B"), ("F",)),
    "reopen": BoardClient.reopen,
    "reset": BoardClient.reset,
    "restore": lambda board: board.restore([70] * 16),
    "set_clock": lambda board: board.set_clock(0),
    "set_levers": lambda board: board.set_levers(Levers()),
    "stream": lambda board: next(board.stream([(1, EXAMPLE)])),
    "train": lambda board: board.train(5, INPUTS, OUTPUTS),
}


@pytest.fixture
def board() -> Iterator[BoardClient]:
    with twinohm.open(URL) as opened:
        opened.home()
        opened.place(tuple(INPUTS), tuple(OUTPUTS))
        yield opened


def drives(board: BoardClient) -> bool:
    return board.exec("learner.twin.networks.connected").strip() == "True"


def check_counts(board: BoardClient) -> None:
    counted = json.loads(board.exec("[learner.twin.ticks, list(learner.twin.taps)]"))
    assert counted == [board.tick, list(board.taps or ())]


@pytest.mark.parametrize("inner", REFUSED)
def test_a_call_in_a_signal_handler_is_refused_and_changes_nothing(board: BoardClient, inner: str) -> None:
    undisturbed = [(tick.taps, tick.clamp_V) for tick in board.train(600, INPUTS, OUTPUTS)]
    board.home()
    refused = []

    def handler(*_: object) -> None:
        with pytest.raises(UsageError, match=r"\(\) is called within another call of this board") as raised:
            REFUSED[inner](board)
        refused.append(str(raised.value))

    with alarms(handler, 0.05, 0.02):
        trained = board.train(600, INPUTS, OUTPUTS)
    assert [(tick.taps, tick.clamp_V) for tick in trained] == undisturbed
    named = {"exec_json": "exec", "stream": "train"}.get(inner, inner)
    assert refused and f": {named}() is called within" in refused[0]
    check_counts(board)
    can_be_used(board)


@pytest.mark.parametrize("inner", REFUSED)
def test_a_call_in_a_signal_handler_leaves_code_running(board: BoardClient, inner: str) -> None:
    def handler(*_: object) -> None:
        with pytest.raises(UsageError, match=r"\(\) is called within another call of this board"):
            REFUSED[inner](board)

    with alarms(handler, 0.05):
        assert board.exec("n = 0\nfor k in range(3 * 10 ** 6): n += 1\nprint(n)") == "3000000\n"
    can_be_used(board)


def test_a_refused_call_that_the_handler_lets_out_ends_the_outer_one(board: BoardClient) -> None:
    for outer in OUTER.values():
        with alarms(lambda *_: board.measure(), 0.1), pytest.raises(UsageError, match=r"measure\(\) is called within"):
            outer(board)
        check_counts(board)
        can_be_used(board)


@pytest.mark.parametrize("outer", OUTER)
def test_safe_in_a_signal_handler_ends_the_call_which_says_so(board: BoardClient, outer: str) -> None:
    returned = []
    watch = Stopwatch()
    with alarms(lambda *_: returned.append(board.safe()), 0.2):
        with pytest.raises(UsageError, match=r"safe\(\) in a signal handler has ended this (call|training)"):
            OUTER[outer](board)
    assert returned == [None] and watch.free_s() < 5
    made = board.last_ticks if outer in ("train", "stream") else []
    assert not drives(board)
    check_counts(board)
    if outer == "train":
        assert len(made) == board.tick and made[-1].taps == board.taps
    can_be_used(board)


@pytest.mark.parametrize("outer", OUTER)
def test_close_in_a_signal_handler_ends_the_call_which_says_so(board: BoardClient, outer: str) -> None:
    returned = []
    watch = Stopwatch()
    with alarms(lambda *_: returned.append(board.close()), 0.2):
        with pytest.raises(UsageError, match=r"close\(\) in a signal handler has ended this (call|training)"):
            OUTER[outer](board)
    assert returned == [False] and watch.free_s() < 5
    assert board.close()  # the board has said that it is safe
    if outer == "train":
        assert len(board.last_ticks) == board.ticks_made > 0
    with pytest.raises(UsageError, match="this board is closed"):
        board.measure()


def test_safe_in_a_signal_handler_that_then_raises_still_makes_the_board_safe(board: BoardClient) -> None:
    def handler(*_: object) -> None:
        board.safe()
        raise SystemExit

    for outer in OUTER.values():
        with alarms(handler, 0.1), pytest.raises(SystemExit):
            outer(board)
        assert not drives(board)
        can_be_used(board)


def test_a_signal_in_the_loop_over_a_stream_may_make_any_call(board: BoardClient) -> None:
    """Its body runs between two requests: nothing is interrupted there."""
    taps, measured = [], []
    for chunk in board.stream([(600, EXAMPLE)]):
        with alarms(lambda *_: measured.append(board.measure()), 0.01):
            time.sleep(0.03)
        taps += [tick.taps for tick in chunk]
    assert len(measured) > 5 and len(taps) == 600
    board.home()
    assert [tick.taps for tick in board.train(600, INPUTS, OUTPUTS)] == taps


@pytest.mark.parametrize("call", ["safe", "measure"])
@pytest.mark.parametrize("name", CALLS)
def test_a_call_may_come_within_any_line_of_another(board: BoardClient, name: str, call: str) -> None:
    """TWINOHM_INTERRUPTS=10000 takes each line once when it is passed first, and once when it is passed last."""
    calls = Calls(board)
    passes = first_and_last_passes(getattr(calls, name))
    for after in random.Random(name + call).sample(passes, min(MOST, len(passes))):
        board.home()
        calls.received.clear()
        check_after_call(calls, name, come_within(calls, name, call, after))


@pytest.mark.parametrize("name", CALLS)
def test_close_may_come_within_any_line_of_a_call(name: str) -> None:
    with twinohm.open(URL) as board:
        passes = first_and_last_passes(getattr(Calls(board), name))
    for after in random.Random(name).sample(passes, min(MOST // 2, len(passes))):
        with twinohm.open(URL) as board:
            board.home()
            where = come_within(Calls(board), name, "close", after)
            if where is not None:
                with pytest.raises(UsageError, match="this board is closed"):
                    board.measure()
            assert board.close(), where


def come_within(calls: Calls, name: str, inner: str, after: int) -> str | None:
    """Make a call, and the inner one within it after so many lines. Return the line, None if it has not come so far."""
    called = []

    def call() -> None:
        called.append(1)
        with suppress(UsageError):
            getattr(calls.board, inner)()

    with suppress(UsageError):
        return call_within(getattr(calls, name), after, call)
    return f"{name} {after}" if called else None


# -- code of another thread


@pytest.mark.parametrize("code", [ENDLESS, f"{DRIVE}\nlearner.nudge({{'F': 3}})\nlearner.train(10 ** 7)"])
@pytest.mark.parametrize("end", ["safe", "close"])
def test_safe_and_close_stop_the_code_of_another_thread(tmp_path: Path, code: str, end: str) -> None:
    state = tmp_path / "state"
    with tcp_board("lab16", "--profile", "ideal") as url, twinohm.open(url) as board:
        board.exec(WATCH.format(path=str(state)))
        thread, raised = in_thread(lambda: board.exec(code))
        until = time.monotonic() + 20
        while not (state.exists() and state.read_text() == "True"):
            assert time.monotonic() < until
        watch = Stopwatch()
        returned = getattr(board, end)()
        assert watch.free_s() < 5 and returned in (None, True)
        time.sleep(0.2)
        assert state.read_text() == "False"
        thread.join(5)
        assert not thread.is_alive() and len(raised) == 1 and isinstance(raised[0], UsageError)
        assert re.search(rf"{end}\(\) of thread MainThread has ended this call", str(raised[0]))
        if end == "safe":
            can_be_used(board)


def test_reopen_of_another_thread_ends_when_the_board_is_closed(board: BoardClient) -> None:
    thread, raised = in_thread(lambda: board.reopen("/dev/ttyNONE"))
    time.sleep(0.5)
    watch = Stopwatch()
    board.close()
    thread.join(5)
    assert watch.free_s() < 5 and "close() of thread MainThread has ended this call" in str(raised)
