"""Frames: whole ones come back, anything else is a ValueError. What runs over a line is in tests/sim/test_wire.py."""

import binascii
from zlib import crc32

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twinohm.protocol.shared import frames, messages


@given(st.integers(0, 255), st.integers(0, 65535), st.binary(max_size=4000))
def test_what_is_encoded_is_decoded(kind: int, seq: int, payload: bytes) -> None:
    line = frames.encode(kind, seq, payload)
    assert frames.decode(line) == (kind, seq, payload)
    assert line.endswith(b"\n") and all(32 < byte < 127 for byte in line[:-1])


@given(st.binary(max_size=300))
def test_garbage_is_a_value_error(line: bytes) -> None:
    with pytest.raises(ValueError, match="checksum|too short|padding|base64"):
        frames.decode(line + b"\n")


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (b"", "no newline"),
        (frames.encode(messages.SAFE, 1, b"").rstrip(), "no newline"),
        (b"\n", "too short"),
        (b"AAAAAAAA\n", "too short"),
        (b"A" * 12 + b"\n", "checksum"),
        (frames.encode(messages.SAFE, 1, b"abc").replace(b"A", b"B", 1), "checksum"),
    ],
)
def test_what_is_wrong_with_a_line_is_said(line: bytes, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        frames.decode(line)


@given(st.binary(max_size=60), st.data())
def test_a_changed_or_cut_frame_is_refused(payload: bytes, data: st.DataObject) -> None:
    line = bytearray(frames.encode(4, 77, payload))
    at = data.draw(st.integers(0, len(line) - 2))
    if data.draw(st.booleans()):
        del line[at : data.draw(st.integers(at + 1, len(line) - 1))]
    else:
        line[at] ^= data.draw(st.integers(1, 255))
    try:
        assert frames.decode(bytes(line)) == (4, 77, payload)  # base64 ignores foreign characters and spare bits
    except ValueError:
        pass


def test_the_largest_payload_fills_a_line_of_the_board() -> None:
    """The board reads whole blocks into a buffer of MAX_LINE bytes."""
    assert len(frames.padded(frames.encode(4, 1, bytes(frames.MAX_PAYLOAD)))) == frames.MAX_LINE == 8192
    assert len(frames.encode(4, 1, bytes(frames.MAX_PAYLOAD + 1))) > frames.MAX_LINE


def test_a_frame_byte_by_byte() -> None:
    """Host and board would agree on a mistake: they run the same file."""
    line = frames.encode(4, 0x0102, b"ab")
    assert binascii.a2b_base64(line).hex(" ") == "04 02 01 61 62 " + crc32(b"\4\2\1ab").to_bytes(4, "little").hex(" ")
    assert frames.padded(line) == b" " * (64 - len(line)) + line
    assert frames.padded(b" " * 63 + b"\n") == b" " * 63 + b"\n"
