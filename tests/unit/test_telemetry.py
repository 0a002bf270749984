"""Examples are cut into requests that the board has room for; telemetry becomes ticks in task volts, taps and time."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twinohm.errors import BoardError
from twinohm.model.board_file import load_board
from twinohm.protocol.shared import messages
from twinohm.protocol.telemetry import WRAP_US, Chunk, Clock, Example, Telemetry, Tick, cut

A, B, C = (Example((float(k),), (0.5,)) for k in range(3))


@given(
    st.lists(st.tuples(st.integers(1, 200), st.sampled_from([A, B, C])), max_size=12),
    st.integers(1, 100),
    st.integers(1, 20),
)
def test_chunks_have_every_tick_once_in_order_and_fit_the_board(
    examples: list[tuple[int, Example]], most_ticks: int, most_examples: int
) -> None:
    chunks = list(cut(examples, most_ticks, most_examples))
    assert all(chunk.total <= min(most_ticks, 64) and len(chunk.examples) <= most_examples for chunk in chunks)
    made = [example for chunk in chunks for example in chunk.examples for _ in range(chunk.ticks)]
    assert made == [example for ticks, example in examples for _ in range(ticks)]


@pytest.mark.parametrize(
    ("examples", "most_ticks", "most_examples", "chunks"),
    [
        ([(200, A)], 99, 9, [Chunk(64, [A]), Chunk(64, [A]), Chunk(64, [A]), Chunk(8, [A])]),
        ([(3, A)], 0, 9, [Chunk(1, [A])] * 3),
        ([(2, A), (2, B), (2, C)], 6, 9, [Chunk(2, [A, B, C])]),
        ([(2, A), (2, B), (2, C)], 5, 9, [Chunk(2, [A, B]), Chunk(2, [C])]),
        ([(2, A), (2, B), (2, C)], 6, 2, [Chunk(2, [A, B]), Chunk(2, [C])]),
        ([(2, A), (1, B)], 6, 9, [Chunk(2, [A]), Chunk(1, [B])]),
        ([], 6, 9, []),
    ],
    ids=["64 ticks at most", "a tick at least", "one request", "no room", "too many examples", "other ticks", "none"],
)
def test_a_chunk_is_as_large_as_it_can_be(
    examples: list[tuple[int, Example]], most_ticks: int, most_examples: int, chunks: list[Chunk]
) -> None:
    assert list(cut(examples, most_ticks, most_examples)) == chunks


def times(clock: Clock, *readings_us: int) -> list[int]:
    found = []
    for reading_us in readings_us:
        clock = clock.at(reading_us)
        found.append(clock.t_us)
    return found


def test_board_time_goes_on_where_the_boards_counter_wraps() -> None:
    """MicroPython's ticks_us counts to 2**30 - 1 us."""
    assert times(Clock(), 5, 2**30 - 1, 3) == [5, 2**30 - 1, 2**30 + 3]
    assert WRAP_US == 2**30


def test_the_clock_goes_on_from_a_set_time_whatever_the_board_shows() -> None:
    assert times(Clock(1000, None), 77, 80) == [1000, 1003]


def test_moved_edges_step_in_the_direction_of_up() -> None:
    board = load_board("lab16")
    telemetry = Telemetry(board, 1)
    free, clamped = board.dac_code(1.0), board.dac_code(2.0)
    records = messages.pack_record(9, [free], [clamped], [0b1010, 0b0110, 0b0011, 0b0101], 16)
    taps_after = bytes([65, 64, 63] + [64] * 13)
    assert telemetry.size == len(records)
    assert telemetry.ticks(records, [64] * 16, taps_after, Clock())[0] == [
        Tick(
            t_us=9,
            free_V=(round(board.task_volts(free), 6),),
            clamp_V=(round(board.task_volts(clamped), 6),),
            cmp=0b1010,
            sgn=0b0110,
            up=0b0011,
            moved=0b0101,
            taps=tuple(taps_after),
        )
    ]


def test_a_board_that_cannot_read_its_comparators_has_none() -> None:
    records = messages.pack_record(0, [0], [0], [1, 1, 1, 0], 16)
    (tick,), _ = Telemetry(load_board("edge16"), 1).ticks(records, [64] * 16, bytes([64] * 16), Clock())
    assert (tick.cmp, tick.sgn, tick.up) == (None, None, 1)


def test_other_taps_than_the_records_lead_to_are_an_error() -> None:
    records = messages.pack_record(0, [0], [0], [0, 0, 1, 1], 16)
    with pytest.raises(BoardError, match="the board counts other taps than its telemetry says"):
        Telemetry(load_board("lab16"), 1).ticks(records, [64] * 16, bytes([64] * 16), Clock())
