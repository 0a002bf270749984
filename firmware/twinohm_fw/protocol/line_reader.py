"""Lines from the host, without a byte allocated for each character.

A line comes padded to whole BLOCKs, so that a block never holds more than one: reading a block at a time takes half of
the time that readline() takes. Where a line was torn its newline stands somewhere in a block; what follows it is the
beginning of the next line.
"""

import micropython

from ..drivers.platform import ptr8
from .frames import BLOCK, MAX_LINE


class LineReader:
    def __init__(self, stream):
        self._read = stream.readinto
        self._bytes = memoryview(bytearray(MAX_LINE + BLOCK))
        self._used = self._filled = 0

    def next(self):
        """A view of the next line with its newline, good until the next call; a longer one comes in parts. None at the
        end of the stream.
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
    """Where the first newline of view[at:end] ends, 0 if there is none."""
    b = ptr8(view)
    while at < end:
        if int(b[at]) == 10:
            return at + 1
        at += 1
    return 0
