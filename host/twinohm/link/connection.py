"""A connection to one board: opened, lost, found again; its raw REPL, or requests while learner.serve() runs."""

import logging
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from twinohm.errors import BoardBusy, BoardError, BoardNotFound, LinkLost, OtherBoard, TwinOhmError, UsageError
from twinohm.link.hello import Hello
from twinohm.link.port_errors import raise_if_foreign
from twinohm.link.port_stream import PortStream
from twinohm.link.port_tokens import take_token
from twinohm.link.repl import RawRepl
from twinohm.link.request_channel import RequestChannel
from twinohm.link.timeouts import Timeouts
from twinohm.link.transports import hold_port, open_port, port_at, serial_number
from twinohm.model.chips import CHIPS, RISC_V
from twinohm.protocol.port import Port
from twinohm.protocol.shared import messages

START = f"""\
import sys
if sys.implementation.name not in ("micropython", "cpython"):
    raise NotImplementedError("Python " + sys.implementation.name)
chip = getattr(sys.implementation, "_machine", "RP2040")
if {RISC_V!r} in chip or not any(name in chip for name in {[chip.name for chip in CHIPS]}):
    raise NotImplementedError("chip " + chip)
from twinohm_fw import learner
learner.serve()"""
MAKE_SAFE = "from twinohm_fw import learner\nlearner.safe()"
STARTS = 3  # attempts to start serve(): a line that gets torn costs one
SAFE_S = 5.0  # for learner.safe(); with a bus that hangs it takes some hundred ms
HURRY_S = 0.4  # for all that an interrupted call, and the close() that follows it, still ask of the board
STALE_S = 1.0  # after these, until a later close() has all time again
SHORT_ENTER_S = 0.2  # for the prompt of a board that has stopped; at least
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.1, 2.0  # between attempts to find a lost board

logger = logging.getLogger(__name__)


