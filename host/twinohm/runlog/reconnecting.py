"""A board that outlives its link and its own errors: it is opened again, or reset, and brought to the run's state."""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

from twinohm.clock import local_now
from twinohm.errors import BoardError, LinkLost, RunError, UsageError
from twinohm.link.board_client import BoardClient
from twinohm.link.channel_readings import measured_misfit
from twinohm.link.timeouts import Timeouts
from twinohm.link.transports import port_at
from twinohm.model.placement import Placement
from twinohm.protocol.side_channel import TrueTick
from twinohm.protocol.telemetry import Chunk, Example, Tick
from twinohm.runlog.description import RunDescription
from twinohm.runlog.events import Resumed, Taps, Violations
from twinohm.runlog.plan import RunPlan
from twinohm.runlog.run_board import PROCESS_ENDED, TrainedTick, check_truth
from twinohm.runlog.run_state import RunState
from twinohm.runlog.tick_record import TickRecord
from twinohm.tasks.task import Volts

MOST_ERRORS = 3  # that the board may report in a row; what is still there after two resets does not pass

T = TypeVar("T")


class ReconnectingBoard:
    """The board of a run. `state` is the run's; without a client a board is opened once a request needs one.

    When the link is lost, the board is opened again; when the board reports an error, it is reset (a virtual one is
    powered on anew). It is then homed and given taps, roles and levers of `state`, and the request is sent again: ticks
    whose telemetry did not arrive are undone thereby. `log` is called with an event each time. The board must be the
    one that `description` records: a virtual one by its component values, any other by its id.

    Methods raise LinkLost if the board does not come back, OtherBoard if another one is there then, BoardError with the
    board's words if resets do not help. The first to open a board raises UsageError if it is another one.
    """

    def __init__(
        self,
        plan: RunPlan,
        description: RunDescription,
        log: Callable[[Resumed], None],
        client: BoardClient | None = None,
        timeouts: Timeouts | None = None,
    ) -> None:
        self._plan, self._description, self._log = plan, description, log
        self._timeouts = timeouts or Timeouts()
        self._client = client
        self._why = PROCESS_ENDED
        self._configured = False
        self._losses = self._errors = 0  # of the link, and of the board, in a row
        self._reset_next = False
        self._restored_at = 0  # tick of the run at which the open board began to count its ticks
        self._made = 0  # ticks that the board has made, with those that the run has not
        self._reported = 0  # violations of the open board that violations_event() has returned
        self.state = RunState(plan.board, plan.levers, description.start_taps, plan.placement, plan.eta)
        if client is not None:
            self._configure(client)

    # -- requests of a run ---------------------------------------------------------------------------------------

    def place(self, placement: Placement, eta: float) -> None:
        """Give the nodes their roles, as BoardClient.place does, unless they have them."""
        state = self.state
        if (state.placement, state.eta) != (placement, eta):
            state.placement, state.eta = placement, eta
            if self._configured:
                self._retry(self._place)

    def infer(self, inputs_V: Sequence[Volts]) -> list[tuple[float, ...]]:
        """Return the measured outputs (examples, outputs) of the free network for inputs_V (examples, inputs)."""
        return self._retry(lambda client: client.infer(inputs_V))

    def train(
        self, examples: Sequence[tuple[int, Example]], more: Callable[[], bool]
    ) -> Iterator[tuple[list[TrainedTick], Violations | None]]:
        """Train on (ticks, example) pairs; yield the ticks of each chunk, and the limits of parts broken in it.

        Once `more` returns False, only the ticks of requests in flight are yielded.
        """
        rest = self._retry(lambda client: client.chunks(examples))
        unfinished: deque[Chunk] = deque()  # asked for by a stream, and not yielded
        stream: Iterator[list[Tick]] | None = None

        def chunks() -> Iterator[Chunk]:
            yield from list(unfinished)  # the board was lost before it answered them
            for chunk in rest:  # cut as they are asked for: a run may have any number of ticks
                unfinished.append(chunk)
                yield chunk

        def train_chunk(client: BoardClient) -> list[tuple[Tick, TrueTick | None]] | None:
            nonlocal stream
            stream = stream or client.train_chunks(chunks(), more)
            try:
                if (ticks := next(stream, None)) is None:
                    return None
                channel = client.side_channel
                true: Sequence[TrueTick | None] = channel.take(len(ticks)) if channel else [None] * len(ticks)
            except (LinkLost, BoardError):
                stream = None
                raise
            return list(zip(ticks, true, strict=True))

        state = self.state
        while (done := self._retry(train_chunk)) is not None:
            chunk = unfinished.popleft()
            desired_V = (example.desired_V for example in chunk.examples for _ in range(chunk.ticks))
            trained = []
            for (tick, true), wanted_V in zip(done, desired_V, strict=True):
                true_V = None if true is None else true.free_V
                trained.append(TrainedTick(state.ticks, state.taps, tick, tick.t_us, true_V))
                state.count_tick(tick.t_us, tick.taps, tick.free_V, wanted_V)
            self._losses = self._errors = 0
            *_, (_, true) = done
            yield trained, None if true is None else self._report(true.violations)

    def restore(self, taps: Taps) -> None:
        """Home the board and set these taps, with the same roles."""

        def restore(client: BoardClient) -> None:
            client.restore(taps)
            self._restored_at = self.state.ticks
            self._place(client)

        self.state.taps = taps
        self._retry(restore)

    def safe(self) -> None:
        """Open all switches."""
        self._retry(lambda client: client.safe())

    def violations_event(self) -> Violations | None:
        """Return the limits of parts that were broken since the last event, None on copper or if there are none."""
        channel = self._client.side_channel if self._client is not None else None
        return None if channel is None else self._report(channel.violations)

    def replay_tick(self, record: TickRecord) -> None:
        """Adopt a tick of the log instead of training one."""
        outputs = self.state.placement.outputs
        free_V, desired_V = ([volts[name] for name in outputs] for volts in (record.free_V, record.desired_V))
        self.state.count_tick(record.t_us, record.taps, free_V, desired_V)

    def close(self) -> None:
        """Close the port, if it is open."""
        if self._client is not None:
            self._client.close()

    # -- losing and finding the board ----------------------------------------------------------------------------

    def _retry(self, act: Callable[[BoardClient], T]) -> T:
        """Return what `act` returns; repeat it after a loss of the link, or an error of the board.

        The link may be lost Timeouts.losses times in a row.
        """
        while True:
            client = self._open_client()
            try:
                if not self._configured:
                    self._reset(client)
                    self._restore_board(client)
                return act(client)
            except LinkLost as error:
                self._why = str(error)
                self._configured = False
                self._made = self._restored_at + client.ticks_made
                if client.side_channel is not None:  # and those whose telemetry was lost
                    self._made += len(client.side_channel.take_available())
                self._losses += 1
                if self._losses >= self._timeouts.losses:
                    raise LinkLost(f"{error} ({self._losses} times in a row, without a new tick)") from error
            except BoardError as error:
                self._why = f"the board reported: {error}"
                self._configured = False
                self._errors += 1
                if self._errors >= MOST_ERRORS:
                    raise BoardError(f"{error} ({MOST_ERRORS} times in a row, with a reset after each)") from error
                self._reset_next = True
                self._made = self._restored_at + client.ticks_made

    def _open_client(self) -> BoardClient:
        """Return the client, its port open. Raises LinkLost, BoardNotFound or BoardBusy if there is no board."""
        port = self._plan.port
        virtual = port_at(port).virtual
        if self._client is not None and (self._configured or (self._reset_next and not virtual)):
            return self._client
        self._reset_next = False
        if virtual:
            from twinohm.sim.settings import SimSettings

            port = SimSettings.parse(port).from_tick(self.state.ticks, self._made).url()
        if self._client is None:
            self._client = BoardClient(port, self._plan.boards, self._timeouts)
            check_plan_board(self._plan, self._client)
            self._check_id(self._client)
        else:
            self._client.reopen(port)
        self._reported = 0
        self._check_circuit(self._client)
        return self._client

    def _reset(self, client: BoardClient) -> None:
        """Reset a board that has reported an error. Raises LinkLost."""
        if self._reset_next:
            client.reset()
            self._reset_next = False

    def _check_id(self, client: BoardClient) -> None:
        """Raise UsageError, with the port closed, if the board has another id than the run's. Old runs have none."""
        before, now = self._description.board_id, client.board_id
        if client.side_channel is None and None not in (before, now) and before != now:
            client.close()
            raise UsageError(
                f"{self._plan.port}: the board there has the id {now}, that of the run has the id {before}: connect "
                "that one, or name its port with --port; if its Pico was replaced, begin a new run"
            )

    def _check_circuit(self, client: BoardClient) -> None:
        """Raise RunFileError if a virtual board was drawn with other component values than the run's."""
        if client.side_channel is not None:
            check_truth(self._plan.port, client.side_channel.truth, self._description)

    def _check_calibration(self, client: BoardClient) -> None:
        """Raise RunError if the calibration of the run does not fit the board that is open now."""
        used = self._plan.calibration
        if used is None:
            return
        if why := used.misfit(client.board, client.board_id) or measured_misfit(client, used):
            raise RunError(
                f"{self._plan.port}: the calibration of {used.made}, which the run uses, does not fit: {why}; "
                "connect the board of the run, or begin a new run"
            )

    def _restore_board(self, client: BoardClient) -> None:
        state = self.state
        self._check_calibration(client)
        client.set_clock(state.t_us or 0)
        client.restore(state.taps)
        self._restored_at = state.ticks
        self._configure(client)
        self._log(
            Resumed(
                tick=state.ticks,
                time=local_now().isoformat(timespec="milliseconds"),
                why=self._why,
                taps=state.taps,
                port=client.port_name,
                boot=client.hello.boot,
                firmware=client.hello.firmware,
            )
        )

    def _configure(self, client: BoardClient) -> None:
        """Send corrections, roles and levers."""
        if self._plan.calibration is not None:
            client.correct(self._plan.calibration.adc, self._plan.calibration.dac)
        self._place(client)
        client.set_levers(self._plan.levers, self._plan.seed or 0, self.state.draws)
        if client.side_channel is not None:
            client.side_channel.discard()
        self._configured = True

    def _place(self, client: BoardClient) -> None:
        client.place(*self.state.placement, self.state.eta, self._plan.absent)

    def _report(self, violations: int) -> Violations | None:
        """Return an event of the violations that were not reported, out of so many since the board was opened."""
        first, self._reported = self._reported, violations
        if violations == first:
            return None
        assert self._client is not None and self._client.side_channel is not None
        texts = tuple(self._client.side_channel.violation_texts[first:violations])
        return Violations(tick=self.state.ticks, count=violations - first, texts=texts or None)


def home(client: BoardClient) -> None:
    """Home a board; reset it after an error, as a run does later. Raises BoardError if resets do not help."""
    for _ in range(MOST_ERRORS - 1):
        try:
            client.home()
            return
        except BoardError:
            client.reset()
    client.home()


def check_plan_board(plan: RunPlan, client: BoardClient) -> None:
    """Raise UsageError, with the port closed, if the board is not the plan's."""
    if client.board.name != plan.board.name:
        client.close()
        raise UsageError(f"{plan.port} is a {client.board.name}, not a {plan.board.name}: give --board or --port")
