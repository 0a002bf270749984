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


@dataclass(frozen=True)
class Clock:
    """The board's microseconds without their wrap: `t_us` is the board time of the board's own reading `last_us`.

    last_us None: the next reading is that at t_us, and later ones add the time that passes on the board's own clock.
    """

    t_us: int = 0
    last_us: int | None = 0

    def at(self, reading_us: int) -> "Clock":
        """Return the clock at a reading of the board's own clock, which is later than the last reading."""
        passed_us = 0 if self.last_us is None else (reading_us - self.last_us) % WRAP_US
        return Clock(self.t_us + passed_us, reading_us)


class Telemetry:
    """Reads the telemetry of one placement with n_out outputs. `size`: bytes of one tick's record."""

    def __init__(self, board: Board, n_out: int) -> None:
        self._board, self._n_out = board, n_out
        self.size = messages.record_size(n_out, board.n_edges)

    def ticks(self, records: bytes, taps: Sequence[int], taps_after: bytes, clock: Clock) -> tuple[list[Tick], Clock]:
        """Return the ticks of `records`, and the clock at the last of them.

        taps (n_edges,) and clock: before the first tick. taps_after: one byte per edge, as the board counts after the
        last tick.

        Raises BoardError if its taps are not those that its records lead to, or if these leave the range of the pots.
        """
        board, n_out = self._board, self._n_out
        min_tap, top_tap = board.pots.min_tap, board.pots.top_tap
        now = list(taps)
        ticks = []
        for reading_us, codes, (*compared, up, moved) in messages.unpack_records(records, n_out, board.n_edges):
            cmp, sgn = compared if board.capabilities.reads_comparators else (None, None)
            for i in range(board.n_edges):
                if moved >> i & 1:
                    now[i] = tap = now[i] + (1 if up >> i & 1 else -1)
                    if tap > top_tap if up >> i & 1 else tap < min_tap:
                        raise BoardError(
                            f"the board's telemetry moves edge {board.edges[i]} to tap {tap}, its taps are {min_tap}.."
                            f"{top_tap}: restore() and report this"
                        )
            volts = [round(board.task_volts(code), 6) for code in codes]
            clock = clock.at(reading_us)
            ticks.append(Tick(clock.t_us, tuple(volts[:n_out]), tuple(volts[n_out:]), cmp, sgn, up, moved, tuple(now)))
        if bytes(now) != taps_after:
            raise BoardError("the board counts other taps than its telemetry says: restore() and report this")
        return ticks, clock
