"""A client of one open board: `with twinohm.open("sim://lab16") as board: board.train(...)`."""

import ast
import logging
from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

from twinohm.errors import BoardError, BoardMismatch, LinkLost, UsageError
from twinohm.link.board_state import Roles, TapState
from twinohm.link.connection import Connection
from twinohm.link.hello import MOST_TICKS, REMEDY, Hello
from twinohm.link.request_channel import MOST_IN_FLIGHT, kind_name
from twinohm.link.timeouts import Timeouts
from twinohm.model.board import Board
from twinohm.model.board_file import load_board
from twinohm.model.levers import Levers
from twinohm.model.networks import CLAMPED, FREE, channel_name
from twinohm.model.placement import Placement
from twinohm.protocol.lever_numbers import lever_numbers
from twinohm.protocol.shared import frames, messages
from twinohm.protocol.side_channel import SideChannel
from twinohm.protocol.telemetry import Chunk, Clock, Example, Telemetry, Tick, cut

STREAM_OPEN = "a training stream is still open; read or close it first"

logger = logging.getLogger(__name__)
Reply = TypeVar("Reply")


class BoardClient:
    """One open board.

    port: device name, URL, USB serial number, or "auto" for the only board that is plugged in.
    boards: a boards.toml of your own; None: the one that comes with TwinOhm.
    timeouts: how long to wait for the board; None: the defaults of Timeouts.

    Opening raises BoardNotFound, BoardBusy (naming the process that holds the board), or BoardMismatch if host and
    board do not fit. Methods raise BoardError with the board's words, LinkLost if it does not answer.
    """

    def __init__(self, port: str, boards: Path | None = None, timeouts: Timeouts | None = None) -> None:
        self._timeouts = timeouts or Timeouts()
        self._link = Connection(port, self._timeouts)
        self._clock = Clock()
        self._state = TapState()
        self._roles = Roles()
        self._corrections = b""  # payload of the last CORRECT
        try:
            self.board: Board = self._link.port.board or load_board(self.hello.board, boards)
            self._check_hello()
        except BaseException:
            self._link.abandon()
            raise

    @property
    def hello(self) -> Hello:
        """The board's last HELLO."""
        return self._link.hello

    @property
    def taps(self) -> tuple[int, ...] | None:
        """Taps by edge after the last tick, None if the board does not know them."""
        return self._state.taps

    @property
    def inputs(self) -> tuple[str, ...]:
        """Names of the input nodes, none before place()."""
        return self._roles.placement.inputs

    @property
    def outputs(self) -> tuple[str, ...]:
        """Names of the output nodes."""
        return self._roles.placement.outputs

    @property
    def eta(self) -> float:
        """Strength of the nudge (paper, eq. 1)."""
        return self._roles.eta

    @property
    def serial_number(self) -> str | None:
        """USB serial number of the board, None if its port has none."""
        return self._link.serial_number

    @property
    def board_id(self) -> str | None:
        """The chip's id; for a virtual board one that follows from its component values."""
        return self._link.port.unique_id or self.hello.id

    @property
    def port_name(self) -> str:
        """Device name or URL of the open port."""
        return self._link.port.name

    @property
    def side_channel(self) -> SideChannel | None:
        """Ground truth of a virtual board, None for a real one."""
        return self._link.port.side_channel

    def _check_hello(self) -> None:
        """Check the board's HELLO against boards.toml, and adopt its counters. Raises BoardMismatch."""
        self.hello.check(self.board, self._link.where)
        self._state.adopt(self.hello, self.board, self._link.where)
        if self._corrections:
            self._link.request(messages.CORRECT, self._corrections)
            if self.inputs:
                self._link.request(messages.PLACE, self._roles.payload(self.board))

    def reopen(self, port: str | None = None) -> None:
        """Open a lost board again. Its switches are open, no node has a role, and its taps are those that it reports.

        port: device name or URL of the board now; None: the port that it had.

        Raises LinkLost if it does not come back, BoardMismatch if another board is there.
        """
        self._link.reopen(port or self._link.where, self._timeouts.reopen_s)
        self._clear_placement()
        self.set_clock(self._clock.t_us)
        self._check_hello()

    def set_clock(self, t_us: int) -> None:
        """Set the board time of the next tick, us. Later ticks add the time that passes on the board's own clock."""
        self._clock.set(t_us)

    def __enter__(self) -> "BoardClient":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Make the board safe, leave it at its prompt, close the port. Never raises."""
        self._link.close()

    def _request(self, kind: int, payload: bytes = b"") -> None:
        """Send a request whose reply has no payload. Raises BoardMismatch if it has one."""
        self._ask(kind, payload, messages.unpack_nothing)

    def _ask(self, kind: int, payload: bytes, unpack: Callable[[bytes], Reply]) -> Reply:
        """Return what `unpack` makes of the reply to a request. Raises BoardMismatch if it does not fit the reply."""
        self._serve()
        self._require_no_stream()
        return self._unpack(kind, self._link.request(kind, payload), unpack)

    def _unpack(self, kind: int, reply: bytes, unpack: Callable[[bytes], Reply]) -> Reply:
        try:
            return unpack(reply)
        except ValueError as error:
            raise BoardMismatch(f"{self._link.where}: reply to {kind_name(kind)}: {error}; {REMEDY}") from None

    def _require_no_stream(self) -> None:
        if self._link.in_flight:
            raise UsageError(STREAM_OPEN)

    def _serve(self) -> None:
        """Start serve() on the board if it does not run, and check its HELLO then."""
        if self._link.serve():
            self._check_hello()

    # -- commands ------------------------------------------------------------------------------------------------

    def exec(self, code: str) -> str:
        """Run code at the board's REPL, where `learner` is defined, and return what it prints.

        An expression prints its value.
        """
        self._require_no_stream()
        self._link.leave_serve()
        try:
            ast.parse(code, mode="eval")
            code = f"_ = (\n{code}\n)\nif _ is not None: print(repr(_))"
        except SyntaxError:
            pass  # not an expression
        return self._link.repl.exec("from twinohm_fw import learner\n" + code, None)

    def place(
        self, inputs: Sequence[str], outputs: Sequence[str], eta: float = 1.0, absent: Collection[str] = ()
    ) -> None:
        """Give nodes their roles by name; all other nodes are hidden.

        eta: nudge of eq. 1, more than 0, at most 4.
        absent: names of edges that are or will be pulled, without which nodes settle more slowly.

        Raises UsageError for roles that the board cannot have, or that could pass its limits of current.
        """
        placement = Placement(tuple(inputs), tuple(outputs))
        self._roles = self._roles.changed(self.board, placement, eta, frozenset(absent))
        self._request(messages.PLACE, self._roles.payload(self.board))
        logger.info("%s: inputs %s, outputs %s, eta %g", self.port_name, self.inputs, self.outputs, self.eta)

    def _clear_placement(self) -> None:
        """Note that the board has no roles any more; eta is kept for the next placement."""
        self._roles = Roles(eta=self._roles.eta)

    def apply(self, inputs_V: Mapping[str, float]) -> None:
        """Drive the input nodes (task volts by node); place them if they are not the inputs already."""
        if tuple(inputs_V) != self.inputs:
            self.place(tuple(inputs_V), [name for name in self.outputs if name not in inputs_V], self.eta)
        self._request(messages.APPLY, messages.pack_apply(self._codes(inputs_V.values())))

    def measure(self) -> tuple[dict[str, float], dict[str, float]]:
        """Return (free, clamped) task volts by node, for the nodes that the board measures."""
        n = len(self.board.nodes)
        codes = self._ask(messages.MEASURE, b"", lambda reply: messages.unpack_measure_reply(reply, n))
        free, clamped = (
            {
                name: self.board.task_volts(code)
                for name, code in zip(self.board.nodes, part, strict=True)
                if code is not None
            }
            for part in codes
        )
        return free, clamped

    def infer(self, inputs_V: Sequence[Sequence[float]]) -> list[tuple[float, ...]]:
        """Return the measured outputs of the free network, task volts (examples, outputs).

        inputs_V: task volts (examples, inputs).

        Raises UsageError before place().
        """
        n_in, n_out = len(self.inputs), len(self.outputs)
        if not n_in or not n_out:
            raise UsageError("nothing to infer: place() inputs and outputs first")
        most = max(1, min(self.hello.room // (2 * n_out), frames.MAX_LINE // 4 // n_in))
        rows = []
        for at in range(0, len(inputs_V), most):
            part = inputs_V[at : at + most]
            payload = messages.pack_infer([self._codes(example) for example in part])
            outputs = self._ask(messages.INFER, payload, lambda reply: messages.unpack_infer(reply, n_out))
            if len(outputs) != len(part):
                raise BoardMismatch(f"{self._link.where}: {len(outputs)} examples inferred of {len(part)}; {REMEDY}")
            rows += [tuple(round(self.board.task_volts(code), 6) for code in codes) for codes in outputs]
        return rows

    def set_levers(self, levers: Levers, seed: int = 0, drawn: int = 0) -> None:
        """Set the levers of learning for the ticks that follow; Levers() turns all off.

        seed, drawn: start the board's random generator with `seed`, in its state after `drawn` numbers.
        """
        levers.check(self.board)
        self._request(messages.LEVERS, lever_numbers(levers, self.board, seed, drawn).pack())
        logger.info("%s: %s", self.port_name, levers)

    def correct(self, adc: Mapping[str, tuple[int, int]] | None) -> None:
        """Set (gain, offset) of each ADC channel, as calibration.Calibration has them; None: as boards.toml says.

        They hold while this board is open. No node has a role afterwards: place() again.
        """
        corrections: list[tuple[int, int]] = []
        if adc is not None:
            channels = (channel_name(node, network) for network in (FREE, CLAMPED) for node in self.board.nodes)
            corrections = [adc.get(channel, (0, 0)) for channel in channels]
        self._clear_placement()
        self._corrections = messages.pack_correct(corrections)
        self._request(messages.CORRECT, self._corrections)

    def restore(self, taps: Sequence[int]) -> None:
        """Home the pots with open switches, then set `taps` (n_edges,). Raises UsageError outside min_tap..top_tap."""
        low, top = self.board.pots.min_tap, self.board.pots.top_tap
        if len(taps) != self.board.n_edges or not all(low <= tap <= top for tap in taps):
            raise UsageError(f"restore needs {self.board.n_edges} taps of {low}..{top}")
        self._request(messages.RESTORE, messages.pack_restore(list(taps)))
        self._state.restore(taps)
        logger.info("%s: taps restored to %s", self.port_name, self.taps)

    def home(self) -> None:
        """Set every edge to the board's start tap."""
        self.restore([self.board.pots.start_tap] * self.board.n_edges)

    def safe(self) -> None:
        """Take the safe state: open all switches; without switches drive all nodes equal."""
        self._request(messages.SAFE)

    # -- training ------------------------------------------------------------------------------------------------

    def train(
        self, ticks: int, inputs: Mapping[str, float], outputs: Mapping[str, float], eta: float = 1.0
    ) -> list[Tick]:
        """Train on one example: board.train(100, {"B": 5, "I": 0}, {"F": 3}).

        inputs, outputs: task volts by node, driven and desired.

        Raises as train_chunks() does, and UsageError for roles that the board cannot have.
        """
        if (tuple(inputs), tuple(outputs)) != (self.inputs, self.outputs) or eta != self.eta:
            self.place(tuple(inputs), tuple(outputs), eta)
        example = Example(list(inputs.values()), list(outputs.values()))
        return [tick for chunk in self.stream([(ticks, example)]) for tick in chunk]

    def stream(self, examples: Sequence[tuple[int, Example]]) -> Iterator[list[Tick]]:
        """Train on (ticks, example) pairs in turn; yield the ticks of each chunk. Raises as train_chunks() does."""
        return self.train_chunks(self.chunks(examples))

    def chunks(self, examples: Iterable[tuple[int, Example]]) -> Iterator[Chunk]:
        """Cut (ticks, example) pairs into chunks that one request can carry."""
        most = (frames.MAX_PAYLOAD - messages.TRAIN_HEAD) // (2 * (len(self.inputs) + len(self.outputs)))
        return cut(examples, self.hello.room // self._telemetry().size, most)

    def train_chunks(self, chunks: Iterable[Chunk], more: Callable[[], bool] = lambda: True) -> Iterator[list[Tick]]:
        """Train on chunks in turn; yield the ticks of each while the board makes those of the next.

        more: called before each request. Once it returns False no other chunk is requested; the ticks of those in
        flight are still yielded.

        Raises UsageError if another stream is open, LinkLost also if the board made other ticks than were requested.
        """
        if self.taps is None:
            raise BoardError("the board does not know its taps: restore() or home() first")
        self._require_no_stream()
        waiting = iter(chunks)
        requested: deque[int] = deque()  # ticks of each request in flight
        try:
            while True:
                while len(requested) < MOST_IN_FLIGHT and more() and (chunk := next(waiting, None)) is not None:
                    self._request_ticks(chunk, sum(requested))
                    requested.append(chunk.total)
                if not requested:
                    return
                yield self._receive_ticks(requested.popleft())
        except GeneratorExit:
            with suppress(LinkLost, BoardError):
                while requested:
                    self._receive_ticks(requested.popleft())
            raise
        except BoardError:  # the board may have made some of the ticks
            with suppress(LinkLost):
                self._link.discard_replies()
                self._link.request_hello()
                self._state.adopt(self.hello, self.board, self._link.where)
            raise

    def _request_ticks(self, chunk: Chunk, ticks_in_flight: int) -> None:
        """Send a TRAIN request; its ticks follow those of the requests in flight."""
        codes = [self._codes([*example.inputs_V, *example.desired_V]) for example in chunk.examples]
        self._serve()
        first = self._state.next_tick + ticks_in_flight
        self._link.send(messages.TRAIN, messages.pack_train(first & MOST_TICKS, chunk.ticks, codes))

    def _receive_ticks(self, expected: int) -> list[Tick]:
        """Return the ticks of the earliest request in flight, which must be `expected` ticks."""
        reply = self._link.receive()
        next_tick, n_out, n_edges = self._state.next_tick, len(self.outputs), self.board.n_edges
        first, count, records, taps_after = self._unpack(
            messages.TRAIN, reply, lambda payload: messages.unpack_train_reply(payload, n_out, n_edges)
        )
        if (first, count) != (next_tick, expected):
            raise LinkLost(
                f"{self._link.where}: {expected} ticks from tick {next_tick} on were requested, "
                f"the board made {count} from tick {first} on"
            )
        assert self.taps is not None
        ticks = self._telemetry().ticks(records, self.taps, taps_after)
        self._state.advance(ticks)
        logger.debug("%s: ticks %d to %d", self.port_name, first, self._state.next_tick - 1)
        return ticks

    def _telemetry(self) -> Telemetry:
        return Telemetry(self.board, len(self.outputs), self._clock)

    def _codes(self, volts: Iterable[float]) -> list[int]:
        return [self.board.dac_code(value) for value in volts]
