"""Requests and replies over an open port: numbered, checked, repeated when lost, each done exactly once."""

import random
import time

from twinohm.errors import BoardError, LinkLost
from twinohm.firmware import wire
from twinohm.link.patience import Patience
from twinohm.link.stream import Stream

TOP_SEQ = 0xFFFF
REPL_END = b"\x04"  # of the output of code in the raw REPL: a traceback follows
REPEATS = 20  # at most, of one request that the board asks for again and again


class Frames:
    """The host's end of the wire; the stream's other end runs `learner.serve()`.

    Numbers go on from `seq`, that of an earlier session with the same board, so that no late reply of it is taken for
    one of this; without one they start anywhere.
    """

    def __init__(self, stream: Stream, patience: Patience, seq: int | None = None) -> None:
        self._stream = stream
        self._patience = patience
        self.seq = random.randint(1, TOP_SEQ) if seq is None else seq
        self.resent = 0

    def request(self, kind: int, payload: bytes = b"") -> bytes:
        """Send one request, return its reply's payload.

        Raises BoardError with the board's own words, LinkLost if nothing comes however often it is sent.
        """
        w = wire()
        self.seq = self.seq % TOP_SEQ + 1
        line = w.encode(kind, self.seq, payload)
        if len(line) > w.MAX_LINE:
            raise ValueError(f"request of {len(line)} bytes, {w.MAX_LINE} at most")
        self._stream.write(line)
        repeats, waits = 0, [self._patience.resend_s * 2**k for k in range(self._patience.tries)]
        for wait_s in waits:
            end = time.monotonic() + wait_s
            while (left_s := end - time.monotonic()) > 0 and (
                answer := self._stream.read_until(b"\n", left_s)
            ) is not None:
                try:
                    got, seq, reply = w.decode(answer)
                except ValueError:
                    if answer.startswith(REPL_END):
                        raise LinkLost(
                            f"{self._stream.name}: serve() on the board ended, {self._last_words()}"
                        ) from None
                    continue  # torn: the board keeps the reply and gives it again
                if got == w.RESEND and repeats < REPEATS:
                    repeats += 1
                    self._repeat(line)
                if seq != self.seq:
                    continue  # answer to an earlier request
                if got == w.ERROR:
                    raise BoardError(reply.decode(errors="replace"))
                if got == kind | w.REPLY:
                    return bytes(reply)
            if wait_s != waits[-1]:
                self._repeat(line)
        raise LinkLost(
            f"{self._stream.name}: no reply to request {kind} in {sum(waits):g} s, sent {len(waits)} times; "
            "is the board plugged in and powered?"
        )

    def _last_words(self) -> str:
        """The end of the traceback that the raw REPL prints."""
        text = self._stream.read_until(REPL_END, 0.3) or self._stream.pending()
        lines = [line for line in text.decode(errors="replace").strip("\r\n\x04> ").splitlines() if line.strip()]
        return f"it says {lines[-1].strip()!r}" if lines else "it says nothing"

    def _repeat(self, line: bytes) -> None:
        """The newline before it ends whatever garbage has reached the board."""
        self.resent += 1
        self._stream.write(b"\n" + line)
