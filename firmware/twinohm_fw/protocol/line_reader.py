"""Read lines of the host without allocating anything for each character.

The host pads each line to whole BLOCKs, so a block has no part of two lines: reading a block at a time takes half of
the time of readline(). The newline of a torn line is anywhere in a block; the next line begins behind it.
"""

import micropython

from ..drivers.platform import ptr8
from .frames import BLOCK, MAX_LINE


class LineReader:
    """Lines of a binary stream (sys.stdin.buffer)."""

    def __init__(self, stream):
        self._read = stream.readinto
        self._bytes = memoryview(bytearray(MAX_LINE + BLOCK))
        self._used = self._filled = 0

    def next(self):
        """Return a view of the next line with its newline, valid until the next call; None at the end of the stream.

        A line longer than MAX_LINE is returned in parts.
        """
        view = self._bytes
        filled = self._filled - self._used
        if filled:
            view[:filled] = bytes(view[self._used : self._filled])
        seen = 0
        while True:
            end = newline(view, seen, filled)
            if not end and filled >= MAX_LINE:
                end = filled
            if end:
                self._used, self._filled = end, filled
                return view[:end]
            seen = filled
            got = self._read(view[filled : filled + BLOCK - filled % BLOCK])
            if not got:
                return None
            filled += got


@micropython.viper
def newline(view, at: int, end: int) -> int:
    """Return where the first newline of view[at:end] ends, 0 if there is none."""
    b = ptr8(view)
    while at < end:
        if int(b[at]) == 10:
            return at + 1
        at += 1
    return 0
