"""A virtual board in a process of its own, as a port of pyserial.

Standard input and output of the process are the serial line, its standard error is the side channel.
"""

import sys
import threading
from typing import IO, Any

import serial
from serial import SerialBase

from twinohm.processes import end_child, start_child
from twinohm.protocol.arrivals import Arrivals
from twinohm.protocol.port import Port
from twinohm.protocol.side_channel import SideChannel
from twinohm.sim.settings import SimSettings


class Received:
    """What a process has printed and nobody has read yet. A thread of its own collects it until the process ends.

    The thread appends to `data` and readers take from its beginning: each step is atomic.

    The thread does not know the port. So a port that is dropped without close() is collected, and closed by __del__()
    of io.RawIOBase, which is a base of SerialBase.
    """

    def __init__(self, stream: IO[bytes]) -> None:
        self.data = bytearray()
        self.arrived = Arrivals()
        self.ended = False
        threading.Thread(target=self._listen, args=(stream,), daemon=True).start()

    def _listen(self, stream: IO[bytes]) -> None:
        with stream:
            while data := stream.read(65536):
                self.data += data
                self.arrived.notify()
        self.ended = True
        self.arrived.notify()


class ProcessPort(SerialBase, Port):
    """Subclasses name the module that is the `program`. The port's name is its URL.

    open() raises UsageError for a URL that is wrong; read() and write() raise SerialException once the process has
    ended, or the port is closed.
    """

    program = ""
    name: str
    is_device = False
    virtual = True
    timeout_factor = 1.0
    side_channel: SideChannel  # from open() on

    @property
    def pyserial(self) -> SerialBase:
        return self

    def open(self) -> None:
        url = str(self.port)
        settings = SimSettings.parse(url)  # raise here what is wrong with it, not in another process
        self.board = settings.board
        self.unique_id = settings.unique_id.hex()
        self._process = start_child([sys.executable, "-P", "-m", self.program, url, *self.arguments(settings)])
        self._stdin: Any = self._process.stdin
        self.side_channel = SideChannel(self._process.stderr)
        stdout: Any = self._process.stdout
        self._received = Received(stdout)
        self.is_open = True
        try:
            self.wait_until_ready()
        except BaseException:
            self.close()
            raise

    def arguments(self, settings: SimSettings) -> list[str]:
        """Return the arguments of the program that follow the URL."""
        return []

    def wait_until_ready(self) -> None:
        """Wait until the host may send; called once the process runs."""

    def end_error(self) -> serial.SerialException:
        """Return the error that read() and write() raise after the end of the process."""
        return serial.SerialException("the board's process has ended: " + self.side_channel.last_output())

    def close(self) -> None:
        if self.is_open:
            self.is_open = False
            end_child(self._process)

    @property
    def process_id(self) -> int:
        """Process id of the board's process."""
        return self._process.pid

    @property
    def in_waiting(self) -> int:
        return len(self._received.data)

    def read(self, size: int = 1) -> bytes:
        """Return up to `size` bytes, fewer after `timeout` s. Raises SerialException once the process has ended."""
        received = self._received
        received.arrived.wait_for(lambda: len(received.data) >= size or received.ended, self.timeout)
        if received.ended and not received.data:
            raise self.end_error()
        data = bytes(received.data[:size])
        del received.data[: len(data)]  # more may have come since
        return data

    def write(self, data: Any) -> int:
        try:
            self._stdin.write(bytes(data))
        except (OSError, ValueError):  # ValueError: close() was called, perhaps in another thread
            raise (self.end_error() if self.is_open else serial.PortNotOpenError()) from None
        return len(data)

    def flush(self) -> None:
        pass

    def reset_input_buffer(self) -> None:
        self._received.data.clear()

    def reset_output_buffer(self) -> None:
        pass

    def _reconfigure_port(self, force_update: bool = False) -> None:
        pass

    def _update_break_state(self) -> None:
        pass

    def _update_rts_state(self) -> None:
        pass

    def _update_dtr_state(self) -> None:
        pass

    @property
    def cts(self) -> bool:
        return True

    dsr = cd = cts

    @property
    def ri(self) -> bool:
        return False
