"""Calls of the client that end early, and what works afterwards: everything, without a lost tick."""

import inspect
import itertools
import json
import os
import random
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import twinohm
from tests.command_line import tcp_board
from tests.interrupted_calls import (
    INPUTS,
    OTHER,
    OUTPUTS,
    Calls,
    check_after_interrupt,
    first_and_last_passes,
    interrupt,
    of_port,
)
from tests.stopwatch import Stopwatch
from twinohm.errors import BoardError, LinkLost, UsageError
from twinohm.json_records import RecordType
from twinohm.link.board_client import BoardClient
from twinohm.link.turns import CallEnded
from twinohm.model.levers import Levers
from twinohm.protocol.telemetry import Example

NAN = float("nan")
LONG = 200_000  # ticks: minutes
EXAMPLE = Example([5, 1, 0], [3, 3, 3])
CALLS = [name for name in vars(Calls) if name.startswith("call_")]


@pytest.fixture(scope="module")
def opened() -> Iterator[BoardClient]:
    with twinohm.open("sim://lab16?seed=1&profile=ideal") as board:
        yield board


@pytest.fixture
def board(opened: BoardClient) -> BoardClient:
    opened.home()
    return opened


def can_be_used(board: BoardClient) -> None:
    """Check that all commands work, and that a training is the one asked for."""
    board.safe()
    ticks = board.train(10, INPUTS, OTHER)
    assert len(ticks) == 10 and all(abs(volts - 1) < 0.01 for tick in ticks for volts in tick.clamp_V)
    board.measure()
    assert board.exec("list(learner.twin.taps)").strip() == str(list(board.taps or ()))
    board.home()


@pytest.mark.parametrize("name", CALLS)
def test_a_call_may_be_interrupted_before_any_line(board: BoardClient, name: str) -> None:
    """A few lines by chance; tests/chaos takes all of them."""
    calls = Calls(board)
    passes = first_and_last_passes(getattr(calls, name))
    for after in random.Random(name).sample(passes, 3 if name == "call_reopen" else 6):
        check_after_interrupt(calls, name, after)


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="POSIX timers")
@pytest.mark.parametrize("after_s", [0.02, 0.1, 0.2])
def test_ctrl_c_in_a_training_keeps_its_ticks(board: BoardClient, after_s: float) -> None:
    before = signal.signal(signal.SIGALRM, signal.default_int_handler)
    try:
        signal.setitimer(signal.ITIMER_REAL, after_s)
        with pytest.raises(KeyboardInterrupt):
            board.train(LONG, INPUTS, OUTPUTS)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    made = board.last_ticks
    assert made and int(board.exec("learner.twin.ticks")) == len(made) == board.tick
    assert made[-1].taps == board.taps
    can_be_used(board)


@contextmanager
def alarms(handler: Callable[..., Any], after_s: float, every_s: float = 0.0) -> Iterator[None]:
    """Call `handler` for a signal after a time, and again and again then."""
    before = signal.signal(signal.SIGALRM, handler)
    try:
        signal.setitimer(signal.ITIMER_REAL, after_s, every_s)
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="POSIX timers")
@pytest.mark.parametrize("following", [lambda b: b.exec("1"), BoardClient.measure, BoardClient.safe])
def test_a_second_ctrl_c_loses_no_ticks_for_the_next_call(
    board: BoardClient, following: Callable[[BoardClient], Any]
) -> None:
    count = itertools.count(1)

    def interrupt_twice(*_: object) -> None:
        if next(count) == 2:
            signal.setitimer(signal.ITIMER_REAL, 0)
        raise KeyboardInterrupt

    with alarms(interrupt_twice, 0.1, 0.002), pytest.raises(KeyboardInterrupt):
        board.train(LONG, INPUTS, OUTPUTS)
    following(board)
    made = board.last_ticks
    assert made and len(made) == board.tick and made[-1].taps == board.taps
    assert json.loads(board.exec("[learner.twin.ticks, list(learner.twin.taps)]")) == [len(made), list(made[-1].taps)]


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="POSIX timers")
@pytest.mark.parametrize("of", [TimeoutError, OSError, ValueError])
def test_what_a_signal_handler_raises_comes_out_as_it_is(board: BoardClient, of: type[Exception]) -> None:
    def end(*_: object) -> None:
        raise of("my time limit")

    for call in (lambda: board.train(LONG, INPUTS, OUTPUTS), lambda: board.exec("while True: pass")):
        with alarms(end, 0.1), pytest.raises(of, match="^my time limit$"):
            call()
        can_be_used(board)


