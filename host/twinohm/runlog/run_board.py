"""What a run trains: a board with firmware (reconnecting.py), or the ensemble engine (engine_board.py)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from pydantic import JsonValue

from twinohm.model.placement import Placement
from twinohm.protocol.side_channel import GroundTruth
from twinohm.protocol.telemetry import Example, Tick
from twinohm.runlog.events import Taps, Violations
from twinohm.runlog.run_state import RunState
from twinohm.runlog.tick_record import TickRecord
from twinohm.tasks.task import Volts

if TYPE_CHECKING:
    from twinohm.link.board_client import BoardClient


@dataclass(frozen=True)
class BoardFacts:
    """What run.json records of the board that a run begins with. `truth`: component values, None on copper."""

    start_taps: Taps
    truth: GroundTruth | None
    serial_number: str | None = None
    board_id: str | None = None
    versions: dict[str, str | int] = field(default_factory=dict)  # of firmware and protocol
    hello: dict[str, JsonValue] = field(default_factory=dict)

    @classmethod
    def of(cls, client: BoardClient, firmware_here: str) -> BoardFacts:
        """Return those of an open board. firmware_here: hash of this host's firmware."""
        hello = client.hello
        return cls(
            start_taps=client.taps or (),
            truth=client.side_channel.truth if client.side_channel is not None else None,
            serial_number=client.serial_number,
            board_id=client.board_id,
            versions={"firmware": hello.firmware, "firmware_here": firmware_here, "protocol": hello.protocol},
            hello=hello.record(),
        )


@dataclass(frozen=True)
class TrainedTick:
    """A tick that was made.

    t_us: board time; None of the ensemble engine, which has none. true_V: true voltages of the free network by node,
    task volts; None on copper.
    """

    number: int
    taps_before: Taps
    tick: Tick
    t_us: int | None
    true_V: Volts | None


class RunBoard(Protocol):
    """The networks of a run, in the state of the run."""

    state: RunState

    def place(self, placement: Placement, eta: float) -> None:
        """Give the nodes their roles. eta: strength of the nudge (paper, eq. 1)."""

    def infer(self, inputs_V: Sequence[Volts]) -> list[tuple[float, ...]]:
        """Return the measured outputs (examples, outputs) of the free network for inputs_V (examples, inputs)."""

    def train(
        self, examples: Sequence[tuple[int, Example]], more: Callable[[], bool]
    ) -> Iterator[tuple[list[TrainedTick], Violations | None]]:
        """Train on (ticks, example) pairs; yield the ticks of each chunk, and the limits of parts broken in it.

        Once `more` returns False, only ticks that are under way are yielded.
        """

    def restore(self, taps: Taps) -> None:
        """Set these taps, with the same roles."""

    def safe(self) -> None:
        """Open all switches."""

    def violations_event(self) -> Violations | None:
        """Return the limits of parts that were broken since the last event, None on copper or if there are none."""

    def replay_tick(self, record: TickRecord) -> None:
        """Adopt a tick of the log instead of training one."""

    def close(self) -> None:
        """Let the board go."""
