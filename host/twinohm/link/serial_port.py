"""A serial device, or a URL that pyserial itself knows: socket://, rfc2217:// and others."""

import logging
import os
from contextlib import suppress
from typing import Any
from weakref import WeakSet

import serial

from twinohm.protocol.port import Port

logger = logging.getLogger(__name__)


class SerialPort(Port):
    """Wraps an object of pyserial, which knows nothing of the board behind it."""

    virtual = False
    timeout_factor = 1.0

    def __init__(self, pyserial: serial.Serial, first_line: bytes = b"") -> None:
        """first_line: what the server of the port wants to hear before anything else."""
        self._pyserial = pyserial
        _ports.add(self)
        self._first_line = first_line
        self.name = str(pyserial.port)
        self.is_device = type(pyserial) is serial.Serial
        _guard_reader(pyserial)

    @property
    def pyserial(self) -> serial.Serial:
        return self._pyserial

    def open(self) -> None:
        self._pyserial.open()
        if self._first_line:
            self._pyserial.write(self._first_line)

    @property
    def in_waiting(self) -> int:
        return self._pyserial.in_waiting

    def read(self, size: int = 1, /) -> bytes:
        return self._pyserial.read(size)

    def write(self, data: bytes, /) -> int | None:
        return self._pyserial.write(data)

    def close(self) -> None:
        self._pyserial.close()

    def forget(self) -> None:
        """Have a forked child not shut down, when it ends, the connection that its parent uses."""
        self._pyserial.is_open = False


def _guard_reader(pyserial: Any) -> None:
    """Have a reader thread of pyserial end as for a lost connection where a server sends what pyserial cannot read.

    pyserial 3.5 would print a traceback of the thread; rfc2217:// has one.
    """
    read_loop = getattr(pyserial, "_telnet_read_loop", None)
    if read_loop is None:
        return

    def guarded() -> None:
        try:
            read_loop()
        except Exception as error:
            logger.info("%s: pyserial cannot read what the server sends: %r", pyserial.port, error)
            with suppress(AttributeError):  # it has just been closed
                pyserial._read_buffer.put(None)

    pyserial._telnet_read_loop = guarded


def _forget_ports() -> None:
    for port in _ports:
        port.forget()


_ports: "WeakSet[SerialPort]" = WeakSet()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_ports)
