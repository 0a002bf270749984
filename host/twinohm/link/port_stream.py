"""A buffered byte stream on a port: REPL text and frames are both read from it."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import serial

from twinohm.errors import LinkError, TwinOhmError
from twinohm.link.port_errors import raise_if_foreign
from twinohm.protocol.port import Port
from twinohm.remedies import Symptom

SHOWN = 80  # bytes of what was received in an error message
MOST_BYTES = 4_000_000  # without the mark; more than a board's memory holds
DRAIN_S = 1.0  # a port that still prints after so long prints without pause


class NoTimeLeft(LinkError):
    """The board has not answered in the short time that an interrupted call has left for it; it may still do so."""


class PortStream:
    """Reads up to a mark and keeps what follows it. Raises LinkLost, naming the port, once the port is gone.

    hurried_until: when every wait ends, in seconds of time.monotonic(), by NoTimeLeft; None: by its own time-out.
    """

    def __init__(self, port: Port) -> None:
        self.port = port
        self.hurried_until: float | None = None
        self._received = bytearray()
        self._silent = True  # nothing was received yet

    @property
    def name(self) -> str:
        """Device name or URL of the port."""
        return self.port.name

    def write(self, data: bytes) -> None:
        """Send bytes."""
        self._check_time()
        with self._translate_errors():
            self.port.write(data)

    def read_until(self, mark: bytes, timeout_s: float, check: Callable[[], None] = lambda: None) -> bytes | None:
        """Return the bytes up to and including `mark`; None, with nothing consumed, if it does not come in time.

        check: called again and again while the mark does not come; may raise.

        Raises LinkLost after MOST_BYTES without the mark.
        """
        end = time.monotonic() + timeout_s
        seen = 0
        while (at := self._received.find(mark, max(0, seen - len(mark)))) < 0:
            seen = len(self._received)
            if seen > MOST_BYTES:
                raise self._prints_without_pause()
            if time.monotonic() > end:
                return None
            self._check_time()
            check()
            self._receive()
        data = bytes(self._received[: at + len(mark)])
        del self._received[: at + len(mark)]
        return data

    def skip_until(self, mark: bytes, timeout_s: float) -> bool:
        """Discard the bytes up to and including `mark`. Return False if it does not come in time."""
        end = time.monotonic() + timeout_s
        while (at := self._received.find(mark)) < 0:
            del self._received[: -max(SHOWN, len(mark))]
            if time.monotonic() > end:
                return False
            self._check_time()
            self._receive()
        del self._received[: at + len(mark)]
        return True

    def pending(self) -> bytes:
        """Return what has been received and not yet read, for error messages."""
        return bytes(self._received)

    def has_more(self) -> bool:
        """Return whether anything was received that has not been read."""
        return bool(self._received) or bool(self._in_waiting())

    def last_received(self) -> str:
        """Return the end of what has been received and not yet read, for error messages."""
        return f"it sent {bytes(self._received[-SHOWN:])!r}" if self._received else "it sent nothing"

    def drain(self) -> None:
        """Discard what has been received so far. Raises LinkLost if there is no end to it."""
        end = time.monotonic() + DRAIN_S
        while self._in_waiting():
            self._receive()
            if time.monotonic() > end:
                raise self._prints_without_pause()
            del self._received[:-SHOWN]
        self._received.clear()

    def _check_time(self) -> None:
        if self.hurried_until is not None and time.monotonic() > self.hurried_until:
            raise NoTimeLeft(f"{self.name}: no answer yet after an interrupt; {self.last_received()}")

    def _prints_without_pause(self) -> TwinOhmError:
        """Discard what a port has sent that nobody asked for, and return the error to raise."""
        sent = self.last_received()
        self._received.clear()
        return Symptom.PRINTS.error(self.name, sent=sent)

    def _in_waiting(self) -> int:
        with self._translate_errors():
            return self.port.in_waiting

    def _receive(self) -> None:
        with self._translate_errors():
            received = self.port.read(max(1, self.port.in_waiting))
        self._silent &= not received
        self._received += received

    @contextmanager
    def _translate_errors(self) -> Iterator[None]:
        """Turn what pyserial raises for a vanished port into LinkLost.

        That is SerialException or OSError; TypeError, AttributeError or ValueError where the port's file descriptor is
        already gone. What the user's own code raises in a signal handler passes as it is.
        """
        before = sys.exception()
        try:
            yield
        except (serial.SerialException, OSError, TypeError, AttributeError, ValueError) as error:
            raise_if_foreign(error, before)
            if self._silent and self.name.startswith("socket://"):
                raise Symptom.CLOSED_AT_ONCE.error(self.name, reason=error) from error
            raise Symptom.GONE.error(self.name, reason=error) from error
