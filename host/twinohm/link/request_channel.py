"""Requests to a board that runs learner.serve(), and its replies: numbered, checked, repeated when lost, done once."""

import logging
import random
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from twinohm.errors import BoardError, LinkError, LinkLost, TwinOhmError
from twinohm.link.interpreter import other_chip_error
from twinohm.link.port_errors import raise_if_foreign
from twinohm.link.port_stream import PortStream
from twinohm.link.repl import PROMPT_SIGNS
from twinohm.link.timeouts import Timeouts
from twinohm.protocol.shared import frames, messages
from twinohm.remedies import Symptom

TOP_SEQ = 0xFFFF
REPL_END = b"\x04"  # ends the output of code in the raw REPL; a traceback follows
MOST_REPEATS = 20  # of one request because the board reports a loss, of which a torn line costs one
MOST_IN_FLIGHT = 2  # requests without a reply at a time: the board keeps as many replies
OTHER_CHIP = "NotImplementedError: chip "  # begins the last line of code that refuses a chip
OTHER_PYTHON = "NotImplementedError: Python "  # likewise a Python
SHOWN = 80  # bytes of unexpected output in an error message
KINDS = ("HELLO", "PLACE", "RESTORE", "TRAIN", "MEASURE", "SAFE", "BYE", "APPLY", "INFER", "LEVERS", "CORRECT")

logger = logging.getLogger(__name__)


@dataclass
class Request:
    """A request in flight. `reply` is (type, payload) if it came before the replies of earlier requests were read.

    finish: takes the payload of the reply and notes what follows from it. It may be called again with the same payload
    if something interrupts it, so it must be safe to repeat.
    """

    seq: int
    kind: int
    line: bytes
    finish: Callable[[bytes], object]
    reply: tuple[int, bytes] | None = None
    follows_error: bool = False  # an earlier request failed while this one was in flight: its reply is dropped