def reopen_is_interrupted(board: BoardClient, after_s: float) -> bool:
    """Whether a signal after a time comes before the board is open again."""
    board.home()
    board.train(20, INPUTS, OUTPUTS)
    try:
        with alarms(signal.default_int_handler, after_s):
            board.reopen()
    except KeyboardInterrupt:
        return True
    return False


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="POSIX timers")
def test_an_interrupted_reopen_is_finished_by_the_next_call() -> None:
    with twinohm.open("sim://lab16?profile=ideal") as board:
        begin = time.monotonic()
        board.reopen()
        whole_s = time.monotonic() - begin
        for share in (0.1, 0.6):
            assert any(reopen_is_interrupted(board, share * whole_s / 2**k) for k in range(20))
            assert board.taps is None
            on_board = board.exec("list(learner.twin.taps)")
            assert on_board.strip() == str(list(board.taps or ())) and board.tick == 0
            can_be_used(board)


def test_an_exception_comes_out_of_a_waiting_port_as_it_is(board: BoardClient) -> None:
    """A signal handler may raise anywhere in it; RuntimeError came out of threading.Condition."""

    channel = board.side_channel
    assert channel is not None

    def act() -> None:
        board.measure()
        with suppress(LinkLost):
            channel.take(1, 0.02)

    for after in first_and_last_passes(act, of_port):
        interrupt(act, after, of_port)  # raises what is not the interrupt


def test_taps_after_a_reset_are_those_of_the_board(board: BoardClient) -> None:
    board.train(5, INPUTS, OUTPUTS)
    board.reset()
    assert board.taps is None
    assert board.exec("list(learner.twin.taps)").strip() == str(list(board.taps or ()))
    can_be_used(board)


def test_a_port_that_is_none_ends_reopen_at_once() -> None:
    with twinohm.open("sim://divider?profile=ideal") as board:
        watch = Stopwatch()
        with pytest.raises(UsageError, match="/dev/null: this is no serial port"):
            board.reopen("/dev/null")
        assert watch.free_s() < 5
        board.reopen()
        board.home()


@pytest.mark.parametrize("character", ["\x00", "\x01", "\x02", "\x03", "\x04", "\x05"])
def test_code_with_a_control_character_is_refused_before_it_is_sent(board: BoardClient, character: str) -> None:
    for code in (character, f"print(1){character}print(2)", f"'{character}'"):
        with pytest.raises(UsageError, match="control character of code .*write it as an escape"):
            board.exec(code)
        assert board.exec("print(3)") == "3\n"
    assert board.exec("if 1:\r\n\tprint(4)\n") == "4\n"


def test_code_that_prints_the_end_of_output_shifts_no_later_output(board: BoardClient) -> None:
    with pytest.raises(BoardError, match="printed the character"):
        board.exec(r"print('1\x04\x04')")
    assert board.exec("print(2)") == "2\n"
    board.exec(r"print('\x04\x04>OK3\x04\x04>')")
    assert board.exec("print(4)") == "4\n"


def test_calls_in_the_examples_of_a_stream_end_it_in_words(board: BoardClient) -> None:
    def examples(act: Callable[[], object]) -> Iterator[tuple[int, Example]]:
        yield 64, EXAMPLE
        act()
        yield 64, EXAMPLE

    for act in (lambda: board.train(1, INPUTS, OUTPUTS), lambda: board.exec("1"), board.safe, board.reset):
        board.place(tuple(INPUTS), tuple(OUTPUTS))
        with pytest.raises(UsageError, match="another call has ended this training"):
            list(board.stream(examples(act)))
    board.place(tuple(INPUTS), tuple(OUTPUTS))
    assert [len(chunk) for chunk in board.stream(examples(board.measure))] == [64, 64]
    can_be_used(board)


@pytest.mark.parametrize("name", ["reset", "reopen", "safe", "close"])
def test_a_stream_that_another_call_has_ended_says_so(name: str) -> None:
    with twinohm.open("sim://lab16?profile=ideal") as board:
        board.home()
        board.place(tuple(INPUTS), tuple(OUTPUTS))
        stream = board.stream((64, EXAMPLE) for _ in range(9))
        next(stream)
        getattr(board, name)()
        with pytest.raises(UsageError, match="another call has ended this training"):
            next(stream)


