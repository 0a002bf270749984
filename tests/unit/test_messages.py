"""Payloads of all messages: what is packed is unpacked, and anything else is a ValueError that says what is wrong."""

from collections.abc import Callable, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twinohm.protocol.shared import messages

U8, U16, U32, I32 = (st.integers(0, 2**bits - 1) for bits in (8, 16, 32, 31))
CODES = st.lists(U16, min_size=1, max_size=40)
SIZES = st.integers(1, 6)
PAYLOADS = st.binary(max_size=60)


def rows(n: int) -> st.SearchStrategy[list[list[int]]]:
    """Return examples of n codes each."""
    return st.lists(st.lists(U16, min_size=n, max_size=n), min_size=1, max_size=9)


@given(U16, st.tuples(U16, U16), st.binary(max_size=9), st.binary(max_size=9))
def test_place_is_unpacked_as_packed(eta: int, settle_us: tuple[int, int], inputs: bytes, outputs: bytes) -> None:
    fields = (eta, settle_us, inputs, outputs)
    assert messages.unpack_place(messages.pack_place(*fields)) == fields


@given(st.lists(U8, max_size=40))
def test_restore_is_unpacked_as_packed(taps: list[int]) -> None:
    assert list(messages.unpack_restore(messages.pack_restore(taps), len(taps))) == taps


@given(U32, U16, SIZES.flatmap(rows))
def test_train_is_unpacked_as_packed(first: int, ticks: int, examples: list[list[int]]) -> None:
    n = len(examples[0])
    payload = messages.pack_train(first, ticks, examples)
    assert messages.unpack_train(payload, n)[:2] == (first, ticks)
    starts = messages.unpack_train(payload, n)[2]
    assert [list(messages.unpack_apply(payload[at : at + 2 * n], n)) for at in starts] == examples


@given(st.integers(1, 70), st.integers(0, 4), U32, st.data())
def test_reply_to_train_is_unpacked_as_packed(n_edges: int, n_out: int, first: int, data: st.DataObject) -> None:
    word, codes = st.integers(0, 2**n_edges - 1), st.lists(U16, min_size=n_out, max_size=n_out)
    four = st.tuples(word, word, word, word)
    ticks = data.draw(st.lists(st.tuples(U32, codes, codes, four), max_size=5))
    taps = data.draw(st.binary(min_size=n_edges, max_size=n_edges))
    records = b"".join(
        messages.pack_record(t_us, free, clamped, list(words), n_edges) for t_us, free, clamped, words in ticks
    )
    frame = bytearray(messages.TRAIN_HEAD)
    messages.pack_train_reply_head(frame, 0, first, len(ticks))
    assert messages.unpack_train_reply(bytes(frame) + records + taps, n_out, n_edges) == (
        first,
        len(ticks),
        records,
        taps,
    )
    assert messages.unpack_records(records, n_out, n_edges) == [
        (t_us, (*free, *clamped), words) for t_us, free, clamped, words in ticks
    ]


@given(st.lists(st.none() | st.integers(0, 0xFFFE), min_size=1, max_size=20))
def test_reply_to_measure_is_unpacked_as_packed(codes: list[int | None]) -> None:
    payload = messages.pack_measure_reply(codes, codes[::-1])
    assert messages.unpack_measure_reply(payload, len(codes)) == (codes, codes[::-1])


@given(CODES)
def test_apply_is_unpacked_as_packed(codes: list[int]) -> None:
    assert list(messages.unpack_apply(messages.pack_apply(codes), len(codes))) == codes


@given(SIZES.flatmap(rows))
def test_infer_is_unpacked_as_packed(examples: list[list[int]]) -> None:
    assert [list(codes) for codes in messages.unpack_infer(messages.pack_infer(examples), len(examples[0]))] == examples


OFF = (False, False, False, False, 0)  # overclamp, whole, pairs, hinge, margin
LEVERS = st.tuples(
    U16,
    U16,
    U16,
    U8,
    st.sampled_from(messages.VOTES),
    *[st.booleans()] * 4,
    U16,
    st.tuples(U16, U16, U16),
)


@given(LEVERS)
def test_levers_is_unpacked_as_packed(fields: tuple[Any, ...]) -> None:
    assert messages.unpack_levers(messages.pack_levers(*fields[:-1], list(fields[-1]))) == fields


def test_levers_has_its_fields_at_these_bytes() -> None:
    """Host and board share the code, so packing and unpacking alone would not show two fields that change places."""
    payload = messages.pack_levers(
        0x0102, 0x0304, 0x0506, 7, "up", True, False, False, False, 0x0E0F, [0x0809, 0x0A0B, 0x0C0D]
    )
    assert payload.hex(" ") == "02 01 04 03 06 05 07 02 01 0f 0e 09 08 0b 0a 0d 0c"
    flags = [[k == flag for k in range(4)] for flag in range(4)]
    assert [messages.pack_levers(0, 0, 0, 1, "majority", *four, 0, [0, 0, 0])[8] for four in flags] == [1, 2, 4, 8]


