"""A port's bytes with what was read too far kept: REPL text and frames come from the same stream."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

import serial

from twinohm.errors import LinkLost


class PortStream:
    """Reads up to a mark, writes. Raises LinkLost naming the port once it is gone."""

    def __init__(self, port: serial.Serial) -> None:
        self.port = port
        self._received = bytearray()

    @property
    def name(self) -> str:
        return str(self.port.port)

    def write(self, data: bytes) -> None:
        with self._lost():
            self.port.write(data)

    def read_until(self, mark: bytes, timeout_s: float | None) -> bytes | None:
        """Bytes up to and with `mark`; None, with nothing consumed, if it does not come within timeout_s."""
        end = None if timeout_s is None else time.monotonic() + timeout_s
        seen = 0
        while (at := self._received.find(mark, max(0, seen - len(mark)))) < 0:
            seen = len(self._received)
            if end is not None and time.monotonic() > end:
                return None
            with self._lost():
                self._received += self.port.read(max(1, self.port.in_waiting))
        data = bytes(self._received[: at + len(mark)])
        del self._received[: at + len(mark)]
        return data

    def pending(self) -> bytes:
        """What has come and was not asked for, for error messages."""
        return bytes(self._received)

    def drain(self) -> None:
        """Forget what has come so far."""
        with self._lost():
            while self.port.in_waiting:
                self.port.read(self.port.in_waiting)
        self._received.clear()

    @contextmanager
    def _lost(self) -> Iterator[None]:
        """Whatever a vanished port raises: SerialException and OSError, TypeError where pyserial met a closed one."""
        try:
            yield
        except (serial.SerialException, OSError, TypeError, AttributeError, ValueError) as error:
            raise LinkLost(f"{self.name}: {error}; is it plugged in and powered?") from None