def test_chunks_of_other_roles_are_refused(board: BoardClient) -> None:
    board.place(tuple(INPUTS), tuple(OUTPUTS))
    chunks = list(board.chunks([(64, EXAMPLE)]))
    board.place(["B", "I"], ["F"])
    with pytest.raises(UsageError, match=r"made for other roles: call chunks\(\) after place\(\)"):
        list(board.train_chunks(chunks))
    can_be_used(board)


CLOSED = {  # arguments of every method of a client
    "__enter__": (),
    "apply": ({"B": 5, "I": 0},),
    "chunks": ([(1, EXAMPLE)],),
    "correct": (None,),
    "exec": ("1",),
    "exec_json": ("1", RecordType(int), str),
    "home": (),
    "infer": ([[5, 1, 0]],),
    "measure": (),
    "place": (["B"], ["F"]),
    "reopen": (),
    "reset": (),
    "restore": ([64] * 16,),
    "safe": (),
    "set_clock": (0,),
    "set_levers": (Levers(),),
    "stream": ([(1, EXAMPLE)],),
    "train": (5, INPUTS, OUTPUTS),
    "train_chunks": ([],),
}
HARMLESS = {"__exit__", "__init__", "__repr__", "close"}


def test_every_method_of_a_closed_board_says_that_it_is_closed() -> None:
    methods = {name for name, value in vars(BoardClient).items() if inspect.isfunction(value)}
    assert {name for name in methods if not name.startswith("_") or name.startswith("__")} == CLOSED.keys() | HARMLESS
    for placed in (False, True):
        with twinohm.open("sim://lab16?profile=ideal") as board:
            if placed:
                board.home()
                board.place(tuple(INPUTS), tuple(OUTPUTS))
        for name, arguments in CLOSED.items():
            with pytest.raises(UsageError, match=r"this board is closed; open it again with twinohm.open\(\)"):
                done = getattr(board, name)(*arguments)
                list(done)  # of a generator
        assert board.close() and board.port_name and board.last_ticks == []


@pytest.mark.skipif(not hasattr(os, "fork"), reason="POSIX fork")
def test_a_forked_child_is_refused_and_leaves_the_board_to_its_parent() -> None:
    with tcp_board("divider", "--profile", "ideal") as url:
        program = FORKS.format(url=url)
        done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=30)
    assert done.returncode == 0, done.stderr
    assert re.search(r"child: socket:\S+: process \d+ has opened this board, and this one is a fork of it", done.stdout)
    assert done.stdout.endswith("parent: 4\n")


FORKS = """
import os, sys, twinohm
from twinohm.errors import UsageError
board = twinohm.open({url!r})
board.home()
if not (child := os.fork()):
    try:
        board.measure()
    except UsageError as error:
        print("child:", error)
    board.close()
    sys.exit()
os.waitpid(child, 0)
print("parent:", len(board.train(4, {{"TOP": 5, "BOT": 0}}, {{"MID": 2}})))
"""


def test_an_exception_in_the_loop_over_a_stream_leaves_the_board_usable(board: BoardClient) -> None:
    """The traceback keeps the stream alive, as a notebook does."""
    board.place(tuple(INPUTS), tuple(OUTPUTS))
    with pytest.raises(ZeroDivisionError) as kept:
        for _ in board.stream([(LONG, EXAMPLE)]):
            1 / 0  # noqa: B018
    board.safe()
    assert len(board.last_ticks) == board.tick > 64  # the chunk that was yielded, and those in flight
    can_be_used(board)
    assert kept.tb is not None


def test_a_stream_left_open_leaves_the_board_usable(board: BoardClient) -> None:
    board.place(tuple(INPUTS), tuple(OUTPUTS))
    stream = board.stream([(LONG, EXAMPLE)])
    next(stream)
    can_be_used(board)
    with pytest.raises(UsageError, match="another call has ended this training; ticks .* are in `ticks` of this error"):
        next(stream)


