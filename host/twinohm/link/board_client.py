"""A board that is there: `with twinohm.open("sim://lab16") as board: board.train(...)`."""

import ast
import struct
from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any

from twinohm.errors import BoardError, BoardMismatch, LinkLost, UsageError
from twinohm.firmware.sources import wire
from twinohm.link.connection import Connection
from twinohm.link.request_channel import AHEAD
from twinohm.link.timeouts import Timeouts
from twinohm.model.board import Board
from twinohm.model.board_file import load_board
from twinohm.model.current_limits import check_currents
from twinohm.model.levers import Levers
from twinohm.model.settling import settling_us
from twinohm.protocol.telemetry import Chunk, Clock, Example, Telemetry, Tick, cut

ETA_ONE = 4096
MOST_US = 0xFFFF
MOST_TICKS = 0xFFFF_FFFF
ON_ITS_WAY = "ticks of a stream are on their way: take all of its chunks first"
CAN = ("switch", "compare", "direct", "hold")  # capabilities as HELLO names them


class BoardClient:
    """One open board. Methods raise BoardError with the board's words, LinkLost if it falls silent.

    Opening raises BoardNotFound, BoardBusy (naming who holds it), or BoardMismatch if host and board do not fit.
    """

    def __init__(self, port: str, boards: Path | None = None, timeouts: Timeouts | None = None) -> None:
        self._timeouts = timeouts or Timeouts()
        self._link = Connection(port, self._timeouts)
        self._clock = Clock()
        self.inputs: tuple[str, ...] = ()
        self.outputs: tuple[str, ...] = ()
        self.eta = 1.0
        self._roles = b""  # payload of PLACE
        self._known_roles: object = None  # of which _settle_us is
        self._settle_us: list[int] = []
        self._corrections = b""  # of CORRECT
        self._next = 0  # the board's number of its next tick
        self._asked: deque[Chunk] = deque()  # parts of a stream that are on their way
        try:
            named = getattr(self._link.port, "board", None)  # a virtual board's URL may name its own boards.toml
            self.board: Board = named or load_board(self.hello["board"], boards)
            self._greeted()
        except BaseException:
            self._link.abandon()
            raise

    @property
    def hello(self) -> dict[str, Any]:
        """What the board says of itself: protocol, firmware, board, boot, can, nodes, edges, taps, ticks, room."""
        return self._link.hello

    @property
    def serial_number(self) -> str | None:
        """Of its USB port, None where there is none."""
        return self._link.serial_number

    @property
    def board_id(self) -> str | None:
        """The chip's own number; of a virtual board, one that follows from its component values."""
        return getattr(self._link.port, "unique_id", None) or self.hello.get("id")

    @property
    def port_name(self) -> str:
        """Device name or URL that is open."""
        return str(self._link.port.port)

    @property
    def side_channel(self) -> Any:
        """What a virtual board tells beside the wire (bench.records.Records), or None on copper."""
        return getattr(self._link.port, "side_channel", None)

    def _greeted(self) -> None:
        """Use what the board says of itself. Raises BoardMismatch if it is wired otherwise than boards.toml says."""
        hello, board, can = self._link.hello, self.board, self.board.capabilities
        able = (can.opens_switches, can.reads_comparators, can.sets_direction, can.holds_edges)
        here = {
            "nodes": list(board.nodes),
            "edges": board.n_edges,
            "can": [name for name, can_it in zip(CAN, able, strict=True) if can_it],
        }
        for key, value in here.items():
            if hello[key] != value:
                raise BoardMismatch(
                    f"{self._link.where}: {key} of the board are {hello[key]}, of {board.name} in boards.toml {value}; "
                    "`twinohm flash` it with this boards.toml, or give its own with --boards"
                )
        self._counted()
        if self._corrections:
            self._link.request(wire().CORRECT, self._corrections)
            if self.inputs:
                self._link.request(wire().PLACE, self._roles)

    def _counted(self) -> None:
        """Take over what the board counts."""
        hello, board = self._link.hello, self.board
        taps = hello["taps"]
        if taps and (len(taps) != board.n_edges or not all(isinstance(tap, int) and 0 <= tap <= 127 for tap in taps)):
            raise BoardMismatch(f"{self._link.where}: taps of the board are {taps}; `twinohm flash` it")
        if not 0 <= hello["ticks"] <= MOST_TICKS:
            raise BoardMismatch(f"{self._link.where}: the board is at tick {hello['ticks']}; `twinohm flash` it")
        self.taps: tuple[int, ...] | None = tuple(taps) if taps else None
        self._next = hello["ticks"]

    def reopen(self, port: str | None = None) -> None:
        """Find a lost board again. It is safe and nothing is placed on it; taps are what it believes.

        `port` is where it was if not given. Raises LinkLost if it does not come back, BoardMismatch if another does.
        """
        self._link.reopen(port or self._link.where, self._timeouts.reopen_s)
        self.inputs = self.outputs = ()
        self._asked.clear()
        self.set_clock(self._clock.t_us)
        self._greeted()

    def set_clock(self, t_us: int) -> None:
        """The next tick's t_us is this, whatever the board's clock says; board time goes on from there."""
        self._clock.set(t_us)

    def __enter__(self) -> "BoardClient":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Make the board safe, leave it at its prompt, close the port. Never raises."""
        self._link.close()

    def _request(self, kind: int, payload: bytes = b"", size: int = 0) -> bytes:
        """A reply of `size` bytes. Raises BoardMismatch if it has another size."""
        self._serve()
        if self._asked:
            raise UsageError(ON_ITS_WAY)
        reply = self._link.request(kind, payload)
        self._check_size(kind, reply, size)
        return reply

    def _serve(self) -> None:
        if self._link.serve():
            self._greeted()

    def _check_size(self, kind: int, reply: bytes, size: int) -> None:
        if len(reply) != size:
            raise BoardMismatch(
                f"{self._link.where}: {len(reply)} bytes in answer to request {kind}, this host expects {size}; "
                "put this host's firmware on the board: `twinohm flash`"
            )

    # -- what a person does --------------------------------------------------------------------------------------

    def exec(self, code: str) -> str:
        """Run code at the board's REPL, `learner` in hand. Returns what it prints; an expression prints its value."""
        if self._asked:
            raise UsageError(ON_ITS_WAY)
        self._link.leave_serve()
        try:
            ast.parse(code, mode="eval")
            code = f"_ = (\n{code}\n)\nif _ is not None: print(repr(_))"
        except SyntaxError:
            pass
        return self._link.repl.exec("from twinohm_fw import learner\n" + code, None)

    def place(
        self, inputs: Sequence[str], outputs: Sequence[str], eta: float = 1.0, absent: Collection[str] = ()
    ) -> None:
        """Roles by node name, the rest is hidden. eta: nudge of eq. 1, 0..4. absent: edges that are or will be pulled,
        without which nodes settle slower. Raises UsageError for a bad placement.
        """
        self.board.check_placement(inputs, outputs)
        roles = tuple(inputs), tuple(outputs), frozenset(absent)
        if roles != self._known_roles:
            check_currents(self.board, inputs, outputs)
            self._settle_us = self._waits(*roles)
            self._known_roles = roles
        if not 0 < eta <= 4:
            raise UsageError(f"eta = {eta}: more than 0, at most 4")
        self.inputs, self.outputs, self.eta = tuple(inputs), tuple(outputs), eta
        nodes = bytes(self.board.node_index(name) for name in (*inputs, *outputs))
        counts = len(inputs), len(outputs)
        self._roles = struct.pack("<HHHBB", round(eta * ETA_ONE), *self._settle_us, *counts) + nodes
        self._request(wire().PLACE, self._roles)

    def _waits(self, inputs: Sequence[str], outputs: Sequence[str], absent: Collection[str]) -> list[int]:
        """Microseconds that the free and the clamped network take to settle. Raises UsageError for too many."""
        free = (*inputs, *self.board.wired_free)
        settle_us = [settling_us(self.board, driven, absent) for driven in (free, (*free, *outputs))]
        if max(settle_us) > MOST_US:
            raise UsageError(
                f"nodes of {self.board.name} take {max(settle_us)} us to settle with these roles, a board waits "
                f"{MOST_US} at most: use more inputs, or pots of less ohm"
            )
        return settle_us

    def apply(self, inputs_V: Mapping[str, float]) -> None:
        """Drive the input nodes (task volts); places them if they are new."""
        if tuple(inputs_V) != self.inputs:
            self.place(tuple(inputs_V), [name for name in self.outputs if name not in inputs_V], self.eta)
        self._request(wire().APPLY, self._codes(list(inputs_V.values())))

    def measure(self) -> tuple[dict[str, float], dict[str, float]]:
        """(free, clamped) task volts by node, of those that the board measures."""
        n = len(self.board.nodes)
        reply = self._request(wire().MEASURE, size=4 * n)
        codes = struct.unpack(f"<{2 * n}H", reply)
        free, clamped = (
            {
                name: self.board.task_volts(code)
                for name, code in zip(self.board.nodes, part, strict=True)
                if code != wire().NOT_MEASURED
            }
            for part in (codes[:n], codes[n:])
        )
        return free, clamped

    def infer(self, inputs_V: Sequence[Sequence[float]]) -> list[tuple[float, ...]]:
        """Measured outputs of the free network, volts (examples, outputs), for inputs_V (examples, inputs)."""
        n_in, n_out = len(self.inputs), len(self.outputs)
        if not n_in or not n_out:
            raise UsageError("nothing to infer: place() inputs and outputs first")
        room = max(1, min(self.hello["room"] // (2 * n_out), wire().MAX_LINE // 4 // n_in))
        rows = []
        for at in range(0, len(inputs_V), room):
            part = inputs_V[at : at + room]
            codes_in = b"".join(self._codes(example) for example in part)
            reply = self._request(wire().INFER, codes_in, size=2 * n_out * len(part))
            rows += [
                tuple(round(self.board.task_volts(code), 6) for code in codes)
                for codes in struct.iter_unpack(f"<{n_out}H", reply)
            ]
        return rows

    def set_levers(self, levers: Levers, seed: int = 0, drawn: int = 0) -> None:
        """Levers of learning for the ticks to come; Levers() turns all off.

        `seed` starts the board's generator, as it is after `drawn` numbers.
        """
        levers.check(self.board)
        self._request(wire().LEVERS, levers.pack(self.board, seed, drawn))

    def correct(self, adc: Mapping[str, tuple[int, int]] | None) -> None:
        """(gain, offset) of each ADC channel, as calibration.Calibration has them; None: as boards.toml says.

        Holds while this board is open. Afterwards it has no roles: place() again.
        """
        numbers: list[int] = []
        if adc is not None:
            channels = (f"{node}.{network}" for network in ("free", "clamped") for node in self.board.nodes)
            numbers = [number for channel in channels for number in adc.get(channel, (0, 0))]
        self.inputs = self.outputs = ()
        self._corrections = struct.pack(f"<{len(numbers)}i", *numbers)
        self._request(wire().CORRECT, self._corrections)

    def restore(self, taps: Sequence[int]) -> None:
        """Home with open switches, then set one tap per edge. Raises UsageError outside min_tap..127."""
        low = self.board.pots.min_tap
        if len(taps) != self.board.n_edges or not all(low <= tap <= 127 for tap in taps):
            raise UsageError(f"restore needs {self.board.n_edges} taps of {low}..127")
        self._request(wire().RESTORE, bytes(taps))
        self.taps = tuple(taps)
        self._next = 0

    def home(self) -> None:
        """Every edge to the board's start tap."""
        self.restore([self.board.pots.start_tap] * self.board.n_edges)

    def safe(self) -> None:
        """Open all switches."""
        self._request(wire().SAFE)

    def train(
        self, ticks: int, inputs: Mapping[str, float], outputs: Mapping[str, float], eta: float = 1.0
    ) -> list[Tick]:
        """So many ticks of one example: board.train(100, {"B": 5, "I": 0}, {"F": 3})."""
        if (tuple(inputs), tuple(outputs)) != (self.inputs, self.outputs) or eta != self.eta:
            self.place(tuple(inputs), tuple(outputs), eta)
        example = Example(list(inputs.values()), list(outputs.values()))
        return [tick for chunk in self.stream([(ticks, example)]) for tick in chunk]

    def stream(self, examples: Sequence[tuple[int, Example]]) -> Iterator[list[Tick]]:
        """Train on (ticks, example) pairs in turn; yields the ticks of each chunk as it is done."""
        return self.train_chunks(self.chunks(examples))

    def chunks(self, examples: Iterable[tuple[int, Example]]) -> Iterator[Chunk]:
        """The same ticks in parts that one request can carry."""
        most = (wire().MAX_LINE // 4 * 3 - 16) // (2 * (len(self.inputs) + len(self.outputs)))
        return cut(examples, int(self.hello["room"]) // self._telemetry().size, most)

    def train_chunks(self, chunks: Iterable[Chunk], more: Callable[[], bool] = lambda: True) -> Iterator[list[Tick]]:
        """Parts of chunks() in turn: while one is taken, the board does the next. Once `more` says no, none is asked
        for any longer, and what is on its way is yielded.

        Raises LinkLost also if the board did other ticks than were asked for.
        """
        if self.taps is None:
            raise BoardError("the board has lost its tap counts: restore() or home() first")
        todo = iter(chunks)
        try:
            while True:
                while len(self._asked) < AHEAD and more() and (chunk := next(todo, None)) is not None:
                    self._ask(chunk)
                if not self._asked:
                    return
                yield self._told()
        except GeneratorExit:
            with suppress(LinkLost, BoardError):
                while self._asked:
                    self._told()
            raise
        except BoardError:  # some of its ticks may have happened
            self._asked.clear()
            with suppress(LinkLost):
                self._link.forget()
                self._link.greet()
                self._counted()
            raise

    def _ask(self, chunk: Chunk) -> None:
        codes = b"".join(self._codes([*example.inputs_V, *example.desired_V]) for example in chunk.examples)
        self._serve()
        first = self._next + sum(before.total for before in self._asked)
        self._link.send(wire().TRAIN, struct.pack("<IH", first & MOST_TICKS, chunk.ticks) + codes)
        self._asked.append(chunk)

    def _told(self) -> list[Tick]:
        """What the board tells of the first part that it was asked for."""
        reply = self._link.receive()
        asked, telemetry = self._asked.popleft().total, self._telemetry()
        first, count = struct.unpack_from("<IH", reply) if len(reply) >= 6 else (self._next, asked)
        if (first, count) != (self._next, asked):
            raise LinkLost(f"{self._link.where}: asked for ticks from {self._next} on, it did {count} from {first} on")
        end = 6 + asked * telemetry.size
        self._check_size(wire().TRAIN, reply, end + self.board.n_edges)
        assert self.taps is not None
        ticks = telemetry.ticks(reply[6:end], self.taps, reply[end:])
        self._next += count
        self.taps = ticks[-1].taps
        return ticks

    def _telemetry(self) -> Telemetry:
        return Telemetry(self.board, len(self.outputs), self._clock)

    def _codes(self, volts: Sequence[float]) -> bytes:
        return struct.pack(f"<{len(volts)}H", *(self.board.dac_code(value) for value in volts))