class Connection:
    """An open port with a board that answers. `hello` is the board's last HELLO; all are of one board.

    where: device name, URL, USB serial number, or "auto".

    What the board runs is in one of three states: serve() with `_channel`, nothing (`_at_prompt`), or anything. A step
    from one to another passes through the third, from which serve() and leave_serve() find their way without knowing
    more. So a method may be interrupted anywhere, and the next one works.

    Raises BoardNotFound, BoardBusy, BoardMismatch or LinkLost, each saying what to do.
    """

    port: Port  # the one that is open, or was open last
    stream: PortStream
    repl: RawRepl

    def __init__(self, where: str, timeouts: Timeouts) -> None:
        where = self.where = self._reopened_at = take_token(where)
        self.serial_number: str | None = None
        self._process_id = os.getpid()
        self._timeouts = timeouts
        self._open_port: Port | None = None
        self._ready = False  # port, stream and repl are those of the open port
        self._channel: RequestChannel | None = None  # while the board runs serve()
        self._greeted: RequestChannel | None = None  # the channel whose HELLO has been answered
        self._hello: Hello | None = None
        self._at_prompt = False  # the board is at its raw prompt and runs nothing
        self.code_ran = False  # at the prompt, since the board was made safe: it may have left nodes driven
        self._seq: int | None = None  # number of the last request in the last channel
        self.lost = self.closed = False  # the link was lost; only reopen() helps
        self.left_safe = False  # the board has said that it is safe, at close()
        self._lock = hold_port(where)
        try:
            self._open(where)
        except BaseException:
            self.abandon()
            raise
        self.serial_number = serial_number(self.port.name)

    def _open(self, where: str) -> None:
        self._open_port = self.port = open_port(where, self.serial_number)
        logger.info("%s: open", self.port.name)
        self.stream = PortStream(self.port)
        self.repl = RawRepl(self.stream)
        self._at_prompt = self.lost = False
        self._ready = True
        self.serve()
        self.where = where

    @property
    def hello(self) -> Hello:
        """The board's last HELLO."""
        assert self._hello is not None
        return self._hello

    def serve(self) -> RequestChannel:
        """Start learner.serve() on the board if it does not run. Return the channel to it: a new one after a start.

        Raises BoardNotFound if MicroPython does not answer, LinkLost or BoardMismatch if serve() does not.
        """
        self._require_open()
        if self._channel is not None:
            if self._greeted is not self._channel:  # the call that began it was interrupted
                self.request_hello()
            return self._channel
        timeouts = self._timeouts.scaled(self.port.timeout_factor)
        end, failure = time.monotonic() + timeouts.enter_s, None
        for start in range(STARTS):
            self._at_prompt = False
            try:
                self.repl.enter(timeouts.enter_s if failure is None else max(end - time.monotonic(), SHORT_ENTER_S))
            except BoardNotFound:
                if failure is None:
                    raise
                raise failure from None  # it says more: the prompt was there before
            try:
                self.repl.start(START, 2 * timeouts.resend_s)
                self._channel = RequestChannel(self.stream, timeouts, self._seq)
                self.request_hello()
                break
            except LinkLost as error:
                failure, self.lost = error, False
                if start == STARTS - 1 or time.monotonic() > end:
                    raise
        assert self._channel is not None
        return self._channel

    def require_usable(self) -> None:
        """Raise UsageError once the board is closed, and in a forked child process.

        That would take replies from the process that opened the board.
        """
        if os.getpid() != self._process_id:
            raise UsageError(
                f"{self.where}: process {self._process_id} has opened this board, and this one is a fork of it; "
                "use the board there, or open another one here"
            )

        if self.closed:
            raise UsageError(f"{self.where}: this board is closed; open it again with twinohm.open()")

    def _require_open(self) -> None:
        self.require_usable()
        if self.lost:
            raise LinkLost(f"{self.where}: the link was lost; reopen() finds the board again")
        if not self._ready:  # reopen() was interrupted
            self._open_again(self._reopened_at)

    def request_hello(self) -> None:
        """Request the board's HELLO and keep it in `hello`.

        Raises BoardMismatch, OtherBoard if it is not of the board before, and what request() raises.
        """
        self.finish_request(messages.HELLO, b"", self._keep_hello)

    def _keep_hello(self, reply: bytes) -> None:
        hello = Hello.parse(reply, self.where)
        if self._hello is not None:
            hello.check_same(self._hello, self.port.name)
        self._hello, self._greeted = hello, self._channel
        what = hello.board, hello.boot, hello.ticks, hello.firmware
        logger.info("%s: %s, boot %d, at tick %d, firmware %s", self.where, *what)

    def request(self, kind: int, payload: bytes = b"") -> bytes:
        """Send one request and return its reply. Raises BoardError too; after a LinkLost only reopen() helps."""
        replies: list[bytes] = []
        self.finish_request(kind, payload, replies.append)
        return replies[-1]

    def finish_request(self, kind: int, payload: bytes, finish: Callable[[bytes], object]) -> None:
        """Send one request and give its reply to `finish`, as RequestChannel does. Raises as request() does."""
        self.settle()
        self.send(kind, payload, finish)
        self.finish_next()

    def send(self, kind: int, payload: bytes, finish: Callable[[bytes], object]) -> None:
        """Send a request whose reply finish_next() takes; at most MOST_IN_FLIGHT at a time. Raises LinkLost."""
        with self._serving() as channel:
            channel.send(kind, payload, finish)

    def finish_next(self) -> None:
        """Finish the earliest request in flight. Raises as request() does, and what its `finish` raises."""
        with self._serving() as channel:
            channel.finish_next()

    def settle(self) -> None:
        """Finish all requests in flight, which an interrupted call has left. Those that follow an error are dropped.

        Raises LinkLost.
        """
        while self.in_flight:
            with self._serving() as channel:
                channel.settle_next()

    @contextmanager
    def _serving(self) -> Iterator[RequestChannel]:
        """Yield the channel of a board that runs serve(). A LinkLost in the block ends the channel."""
        if self._channel is None:
            raise LinkLost(f"{self.where}: the board no longer runs serve()")
        try:
            yield self._channel
        except LinkLost as error:
            logger.info("%s: lost: %s", self.where, error)
            self.lost = True
            self._end_channel()
            raise

    @property
    def in_flight(self) -> int:
        """Number of requests whose replies are not finished yet."""
        return self._channel.in_flight if self._channel is not None else 0

    @property
    def resent(self) -> int:
        """Number of times that requests had to be repeated since serve()."""
        return self._channel.resent if self._channel is not None else 0

    def leave_serve(self) -> None:
        """Return the board to the raw REPL, safe. Raises as request() does."""
        self._require_open()
        if self._at_prompt:
            return
        if self._channel is None:
            self.repl.enter(self._timeouts.scaled(self.port.timeout_factor).enter_s)
        else:
            self.settle()
            channel = self._channel
            self._end_channel()
            try:
                channel.send(messages.BYE, b"", bytes)
                channel.finish_next()
                self._seq = channel.seq  # BYE has a number too
                self.code_ran = False
                self.repl.finish()
            except LinkLost:
                self.lost = True
                raise
        self._at_prompt = True

    def reset(self) -> None:
        """Soft-reset the board, which is then at its raw prompt. Raises LinkLost."""
        self.leave_serve()
        self._at_prompt = False
        self.repl.soft_reset(self._timeouts.scaled(self.port.timeout_factor).enter_s)
        self.code_ran = False  # boot.py has made the board safe
        self._at_prompt = True

    def exec(self, code: str, timeout_s: float | None = None, check: Callable[[], None] = lambda: None) -> str:
        """Run code at the raw REPL and return what it prints. An interrupt stops it on the board, and makes that safe.

        timeout_s: as RawRepl.exec() has it. check: called while the code runs; may raise, as an interrupt.

        Raises BoardError with the board's traceback, LinkLost.
        """
        self.leave_serve()
        self._at_prompt = False
        self.code_ran = True
        try:
            output = self.repl.exec(code, timeout_s, check)
        except BoardError:  # a traceback, and the prompt
            self._at_prompt = True
            raise
        except LinkLost:
            raise
        except BaseException as error:
            self.hurry_after(error)
            with suppress(TwinOhmError):
                self._make_safe()
            raise
        self._at_prompt = True
        return output

    def hurry_after(self, error: BaseException) -> None:
        """Ask only little more time of the board if `error` is an interrupt, such as Ctrl-C: HURRY_S in all.

        The board may be silent. Until take_time() what waits longer raises NoTimeLeft, which loses nothing: requests
        stay in flight. An error of TwinOhm is no interrupt, nor is the end of a generator.
        """
        if isinstance(error, TwinOhmError) or (isinstance(error, GeneratorExit) and not sys.is_finalizing()):
            return
        if self._ready and (self.stream.hurried_until is None or self._hurry_is_stale):
            self.stream.hurried_until = time.monotonic() + HURRY_S

    def take_time(self, stale: bool = False) -> None:
        """Wait for the board as long as the time-outs say. stale: only if the last interrupt is some time ago."""
        if self._ready and (not stale or self._hurry_is_stale):
            self.stream.hurried_until = None

    @property
    def _hurry_is_stale(self) -> bool:
        until = self.stream.hurried_until
        return until is not None and time.monotonic() > until + STALE_S

    def _make_safe(self) -> None:
        """Return the board to the raw REPL, safe, whatever it runs. Raises as exec() does."""
        self.leave_serve()
        if self.code_ran:
            self._at_prompt = False
            failure = self.repl.exec(MAKE_SAFE, SAFE_S)
            self._at_prompt = True
            if failure:
                raise BoardError(f"{self.where}: {failure.strip()}")
            self.code_ran = False

    def _end_channel(self) -> None:
        if self._channel is not None:
            self._seq = self._channel.seq
            self._channel = None

    def reopen(self, where: str, timeout_s: float, check: Callable[[], None] = lambda: None) -> None:
        """Find a lost board and open it again, under any device name if it has a USB serial number.

        check: called before each attempt; may raise, which ends the search.

        Raises LinkLost if it is not back within timeout_s, OtherBoard if another board is there then, which a virtual
        port knows at once, and what open_port() raises. The board is lost then, and the port is that of before.
        """
        where = self._reopened_at = take_token(where)
        end, pause_s = time.monotonic() + timeout_s, FIRST_PAUSE_S
        while True:
            check()
            try:
                self._open_again(where)
                return
            except (BoardNotFound, BoardBusy, BoardError, LinkLost, OtherBoard) as error:
                is_other = isinstance(error, OtherBoard)
                if time.monotonic() + pause_s > end or is_other and port_at(where).virtual:
                    if is_other:
                        raise
                    raise LinkLost(
                        f"{self.where}: lost and not back within {timeout_s:g} s ({error}); plug it in again"
                    ) from error
                logger.info("%s: not back yet: %s", where, error)
                time.sleep(pause_s)
                pause_s = min(2 * pause_s, LONGEST_PAUSE_S)

    def _open_again(self, where: str) -> None:
        """Close the port and open the one at `where`. If that fails, the board is lost at the port that it had."""
        before = self.port
        self._close_port()
        try:
            self._open(where)
        except TwinOhmError as error:
            if isinstance(error, OtherBoard):
                self._leave_board()
            self._close_port()
            self.port, self.lost = before, True
            raise

    def _leave_board(self) -> None:
        """Make the board safe and leave it at its prompt, if it answers. `left_safe` says whether it did."""
        with suppress(TwinOhmError):  # of a board that serves, the dead-man timer makes it safe
            if self._ready and not self.lost:
                self._make_safe()
                self.repl.leave()
                self.left_safe = True

    def close(self) -> None:
        """Make the board safe, leave it at its prompt, close the port. Never raises an error; may be repeated."""
        try:
            self._leave_board()
        finally:
            self.abandon()

    def abandon(self) -> None:
        """Close the port without sending anything. Never raises. A forked child leaves it to its parent."""
        if os.getpid() != self._process_id:
            return
        self.closed = True
        self._close_port()
        if self._lock is not None:
            self._lock.release()

    def _close_port(self) -> None:
        self._ready = self._at_prompt = False
        self._end_channel()
        if self._open_port is not None:
            try:
                self._open_port.close()
            except (OSError, TypeError) as error:  # of a port that has vanished
                raise_if_foreign(error)
            self._open_port = None
            logger.info("%s: closed", self.port.name)
