"""Writes the side channel of a virtual board: component values, the true voltages of each tick, and broken limits.

A tick is a falling CLK edge after the comparators were read.
"""

from typing import TextIO

from twinohm.model.board import Board
from twinohm.protocol.side_channel import Message, Ready, TrueTick, Violation, encode
from twinohm.sim.analog import CLAMPED, FREE, Analog
from twinohm.sim.events import Event
from twinohm.sim.faults import Fault
from twinohm.sim.parts.fixture import Bench
from twinohm.sim.settings import BenchSettings
from twinohm.sim.wiring import wire

DESCRIBED = 20  # violations that are written with their text; all are counted


def recorded_bench(settings: BenchSettings, stream: TextIO) -> tuple[Bench, "Recorder"]:
    """Return all part models of a board, powered, and the recorder that writes to `stream` what happens to them."""
    bench = Bench()
    bench.unique_id = settings.unique_id
    script: list[Event | Fault] = [*settings.events, *settings.faults]
    recorder = Recorder(settings.board, bench, stream, sorted(script, key=lambda event: event.tick))
    bench.report = recorder.violation
    recorder.attach(wire(settings.board, settings.profile, bench, settings.seed))
    return bench, recorder


class Recorder:
    """Writes messages of one virtual board to `stream`, and makes its scripted events happen at their ticks."""

    def __init__(self, board: Board, bench: Bench, stream: TextIO, events: list[Event | Fault]) -> None:
        self._bench = bench
        self._stream = stream
        self._events = events
        self._tick = 0
        self._board = board

    def attach(self, analog: Analog) -> None:
        """Listen to CLK before the pots do: a tick is recorded with the voltages that the comparators saw."""
        self._analog = analog
        self._bench.net(self._board.pots.clk).listeners.insert(0, self._clocked)
        self._send(analog.truth())
        self._run_events()

    def violation(self, part: str, text: str) -> None:
        """Describe a broken limit; called by the parts."""
        if self._bench.violations <= DESCRIBED:
            self._send(Violation(f"{part}: {text}", self._bench.now_ns // 1000))

    def ready(self) -> None:
        """Tell the host that the board shows its prompt for the first time."""
        self._send(Ready())
        self.flush()

    def flush(self) -> None:
        """Hand to the host what was written."""
        self._stream.flush()

    def _clocked(self, level: int, width: int) -> None:
        analog = self._analog
        if level or not analog.compared_since():
            return
        free_V, clamped_V = (tuple(analog.task_voltages(network)) for network in (FREE, CLAMPED))
        self._send(TrueTick(self._tick, free_V, clamped_V, self._bench.violations))
        self._tick += 1
        self._run_events()

    def _run_events(self) -> None:
        while self._events and self._events[0].tick <= self._tick:
            self._events.pop(0).happen(self._analog)

    def _send(self, message: Message) -> None:
        self._stream.write(encode(message))
