"""Ticks on the wire: examples cut into what one request can carry, and telemetry read back."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from twinohm.errors import BoardError
from twinohm.model.board import Board
from twinohm.protocol.shared import messages

CHUNK_TICKS = 64
WRAP_US = 1 << 30  # of MicroPython's ticks_us


@dataclass(frozen=True)
class Example:
    """Task volts in the order of the placement's inputs and outputs."""

    inputs_V: Sequence[float]
    desired_V: Sequence[float]


@dataclass(frozen=True)
class Tick:
    """One tick as the board reports it. Volts are task volts by output; bit i of a word belongs to edge i."""

    t_us: int  # board time
    free_V: tuple[float, ...]
    clamp_V: tuple[float, ...]
    cmp: int | None  # None where the board cannot read its comparators
    sgn: int | None
    up: int
    moved: int
    taps: tuple[int, ...]  # after the tick


@dataclass(frozen=True)
class Chunk:
    """What one TRAIN request asks for: `ticks` ticks of each example in turn."""

    ticks: int
    examples: Sequence[Example]

    @property
    def total(self) -> int:
        """Number of ticks of all examples."""
        return self.ticks * len(self.examples)


def cut(examples: Iterable[tuple[int, Example]], most_ticks: int, most_examples: int) -> Iterator[Chunk]:
    """Cut (ticks, example) pairs into chunks of at most most_ticks ticks and most_examples examples; yield them."""
    limit = max(1, min(CHUNK_TICKS, most_ticks))
    chunk: list[Example] = []
    each = 0
    for ticks, example in examples:
        while ticks:
            part = min(ticks, limit)
            if chunk and (part != each or part * (len(chunk) + 1) > limit or len(chunk) == most_examples):
                yield Chunk(each, chunk)
                chunk = []
            each, ticks = part, ticks - part
            chunk.append(example)
    if chunk:
        yield Chunk(each, chunk)


class Clock:
    """The board's microseconds without their wrap."""

    def __init__(self) -> None:
        self.t_us = 0
        self._last_us: int | None = 0  # the board's own reading at t_us; None: set() was called since

    def set(self, t_us: int) -> None:
        """Set the time of the next reading, us; later readings add the time that passes on the board's own clock."""
        self.t_us, self._last_us = t_us, None

    def unwrap(self, reading_us: int) -> int:
        """Return the board time of a reading of the board's own clock, which is later than the last reading."""
        if self._last_us is not None:
            self.t_us += (reading_us - self._last_us) % WRAP_US
        self._last_us = reading_us
        return self.t_us


class Telemetry:
    """Reads the telemetry of one placement with n_out outputs. `size`: bytes of one tick's record."""

    def __init__(self, board: Board, n_out: int, clock: Clock) -> None:
        self._board, self._n_out, self._clock = board, n_out, clock
        self.size = messages.record_size(n_out, board.n_edges)

    def ticks(self, records: bytes, taps: Sequence[int], taps_after: bytes) -> list[Tick]:
        """Return the ticks of `records`.

        taps (n_edges,): before the first tick. taps_after: one byte per edge, as the board counts after the last tick.

        Raises BoardError if its taps are not those that its records lead to.
        """
        board, n_out = self._board, self._n_out
        now = list(taps)
        ticks = []
        for reading_us, codes, (*compared, up, moved) in messages.unpack_records(records, n_out, board.n_edges):
            cmp, sgn = compared if board.capabilities.reads_comparators else (None, None)
            for i in range(board.n_edges):
                if moved >> i & 1:
                    now[i] += 1 if up >> i & 1 else -1
            volts = [round(board.task_volts(code), 6) for code in codes]
            t_us = self._clock.unwrap(reading_us)
            ticks.append(Tick(t_us, tuple(volts[:n_out]), tuple(volts[n_out:]), cmp, sgn, up, moved, tuple(now)))
        if bytes(now) != taps_after:
            raise BoardError("the board counts other taps than its telemetry says: restore() and report this")
        return ticks