@pytest.mark.parametrize("other", ["train", "stream", "safe"])
def test_ticks_of_a_stream_that_another_call_ends_are_in_its_error(board: BoardClient, other: str) -> None:
    board.place(tuple(INPUTS), tuple(OUTPUTS))
    stream = board.stream([(10, EXAMPLE)] * 60)
    chunks = [next(stream), next(stream)]
    end = board.tick
    assert end is not None and end > sum(map(len, chunks)), "a chunk is in flight"
    if other == "train":
        assert board.train(20, INPUTS, OUTPUTS).first == end
    elif other == "stream":
        assert next(board.stream([(10, EXAMPLE)])).first == end
    else:
        board.safe()
    with pytest.raises(CallEnded) as ended:
        next(stream)
    left = ended.value.ticks
    assert left is not None and left.first == chunks[-1].first + len(chunks[-1]) and left.first + len(left) == end
    assert left.frame.columns[1] == chunks[0].frame.columns[1]


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="POSIX timers")
@pytest.mark.parametrize("after_s", [0.05, 0.1, 0.15, 0.2, 0.25, 0.3])
def test_chunks_and_last_ticks_are_joined_by_their_first_ticks(board: BoardClient, after_s: float) -> None:
    """Wherever the interrupt comes, in the loop's body or in the client."""
    desired_V = [k * 5 / 650 for k in range(600)]
    board.place(tuple(INPUTS), tuple(OUTPUTS))
    joined, chunks = {}, []
    with alarms(signal.default_int_handler, after_s), suppress(KeyboardInterrupt):
        for chunk in board.stream([(1, Example([5, 1, 0], [volts, 3, 3])) for volts in desired_V]):
            chunks.append(chunk)
            time.sleep(0.01)
    for part in [*chunks, board.last_ticks]:
        joined |= {part.first + k: tick.clamp_V[0] for k, tick in enumerate(part)}
    assert list(joined) == list(range(board.tick or 0))
    assert list(joined.values()) == pytest.approx(desired_V[: len(joined)], abs=0.01)  # eta 1: clamped at the target
    assert board.last_ticks.first == (chunks[-1].first if chunks else 0)
    assert len(board.last_ticks.frame) == len(board.last_ticks)


def test_a_training_says_the_number_of_its_first_tick(board: BoardClient) -> None:
    assert [board.train(ticks, INPUTS, OUTPUTS).first for ticks in (5, 0, 70)] == [0, 5, 5]
    assert (board.last_ticks.first, len(board.last_ticks), board.last_ticks.placement.inputs) == (5, 70, tuple(INPUTS))


def test_train_in_the_loop_over_a_stream_returns_its_own_ticks_and_ends_the_stream(board: BoardClient) -> None:
    board.place(tuple(INPUTS), tuple(OUTPUTS))
    inner = []
    with pytest.raises(UsageError, match="another call has ended this training"):
        for _ in board.stream([(LONG, EXAMPLE)]):
            inner = board.train(10, INPUTS, OTHER)
    assert len(inner) == 10 and all(abs(volts - 1) < 0.01 for tick in inner for volts in tick.clamp_V)
    can_be_used(board)


def test_of_two_streams_the_later_goes_on(board: BoardClient) -> None:
    board.place(tuple(INPUTS), tuple(OUTPUTS))
    first, second = board.stream([(LONG, EXAMPLE)]), board.stream([(100, Example([5, 1, 0], [1, 1, 1]))])
    next(first)
    ticks = [tick for chunk in second for tick in chunk]
    assert len(ticks) == 100 and all(abs(volts - 1) < 0.01 for tick in ticks for volts in tick.clamp_V)
    with pytest.raises(UsageError, match="another call has ended this training"):
        next(first)


def test_measuring_in_the_loop_over_a_stream_changes_none_of_its_ticks(board: BoardClient) -> None:
    board.place(tuple(INPUTS), tuple(OUTPUTS))
    undisturbed = [tick.taps for chunk in board.stream([(300, EXAMPLE)]) for tick in chunk]
    board.home()
    measured = []
    for chunk in board.stream([(300, EXAMPLE)]):
        measured += [tick.taps for tick in chunk]
        board.measure()
        board.infer([[5, 1, 0]])
    assert measured == undisturbed


# -- threads


def in_thread(act: Callable[[], Any]) -> tuple[threading.Thread, list[BaseException]]:
    """Run `act` in a thread; the list gets what it raises."""
    raised: list[BaseException] = []

    def run() -> None:
        try:
            act()
        except BaseException as error:
            raised.append(error)

    thread = threading.Thread(target=run, name="learner")
    thread.start()
    return thread, raised


