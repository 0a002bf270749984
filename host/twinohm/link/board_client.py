"""A client of one open board: `with twinohm.open("sim://lab16") as board: board.train(...)`."""

import ast
import logging
import sys
import threading
from collections import deque
from collections.abc import Callable, Collection, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, closing, contextmanager, nullcontext, suppress
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

from pydantic import Field

from twinohm.errors import BoardError, LinkError, TwinOhmError, UsageError
from twinohm.json_records import RecordType, parse_record
from twinohm.link.arguments import (
    callback,
    code_text,
    corrections_by_channel,
    finite_number,
    iterator,
    names,
    port_name,
    sequence,
    shown,
    volts,
    volts_by_node,
    whole_number,
)
from twinohm.link.board_state import Roles, TapState
from twinohm.link.connection import Connection
from twinohm.link.examples import examples_by_node
from twinohm.link.hello import MOST_TICKS, Hello
from twinohm.link.named_ticks import Ticks
from twinohm.link.request_channel import MOST_IN_FLIGHT, RequestChannel, kind_name
from twinohm.link.timeouts import Timeouts
from twinohm.link.transports import port_at
from twinohm.link.turns import CallEnded, Turn, Turns
from twinohm.model.board import Board
from twinohm.model.board_file import load_board
from twinohm.model.calibration import nominal_corrections
from twinohm.model.levers import Levers
from twinohm.model.networks import CLAMPED, FREE, channel_name
from twinohm.model.number_text import MOST_WHOLE
from twinohm.model.placement import Placement
from twinohm.model.run_length import MOST_RUN_TICKS
from twinohm.model.unused_settings import refuse_unused
from twinohm.plain_text import plain
from twinohm.protocol.lever_numbers import lever_numbers
from twinohm.protocol.shared import frames, messages
from twinohm.protocol.side_channel import SideChannel
from twinohm.protocol.telemetry import Chunk, Clock, Example, Telemetry, Tick, cut
from twinohm.remedies import Symptom

if TYPE_CHECKING:
    from twinohm.link.examples import VoltsByNode

LONGEST_US = (1 << 62) - 1  # board time that a log can hold, with what comes after it
END = object()  # of an iterator
READ_COUNTS = "import json\nfrom twinohm_fw import learner\nprint(json.dumps([learner.twin.ticks, learner.taps]))"
COUNTS = RecordType[tuple[int, tuple[int, ...] | None]](
    tuple[Annotated[int, Field(ge=0, le=MOST_TICKS)], tuple[int, ...] | None]
)
COUNTS_S = 10.0

logger = logging.getLogger(__name__)
Reply = TypeVar("Reply")
Result = TypeVar("Result")


@dataclass(frozen=True, eq=False)
class TickRequest:
    """One TRAIN request: the ticks of a chunk from number `first` on, with these roles and eta."""

    first: int
    chunk: Chunk
    placement: Placement
    eta: float


class _Stream:
    """An open training stream: the board is its thread's until another call ends it."""

    def __init__(self) -> None:
        self.thread = threading.current_thread()
        self.paused = False  # the user's code has a chunk of ticks, and may ask for the next one
        self.collected: dict[int, list[Tick]] = {}  # by first tick: chunks from the last yielded on
        self.end: int | None = None  # number of the first tick that was not requested; None: no tick was


