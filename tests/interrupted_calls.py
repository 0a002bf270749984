"""Interrupt a call of the client before any of its lines, as Ctrl-C or a notebook's stop button may."""

import json
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType
from typing import Any

import twinohm.link
from twinohm.link.board_client import BoardClient
from twinohm.model.levers import Levers
from twinohm.protocol import telemetry
from twinohm.protocol.telemetry import Example, Tick

CLIENT = str(Path(twinohm.link.__file__).parent)
TELEMETRY = str(Path(telemetry.__file__))
INPUTS, OUTPUTS, OTHER = {"B": 5, "D": 1, "I": 0}, {"F": 3, "G": 3, "H": 3}, {"F": 1, "G": 1, "H": 1}
TICKS = 130  # three chunks

Line = tuple[str, int]  # file, number


class Interrupt(BaseException):
    """Nothing expects it."""


def of_client(file: str) -> bool:
    return file.startswith(CLIENT) or file == TELEMETRY


def of_port(file: str) -> bool:
    """Return whether a file is of the port of a virtual board, or of what that waits with."""
    return file == threading.__file__ or Path(file).name in ("process_port.py", "side_channel.py", "arrivals.py")


def run_traced(
    act: Callable[[], object], at_line: Callable[[Line], None], traced: Callable[[str], bool] = of_client
) -> None:
    """Run `act`; call `at_line` before each line of the `traced` files that this thread passes."""

    def trace(frame: FrameType, event: str, _: Any) -> Any:
        name = frame.f_code.co_filename
        if not traced(name):
            return None
        if event == "line":
            at_line((name, frame.f_lineno))
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        act()
    finally:
        sys.settrace(before)


def first_and_last_passes(act: Callable[[], object], traced: Callable[[str], bool] = of_client) -> list[int]:
    """Return when `act` passes each traced line first and when last, as numbers of lines passed before."""
    lines: list[Line] = []
    run_traced(act, lines.append, traced)
    first = {line: k for k, line in reversed(list(enumerate(lines)))}
    last = {line: k for k, line in enumerate(lines)}
    return sorted({*first.values(), *last.values()})


def call_within(act: Callable[[], object], after: int, call: Callable[[], object]) -> str | None:
    """Run `act`, and `call` within it after so many lines, as a signal handler may. Return the line, as interrupt()."""
    passed, at = 0, None

    def count(line: Line) -> None:
        nonlocal passed, at
        passed += 1
        if passed == after + 1:
            at = f"{Path(line[0]).name}:{line[1]}"
            call()

    run_traced(act, count)
    return at


def interrupt(act: Callable[[], object], after: int, traced: Callable[[str], bool] = of_client) -> str | None:
    """Run `act` and interrupt it after so many lines. Return the line, None if `act` did not come so far."""
    passed = 0

    def count(line: Line) -> None:
        nonlocal passed
        passed += 1
        if passed > after:
            raise Interrupt(f"{Path(line[0]).name}:{line[1]}")

    try:
        run_traced(act, count, traced)
    except Interrupt as caught:
        return str(caught)
    return None


class Calls:
    """Calls of one board. `received` has the ticks that the last call returned or yielded."""

    def __init__(self, board: BoardClient) -> None:
        self.board = board
        self.received: list[Tick] = []

    def names(self) -> Iterator[str]:
        return (name for name in vars(Calls) if name.startswith("call_"))

    def call_train(self) -> None:
        self.received.extend(self.board.train(TICKS, INPUTS, OUTPUTS))

    def call_stream(self) -> None:
        self.board.place(tuple(INPUTS), tuple(OUTPUTS))
        for chunk in self.board.stream([(TICKS, Example([5, 1, 0], [3, 3, 3]))]):
            self.received.extend(chunk)

    def call_infer(self) -> None:
        self.board.place(tuple(INPUTS), tuple(OUTPUTS))
        self.board.infer([[5, 1, 0]] * 3)

    def call_restore(self) -> None:
        self.board.restore([70] * self.board.board.n_edges)

    def call_exec(self) -> None:
        self.board.exec("1 + 1")

    def call_place(self) -> None:
        self.board.place(("A", "B"), ("F",))

    def call_measure(self) -> None:
        self.board.measure()

    def call_set_levers(self) -> None:
        self.board.set_levers(Levers())

    def call_reopen(self) -> None:
        self.board.reopen()


def check_after_interrupt(calls: Calls, name: str, after: int) -> None:
    """Interrupt a call; check that the board can be used, that no tick is lost, and that the next one is right."""
    calls.board.home()
    calls.received.clear()
    where = interrupt(getattr(calls, name), after)
    check_after_call(calls, name, where)


def check_after_call(calls: Calls, name: str, where: str | None) -> None:
    """Check that the board can be used after a call, that no tick is lost, and that the next one is right."""
    board = calls.board
    board.safe()
    said = board.exec("import json; print(json.dumps([learner.twin.ticks, list(learner.twin.taps)]))")
    done, taps = json.loads(said)
    assert (done, taps) == (board.tick, list(board.taps or ())), where
    if name in ("call_train", "call_stream"):
        known = {tick.t_us: tick for tick in [*calls.received, *(board.last_ticks if done else ())]}
        assert len(known) == done, f"{where}: the board made {done} ticks, {len(known)} are known"
    if board.taps is None:
        board.home()
    ticks = board.train(10, INPUTS, OTHER)
    assert len(ticks) == 10, where
    assert all(abs(volts - 1) < 0.01 for volts in ticks[0].clamp_V), where  # eta 1: clamped at the target