def test_other_messages_have_their_fields_at_these_bytes() -> None:
    assert (
        messages.pack_place(0x0102, (0x0304, 0x0506), b"\7\10", b"\11").hex(" ") == "02 01 04 03 06 05 02 01 07 08 09"
    )
    assert messages.pack_train(0x01020304, 5, [[6, 0x0708]]).hex(" ") == "04 03 02 01 05 00 06 00 08 07"
    assert messages.pack_correct([(1, -2), (3, 0), (0, 0)]).hex(" ") == "01 00 00 00 fe ff ff ff 03" + 15 * " 00"
    assert messages.pack_record(1, [2], [3], [4, 5, 6, 0x107], 9).hex(" ") == (
        "01 00 00 00 02 00 03 00 04 00 05 00 06 00 07 01"
    )


DAC_PAIRS = st.tuples(st.integers(-(2**14), 2**14), st.integers(-(2**29), 2**29))
ADC_PAIRS = st.tuples(I32, I32.map(lambda number: -number))


@given(st.lists(st.tuples(DAC_PAIRS, ADC_PAIRS, ADC_PAIRS), max_size=8))
def test_correct_is_unpacked_as_packed(nodes: list[tuple[tuple[int, int], ...]]) -> None:
    pairs = [node[part] for part in range(3) for node in nodes]
    assert messages.unpack_correct(messages.pack_correct(pairs), len(nodes)) == pairs


@given(st.dictionaries(st.text(), st.integers() | st.text() | st.none(), max_size=5))
def test_reply_to_hello_is_unpacked_as_packed(fields: dict[str, object]) -> None:
    assert messages.unpack_hello_reply(messages.pack_hello_reply(fields)) == fields | {"protocol": messages.PROTOCOL}


UNPACK: dict[str, Callable[[bytes], object]] = {
    "HELLO": messages.unpack_hello_reply,
    "PLACE": messages.unpack_place,
    "RESTORE": lambda payload: messages.unpack_restore(payload, 16),
    "TRAIN": lambda payload: messages.unpack_train(payload, 3),
    "reply to TRAIN": lambda payload: messages.unpack_train_reply(payload, 2, 5),
    "telemetry": lambda payload: messages.unpack_records(payload, 2, 5),
    "MEASURE": lambda payload: messages.unpack_measure_reply(payload, 3),
    "APPLY": lambda payload: messages.unpack_apply(payload, 3),
    "INFER": lambda payload: messages.unpack_infer(payload, 3),
    "LEVERS": messages.unpack_levers,
    "CORRECT": lambda payload: messages.unpack_correct(payload, 3),
    "without a payload": messages.unpack_nothing,
}


@pytest.mark.parametrize("name", UNPACK)
@given(payload=PAYLOADS)
def test_a_damaged_payload_is_a_value_error_that_names_the_message(name: str, payload: bytes) -> None:
    try:
        UNPACK[name](payload)
    except ValueError as error:
        assert name in str(error)


@pytest.mark.parametrize("name", [name for name in UNPACK if name != "without a payload"])
def test_a_payload_of_one_byte_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match=name):
        UNPACK[name](b"\1")


@pytest.mark.parametrize(
    ("pack", "message"),
    [
        (lambda: messages.pack_place(70000, (1, 1), b"", b""), "PLACE: eta = 70000, not 0..65535"),
        (lambda: messages.pack_place(1, (1, -1), b"", b""), "PLACE: settle_us = -1, not 0..65535"),
        (lambda: messages.pack_restore([256]), "RESTORE: tap = 256, not 0..255"),
        (lambda: messages.pack_train(2**32, 1, []), "TRAIN: first = 4294967296, not 0..4294967295"),
        (lambda: messages.pack_train(0, 1, [[1, 65536]]), r"TRAIN: codes = \[1, 65536\], not 0..65535"),
        (
            lambda: messages.pack_levers(1, 1, 1, 1, "most", *OFF, [1, 1, 1]),
            "LEVERS: vote = 'most'",
        ),
        (
            lambda: messages.pack_levers(1, 1, 1, 999, "up", *OFF, [1, 1, 1]),
            "LEVERS: readings = 999",
        ),
        (
            lambda: messages.pack_correct([(0, 0), (2**31, 0), (0, 0)]),
            "CORRECT: gain or offset = 2147483648, not 0",
        ),
        (lambda: messages.pack_correct([(-(2**14) - 1, 0), (0, 0), (0, 0)]), "CORRECT: gain or offset = 16385, not 0"),
        (lambda: messages.pack_correct([(0, 2**29 + 1), (0, 0), (0, 0)]), "CORRECT: gain or offset = 536870913, not 0"),
        (lambda: messages.pack_record(0, [], [], [4, 0, 0, 0], 2), "record: word = 4, not 0..3"),
    ],
)
def test_a_number_that_does_not_fit_its_field_is_refused(pack: Callable[[], Sequence[int]], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        pack()
