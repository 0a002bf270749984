"""Frames between host and board. The host loads this very file; docs/protocol.md explains it.

One frame is one line: base64 of  type u8, seq u16, payload, crc32 u32  (little-endian), then a newline. The host's
lines begin with spaces, as many as make them whole BLOCKs. No control character occurs in a line, so Ctrl-C always
reaches the interpreter.
"""

import binascii
import struct

MAX_LINE = 8192  # bytes, newline included
BLOCK = 64  # bytes: the host's lines are whole ones (a full-speed USB packet, USB 2.0, 5.8.3)
HEAD = 3  # bytes before the payload
TAIL = 4  # bytes after it
MAX_PAYLOAD = (MAX_LINE - 1) // 4 * 3 - HEAD - TAIL  # bytes
NEWLINE = 10


def encode(kind: int, seq: int, payload: bytes) -> bytes:
    """Return one frame as a line. kind: 0..255, seq: 0..65535."""
    size = len(payload)
    frame = bytearray(HEAD + size + TAIL)
    frame[HEAD : HEAD + size] = payload
    return seal(frame, kind, seq, size)


def seal(frame: bytearray, kind: int, seq: int, size: int) -> bytes:
    """Return the line of a frame whose payload of `size` bytes is already at frame[HEAD:]; TAIL bytes follow it."""
    view = memoryview(frame)
    struct.pack_into("<BH", frame, 0, kind, seq)
    end = HEAD + size
    struct.pack_into("<I", frame, end, binascii.crc32(view[:end]) & 0xFFFFFFFF)
    return binascii.b2a_base64(view[: end + TAIL])


def padded(line: bytes) -> bytes:
    """Return the line with spaces before it, to whole BLOCKs, as the board reads it."""
    return b" " * (-len(line) % BLOCK) + line


def decode(line: bytes) -> tuple[int, int, memoryview]:
    """Return (type, seq, payload) of a line. Raises ValueError for anything that is not one whole frame."""
    size = len(line)
    if not size or line[size - 1] != NEWLINE:
        raise ValueError("no newline")
    frame = binascii.a2b_base64(line)
    end = len(frame) - TAIL
    if end < HEAD:
        raise ValueError("too short")
    view = memoryview(frame)
    if struct.unpack_from("<I", frame, end)[0] != binascii.crc32(view[:end]) & 0xFFFFFFFF:
        raise ValueError("checksum")
    kind, seq = struct.unpack_from("<BH", frame)
    return kind, seq, view[HEAD:end]
