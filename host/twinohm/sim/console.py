"""The serial line of a virtual board: a thread reads it, so that Ctrl-C reaches running firmware."""

import _thread
import io
import os
import signal
import sys
import threading
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn

from twinohm.sim.line_editor import BACKSPACES

CTRL_C = 3
HERE = str(Path(__file__).parent)  # code of the fixture: an interrupt waits until it has returned to the firmware


class Console:
    """Reads file descriptor `rx`, writes `tx`. End of input ends the process, as if the board were unplugged.

    before_write: called before bytes are written, so that the side channel is never behind the serial line.
    """

    def __init__(self, rx: int, tx: int, before_write: Callable[[], None]) -> None:
        self._rx, self._tx = rx, tx
        self._before_write = before_write
        self._received: deque[int] = deque()
        self._arrived = threading.Condition()
        self._interrupt = False
        self.executing = False
        self.interruptible: Callable[[], bool] = lambda: True  # whether code lets Ctrl-C interrupt it now
        # called while waiting since a time, s of time.monotonic(); returns the longest wait, s
        self.idle: Callable[[float], float | None] = lambda since: None
        signal.signal(signal.SIGINT, self._handle_signal)
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        while True:
            data = os.read(self._rx, 65536)
            if not data:
                os._exit(0)
            with self._arrived:
                if self.executing and CTRL_C in data:
                    self._received.clear()
                    data = data[data.rindex(CTRL_C) + 1 :]
                    self._interrupt = True
                self._received.extend(data)
                self._arrived.notify()
            while self._interrupt and self.executing:
                _thread.interrupt_main()
                time.sleep(0.0005)

    def _handle_signal(self, signum: int, frame: FrameType | None) -> None:
        """Stop the firmware between two of its own lines, never the simulated parts in the middle of one.

        Where parts are being simulated, the firmware's frame that called them is traced, and its next line raises.
        """
        if not self._must_interrupt():
            return
        caller = None  # of the outermost frame of the simulation
        while frame is not None and not frame.f_code.co_filename.endswith("repl.py"):
            if frame.f_code.co_filename.startswith(HERE):
                caller = frame.f_back
            frame = frame.f_back
        if caller is None:
            self._raise_interrupt()
        caller.f_trace = self._interrupt_next_line
        sys.settrace(lambda frame, event, value: None)

    def _interrupt_next_line(self, frame: FrameType, event: str, value: object) -> None:
        sys.settrace(None)
        frame.f_trace = None
        if self._must_interrupt():
            self._raise_interrupt()

    def _must_interrupt(self) -> bool:
        return self._interrupt and self.executing and self.interruptible()

    def _raise_interrupt(self) -> NoReturn:
        self._interrupt = False
        raise KeyboardInterrupt

    def start(self) -> None:
        """Note that code begins to run: from now on Ctrl-C is an interrupt, not a character."""
        with self._arrived:
            self._interrupt = False
            self.executing = True

    def stop(self) -> None:
        """Note that no code runs any more: Ctrl-C is a character again."""
        with self._arrived:
            self.executing = False
            self._interrupt = False

    def _wait(self) -> None:
        since = time.monotonic()
        with self._arrived:
            while not self._received:
                if self._interrupt and self.interruptible():
                    self._raise_interrupt()
                seconds = self.idle(since)
                if not self._received and not self._interrupt:
                    self._arrived.wait(seconds)

    def read_byte(self) -> int:
        """Return the next byte. Raises KeyboardInterrupt."""
        self._wait()
        return self._received.popleft()

    def read_some(self, limit: int) -> bytes:
        """Return at least one byte, at most `limit`."""
        self._wait()
        with self._arrived:
            return bytes(self._received.popleft() for _ in range(min(limit, len(self._received))))

    def read_line(self, limit: int) -> bytes:
        """Return the bytes up to and including a newline, at most `limit`."""
        line = bytearray()
        while len(line) < limit:
            self._wait()
            byte = self._received.popleft()
            line.append(byte)
            if byte == 10:
                break
        return bytes(line)

    def write(self, data: bytes) -> None:
        """Write bytes. Raises KeyboardInterrupt."""
        self._before_write()
        while data:
            data = data[os.write(self._tx, data) :]
        if self._must_interrupt():
            self._raise_interrupt()  # code that only prints must be interrupted too


class _RawOut(io.RawIOBase):
    def __init__(self, console: Console) -> None:
        self._console = console

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self._console.write(bytes(data))
        return len(data)


class Stdout(io.TextIOBase):
    """sys.stdout as MicroPython has it: text with CR LF, `buffer` raw."""

    def __init__(self, console: Console) -> None:
        self.buffer = _RawOut(console)
        self._console = console

    def write(self, text: str) -> int:
        self._console.write(text.replace("\n", "\r\n").encode())
        return len(text)


class _RawIn:
    def __init__(self, console: Console) -> None:
        self._console = console

    def read(self, count: int) -> bytes:
        return bytes(self._console.read_byte() for _ in range(count))

    def readline(self, limit: int = 1 << 20) -> bytes:
        return self._console.read_line(limit)

    def readinto(self, buffer: memoryview) -> int:
        """Fill the whole buffer, as on the chip."""
        filled = 0
        while filled < len(buffer):
            data = self._console.read_some(len(buffer) - filled)
            buffer[filled : filled + len(data)] = data
            filled += len(data)
        return filled


class Stdin:
    """sys.stdin as MicroPython has it: `buffer` raw, text with newlines for CR."""

    def __init__(self, console: Console) -> None:
        self.buffer = _RawIn(console)
        self._console = console

    def read(self, count: int) -> str:
        return self.buffer.read(count).decode().replace("\r", "\n")

    def readline(self) -> str:
        """Return a line that is typed, as input() asks for it; it is shown as it comes, and Return ends it."""
        line = bytearray()
        while (byte := self._console.read_byte()) not in (10, 13):
            if byte in BACKSPACES:
                if line:
                    del line[-1]
                    self._console.write(b"\b \b")
            elif byte >= 32:
                line.append(byte)
                self._console.write(bytes([byte]))
        self._console.write(b"\r\n")
        return line.decode(errors="replace") + "\n"
