"""The log of a session: what a program trains on a board that it drives itself, as a run folder of task "session".

A thread writes, so that an interrupt of the program never comes between a tick and its line. A session has no planned
end. A part of it with the same roles and eta is a phase; taps that something else than a tick has set are an event.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from twinohm.errors import LinkLost, RunError, TwinOhmError
from twinohm.link.board_client import BoardClient, TickRequest
from twinohm.model.levers import Levers
from twinohm.model.placement import Placement
from twinohm.protocol.side_channel import SideChannel
from twinohm.protocol.telemetry import Tick
from twinohm.runlog.description import SESSION, RunDescription
from twinohm.runlog.events import Ended, Taps, TapsSet
from twinohm.runlog.folder import RunFolder
from twinohm.runlog.log_lines import LogRecord
from twinohm.runlog.log_summary import log_summary
from twinohm.runlog.run_board import BoardFacts, describe_run
from twinohm.runlog.tick_record import make_tick_record
from twinohm.sim.settings import SimSettings


@dataclass(frozen=True)
class TrainedChunk:
    """The ticks of a request, and the taps before them."""

    request: TickRequest
    taps: Taps
    ticks: Sequence[Tick]


class SessionLog:
    """A run folder that grows while a program trains a board. `channel`: true voltages, None where they are not known.

    An error of the disk is raised by each check() and close() after it.
    """

    def __init__(
        self,
        out: Path,
        client: BoardClient,
        placement: Placement,
        eta: float,
        levers: Levers,
        channel: SideChannel | None,
    ) -> None:
        self._board, self._levers, self._channel = client.board, levers, channel
        self._folder = RunFolder.create(out, _describe(client, placement, eta, levers, channel is not None))
        self._taps = self._folder.description().start_taps
        self._ticks = 0
        self._written: TickRequest | None = None  # the last one
        self._started = time.monotonic()
        self._error: Exception | None = None
        self._unlogged = 0  # ticks that came after it
        self._waiting: queue.SimpleQueue[TrainedChunk | None] = queue.SimpleQueue()
        self._folder.hold()
        self._thread = threading.Thread(target=self._write, name=f"log {self._folder.path}", daemon=True)
        self._thread.start()

    @property
    def path(self) -> Path:
        """The run's folder."""
        return self._folder.path

    def add(self, trained: TrainedChunk) -> None:
        """Log the ticks of a chunk, once, however often they are handed over."""
        self._waiting.put(trained)

    def close(self) -> None:
        """Write what is left, the end and the summary. Raises RunError if that cannot be; may be repeated."""
        self._waiting.put(None)
        if threading.current_thread() is not self._thread:  # which may happen to collect a board that was dropped
            self._thread.join()
            self.check()

    def close_quietly(self) -> None:
        """Close the log of a board that a program has dropped."""
        with suppress(RunError):
            self.close()

    def check(self) -> None:
        """Raise the error that the log has met: it takes no more ticks."""
        if self._error is not None:
            lost = f"{self._unlogged} later ticks are not logged; " if self._unlogged else ""
            raise RunError(f"{self._error}; {lost}what is trained next is logged in another folder") from self._error

    # -- in the thread -----------------------------------------------------------------------------------------------

    def _write(self) -> None:
        try:
            while (item := self._waiting.get()) is not None:
                if item.request is not self._written:
                    self._take(item)
            if self._error is not None:
                return
            seconds = round(time.monotonic() - self._started, 3)
            self._folder.append([Ended(tick=self._ticks, why="done", seconds=seconds)])
            if self._ticks:
                self._folder.write_summary(log_summary(self._folder))
        except Exception as error:
            self._error = error
            if not isinstance(error, TwinOhmError):  # a fault of ours, which shows its traceback
                raise
        finally:
            self._folder.close()

    def _take(self, trained: TrainedChunk) -> None:
        try:
            if self._error is None:
                self._append(trained)
        except TwinOhmError as error:
            self._error = error
        if self._error is not None:
            self._written, self._unlogged = trained.request, self._unlogged + len(trained.ticks)

    def _append(self, trained: TrainedChunk) -> None:
        records: list[LogRecord] = []
        request = trained.request
        inputs, outputs = request.placement
        phase = f"{' '.join(inputs)} -> {' '.join(outputs)}, eta {request.eta:g}"
        examples = (example for example in request.chunk.examples for _ in range(request.chunk.ticks))
        for tick, example, true_V in zip(trained.ticks, examples, self._true_V(len(trained.ticks)), strict=True):
            number, volts = self._ticks + len(records), (example.inputs_V, example.desired_V)
            roles = request.placement, self._levers
            records.append(make_tick_record(number, tick.t_us, tick, self._board, *roles, *volts, true_V, phase=phase))
        moved = [TapsSet(tick=self._ticks, taps=trained.taps)] if trained.taps != self._taps else []
        self._folder.append([*moved, *records])
        self._ticks += len(records)
        self._taps, self._written = trained.ticks[-1].taps, request

    def _true_V(self, count: int) -> Sequence[Sequence[float] | None]:
        if self._channel is not None:
            try:
                return [tick.free_V for tick in self._channel.take(count)]
            except LinkLost:
                self._channel = None
        return [None] * count


def _describe(client: BoardClient, placement: Placement, eta: float, levers: Levers, has_truth: bool) -> RunDescription:
    facts, virtual = BoardFacts.of(client), None
    if client.side_channel is not None:
        virtual = SimSettings.parse(client.port_name)
    return describe_run(
        client.board,
        facts if has_truth else replace(facts, truth=None),
        task=SESSION,
        port=client.port_name,
        profile=virtual.profile_name if virtual is not None else None,
        seed=virtual.seed if virtual is not None else None,
        eta=eta,
        ticks=None,
        block=None,
        placement=placement,
        levers=levers,
    )
