"""What a run trains: a board with firmware (reconnecting.py), or the ensemble engine (engine_board.py)."""

from __future__ import annotations

import platform
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from pydantic import JsonValue

from twinohm.clock import local_now
from twinohm.errors import RunFileError
from twinohm.firmware.sources import firmware_hash
from twinohm.model.board import Board
from twinohm.model.placement import Placement
from twinohm.protocol.side_channel import GroundTruth
from twinohm.protocol.telemetry import Example, Tick
from twinohm.runlog.description import FORMAT, LOG_FORMAT, RunDescription
from twinohm.runlog.events import Taps, Violations
from twinohm.runlog.run_state import RunState
from twinohm.runlog.tick_record import TickRecord
from twinohm.tasks.task import Volts
from twinohm.this_command import this_command
from twinohm.version import __version__

if TYPE_CHECKING:
    from twinohm.link.board_client import BoardClient

PROCESS_ENDED = "the run's process ended"  # why a run is resumed


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
    def of(cls, client: BoardClient) -> BoardFacts:
        """Return those of an open board."""
        hello = client.hello
        return cls(
            start_taps=client.taps or (),
            truth=client.side_channel.truth if client.side_channel is not None else None,
            serial_number=client.serial_number,
            board_id=client.board_id,
            versions={"firmware": hello.firmware, "firmware_here": firmware_hash(), "protocol": hello.protocol},
            hello=hello.record(),
        )


def describe_run(board: Board, facts: BoardFacts, **more: Any) -> RunDescription:
    """Return what run.json says of a run that begins now on a board; `more` are the fields that these do not give."""
    return RunDescription(
        format=FORMAT,
        log_format=LOG_FORMAT,
        board=board.name,
        serial_number=facts.serial_number,
        board_id=facts.board_id,
        nodes=board.nodes,
        edges=board.edges,
        min_tap=board.pots.min_tap,
        start_taps=facts.start_taps,
        command=tuple(this_command()),
        versions={
            "twinohm": __version__,
            "python": platform.python_version(),
            "numpy": np.__version__,
            **facts.versions,
        },
        hello=facts.hello,
        board_table=board.model_dump(mode="json"),
        started=local_now().isoformat(timespec="seconds"),
        truth=facts.truth,
        **more,
    )


def check_truth(port: str, now: GroundTruth | None, description: RunDescription) -> None:
    """Raise RunFileError if the component values that are drawn at a port now are not those of the run."""
    if now != description.truth:
        raise RunFileError(
            f"{port}: the circuit that is drawn now is not the one of the run (truth in run.json), "
            f"which {description.made_by} made; resume the run with that version and at its own port"
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
