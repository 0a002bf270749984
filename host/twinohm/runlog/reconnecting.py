"""The machine of a run, which outlives its link: what the board must be told again after a loss is known here."""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

from twinohm.errors import LinkLost, UsageError
from twinohm.link.board_client import BoardClient
from twinohm.link.timeouts import Timeouts
from twinohm.link.transports import port_at
from twinohm.protocol.telemetry import Example, Tick
from twinohm.runlog.plan import RunPlan
from twinohm.runlog.tick_record import Record
from twinohm.tasks.task import Volts

Taps = tuple[int, ...]
T = TypeVar("T")


class ReconnectingBoard:
    """Taps, roles, levers and the number of ticks of a run, and the board while there is one.

    A lost link is opened again, the board homed and told all of it, and what was asked is asked again: ticks of which
    no telemetry came are undone thereby. `log` is given an event for each time. Without a machine the state can be told
    from a log; one is opened once something is asked of it.

    Raises LinkLost if the board does not come back, BoardError with its own words.
    """

    def __init__(
        self,
        plan: RunPlan,
        log: Callable[[Record], None],
        taps: Sequence[int],
        machine: BoardClient | None = None,
        boards: Path | None = None,
        timeouts: Timeouts | None = None,
    ) -> None:
        self._plan, self._log, self._boards = plan, log, boards
        self._timeouts = timeouts or Timeouts()
        self._machine = machine
        self._why = "the run's process ended"
        self._configured = False
        self._losses = 0
        self._broken = self._reported = 0  # limits: by the last tick, and in violations_event()
        self._drawn = 0
        self._t_us = 0
        self.taps: Taps = tuple(taps)
        self.ticks = 0
        self.roles: tuple[tuple[str, ...], tuple[str, ...], float] = (*plan.placement, plan.eta)
        if machine is not None:
            self._configure(machine)

    # -- what a run asks of it -----------------------------------------------------------------------------------

    def place(self, inputs: tuple[str, ...], outputs: tuple[str, ...], eta: float) -> None:
        """As BoardClient.place; nothing happens if the roles are these."""
        if self.roles != (inputs, outputs, eta):
            self.roles = inputs, outputs, eta
            if self._configured:
                self._retry(lambda machine: machine.place(*self.roles, self._plan.absent))

    def infer(self, inputs_V: Sequence[Volts]) -> list[tuple[float, ...]]:
        return self._retry(lambda machine: machine.infer(inputs_V))

    def train(
        self, examples: Sequence[tuple[int, Example]], more: Callable[[], bool]
    ) -> Iterator[list[tuple[Tick, Any]]]:
        """Ticks, each with what the bench told of it (None on copper), in parts as they are done. Once `more` says no,
        only those come that are on their way.
        """
        left = deque(self._retry(lambda machine: list(machine.chunks(examples))))
        flow: Iterator[list[Tick]] | None = None

        def train(machine: BoardClient) -> list[tuple[Tick, Any]] | None:
            nonlocal flow
            flow = flow or machine.train_chunks(list(left), more)
            try:
                if (ticks := next(flow, None)) is None:
                    return None
                channel = machine.side_channel
                truths = channel.take(len(ticks)) if channel is not None else [None] * len(ticks)
            except LinkLost:
                flow = None
                raise
            return list(zip(ticks, truths, strict=True))

        while left and (done := self._retry(train)) is not None:
            chunk = left.popleft()
            desired_V = (example.desired_V for example in chunk.examples for _ in range(chunk.ticks))
            for (tick, _), aim_V in zip(done, desired_V, strict=True):
                self._count_tick(tick.t_us, tick.taps, tick.free_V, aim_V)
            self._losses = 0
            if done[-1][1] is not None:
                self._broken = done[-1][1].violations
            yield done

    def restore(self, taps: Taps) -> None:
        """Home, set these taps, and the same roles again."""

        def restore(machine: BoardClient) -> None:
            machine.restore(taps)
            machine.place(*self.roles, self._plan.absent)

        self.taps = taps
        self._retry(restore)

    def safe(self) -> None:
        self._retry(lambda machine: machine.safe())

    def violations_event(self, all_: bool = False) -> Record | None:
        """Limits of parts that were broken by the last tick (`all_`: and after it) and not told of yet, as an event."""
        channel = self._machine.side_channel if self._machine is not None else None
        if channel is None:
            return None
        reported, self._reported = self._reported, channel.violations if all_ else self._broken
        if self._reported == reported:
            return None
        return {"event": "violations", "tick": self.ticks, "count": self._reported - reported} | (
            {"texts": texts} if (texts := channel.violation_texts[reported : self._reported]) else {}
        )

    def replay_tick(self, record: Record) -> None:
        """A tick of the log, in place of one that is made."""
        outputs = self.roles[1]
        free_V, desired_V = ([record[key][name] for name in outputs] for key in ("free_V", "desired_V"))
        self._count_tick(record["t_us"], tuple(record["taps"]), free_V, desired_V)

    def close(self) -> None:
        if self._machine is not None:
            self._machine.close()

    # -- losing and finding it -----------------------------------------------------------------------------------

    def _count_tick(self, t_us: int, taps: Taps, free_V: Sequence[float], desired_V: Sequence[float]) -> None:
        self._t_us, self.taps = t_us, taps
        self._drawn += self._plan.levers.draws(self._plan.board, free_V, desired_V)
        self.ticks += 1

    def _retry(self, act: Callable[[BoardClient], T]) -> T:
        while True:
            machine = self._open_board()
            try:
                if not self._configured:
                    self._restore_board(machine)
                return act(machine)
            except LinkLost as error:
                self._why = str(error)
                self._configured = False
                self._losses += 1
                if self._losses >= self._timeouts.losses:
                    raise

    def _open_board(self) -> BoardClient:
        """The machine, with its port open. Raises LinkLost, BoardNotFound or BoardBusy if there is none."""
        if self._machine is not None and self._configured:
            return self._machine
        port = self._plan.port
        if port_at(port).virtual:
            from twinohm.sim.settings import SimSettings

            port = SimSettings.parse(port).from_tick(self.ticks).url()
        if self._machine is None:
            self._machine = BoardClient(port, self._boards, self._timeouts)
            check_board(self._plan, self._machine)
        else:
            self._machine.reopen(port)
        return self._machine

    def _restore_board(self, machine: BoardClient) -> None:
        self._broken = self._reported = 0
        machine.set_clock(self._t_us)
        machine.restore(self.taps)
        self._configure(machine)
        self._log(
            {
                "event": "resume",
                "tick": self.ticks,
                "time": datetime.now().astimezone().isoformat(timespec="milliseconds"),
                "why": self._why,
                "taps": self.taps,
                "port": machine.port_name,
                "boot": machine.hello.boot,
                "firmware": machine.hello.firmware,
            }
        )

    def _configure(self, machine: BoardClient) -> None:
        if self._plan.calibration is not None:
            machine.correct(self._plan.calibration.adc)
        machine.place(*self.roles, self._plan.absent)
        machine.set_levers(self._plan.levers, self._plan.seed or 0, self._drawn)
        if machine.side_channel is not None:
            machine.side_channel.discard()
        self._configured = True


def check_board(plan: RunPlan, machine: BoardClient) -> None:
    """Raises UsageError, the port closed, if another board is there than the plan's."""
    if machine.board.name != plan.board.name:
        machine.close()
        raise UsageError(f"{plan.port} is a {machine.board.name}, not a {plan.board.name}: give --board or --port")