class RequestChannel:
    """The host's end of a line whose other end runs learner.serve(). Up to MOST_IN_FLIGHT requests are in flight.

    Whatever interrupts a method, and wherever, a request is in flight until its reply has been finished: the next call
    takes up there. So no reply is lost and none is taken for that of another request.

    seq: number of the last request in an earlier session with the same board, so that a late reply to it is not taken
    for a reply in this one. None starts at a random number.
    """

    def __init__(self, stream: PortStream, timeouts: Timeouts, seq: int | None = None) -> None:
        self._stream = stream
        self._timeouts = timeouts
        self._done_seq = random.randint(1, TOP_SEQ) if seq is None else seq  # of the last request that is finished
        self.failed = False  # a request did: only the board's HELLO has its state. The owner clears it
        self.resent = 0  # number of times that requests were repeated
        self._in_flight: deque[Request] = deque()
        self._foreign = b""  # the last line that was no frame, since the last frame

    @property
    def seq(self) -> int:
        """Number of the last request."""
        return self._in_flight[-1].seq if self._in_flight else self._done_seq

    @property
    def in_flight(self) -> int:
        """Number of requests whose replies are not finished yet."""
        return len(self._in_flight)

    def send(self, kind: int, payload: bytes, finish: Callable[[bytes], object]) -> None:
        """Send one request without waiting for its reply, which finish_next() takes in its turn."""
        seq = self.seq % TOP_SEQ + 1
        line = frames.padded(frames.encode(kind, seq, payload))
        if len(line) > frames.MAX_LINE:
            raise ValueError(f"request of {len(line)} bytes, {frames.MAX_LINE} at most")
        logger.debug("%s: request %d %s, %d bytes", self._stream.name, seq, kind_name(kind), len(payload))
        self._in_flight.append(Request(seq, kind, line, finish))
        self._stream.write(line)

    def finish_next(self) -> None:
        """Finish the earliest request in flight with its reply.

        Raises BoardError with the board's own words, LinkLost if no reply comes however often the request is sent, and
        what its finish() raises.
        """
        request = self._in_flight[0]
        kind, reply = self._wait_for_reply(request)
        try:
            if kind == messages.ERROR:
                raise BoardError.of(reply)
            request.finish(reply)
        except TwinOhmError as error:
            raise_if_foreign(error)  # then the reply is still to be finished
            self.failed = True
            for later in self._in_flight:
                later.follows_error = True
            self._remove(request)
            raise
        self._remove(request)

    def settle_next(self) -> None:
        """Finish the earliest request in flight; drop its reply if that is an error, or follows one.

        Raises LinkLost if no reply comes.
        """
        request = self._in_flight[0]
        if request.follows_error:
            self._wait_for_reply(request)
            self._remove(request)
            return
        try:
            self.finish_next()
        except LinkError as error:
            if request in self._in_flight:  # its reply did not come
                raise
            logger.info("%s: reply to %s: %s", self._stream.name, kind_name(request.kind), error)

    def _remove(self, request: Request) -> None:
        """Count a request as finished, unless that was done before something interrupted it."""
        self._done_seq = request.seq
        if self._in_flight and self._in_flight[0] is request:
            self._in_flight.popleft()

    def _wait_for_reply(self, request: Request) -> tuple[int, bytes]:
        """Return (type, payload) of the reply to a request; repeat it while it does not come. Raises LinkLost."""
        self._foreign = b""
        tries = self._timeouts.tries
        if request.kind == messages.HELLO:
            tries = min(tries, self._timeouts.hello_tries)
        repeats, waits = 0, [self._timeouts.resend_s * 2**k for k in range(tries)]
        for wait_s in waits:
            end = time.monotonic() + wait_s
            while request.reply is None and (left_s := end - time.monotonic()) > 0:
                if (answer := self._stream.read_until(b"\n", left_s)) is None:
                    break
                if self._receive_line(answer) and repeats < MOST_REPEATS:
                    repeats += 1
                    self._repeat()
                    if repeats == MOST_REPEATS:  # the last chance
                        end = time.monotonic() + self._timeouts.resend_s
            if request.reply is not None:
                return request.reply
            if repeats == MOST_REPEATS:
                raise Symptom.DAMAGED.error(self._stream.name, request=kind_name(request.kind), tries=1 + repeats)
            if wait_s != waits[-1]:
                self._repeat()
        silent = Symptom.STOPPED if request.kind == messages.HELLO else Symptom.NO_REPLY
        symptom = Symptom.FOREIGN_REPLY if self._foreign else silent
        raise symptom.error(
            self._stream.name,
            request=kind_name(request.kind),
            seconds=sum(waits),
            tries=len(waits),
            text=f"it sent {self._foreign[:SHOWN]!r}",
        )

    def _receive_line(self, answer: bytes) -> bool:
        """Store the reply that a line of the board holds. Return whether a request or a reply before it was lost."""
        try:
            kind, seq, reply = frames.decode(answer)
        except ValueError:
            if answer.startswith(REPL_END):
                raise self._serve_ended() from None
            if any(sign in answer for sign in PROMPT_SIGNS):
                raise LinkLost(f"{self._stream.name}: the board was reset, it shows its prompt") from None
            self._foreign = answer.strip() or self._foreign
            return False  # a damaged line: the request is repeated in time, and the board has kept the reply
        self._foreign = b""  # the firmware is there
        for k, request in enumerate(self._in_flight):
            if request.seq == seq and kind in (messages.ERROR, request.kind | messages.REPLY):
                what = "an error" if kind == messages.ERROR else kind_name(request.kind)
                logger.debug("%s: reply %d to %s, %d bytes", self._stream.name, seq, what, len(reply))
                request.reply = kind, bytes(reply)
                return any(before.reply is None for before in list(self._in_flight)[:k])  # replies come in order
        return kind == messages.RESEND

    def _serve_ended(self) -> TwinOhmError:
        """Return the error for the traceback that the raw REPL prints, by its last line."""
        text = self._stream.read_until(REPL_END, 0.3) or self._stream.pending()
        lines = [line for line in text.decode(errors="replace").strip("\r\n\x04> ").splitlines() if line.strip()]
        last = lines[-1].strip() if lines else ""
        name = self._stream.name
        if last.startswith(OTHER_CHIP):
            return other_chip_error(name, last.removeprefix(OTHER_CHIP))
        if last.startswith(OTHER_PYTHON):
            return Symptom.OTHER_PYTHON.error(name, name=last.removeprefix(OTHER_PYTHON))
        ended = f"serve() on the board ended; it printed {repr(last) if last else 'nothing'}"
        return import_error(last, name) or Symptom.ODD_ANSWER.error(name, reason=ended)

    def _repeat(self) -> None:
        """Send again, in order, all requests without a reply. A newline first ends a torn line on the board."""
        self.resent += 1
        unanswered = [request for request in self._in_flight if request.reply is None]
        logger.info("%s: repeat %s", self._stream.name, ", ".join(f"{r.seq} {kind_name(r.kind)}" for r in unanswered))
        self._stream.write(frames.padded(b"\n") + b"".join(request.line for request in unanswered))


def import_error(last: str, where: str) -> TwinOhmError | None:
    """Return what the last line of a traceback says of the firmware's files, None if it says something else."""
    if "incompatible .mpy" in last:
        return Symptom.WRONG_MPY.error(where, reason=last)
    if last.startswith(("ImportError", "ModuleNotFoundError")):
        return Symptom.NO_FIRMWARE.error(where, reason=last)
    return None


def kind_name(kind: int) -> str:
    """Return the name of a request's type, such as "TRAIN"; "request 99" for an unknown one."""
    return next((name for name in KINDS if getattr(messages, name) == kind), f"request {kind}")
