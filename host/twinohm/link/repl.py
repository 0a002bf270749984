"""The raw REPL: run code on a board and read what it prints.

1. CR, Ctrl-C twice: stop whatever runs.  2. Ctrl-A: the board answers `raw REPL; CTRL-B to exit` and `>`.
3. code, Ctrl-D: it answers `OK`, then output, 0x04, error, 0x04, `>`.  4. Ctrl-B: back to the friendly prompt.
"""

import time

from twinohm.errors import BoardError, BoardNotFound, LinkLost
from twinohm.link.port_stream import PortStream

PROMPT = b"raw REPL; CTRL-B to exit\r\n>"


class RawRepl:
    """One side of the raw REPL."""

    def __init__(self, stream: PortStream) -> None:
        self._stream = stream

    def enter(self, timeout_s: float = 10.0) -> None:
        """Interrupt what runs and get the raw prompt. Raises BoardNotFound if nothing like MicroPython answers."""
        end, wait_s = time.monotonic() + timeout_s, timeout_s / 20
        while True:
            self._stream.write(b"\r\x03\x03\x01")
            if self._stream.read_until(PROMPT, wait_s) is not None:
                break
            wait_s = min(2 * wait_s, timeout_s / 5)
            if time.monotonic() > end:
                raise BoardNotFound(
                    f"{self._stream.name}: no MicroPython prompt within {timeout_s:g} s; is MicroPython on the board?"
                )
        self._stream.drain()

    def leave(self) -> None:
        """Back to the friendly prompt."""
        self._stream.write(b"\x03\x02")

    def start(self, code: str, timeout_s: float = 5.0) -> None:
        """Start code and return once the board has taken it; finish() collects the rest. Raises LinkLost."""
        self._stream.write(code.encode() + b"\x04")
        if self._stream.read_until(b"OK", timeout_s) is None:
            raise LinkLost(f"{self._stream.name}: the board did not take the code, it said {self._said()}")

    def finish(self, timeout_s: float | None = 10.0) -> str:
        """Output of the running code. Raises BoardError with the board's traceback, LinkLost after timeout_s."""
        output = self._stream.read_until(b"\x04", timeout_s)
        error = self._stream.read_until(b"\x04", 5.0) if output is not None else None
        if output is None or error is None:
            raise LinkLost(f"{self._stream.name}: code did not end within {timeout_s} s; it printed {self._said()}")
        self._stream.read_until(b">", 2.0)
        if error != b"\x04":
            raise BoardError(error[:-1].decode(errors="replace").strip().replace("\r\n", "\n"))
        return output[:-1].decode(errors="replace").replace("\r\n", "\n")

    def exec(self, code: str, timeout_s: float | None = 10.0) -> str:
        """Run code, return what it printed."""
        self.start(code)
        return self.finish(timeout_s)

    def _said(self) -> str:
        return repr(self._stream.pending()[-80:])
