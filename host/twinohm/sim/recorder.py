"""Writes the side channel of a virtual board: component values, the true voltages of each tick, and broken limits.

A tick is a falling CLK edge after the comparators were read, with nothing in between that changes a network: an
emulated chip reads all its pins, comparators among them, whenever it reads one.
"""

from typing import TextIO

from twinohm.model.networks import CLAMPED, FREE
from twinohm.model.temperature import drifted_K
from twinohm.protocol.side_channel import Message, Ready, TrueTick, Violation, encode
from twinohm.sim.events import Event
from twinohm.sim.faults import Fault
from twinohm.sim.parts.fixture import Fixture
from twinohm.sim.settings import SimSettings
from twinohm.sim.twin_networks import TwinNetworks
from twinohm.sim.wiring import wire

DESCRIBED = 20  # violations that are written with their text; all are counted


def recorded_fixture(settings: SimSettings, stream: TextIO) -> tuple[Fixture, "Recorder"]:
    """Return all part models of a board, powered, and the recorder that writes to `stream` what happens to them."""
    fixture = Fixture()
    fixture.unique_id = settings.unique_id
    recorder = Recorder(settings, fixture, stream)
    fixture.report = recorder.report_violation
    recorder.attach(wire(settings.board, settings.profile, fixture, settings.seed, settings.pots, settings.ldac))
    return fixture, recorder


class Recorder:
    """Writes messages of one virtual board to `stream`, and changes the board from tick to tick, by its script and its
    drift.
    """

    def __init__(self, settings: SimSettings, fixture: Fixture, stream: TextIO) -> None:
        script: list[Event | Fault] = [*settings.events, *settings.faults]
        self._fixture = fixture
        self._stream = stream
        self._events = sorted(script, key=lambda event: event.tick)
        self._tick = 0
        self._board = settings.board
        self._drift_K, self._first_tick = settings.profile.drift_K, settings.first_tick

    def attach(self, twins: TwinNetworks) -> None:
        """Listen to CLK before the pots do: a tick is recorded with the voltages that the comparators saw."""
        self.twins = twins
        self._fixture.net(self._board.pots.clk).listeners.insert(0, self._clocked)
        self._send(twins.truth())
        self._begin_tick()

    def report_violation(self, part: str, text: str) -> None:
        """Write the text of a broken limit. The fixture calls it."""
        if self._fixture.violations <= DESCRIBED:
            self._send(Violation(f"{part}: {text}", self._fixture.now_ns // 1000))

    def report_ready(self) -> None:
        """Report that the board shows its prompt for the first time."""
        self._send(Ready())
        self.flush()

    def flush(self) -> None:
        """Send the messages written so far to the host."""
        self._stream.flush()

    def _clocked(self, level: int, width: int) -> None:
        twins = self.twins
        if level or not twins.compared_since():
            return
        free_V, clamped_V = (tuple(twins.task_voltages(network)) for network in (FREE, CLAMPED))
        self._send(TrueTick(self._tick, free_V, clamped_V, self._fixture.violations))
        self._tick += 1
        self._begin_tick()

    def _begin_tick(self) -> None:
        if self._drift_K:
            self.twins.warm(drifted_K(self._drift_K, self._first_tick + self._tick))
        while self._events and self._events[0].tick <= self._tick:
            self._events.pop(0).apply(self.twins)

    def _send(self, message: Message) -> None:
        self._stream.write(encode(message))