def test_a_second_thread_is_refused_and_its_safe_ends_the_training(board: BoardClient) -> None:
    begun = threading.Event()

    def train() -> None:
        for _ in board.stream([(LONG, EXAMPLE)]):
            begun.set()

    board.place(tuple(INPUTS), tuple(OUTPUTS))
    thread, raised = in_thread(train)
    assert begun.wait(20)
    for call in (board.measure, board.home, lambda: board.train(1, INPUTS, OUTPUTS), lambda: board.exec("1")):
        with pytest.raises(UsageError, match=r"sim://lab16\S+: thread learner (uses|trains) this board; wait until"):
            call()
    board.safe()
    thread.join(20)
    assert not thread.is_alive() and "safe() of thread MainThread has ended this training" in str(raised)
    can_be_used(board)


def test_a_board_whose_training_thread_died_can_be_used(board: BoardClient) -> None:
    board.place(tuple(INPUTS), tuple(OUTPUTS))
    streams = []

    def begin() -> None:
        streams.append(board.stream([(LONG, EXAMPLE)]))
        next(streams[0])

    thread, raised = in_thread(begin)
    thread.join(20)
    assert not raised
    can_be_used(board)


# -- close


def test_close_in_a_stream_ends_the_boards_process_and_says_so() -> None:
    board = twinohm.open("sim://lab16?profile=ideal")
    board.home()
    board.place(tuple(INPUTS), tuple(OUTPUTS))
    stream = board.stream([(LONG, EXAMPLE)])
    next(stream)
    board.close()
    board.close()
    for call in (lambda: next(stream), board.safe, board.home, board.measure, lambda: board.exec("1"), board.reopen):
        with pytest.raises(UsageError, match="this board is closed; open it again|another call has ended"):
            call()


PROGRAM = f"""
import twinohm
board = twinohm.open()
board.home()
print(board._link.port.process_id, flush=True)
board.train({LONG}, {INPUTS}, {OUTPUTS})
"""


