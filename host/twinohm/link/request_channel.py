"""Requests and replies over an open port: numbered, checked, repeated when lost, each done exactly once."""

import random
import time
from collections import deque
from dataclasses import dataclass

from twinohm.errors import BoardError, LinkLost
from twinohm.firmware.sources import wire
from twinohm.link.port_stream import PortStream
from twinohm.link.timeouts import Timeouts

TOP_SEQ = 0xFFFF
REPL_END = b"\x04"  # of the output of code in the raw REPL: a traceback follows
REPEATS = 20  # at most, of one request that the board asks for again and again
AHEAD = 2  # requests on their way at a time: the board keeps as many replies


@dataclass
class Asked:
    """A request on its way: its number, type and line, and its reply (type, payload) if that came before its turn."""

    seq: int
    kind: int
    line: bytes
    reply: tuple[int, bytes] | None = None


class RequestChannel:
    """The host's end of the wire; the stream's other end runs `learner.serve()`. Up to AHEAD requests are on their way.

    Numbers go on from `seq`, that of an earlier session with the same board, so that no late reply of it is taken for
    one of this; without one they start anywhere.
    """

    def __init__(self, stream: PortStream, timeouts: Timeouts, seq: int | None = None) -> None:
        self._stream = stream
        self._timeouts = timeouts
        self.seq = random.randint(1, TOP_SEQ) if seq is None else seq
        self.resent = 0
        self._asked: deque[Asked] = deque()

    def request(self, kind: int, payload: bytes = b"") -> bytes:
        """Send one request, return its reply's payload; receive() still has those that are on their way.

        Raises BoardError with the board's own words, LinkLost if nothing comes however often it is sent.
        """
        for asked in self._asked:
            self._wait(asked)
        self.send(kind, payload)
        return self._reply(self._asked[-1])

    def send(self, kind: int, payload: bytes = b"") -> None:
        """Send one request without waiting for its reply: receive() has it in its turn."""
        w = wire()
        self.seq = self.seq % TOP_SEQ + 1
        line = w.padded(w.encode(kind, self.seq, payload))
        if len(line) > w.MAX_LINE:
            raise ValueError(f"request of {len(line)} bytes, {w.MAX_LINE} at most")
        self._asked.append(Asked(self.seq, kind, line))
        self._stream.write(line)

    def receive(self) -> bytes:
        """The payload of the reply to the first request that was sent. Raises as request() does."""
        return self._reply(self._asked[0])

    def forget(self) -> None:
        """Wait for all replies, and drop them. Raises LinkLost."""
        for asked in self._asked:
            self._wait(asked)
        self._asked.clear()

    def _reply(self, asked: Asked) -> bytes:
        kind, reply = self._wait(asked)
        self._asked.remove(asked)
        if kind == wire().ERROR:
            raise BoardError(reply.decode(errors="replace"))
        return reply

    def _wait(self, asked: Asked) -> tuple[int, bytes]:
        repeats, waits = 0, [self._timeouts.resend_s * 2**k for k in range(self._timeouts.tries)]
        for wait_s in waits:
            end = time.monotonic() + wait_s
            while asked.reply is None and (left_s := end - time.monotonic()) > 0:
                if (answer := self._stream.read_until(b"\n", left_s)) is None:
                    break
                if self._take(answer) and repeats < REPEATS:
                    repeats += 1
                    self._repeat()
            if asked.reply is not None:
                return asked.reply
            if wait_s != waits[-1]:
                self._repeat()
        raise LinkLost(
            f"{self._stream.name}: no reply to request {asked.kind} in {sum(waits):g} s, sent {len(waits)} times; "
            "is the board plugged in and powered?"
        )

    def _take(self, answer: bytes) -> bool:
        """One line of the board. Returns whether it shows that something was lost."""
        w = wire()
        try:
            kind, seq, reply = w.decode(answer)
        except ValueError:
            if answer.startswith(REPL_END):
                raise LinkLost(f"{self._stream.name}: serve() on the board ended, {self._last_words()}") from None
            return False  # torn: the board keeps the reply and gives it again
        for k, asked in enumerate(self._asked):
            if asked.seq == seq and kind in (w.ERROR, asked.kind | w.REPLY):
                asked.reply = kind, bytes(reply)
                return any(before.reply is None for before in list(self._asked)[:k])  # replies come in order
        return bool(kind == w.RESEND)

    def _last_words(self) -> str:
        """The end of the traceback that the raw REPL prints."""
        text = self._stream.read_until(REPL_END, 0.3) or self._stream.pending()
        lines = [line for line in text.decode(errors="replace").strip("\r\n\x04> ").splitlines() if line.strip()]
        return f"it says {lines[-1].strip()!r}" if lines else "it says nothing"

    def _repeat(self) -> None:
        """What has no reply, in order. The newline before it ends whatever garbage has reached the board."""
        self.resent += 1
        again = b"".join(asked.line for asked in self._asked if asked.reply is None)
        self._stream.write(wire().padded(b"\n") + again)
