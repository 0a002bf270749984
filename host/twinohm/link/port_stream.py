"""A buffered byte stream on a port: REPL text and frames are both read from it."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

import serial

from twinohm.errors import LinkLost
from twinohm.protocol.port import Port


class PortStream:
    """Reads up to a mark and keeps what follows it. Raises LinkLost, naming the port, once the port is gone."""

    def __init__(self, port: Port) -> None:
        self.port = port
        self._received = bytearray()

    @property
    def name(self) -> str:
        """Device name or URL of the port."""
        return self.port.name

    def write(self, data: bytes) -> None:
        """Send bytes."""
        with self._translate_errors():
            self.port.write(data)

    def read_until(self, mark: bytes, timeout_s: float | None) -> bytes | None:
        """Return the bytes up to and including `mark`; None, with nothing consumed, if it does not come in time."""
        end = None if timeout_s is None else time.monotonic() + timeout_s
        seen = 0
        while (at := self._received.find(mark, max(0, seen - len(mark)))) < 0:
            seen = len(self._received)
            if end is not None and time.monotonic() > end:
                return None
            with self._translate_errors():
                self._received += self.port.read(max(1, self.port.in_waiting))
        data = bytes(self._received[: at + len(mark)])
        del self._received[: at + len(mark)]
        return data

    def pending(self) -> bytes:
        """Return what has been received and not yet read, for error messages."""
        return bytes(self._received)

    def drain(self) -> None:
        """Discard what has been received so far."""
        with self._translate_errors():
            while self.port.in_waiting:
                self.port.read(self.port.in_waiting)
        self._received.clear()

    @contextmanager
    def _translate_errors(self) -> Iterator[None]:
        """Turn what pyserial raises for a vanished port into LinkLost.

        That is SerialException or OSError; TypeError, AttributeError or ValueError where the port's file descriptor is
        already gone.
        """
        try:
            yield
        except (serial.SerialException, OSError, TypeError, AttributeError, ValueError) as error:
            raise LinkLost(f"{self.name}: {error}; is it plugged in and powered?") from error
