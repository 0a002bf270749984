"""Requests and replies over an open port: numbered, checked, repeated when lost, each done exactly once."""

import time

from twinohm.errors import BoardError, LinkLost
from twinohm.firmware import wire
from twinohm.link.stream import Stream

TRIES = 4
RESEND_S = 5.0  # wait for a reply before the request is sent again


class Frames:
    """The host's end of the wire; the stream's other end runs `learner.serve()`."""

    def __init__(self, stream: Stream) -> None:
        self._stream = stream
        self._seq = 0
        self.resent = 0

    def request(self, kind: int, payload: bytes = b"", timeout_s: float | None = None) -> bytes:
        """Send one request, return its reply's payload.

        Raises BoardError with the board's own words, LinkLost if nothing comes after TRIES times timeout_s (RESEND_S).
        """
        w = wire()
        timeout_s = RESEND_S if timeout_s is None else timeout_s
        self._seq = self._seq % 0xFFFF + 1
        line = w.encode(kind, self._seq, payload)
        if len(line) > w.MAX_LINE:
            raise ValueError(f"request of {len(line)} bytes, {w.MAX_LINE} at most")
        for attempt in range(TRIES):
            self.resent += attempt > 0
            self._stream.write(line)
            end = time.monotonic() + timeout_s
            while (answer := self._stream.read_until(b"\n", end - time.monotonic())) is not None:
                try:
                    got, seq, reply = w.decode(answer)
                except ValueError:
                    continue  # torn: the board keeps the reply and gives it again
                if got == w.RESEND:
                    break
                if seq != self._seq:
                    continue  # answer to an earlier try
                if got == w.ERROR:
                    raise BoardError(reply.decode(errors="replace"))
                if got == kind | w.REPLY:
                    return bytes(reply)
        raise LinkLost(f"{self._stream.name}: no reply to request {kind} in {TRIES} tries; is the board still there?")
