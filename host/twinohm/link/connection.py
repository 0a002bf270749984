"""A connection to one board: opened, lost, found again; its raw REPL, or requests while learner.serve() runs."""

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from twinohm.errors import BoardBusy, BoardError, BoardMismatch, BoardNotFound, LinkLost, TwinOhmError
from twinohm.link.hello import Hello
from twinohm.link.port_stream import PortStream
from twinohm.link.repl import RawRepl
from twinohm.link.request_channel import RequestChannel
from twinohm.link.timeouts import Timeouts
from twinohm.link.transports import hold_port, open_port, serial_number
from twinohm.protocol.port import Port
from twinohm.protocol.shared import messages

START = "from twinohm_fw import learner\nlearner.serve()"
STARTS = 3  # attempts to start serve(): a line that gets torn costs one
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.1, 2.0  # between attempts to find a lost board

logger = logging.getLogger(__name__)


class Connection:
    """An open port with a board that answers. `hello` is the board's last HELLO.

    where: device name, URL, USB serial number, or "auto".

    Raises BoardNotFound, BoardBusy, BoardMismatch or LinkLost, each saying what to do.
    """

    port: Port
    stream: PortStream
    repl: RawRepl
    hello: Hello

    def __init__(self, where: str, timeouts: Timeouts) -> None:
        self.where = where
        self._timeouts = timeouts
        self._channel: RequestChannel | None = None  # while the board runs serve()
        self._seq: int | None = None  # number of the last request in the last channel
        self._is_open = self._lost = False
        self._lock = hold_port(where)
        try:
            self._open(where)
        except BaseException:
            self.abandon()
            raise
        self.serial_number = serial_number(self.port.name)

    def _open(self, where: str, number: str | None = None) -> None:
        self.port = open_port(where, number)
        self._is_open = True
        logger.info("%s: open", self.port.name)
        self.stream = PortStream(self.port)
        self.repl = RawRepl(self.stream)
        self._lost = False
        self.serve()

    def serve(self) -> bool:
        """Start learner.serve() on the board. Return False if it runs already, True after a new handshake.

        Raises BoardNotFound if MicroPython does not answer, LinkLost or BoardMismatch if serve() does not.
        """
        if self._channel is not None:
            return False
        if self._lost:
            raise LinkLost(f"{self.where}: the link was lost; reopen() finds the board again")
        timeouts = self._timeouts.scaled(self.port.timeout_factor)
        for start in range(STARTS):
            self.repl.enter(timeouts.enter_s)
            try:
                self.repl.start(START, 2 * timeouts.resend_s)
                self._channel = RequestChannel(self.stream, timeouts, self._seq)
                self.request_hello()
                break
            except LinkLost:
                self._lost = False
                if start == STARTS - 1:
                    raise
        return True

    def request_hello(self) -> None:
        """Request the board's HELLO and keep it in `hello`. Raises BoardMismatch, and what request() raises."""
        self.hello = Hello.parse(self.request(messages.HELLO), self.where)
        hello = self.hello
        what = hello.board, hello.boot, hello.ticks, hello.firmware
        logger.info("%s: %s, boot %d, at tick %d, firmware %s", self.where, *what)

    def request(self, kind: int, payload: bytes = b"") -> bytes:
        """Send one request and return its reply. Raises BoardError too; after a LinkLost only reopen() helps."""
        with self._serving() as channel:
            return channel.request(kind, payload)

    def send(self, kind: int, payload: bytes = b"") -> None:
        """Send a request whose reply receive() returns; at most MOST_IN_FLIGHT at a time. Raises as request() does."""
        with self._serving() as channel:
            channel.send(kind, payload)

    def receive(self) -> bytes:
        """Return the reply to the earliest request in flight. Raises as request() does."""
        with self._serving() as channel:
            return channel.receive()

    def discard_replies(self) -> None:
        """Drop the replies to all requests in flight. Raises LinkLost."""
        with self._serving() as channel:
            channel.discard_replies()

    @contextmanager
    def _serving(self) -> Iterator[RequestChannel]:
        """Yield the channel of a board that runs serve(). A LinkLost in the block ends the channel."""
        if self._channel is None:
            raise LinkLost(f"{self.where}: the board no longer runs serve()")
        try:
            yield self._channel
        except LinkLost as error:
            logger.info("%s: lost: %s", self.where, error)
            self._end_channel()
            self._lost = True
            raise

    @property
    def in_flight(self) -> int:
        """Number of requests whose replies were not returned yet."""
        return self._channel.in_flight if self._channel is not None else 0

    @property
    def resent(self) -> int:
        """Number of times that requests had to be repeated since serve()."""
        return self._channel.resent if self._channel is not None else 0

    def leave_serve(self) -> None:
        """Return the board to the raw REPL, safe."""
        if self._channel is not None:
            channel = self._end_channel()
            channel.request(messages.BYE)
            self._seq = channel.seq  # BYE has a number too
            self.repl.finish()

    def _end_channel(self) -> RequestChannel:
        assert self._channel is not None
        channel, self._channel = self._channel, None
        self._seq = channel.seq
        return channel

    def reopen(self, where: str, timeout_s: float) -> None:
        """Find a lost board and open it again, under any device name if it has a USB serial number.

        Raises LinkLost if it is not back within timeout_s, BoardMismatch if it is another board.
        """
        board = self.hello.board
        end, pause_s = time.monotonic() + timeout_s, FIRST_PAUSE_S
        while True:
            self._close_port()
            try:
                self._open(where, self.serial_number)
                break
            except (BoardNotFound, BoardBusy, BoardError, LinkLost) as error:
                if time.monotonic() + pause_s > end:
                    raise LinkLost(
                        f"{self.where}: lost and not back within {timeout_s:g} s ({error}); plug it in again"
                    ) from error
                logger.info("%s: not back yet: %s", self.where, error)
                time.sleep(pause_s)
                pause_s = min(2 * pause_s, LONGEST_PAUSE_S)
        if self.hello.board != board:
            raise BoardMismatch(f"{self.where}: a {self.hello.board} is back, not the {board}; connect that one")

    def close(self) -> None:
        """Make the board safe, leave it at its prompt, close the port. Never raises."""
        try:
            self.leave_serve()
            self.repl.leave()
        except TwinOhmError:
            pass  # the board's own dead-man timer makes it safe
        finally:
            self.abandon()

    def abandon(self) -> None:
        """Close the port without sending anything. Never raises."""
        self._close_port()
        if self._lock is not None:
            self._lock.release()

    def _close_port(self) -> None:
        if self._channel is not None:
            self._end_channel()
        if self._is_open:
            self._is_open = False
            with suppress(OSError, TypeError):  # of a port that has vanished
                self.port.close()
            logger.info("%s: closed", self.port.name)