class BoardClient:
    """One open board.

    port: device name, URL, USB serial number, or "auto" for the only board that is plugged in.
    boards: a boards.toml of your own; None: the one that comes with TwinOhm.
    timeouts: how long to wait for the board; None: the defaults of Timeouts.

    A call may be interrupted anywhere, by Ctrl-C or any exception: what it has asked of the board is finished before
    the interrupt goes on, or else by the next call: a board that does not answer has 0.4 s for that. One call at a
    time uses a board; those of other threads, and of a signal handler within a call, are refused, but for safe() and
    close(): they end the training, after the chunk in flight, or the code, whose call then raises UsageError. In a
    signal handler they return at once, and are done at the end of that call.

    Opening raises BoardNotFound, BoardBusy (naming the process that holds the board), or BoardMismatch if its firmware
    speaks another protocol or has another wiring than boards.toml. Methods raise BoardError with the board's words,
    LinkLost if it does not answer, and UsageError for wrong arguments, a closed board, or one that another call uses.
    """

    def __init__(self, port: str, boards: Path | None = None, timeouts: Timeouts | None = None) -> None:
        self._timeouts = timeouts or Timeouts()
        self._link = Connection(port_name(port), self._timeouts)
        self._turns = Turns()
        self._stream: _Stream | None = None
        self._collected: dict[int, list[Tick]] = {}  # by first tick: chunks of last_ticks
        self._trained = Placement((), ())  # of these ticks
        # What the host believes of the board. Each is replaced as a whole, once the board's reply is there.
        self._state = TapState()
        self._roles = Roles()
        self._corrections: bytes | None = None  # payloads of the last CORRECT and LEVERS
        self._levers: bytes | None = None
        self._levers_set = Levers()  # of that payload
        self._adopted: RequestChannel | None = None  # the session with serve() whose HELLO was adopted
        self._boot: int | None = None  # number of the boot of that HELLO
        try:
            self.board: Board = self._link.port.board or load_board(self.hello.board, boards)
            self._serve()
        except BaseException:
            self._link.abandon()
            raise

    @property
    def hello(self) -> Hello:
        """The board's last HELLO."""
        return self._link.hello

    @property
    def taps(self) -> tuple[int, ...] | None:
        """Taps by edge after the last tick that was received; None if they are not known.

        They are not while anything else moves the pots, restore(), home() or exec(), nor after an interrupt or error of
        it, after reset(), and after a loss of the link, until the next call.
        """
        return self._state.taps if self._counts_known else None

    @property
    def tick(self) -> int | None:
        """Number of the board's next tick; restore(), home() and resets begin again at 0. None: taps are not known.

        While a stream is open, that of the first tick that it has not yet requested.
        """
        if not self._counts_known:
            return None
        requested = None if self._stream is None else self._stream.end
        return self._state.next_tick if requested is None else requested

    @property
    def _counts_known(self) -> bool:
        return self._state.known and not self._link.lost and not self._is_left_in_flight

    @property
    def _is_left_in_flight(self) -> bool:
        """Whether the board works on requests of a call that something ended, twice, before it was done with them."""
        return self._link.in_flight > 0 and (self._stream is None or not self._stream.paused)

    @property
    def ticks_made(self) -> int:
        """Number of ticks that the board is known to have made, also of a lost one.

        It counts from the last restore(), home() or reset of the board on, as the board does: reset() and a power-on
        begin again at 0, also where the taps are kept.
        """
        return self._state.next_tick

    @property
    def last_ticks(self) -> Ticks:
        """Ticks of the last train() or stream(), also those that an interrupt kept it from returning.

        After train() these are all of its ticks; after stream() those of the chunk that it yielded last, and of all
        chunks after that. `first` is the number of the first tick, here and in each chunk of stream(): by it both can
        be joined wherever the interrupt came. The board is asked for ticks of them that it still owes.
        """
        if self._is_left_in_flight:
            with suppress(TwinOhmError), self._turn("last_ticks"):
                self._end_stream()
        collected = self._collected
        ticks = chain.from_iterable(collected.values())
        return self._named(ticks, min(collected, default=self._state.next_tick))

    def _named(self, ticks: Iterable[Tick], first: int) -> Ticks:
        """Return ticks of the last training, from number `first` on, with its names."""
        return Ticks(ticks, self._trained, self.board.edges, first)

    @property
    def log(self) -> Path | None:
        """The run folder that the board's last ticks are logged in; None if they are not, or if there is none yet."""
        return None

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

    def reopen(self, port: str | None = None) -> None:
        """Open a lost board again. Its switches are open, no node has a role, and its taps are those that it reports.

        port: device name or URL of the board now; None: the port that it had.

        Raises LinkLost if it does not come back, OtherBoard, a BoardMismatch with both ids, if another one is there.
        The client then is as it was with its board lost: reopen() may be called again.
        """
        where = self._link.where if port is None else port_name(port)
        with self._turn("reopen"):
            with suppress(LinkError):
                self._end_stream()
            port_at(where)  # raises for one that cannot be
            self._before_change()
            self._forget_state()
            self._link.reopen(where, self._timeouts.reopen_s, self._check_turn)
            self._serve()
            if self._link.code_ran:
                self._link.request(messages.SAFE)

    def reset(self) -> None:
        """Soft-reset MicroPython on the board. Nodes have no roles afterwards.

        The next call receives the taps that the board still knows; until then they are None.
        """
        with self._turn("reset"):
            self._end_stream()
            self._forget_state()
            self._link.reset()
            self._state = replace(self._state, next_tick=0)

    def _forget_state(self) -> None:
        """Know neither roles nor taps until the board's next HELLO; board time goes on, and so does ticks_made."""
        self._adopted = None
        self._state = replace(self._state.forget(), clock=Clock(self._state.clock.t_us, None))
        self._roles = Roles(eta=self._roles.eta)

    def set_clock(self, t_us: int) -> None:
        """Set the board time of the next tick, us. Later ticks add the time that passes on the board's own clock."""
        with self._turn("set_clock"):
            clock = Clock(whole_number("t_us", t_us, 0, LONGEST_US), None)
            self._end_stream()
            self._before_change()
            self._state = replace(self._state, clock=clock)

    def __repr__(self) -> str:
        board, state = self.board, "closed" if self._link.closed else "lost" if self._link.lost else "open"
        return plain(
            f"<BoardClient {self.port_name}: {board.name}, {len(board.nodes)} nodes, {board.n_edges} edges, {state}>"
        )

    def __enter__(self) -> "BoardClient":
        self._link.require_usable()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> bool:
        """Make the board safe, leave it at its prompt, close the port. Never raises an error; may be repeated.

        Code that still runs there is interrupted. Return whether the board has said that it is safe; False where a
        signal handler closes it, as that is done at the end of the call that the handler has interrupted.
        """
        if self._turns.end_call_below("close"):
            return False
        self._link.take_time(stale=True)
        if isinstance(error := sys.exception(), KeyboardInterrupt | SystemExit):
            self._link.hurry_after(error)
        try:
            with self._turn("close", insist=True, hurried=True):
                with suppress(LinkError):
                    self._end_stream()
                self._link.close()
        except UsageError:  # another thread does not give the board back
            self._link.abandon()
        return self._link.left_safe

    # -- turns and requests --------------------------------------------------------------------------------------

    @contextmanager
    def _turn(self, name: str, insist: bool = False, hurried: bool = False) -> Iterator[None]:
        """Use the board until the end of the block, for the call `name`.

        insist: have a training or code of another thread end, and wait for it.
        hurried: the call is of those that follow an interrupt, which have little time.

        Raises UsageError if another call uses it, if another thread streams from it, and if a signal handler has called
        safe() or close() in the block, after that was done.
        """
        self._link.require_usable()
        turn = self._turns.take(self._link.where, name, sys._getframe(2), insist)  # 1: of the context manager
        try:
            stream = self._stream
            if stream is not None and stream.thread is not turn.thread and stream.thread.is_alive() and not insist:
                raise UsageError(
                    f"{self._link.where}: thread {stream.thread.name} trains this board; wait until it is done, "
                    "or end it with safe()"
                )
            if not hurried:
                self._link.take_time()
            yield
        except BaseException as error:
            self._link.hurry_after(error)
            self._turns.give_back(turn)
            with suppress(TwinOhmError) if not isinstance(error, CallEnded) else nullcontext():
                self._do_due(turn, hurried=True)
            raise
        self._turns.give_back(turn)
        self._do_due(turn)
        if turn.due and not insist:
            raise CallEnded(f"{self._link.where}: {turn.due[-1]}() in a signal handler has ended this call")

    def _do_due(self, turn: Turn, hurried: bool = False) -> None:
        """Do what a signal handler has asked for in a turn that has ended."""
        if "close" in turn.due:
            self.close()
        elif turn.due and not self._link.closed:
            self._request("safe", messages.SAFE, hurried=hurried)

    def _end_stream(self) -> None:
        """End the open stream; the ticks that it has requested stay in last_ticks. Raises LinkLost."""
        self._stream = None
        self._link.settle()

    def _serve(self) -> None:
        """Start serve() on the board if it does not run; adopt its HELLO after a start, or where a request failed.

        serve() begins without corrections and levers, and with the roles that code at the prompt has left, none after a
        reset. So after a start the board is given all three, as this client has them.
        """
        channel = self._link.serve()
        if channel is self._adopted and self._state.known and not channel.failed:
            return
        if channel is self._adopted:
            self._link.request_hello()
        self.hello.check(self.board, self._link.where)
        if self._boot not in (None, self.hello.boot):  # its own clock may have begun again
            self._state = replace(self._state, clock=Clock(self._state.clock.t_us, None))
        self._boot = self.hello.boot
        self._state = self._state.adopt(self.hello.taps, self.hello.ticks, self.board, self._link.where)
        if channel is not self._adopted:
            roles = self._roles.payload(self.board) if self.inputs else None
            for kind, payload in (
                (messages.CORRECT, self._corrections),
                (messages.PLACE, roles),
                (messages.LEVERS, self._levers),
            ):
                if payload is not None:
                    self._link.request(kind, payload)
        self._adopted, channel.failed = channel, False

    def _request(
        self,
        name: str,
        kind: int,
        payload: bytes = b"",
        note: Callable[[], None] = lambda: None,
        hurried: bool = False,
        before: Callable[[], None] = lambda: None,
    ) -> None:
        """Send the request of the call `name`, which ends a stream and whose reply has no payload.

        before: is called once the call has its turn, and no request is in flight.

        Raises BoardMismatch if it has one.
        """
        with self._turn(name, insist=kind == messages.SAFE, hurried=hurried):
            self._end_stream()
            before()
            self._ask_nothing(kind, payload, note)

    def _ask_nothing(self, kind: int, payload: bytes, note: Callable[[], None] = lambda: None) -> None:
        """Send a request whose reply has no payload, in a turn."""
        self._ask(kind, payload, messages.unpack_nothing, lambda _: note())

    def _ask(
        self,
        kind: int,
        payload: bytes,
        unpack: Callable[[bytes], Reply],
        note: Callable[[Reply], None] = lambda _: None,
    ) -> Reply:
        """Return what `unpack` makes of the reply to a request, after `note` of it, which may be repeated.

        Raises BoardMismatch if `unpack` refuses the reply with a ValueError.
        """
        replies: list[Reply] = []

        def finish(reply: bytes) -> None:
            unpacked = self._unpack(kind, reply, unpack)
            note(unpacked)
            replies.append(unpacked)

        self._serve()
        if kind == messages.RESTORE:
            self._state = self._state.forget()
        self._link.finish_request(kind, payload, finish)
        return replies[-1]

    def _unpack(self, kind: int, reply: bytes, unpack: Callable[[bytes], Reply]) -> Reply:
        try:
            return unpack(reply)
        except ValueError as error:
            raise Symptom.BAD_REPLY.error(self._link.where, reason=f"reply to {kind_name(kind)}: {error}") from None

    # -- commands ------------------------------------------------------------------------------------------------

    def exec(self, code: str) -> str:
        """Run code at the board's REPL, where `learner` is defined, and return what it prints.

        An expression prints its value. What the code drives stays driven until another call, or close(), makes the
        board safe. Whatever interrupts this call stops the code and makes the board safe. Roles, eta, levers and
        corrections that the code sets are its own: the next call but exec() gives the board those of this client again.
        """
        code = code_text(code)
        try:
            ast.parse(code, mode="eval")
            code = f"_ = (\n{code}\n)\nif _ is not None: print(repr(_))"
        except (SyntaxError, ValueError):
            pass  # not an expression; the board tells what is wrong with it
        with self._turn("exec"):
            self._end_stream()
            self._before_change(unseen_ticks=True)
            self._state = self._state.forget()
            try:
                output = self._link.exec("from twinohm_fw import learner\n" + code, check=self._check_turn)
            except BoardError:  # the code may have moved pots before
                self._read_counts()
                raise
            self._read_counts()
            return output

    def _read_counts(self) -> None:
        """Adopt what the board counts after code. If it does not say, or nonsense, HELLO of the next call does."""
        with suppress(LinkError, ValueError):
            ticks, taps = parse_record(COUNTS, self._link.exec(READ_COUNTS, COUNTS_S).encode())
            self._state = self._state.adopt(taps, ticks, self.board, self._link.where)

    def exec_json(self, code: str, kind: RecordType[Reply], read: Callable[[Reply], Result]) -> Result:
        """Run code whose last line of output is JSON, and return what `read` makes of it.

        Raises BoardMismatch if it is not of `kind`, or if `read` refuses it with a ValueError.
        """
        output = self.exec(code)
        try:
            return read(parse_record(kind, output.rstrip().rpartition("\n")[2].encode()))
        except ValueError as error:
            reason = f"the board printed {shown(output)} where a result was due ({error})"
            raise Symptom.BAD_REPLY.error(self._link.where, reason=reason) from None

    def place(
        self, inputs: Sequence[str], outputs: Sequence[str], eta: float = 1.0, absent: Collection[str] = ()
    ) -> None:
        """Give nodes their roles by name; all other nodes are hidden.

        eta: nudge of eq. 1, more than 0, at most 4.
        absent: names of edges that are or will be pulled, without which nodes settle more slowly.

        Raises UsageError for roles that the board cannot have, or that could pass its limits of current.
        """
        placement = Placement(names("inputs", inputs), names("outputs", outputs))
        pulled = frozenset(
            self.board.edges[self.board.edge_index(name)] for name in names("absent", absent, unordered=True)
        )
        eta = finite_number("eta", eta)
        with self._turn("place"):
            self._end_stream()
            self._place(placement, eta, pulled)

    def _place(self, placement: Placement, eta: float, absent: frozenset[str] = frozenset()) -> None:
        """Give nodes their roles, in a turn. Raises as place() does."""
        roles = self._roles.changed(self.board, placement, eta, absent)

        def placed() -> None:
            self._roles = roles

        self._ask_nothing(messages.PLACE, roles.payload(self.board), placed)
        logger.info("%s: inputs %s, outputs %s, eta %g", self.port_name, self.inputs, self.outputs, self.eta)

    def apply(self, inputs_V: Mapping[str, float]) -> None:
        """Drive the input nodes (task volts by node); place them if they are not the inputs already."""
        driven_V = volts_by_node("inputs_V", inputs_V)
        codes = self._codes(driven_V.values())
        inputs = names("inputs", tuple(driven_V))
        with self._turn("apply"):
            self._end_stream()
            if inputs != self.inputs:
                outputs = tuple(name for name in self.outputs if name not in inputs)
                self._place(Placement(inputs, outputs), self.eta)
            self._ask_nothing(messages.APPLY, messages.pack_apply(codes))

    def measure(self) -> tuple[dict[str, float], dict[str, float]]:
        """Return (free, clamped) task volts by node, for the nodes that the board measures. A stream may go on."""
        n = len(self.board.nodes)
        with self._turn("measure"):
            self._link.settle()
            codes = self._ask(messages.MEASURE, b"", lambda reply: messages.unpack_measure_reply(reply, n))
        can = self.board.capabilities
        free, clamped = (
            {
                name: self.board.task_volts(messages.NOT_MEASURED if code is None else code)  # a channel at its top end
                for name, code in zip(self.board.nodes, part, strict=True)
                if name in measured
            }
            for part, measured in zip(codes, (can.measures_free, can.measures_clamped), strict=True)
        )
        return free, clamped

    def infer(self, inputs_V: Sequence[Sequence[float]]) -> list[tuple[float, ...]]:
        """Return the measured outputs of the free network, task volts (examples, outputs). A stream may go on.

        inputs_V: task volts (examples, inputs).

        Raises UsageError before place().
        """
        rows_V = sequence("inputs_V", inputs_V)
        rows = []
        with self._turn("infer"):
            n_in, n_out = self._count_roles("infer")
            codes = [self._codes(volts(f"inputs_V[{i}]", row, n_in)) for i, row in enumerate(rows_V)]
            most = max(1, min(self.hello.room // (2 * n_out), frames.MAX_LINE // 4 // n_in))
            for at in range(0, len(codes), most):
                self._check_turn()
                part = codes[at : at + most]
                self._link.settle()
                outputs = self._ask(
                    messages.INFER, messages.pack_infer(part), lambda reply: messages.unpack_infer(reply, n_out)
                )
                if len(outputs) != len(part):
                    reason = f"{len(outputs)} examples inferred of {len(part)}"
                    raise Symptom.BAD_REPLY.error(self._link.where, reason=reason)
                rows += [tuple(round(self.board.task_volts(code), 6) for code in row) for row in outputs]
        return rows

    def set_levers(self, levers: Levers, seed: int = 0, drawn: int = 0) -> None:
        """Set the levers of learning for the ticks that follow; Levers() turns all off.

        seed, drawn: start the board's random generator with `seed`, in its state after `drawn` numbers. It begins there
        again after exec() and reopen().
        """
        if not isinstance(levers, Levers):
            raise UsageError(f"levers = {shown(levers)}: give twinohm.model.levers.Levers(...)")
        seed, drawn = whole_number("seed", seed, 0, MOST_WHOLE), whole_number("drawn", drawn, 0, MOST_WHOLE)
        levers.check(self.board)
        refuse_unused(levers.changed(), levers.unused)
        payload = lever_numbers(levers, self.board, seed, drawn).pack()

        def were_set() -> None:
            self._levers, self._levers_set = payload, levers

        self._request("set_levers", messages.LEVERS, payload, were_set, before=self._before_change)
        logger.info("%s: %s", self.port_name, levers)

    def correct(
        self, adc: Mapping[str, tuple[int, int]] | None, dac: Mapping[str, tuple[int, int]] | None = None
    ) -> None:
        """Set (gain, offset) of each ADC channel and of each node's DAC, as calibration.Calibration has them.

        None: as boards.toml says. They hold while this board is open. No node has a role afterwards: place() again.
        """
        corrections: list[tuple[int, int]] = []
        if adc is not None or dac is not None:
            channels = [channel_name(node, network) for network in (FREE, CLAMPED) for node in self.board.nodes]
            adcs = corrections_by_channel("adc", nominal_corrections(self.board) if adc is None else adc, channels)
            dacs = corrections_by_channel("dac", {} if dac is None else dac, self.board.nodes)
            corrections = [dacs.get(node, (0, 0)) for node in self.board.nodes]
            corrections += [adcs.get(channel, (0, 0)) for channel in channels]
        try:
            payload = messages.pack_correct(corrections)
        except ValueError as error:
            raise UsageError(str(error)) from None

        def corrected() -> None:
            self._roles = Roles(eta=self._roles.eta)
            self._corrections = payload

        before = partial(self._before_change, unseen_ticks=True)
        self._request("correct", messages.CORRECT, payload, corrected, before=before)

    def restore(self, taps: Sequence[int]) -> None:
        """Home the pots with open switches, then set `taps` (n_edges,). Raises UsageError outside min_tap..top_tap."""
        self._restore("restore", taps)

    def home(self) -> None:
        """Set every edge to the board's start tap."""
        self._restore("home", [self.board.pots.start_tap] * self.board.n_edges)

    def _restore(self, name: str, taps: Sequence[int]) -> None:
        low, top, n_edges = self.board.pots.min_tap, self.board.pots.top_tap, self.board.n_edges
        given = sequence("taps", taps)
        try:
            counts = [whole_number("tap", tap, low, top) for tap in given]
        except UsageError as error:
            raise UsageError(f"restore needs {n_edges} taps of {low}..{top}; {error}") from None
        if len(counts) != n_edges:
            raise UsageError(f"restore needs {n_edges} taps of {low}..{top}, not {len(counts)}")

        def restored() -> None:
            self._state = self._state.restore(counts)

        self._request(name, messages.RESTORE, messages.pack_restore(counts), restored)
        logger.info("%s: taps restored to %s", self.port_name, self.taps)

    def safe(self) -> None:
        """Take the safe state: open all switches; without switches drive all nodes equal. Training and code end.

        In a signal handler that interrupts a call of this board, it is safe at the end of that call.
        """
        if not self._turns.end_call_below("safe"):
            self._request("safe", messages.SAFE)

    # -- training ------------------------------------------------------------------------------------------------

    def train(self, ticks: int, inputs: "VoltsByNode", outputs: "VoltsByNode", eta: float = 1.0) -> Ticks:
        """Train on one example, board.train(100, {"B": 5, "I": 0}, {"F": 3}), or on the rows of columns or DataFrames.

        ticks: of each example.
        inputs, outputs: task volts by node, driven and desired: each a number, or a column of as many rows as the
        others; a number holds in all rows.
        eta: strength of the nudge (paper, eq. 1).

        Return the ticks, a list with the names of nodes and edges, whose `frame` is a DataFrame. If anything interrupts
        it, the ticks that the board has made are in last_ticks.

        Raises as train_chunks() does, and UsageError for roles that the board cannot have.
        """
        with self._turn("train"):
            self._end_stream()
            self._collected = {}  # whatever interrupts or refuses this call, last_ticks are its own
        number, eta = whole_number("ticks", ticks, 0, MOST_RUN_TICKS), finite_number("eta", eta)
        driven, desired, examples = examples_by_node(inputs, outputs)
        if number * len(examples) > MOST_RUN_TICKS:
            most = MOST_RUN_TICKS // len(examples)
            raise UsageError(f"ticks = {number}: of each of {len(examples)} examples; give at most {most}")
        placement = Placement(names("inputs", driven), names("outputs", desired))
        with self._turn("train"):
            self._end_stream()
            if placement != self._roles.placement or eta != self.eta:
                self._place(placement, eta)
            chunks = self._train_chunks(self.chunks([(number, example) for example in examples]), in_turn=True)
            with closing(chunks):
                parts = list(chunks)
            return self._named(chain.from_iterable(parts), parts[0].first if parts else self._state.next_tick)

    def stream(self, examples: Iterable[tuple[int, Example]]) -> Iterator[Ticks]:
        """Train on (ticks, example) pairs in turn; yield the ticks of each chunk. Raises as train_chunks() does."""
        return self.train_chunks(self.chunks(examples))

    def chunks(self, examples: Iterable[tuple[int, Example]]) -> Iterator[Chunk]:
        """Cut (ticks, example) pairs into chunks that one request can carry. Raises UsageError for other things."""
        n_in, n_out = self._count_roles("train")
        if self._levers_set.pairs and n_out % 2:
            raise UsageError(f"pairs: each two outputs make a difference, and {n_out} are placed; place an even number")
        pairs = iterator("examples", examples, "a list of (ticks, Example(inputs_V, desired_V))")
        most = (frames.MAX_PAYLOAD - messages.TRAIN_HEAD) // (2 * (n_in + n_out))
        checked = (self._checked(pair, n_in, n_out) for pair in pairs)  # as they are asked for
        return cut(checked, self.hello.room // self._telemetry(n_out).size, most)

    def _count_roles(self, act: str) -> tuple[int, int]:
        """Return the numbers of input and output nodes. Raises UsageError before place(), which `act` needs."""
        self._link.require_usable()
        if not self.inputs or not self.outputs:
            raise UsageError(f"nothing to {act}: place() inputs and outputs first")
        return len(self.inputs), len(self.outputs)

    def _checked(self, pair: tuple[int, Example], n_in: int, n_out: int) -> tuple[int, Example]:
        """Return a (ticks, example) pair in plain numbers. Raises UsageError."""
        try:
            ticks, example = pair
            inputs_V, desired_V = example.inputs_V, example.desired_V
        except (TypeError, ValueError, AttributeError):
            raise UsageError(f"example {shown(pair)}: give (ticks, Example(inputs_V, desired_V))") from None
        checked = Example(volts("inputs_V", inputs_V, n_in), volts("desired_V", desired_V, n_out))
        self._codes([*checked.inputs_V, *checked.desired_V])
        return whole_number("ticks", ticks, 0, MOST_RUN_TICKS), checked

    def train_chunks(self, chunks: Iterable[Chunk], more: Callable[[], bool] = lambda: True) -> Iterator[Ticks]:
        """Train on chunks in turn; yield the ticks of each while the board makes those of the next.

        more: called before each request. Once it returns False no other chunk is requested; the ticks of those in
        flight are still yielded.

        Any other call but measure() and infer() ends the stream. If it ends early, the ticks that it has requested and
        not yielded are in last_ticks, until the next train() or stream(); if another call has ended it, also in `ticks`
        of the error that the stream then raises.

        Raises UsageError if another call has ended the stream, LinkLost also if the board made other ticks than were
        requested.
        """
        callback("more", more, "nothing that returns False to end the training")
        return self._train_chunks(chunks, more)

    def _train_chunks(
        self, chunks: Iterable[Chunk], more: Callable[[], bool] = lambda: True, in_turn: bool = False
    ) -> Generator[Ticks, None, None]:
        """Train as train_chunks() says.

        in_turn: the caller has the board for the whole training, and all of its ticks stay in last_ticks, not only
        those from the last chunk on.
        """
        turn: Callable[[], AbstractContextManager[None]] = nullcontext if in_turn else partial(self._turn, "train")
        waiting: Iterator[object] = iterator("chunks", chunks, "what chunks() returns")
        stream = _Stream()
        with turn():
            self._end_stream()
            self._serve()
            if self.taps is None:
                raise BoardError("the board does not know its taps: restore() or home() first")
            self._trained = trained = self._roles.placement
            self._collected = stream.collected
            self._stream = stream
        ahead: deque[tuple[int, int]] = deque()  # (first tick, ticks) of each chunk that was requested and not yielded
        try:
            while True:
                # the user's code runs between turns, so that it may call this client, which ends the stream
                self._require(stream)
                while len(ahead) < MOST_IN_FLIGHT and more() and (chunk := next(waiting, END)) is not END:
                    if not isinstance(chunk, Chunk):
                        raise UsageError(f"chunk {shown(chunk)}: give what chunks() returns")
                    with turn():
                        self._require(stream)
                        first = sum(ahead[-1]) if ahead else self._state.next_tick
                        ahead.append((first, chunk.total))
                        self._request_ticks(first, chunk)
                        stream.end = first + chunk.total
                with turn():
                    self._require(stream)
                    if not ahead:
                        return
                    first, _ = ahead[0]
                    while first not in self._collected:
                        self._link.finish_next()
                if not in_turn:
                    stream.collected = {at: ticks for at, ticks in stream.collected.items() if at >= first}
                    self._collected = stream.collected
                stream.paused = True
                try:
                    yield self._named(self._collected[first], first)
                finally:
                    stream.paused = False
                ahead.popleft()
        except CallEnded as error:
            made = [first for first, _ in ahead if first in stream.collected]
            ticks = chain.from_iterable(stream.collected[first] for first in made)
            error.ticks = Ticks(ticks, trained, self.board.edges, min(made, default=self._state.next_tick))
            raise
        except BoardError:  # the board may have made some of the ticks
            with suppress(TwinOhmError), turn():
                self._end_stream()
                self._serve()
            raise
        except BaseException as error:
            self._link.hurry_after(error)
            raise
        finally:
            if self._stream is stream:
                with suppress(TwinOhmError), nullcontext() if in_turn else self._turn("train", hurried=True):
                    self._end_stream()

    def _require(self, stream: _Stream) -> None:
        """Raise CallEnded if another call has ended `stream`, or ends it."""
        ender = self._turns.ender() or ("another call" if self._stream is not stream else None)
        if ender is not None:
            raise CallEnded(
                f"{self._link.where}: {ender} has ended this training; ticks that it made and did not yield are in "
                "`ticks` of this error"
            )

    def _check_turn(self) -> None:
        """Raise CallEnded if another call ends the one that has the board."""
        self._turns.check(self._link.where)

    def _request_ticks(self, first: int, chunk: Chunk) -> None:
        """Send a TRAIN request whose first tick is number `first`. Raises UsageError for a chunk of other roles."""
        sizes = {(len(example.inputs_V), len(example.desired_V)) for example in chunk.examples}
        if sizes != {(len(self.inputs), len(self.outputs))}:
            raise UsageError("the chunks were made for other roles: call chunks() after place()")
        codes = [self._codes([*example.inputs_V, *example.desired_V]) for example in chunk.examples]
        payload = messages.pack_train(first & MOST_TICKS, chunk.ticks, codes)
        self._before_ticks()
        request = TickRequest(first, chunk, self._roles.placement, self.eta)
        self._link.send(messages.TRAIN, payload, lambda reply: self._collect_ticks(request, reply))

    def _before_ticks(self) -> None:
        """Is called before ticks are requested."""

    def _before_change(self, unseen_ticks: bool = False) -> None:
        """Is called before a call changes what the log of its ticks depends on, in its turn, with nothing in flight.

        A call that is refused has no turn, and so changes no log. unseen_ticks: it may make ticks that it does not get.
        """

    def _made_ticks(self, request: "TickRequest", taps: tuple[int, ...], ticks: list[Tick]) -> None:
        """Is called with the ticks of a request, and the taps before them; again if something interrupts the call."""

    def _collect_ticks(self, request: "TickRequest", reply: bytes) -> None:
        """Adopt the ticks of a reply to TRAIN, which must be those that were requested."""
        state, first, expected = self._state, request.first, request.chunk.total
        n_out = len(request.placement.outputs)
        if state.next_tick > first:
            return  # they were adopted already, and then something interrupted the client
        made, count, records, taps_after = self._unpack(
            messages.TRAIN, reply, lambda payload: messages.unpack_train_reply(payload, n_out, self.board.n_edges)
        )
        if (made, count) != (first, expected):
            reason = f"{expected} ticks from tick {first} on were requested, the board made {count} from tick {made} on"
            raise Symptom.ODD_ANSWER.error(self._link.where, reason=reason)
        assert state.taps is not None
        ticks, clock = self._telemetry(n_out).ticks(records, state.taps, taps_after, state.clock)
        self._made_ticks(request, state.taps, ticks)
        self._collected[first] = ticks
        self._state = state.advance(ticks, clock)
        logger.debug("%s: ticks %d to %d", self.port_name, first, first + expected - 1)

    def _telemetry(self, n_out: int) -> Telemetry:
        return Telemetry(self.board, n_out)

    def _codes(self, volts: Iterable[float]) -> list[int]:
        return [self.board.dac_code(value) for value in volts]
