"""One board at the end of a port: opened, greeted, lost, found again."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import serial

from twinohm.errors import BoardBusy, BoardError, BoardMismatch, BoardNotFound, LinkLost, TwinOhmError
from twinohm.firmware.sources import wire
from twinohm.link.port_stream import PortStream
from twinohm.link.repl import RawRepl
from twinohm.link.request_channel import RequestChannel
from twinohm.link.timeouts import Timeouts
from twinohm.link.transports import hold_port, open_port, serial_number

START = "from twinohm_fw import learner\nlearner.serve()"
STARTS = 3  # of serve(), in a row: a torn line costs one
REMEDY = "put this host's firmware on it: `twinohm flash`"
HELLO: dict[str, type | tuple[type, ...]] = {  # what a board must say of itself
    "firmware": str,
    "board": str,
    "boot": int,
    "can": list,
    "nodes": list,
    "edges": int,
    "taps": (list, type(None)),
    "ticks": int,
    "room": int,
}


class Connection:
    """Serves frames while `frames` is there, the REPL otherwise. `hello` is what the board last said of itself.

    Raises BoardNotFound, BoardBusy, BoardMismatch or LinkLost, each saying what to do.
    """

    def __init__(self, where: str, timeouts: Timeouts) -> None:
        self.where = where
        self._given = self._timeouts = timeouts
        self._frames: RequestChannel | None = None
        self._seq: int | None = None
        self._lost = False
        self.hello: dict[str, Any] = {}
        self._lock = hold_port(where)
        try:
            self._open(where)
        except BaseException:
            self.abandon()
            raise
        self.serial_number = serial_number(str(self.port.port))

    def _open(self, where: str, number: str | None = None) -> None:
        self.port: serial.Serial = open_port(where, number)
        self._timeouts = self._given.times(getattr(self.port, "timeout_factor", 1.0))  # an emulated chip takes its time
        self.stream = PortStream(self.port)
        self.repl = RawRepl(self.stream)
        self._lost = False
        self.serve()

    def serve(self) -> bool:
        """Have the board answer frames. Returns whether it did not already: then `hello` is new."""
        if self._frames is not None:
            return False
        if self._lost:
            raise LinkLost(f"{self.where}: the link was lost; reopen() finds the board again")
        for start in range(STARTS):
            self.repl.enter(self._timeouts.enter_s)
            try:
                self.repl.start(START, 2 * self._timeouts.resend_s)
                self._frames = RequestChannel(self.stream, self._timeouts, self._seq)
                self.greet()
                break
            except LinkLost:
                self._lost = False
                if start == STARTS - 1:
                    raise
        return True

    def greet(self) -> None:
        """Ask a board that serves what it is: `hello`."""
        try:
            hello = json.loads(self.request(wire().HELLO))
            protocol = hello["protocol"]
        except (ValueError, KeyError, TypeError):
            raise BoardMismatch(f"{self.where}: its HELLO is none that this host knows; {REMEDY}") from None
        if protocol != wire().PROTOCOL:
            raise BoardMismatch(f"{self.where}: it speaks protocol {protocol}, this host {wire().PROTOCOL}; {REMEDY}")
        if lacking := [name for name, kind in HELLO.items() if not isinstance(hello.get(name, ...), kind)]:
            raise BoardMismatch(f"{self.where}: its HELLO lacks {', '.join(lacking)}; {REMEDY}")
        self.hello = dict(hello)

    def request(self, kind: int, payload: bytes = b"") -> bytes:
        """One request to a board that serves. Raises BoardError too; after a LinkLost only reopen() helps."""
        with self._losing() as frames:
            return frames.request(kind, payload)

    def send(self, kind: int, payload: bytes = b"") -> None:
        """A request whose reply comes by receive(), at most frames.AHEAD at a time. Raises as request() does."""
        with self._losing() as frames:
            frames.send(kind, payload)

    def receive(self) -> bytes:
        """The reply to the first request that has none yet. Raises as request() does."""
        with self._losing() as frames:
            return frames.receive()

    def forget(self) -> None:
        """Drop the replies that are on their way."""
        with self._losing() as frames:
            frames.forget()

    @contextmanager
    def _losing(self) -> Iterator[RequestChannel]:
        if self._frames is None:
            raise LinkLost(f"{self.where}: the board does not serve any longer")
        try:
            yield self._frames
        except LinkLost:
            self._stop()
            self._lost = True
            raise

    @property
    def resent(self) -> int:
        """Requests that had to be repeated since serve()."""
        return self._frames.resent if self._frames is not None else 0

    def leave_serve(self) -> None:
        """Back to the raw REPL, the board safe."""
        if self._frames is not None:
            frames = self._stop()
            frames.request(wire().BYE)
            self._seq = frames.seq
            self.repl.finish()

    def _stop(self) -> RequestChannel:
        assert self._frames is not None
        frames, self._frames = self._frames, None
        self._seq = frames.seq
        return frames

    def reopen(self, where: str, timeout_s: float) -> None:
        """Find the board again, under whatever device name if it has a USB serial number, and greet it.

        Raises LinkLost if it is not back in time, BoardMismatch if another board is.
        """
        board = self.hello["board"]
        end, pause_s = time.monotonic() + timeout_s, 0.1
        while True:
            self._close_port()
            try:
                self._open(where, self.serial_number)
                break
            except (BoardNotFound, BoardBusy, BoardError, LinkLost) as error:
                if time.monotonic() + pause_s > end:
                    raise LinkLost(
                        f"{self.where}: lost and not back within {timeout_s:g} s ({error}); plug it in again"
                    ) from None
                time.sleep(pause_s)
                pause_s = min(2 * pause_s, 2.0)
        if self.hello["board"] != board:
            raise BoardMismatch(f"{self.where}: a {self.hello['board']} is back, not the {board}; connect that one")

    def close(self) -> None:
        """Make the board safe, leave it at its prompt, close the port. Never raises."""
        try:
            self.leave_serve()
            self.repl.leave()
        except TwinOhmError:
            pass  # the board's own dead-man makes it safe
        finally:
            self.abandon()

    def abandon(self) -> None:
        """Close the port without a word to the board. Never raises."""
        self._close_port()
        if self._lock is not None:
            self._lock.release()

    def _close_port(self) -> None:
        if self._frames is not None:
            self._stop()
        with suppress(OSError, TypeError, AttributeError):  # AttributeError: it was never open
            self.port.close()
