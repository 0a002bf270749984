"""What the bench tells beside the wire: component values, the true voltages of each tick, and broken limits.

One JSON object a line. A tick is a falling CLK edge after the comparators were read.
"""

import json
from typing import TextIO

from twinohm.model.board import Board
from twinohm.sim.analog import CLAMPED, FREE, Analog
from twinohm.sim.events import Event
from twinohm.sim.faults import Fault
from twinohm.sim.parts.fixture import Bench
from twinohm.sim.settings import BenchSettings
from twinohm.sim.wiring import wire

LOUD = 20  # violations told in words; all are counted


def recorded_bench(settings: BenchSettings, stream: TextIO) -> tuple[Bench, "Recorder"]:
    """All part models of a board, powered, and the recorder that tells of them on `stream`."""
    bench = Bench()
    bench.unique_id = settings.unique_id
    script: list[Event | Fault] = [*settings.events, *settings.faults]
    recorder = Recorder(settings.board, bench, stream, sorted(script, key=lambda event: event.tick))
    bench.report = recorder.violation
    recorder.attach(wire(settings.board, settings.profile, bench, settings.seed))
    return bench, recorder


class Recorder:
    def __init__(self, board: Board, bench: Bench, stream: TextIO, events: list[Event | Fault]) -> None:
        self._bench = bench
        self._stream = stream
        self._events = events
        self._tick = 0
        self._board = board

    def attach(self, analog: Analog) -> None:
        """Listen to CLK before the pots do, so that a tick is seen as it was."""
        self._analog = analog
        self._bench.net(self._board.pots.clk).listeners.insert(0, self._clocked)
        self._tell({"truth": analog.truth()})
        self._run_events()

    def violation(self, part: str, text: str) -> None:
        if self._bench.violations <= LOUD:
            self._tell({"violation": f"{part}: {text}", "t_us": self._bench.now_ns // 1000})

    def ready(self) -> None:
        """The board shows its prompt for the first time."""
        self._tell({"ready": True})
        self.flush()

    def flush(self) -> None:
        self._stream.flush()

    def _clocked(self, level: int, width: int) -> None:
        analog = self._analog
        if level or not analog.compared_since():
            return
        self._tell(
            {
                "tick": self._tick,
                "free_V": analog.task_voltages(FREE),
                "clamped_V": analog.task_voltages(CLAMPED),
                "violations": self._bench.violations,
            }
        )
        self._tick += 1
        self._run_events()

    def _run_events(self) -> None:
        while self._events and self._events[0].tick <= self._tick:
            self._events.pop(0).happen(self._analog)

    def _tell(self, record: dict[str, object]) -> None:
        self._stream.write(json.dumps(record, separators=(",", ":")) + "\n")