def is_alive(process_id: int) -> bool:
    try:
        os.kill(process_id, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.mark.skipif(os.name == "nt", reason="POSIX signals")
def test_a_program_that_is_interrupted_leaves_no_board_behind() -> None:
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen([sys.executable, "-c", PROGRAM], text=True, **pipes) as program:
        assert program.stdout is not None
        board = int(program.stdout.readline())
        program.send_signal(signal.SIGINT)
        _, error = program.communicate(timeout=20)
    assert error.endswith("KeyboardInterrupt\n")
    end = time.monotonic() + 10
    while is_alive(board):
        assert time.monotonic() < end, "the board's process is still there"
        time.sleep(0.02)


# -- wrong arguments


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda b: b.train("10", INPUTS, OUTPUTS), r"ticks = '10': give a whole number, 0\.\.10000000"),
        (lambda b: b.train(-1, INPUTS, OUTPUTS), r"ticks = -1: give a whole number, 0\.\.10000000"),
        (lambda b: b.train(1.5, INPUTS, OUTPUTS), r"ticks = 1.5: give a whole number, 0\.\.10000000"),
        (lambda b: b.train(1, [5, 1, 0], OUTPUTS), r"inputs = \[5, 1, 0\]: give task volts by node"),
        (lambda b: b.train(1, INPUTS, {"F": "3"}), r"outputs\['F'\] = '3': give a number"),
        (lambda b: b.train(1, INPUTS, {"F": float("nan")}), r"outputs\['F'\] = nan: give a number"),
        *(
            (lambda b, v=v: b.train(1, INPUTS, {"F": v}), r"outputs\['F'\](\[0\])? = .*: give a (number|list)")
            for v in (True, np.True_, np.array(True), np.array([True]), np.array("3"), b"3", bytearray(b"3"), 1j, [[3]])
        ),
        (lambda b: b.train(1, {**INPUTS, "B": np.True_}, OUTPUTS), r"inputs\['B'\] = .*True_?: give a number"),
        (lambda b: b.apply({"B": np.True_}), r"inputs_V\['B'\] = .*True_?: give a number"),
        (lambda b: b.infer([[np.True_, 1, 0]]), r"inputs_V\[0\]\[0\] = .*True_?: give a number"),
        (lambda b: b.infer([b"\1\1\1"]), r"inputs_V\[0\] = b.*: give 3 numbers"),
        (lambda b: b.infer([bytearray(3)]), r"inputs_V\[0\] = bytearray.*: give a list"),
        (lambda b: b.train(1, INPUTS, {"F": 3}, eta=np.True_), "eta = .*True_?: give a number"),
        (lambda b: b.place(["B"], ["F"], eta=np.array([1.0])), r"eta = array\(\[1.\]\): give a number"),
        (lambda b: b.train(np.True_, INPUTS, OUTPUTS), "ticks = .*True_?: give a whole number"),
        (lambda b: b.train(1, INPUTS, {"F": 7}), "7.0 V cannot be driven; task volts are 0..5"),
        (lambda b: b.train(1, INPUTS, {"F": 3}, eta=None), "eta = None: give a number"),
        (lambda b: b.train(1, INPUTS, {"F": 3}, eta=40), "eta = 40.0: more than 0, at most 4"),
        (lambda b: b.train(1, INPUTS, {}), "nothing to train: place"),
        (lambda b: b.train(1, INPUTS, {"Q": 3}), "board lab16 has no node 'Q'"),
        (lambda b: b.place(5, ("F",)), "inputs = 5: give a list"),
        (lambda b: b.place((1, 2), ("F",)), r"inputs = \(1, 2\): give a list of texts"),
        (lambda b: b.place("BDI", ("F",)), "inputs = 'BDI': give a list of texts"),
        (lambda b: b.apply({"B": 9}), "9.0 V cannot be driven"),
        (lambda b: b.apply(None), "inputs_V = None: give task volts by node"),
        (lambda b: b.infer([[5, 1]]), r"inputs_V\[0\] = \[5, 1\]: give 3 numbers"),
        (lambda b: b.infer(5), "inputs_V = 5: give a list"),
        (lambda b: b.infer([["5", 1, 0]]), r"inputs_V\[0\]\[0\] = '5': give a number"),
        (lambda b: list(b.stream([5])), "example 5: give "),
        (lambda b: list(b.stream([(1, Example([5], [3]))])), r"inputs_V = \[5\]: give 3 numbers"),
        (lambda b: list(b.stream([(None, EXAMPLE)])), "ticks = None: give a whole number"),
        (lambda b: list(b.stream(7)), "examples = 7: give a list"),
        (lambda b: b.restore([64] * 15), "restore needs 16 taps of 4..127, not 15"),
        (lambda b: b.restore([64.5] * 16), "restore needs 16 taps of 4..127; tap = 64.5: give a whole number"),
        (lambda b: b.restore([True] * 16), "tap = True: give a whole number, 4..127"),
        (lambda b: b.restore([np.True_] * 16), r"tap = np.True_: give a whole number, 4..127"),
        *((lambda b, t=t: b.restore(t(b"@" * 16)), "taps = .*: give a list") for t in (bytes, bytearray, memoryview)),
        (lambda b: b.restore("@" * 16), "taps = '@+': give a list"),
        (lambda b: b.restore(64), "taps = 64: give a list"),
        (lambda b: b.restore(np.array(64)), r"taps = array\(64\): give a list"),
        (lambda b: b.restore(set(range(60, 76))), "taps = {.*: a set has no order; give a list"),
        (lambda b: b.restore(dict.fromkeys(range(60, 76))), "taps = {.*: give a list"),
        (lambda b: b.place({"B", "D"}, ["F"]), "inputs = {.*: a set has no order; give a list of texts"),
        (lambda b: b.place(np.array("B"), ["F"]), "inputs = array.*: give a list of texts"),
        (lambda b: b.place(["B", "D"], frozenset("F")), r"outputs = frozenset\(.*: a set has no order"),
        (lambda b: b.infer(np.array(5.0)), r"inputs_V = array\(5.\): give a list"),
        (lambda b: b.infer([{5, 1, 0}]), r"inputs_V\[0\] = {.*: a set has no order"),
        (lambda b: b.infer({(5, 1, 0)}), "inputs_V = {.*: a set has no order"),
        (lambda b: list(b.stream([(1, Example({5, 1, 0}, [3, 3, 3]))])), "inputs_V = {.*: a set has no order"),
        (lambda b: list(b.stream(np.array(5))), r"examples = array\(5\): give a list of \(ticks, Example"),
        (lambda b: list(b.train_chunks(np.array(5))), r"chunks = array\(5\): give what chunks"),
        (lambda b: b.set_levers({"p": 0.5}), r"levers = {'p': 0.5}: give "),
        (lambda b: b.set_levers(Levers(), seed="x"), "seed = 'x': give a whole number"),
        (lambda b: b.correct({"B.free": 1}), r"adc\['B.free'\] = 1: give \(gain, offset\) by channel"),
        *(
            (lambda b, p=p: b.correct({"B.free": p}), r"adc\['B.free'\] = .*: give \(gain, offset\) by channel")
            for p in (b"12", "12", (True, 2), (1.5, 2), (1, 2, 3), (1 << 31, 2))
        ),
        (lambda b: b.correct(3), "adc = 3: give "),
        (lambda b: b.exec(5), "code = 5: give a text"),
        (lambda b: b.exec(b"1"), "code = b'1': give a text"),
        *((lambda b, t=t: b.set_clock(t), "t_us = .*: give a whole number, 0..") for t in (NAN, -1, 2.5, 10**30, None)),
        (lambda b: b.place(["B", "D"], ["F"], absent=["Z-Z"]), "board lab16 has no edge 'Z-Z'; its edges are A-B, "),
        (lambda b: b.place(["B", "D"], ["F"], absent={"E-H": 1}), "absent = {'E-H': 1}: give a list of texts"),
        (lambda b: b.correct({"Z": (1, 2)}), r"adc\['Z'\]: the board has no such channel; its channels are A.free, "),
        (lambda b: b.train(1, INPUTS, OUTPUTS, eta=np.array([1.0, 2.0])), r"eta = array\(\[1., 2.\]\): give a number"),
        *((lambda b, c=c: list(b.train_chunks(c)), "chunks? .*: give what chunks") for c in (None, 5, [None], "x")),
        (lambda _: Levers(p="x"), "p = 'x': give a number"),
        (lambda _: Levers(p=[0.5]), r"p = \[0.5\]: give a number"),
        (lambda _: Levers(readings=1.5), "readings = 1.5: give a whole number"),
        (lambda _: Levers(whole="yes"), "whole = 'yes': give True or False"),
        (lambda _: Levers(eta_end="x"), "eta_end = 'x': give a number"),
        *((lambda _, p=p: twinohm.open(p), "port = .*: give a text, such as 'sim") for p in (5, b"x", [1], Path("x"))),
        *((lambda _, f=f: twinohm.open(boards=f), "boards = .*: give the path of a file") for f in (5, ["a"], b"x")),
        *((lambda b, p=p: b.reopen(p), "port = .*: give a text, such as 'sim") for p in (5, [1])),
        (lambda b: b.reopen("nope://x"), "nope://x: invalid URL, protocol 'nope' not known"),
        (lambda _: twinohm.open("sim://lab16?seed=" + "9" * 22), "seed = '9+': a whole number, 0 to 9+$"),
    ],
)
def test_a_wrong_argument_is_refused_in_words(
    opened: BoardClient, call: Callable[[BoardClient], Any], words: str
) -> None:
    if opened.inputs != tuple(INPUTS) or opened.outputs != tuple(OUTPUTS):
        opened.home()
        opened.place(tuple(INPUTS), tuple(OUTPUTS))
    with pytest.raises(UsageError, match=words):
        call(opened)


def test_arrays_of_numpy_are_numbers(board: BoardClient) -> None:
    board.restore(np.full(16, 64))
    assert board.taps == (64,) * 16 and type(board.taps[0]) is int
    inputs = dict(zip("BDI", np.array([5, 1, 0]), strict=True))
    ticks = board.train(np.int64(3), inputs, {"F": np.float32(3)})
    assert len(ticks) == 3
    assert len(board.infer(np.array([[5.0, 1.0, 0.0]] * 4))) == 4


def test_a_board_whose_taps_are_unknown_says_what_to_do() -> None:
    with twinohm.open("sim://lab16?profile=ideal") as board:
        board.exec("learner.twin.pots.pulse(0)")
        with pytest.raises(BoardError, match=r"does not know its taps: restore\(\) or home\(\) first"):
            board.train(1, INPUTS, OUTPUTS)


def test_levers_stay_set_over_exec() -> None:
    with twinohm.open("sim://lab16?profile=ideal") as board:
        board.home()
        board.set_levers(Levers(p=0.2), seed=1)
        board.exec("1")
        ticks = board.train(30, INPUTS, OUTPUTS)
        assert max(bin(tick.moved).count("1") for tick in ticks) < 12
