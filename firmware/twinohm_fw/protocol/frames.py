"""Frames between host and board; the host imports this very file.

One frame is one line: base64 of  type u8, seq u16, payload, crc32 u32  (little-endian), then a newline. The host's
lines begin with spaces, as many as make them whole BLOCKs.
No control character occurs in it, so Ctrl-C always reaches the interpreter.
"""

import binascii
import struct

PROTOCOL = 2

HELLO = 1  # -> JSON: what the board is
PLACE = 2  # eta u16 (1/4096), us that free and clamped nodes settle u16, n_in u8, n_out u8, nodes u8.. -> nothing
RESTORE = 3  # taps u8 per edge -> nothing; homes, then counts up
TRAIN = 4  # first tick u32, ticks of each example u16, examples: input codes u16.., desired codes u16.. -> telemetry
MEASURE = 5  # -> free codes u16 per node, clamped codes u16 per node; 0xFFFF where there is no ADC channel
SAFE = 6  # -> nothing; switches open, outputs off
BYE = 7  # -> nothing; serve() returns
APPLY = 8  # input codes u16.. -> nothing
INFER = 9  # examples: input codes u16.. -> free output codes u16.. of each
LEVERS = 10  # p, p_floor, error_full u16, readings, vote, flags u8, x, y, z u16 -> nothing
CORRECT = 11  # gain, offset i32 of each free node's ADC channel, then clamped, or nothing -> nothing; no roles then
REPLY = 0x80  # a reply's type is its request's with this bit
ERROR = 0xFF  # -> text for the user, in the place of a reply
RESEND = 0xFE  # -> nothing, seq 0: a line came that is no frame

MAX_LINE = 8192  # bytes, newline included
BLOCK = 64  # bytes: the host's lines are whole ones
NOT_MEASURED = 0xFFFF


HEAD = 3  # bytes before the payload
TAIL = 4  # after it


def encode(kind, seq, payload):
    """One frame as a line of bytes."""
    size = len(payload)
    frame = bytearray(HEAD + size + TAIL)
    frame[HEAD : HEAD + size] = payload
    return seal(frame, kind, seq, size)


def seal(frame, kind, seq, size):
    """The line of a frame whose payload of `size` bytes stands already at frame[HEAD:]; TAIL bytes follow."""
    view = memoryview(frame)
    struct.pack_into("<BH", frame, 0, kind, seq)
    end = HEAD + size
    struct.pack_into("<I", frame, end, binascii.crc32(view[:end]) & 0xFFFFFFFF)
    return binascii.b2a_base64(view[: end + TAIL])


def padded(line):
    """As the board wants it: with spaces before it, to whole BLOCKs."""
    return b" " * (-len(line) % BLOCK) + line


def decode(line):
    """Returns (type, seq, payload). Raises ValueError for anything that is not one whole frame."""
    size = len(line)
    if not size or line[size - 1] != 10:
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
