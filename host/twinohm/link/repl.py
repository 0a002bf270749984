"""MicroPython's raw REPL: run code on a board and read what it prints.

1. CR, Ctrl-C twice: interrupt the running program.  2. Ctrl-A: the board answers `raw REPL; CTRL-B to exit` and `>`.
3. Code, Ctrl-D: it answers `OK`, then output, 0x04, error, 0x04, `>`.  4. Ctrl-B: back to the friendly prompt.

mpremote's SerialTransport does not replace this module: it opens the port itself, reads byte by byte with pauses of
10 ms, prints what it does not expect, and neither repeats an interrupt that got lost nor limits every wait; frames need
a stream that outlives the REPL. `twinohm flash` uses it for files.
"""

import logging
import time

from twinohm.errors import BoardError, LinkLost
from twinohm.link.port_stream import PortStream
from twinohm.remedies import Symptom

PROMPT = b"raw REPL; CTRL-B to exit\r\n>"
EOF = b"\x04"  # Ctrl-D: ends code, its output, and its error
SHOWN = 80  # bytes of unexpected output in an error message

logger = logging.getLogger(__name__)


class RawRepl:
    """The host's side of the raw REPL."""

    def __init__(self, stream: PortStream) -> None:
        self._stream = stream

    def enter(self, timeout_s: float = 10.0) -> None:
        """Interrupt the running program and get the raw prompt. Raises BoardNotFound if MicroPython does not answer."""
        end, wait_s = time.monotonic() + timeout_s, timeout_s / 20
        while True:
            self._stream.write(b"\r\x03\x03\x01")
            if self._stream.read_until(PROMPT, wait_s) is not None:
                break
            wait_s = min(2 * wait_s, timeout_s / 5)
            if time.monotonic() > end:
                symptom = Symptom.FOREIGN_TEXT if self._stream.pending() else Symptom.SILENT
                raise symptom.error(self._stream.name, timeout_s=timeout_s, text=self._received())
        self._stream.drain()
        logger.info("%s: at the raw REPL", self._stream.name)

    def leave(self) -> None:
        """Return to the friendly prompt."""
        self._stream.write(b"\x03\x02")

    def soft_reset(self, timeout_s: float = 10.0) -> None:
        """Reset MicroPython; main.py does not run. Raises LinkLost if the raw prompt is not back in time."""
        self._stream.write(EOF)
        if self._stream.read_until(PROMPT, timeout_s) is None:
            raise LinkLost(f"{self._stream.name}: no prompt after a soft reset; the board sent {self._received()}")
        logger.info("%s: soft reset", self._stream.name)

    def start(self, code: str, timeout_s: float = 5.0) -> None:
        """Start code; return once the board runs it, finish() returns its output. Raises LinkLost after timeout_s."""
        logger.debug("%s: run %r", self._stream.name, code)
        self._stream.write(code.encode() + EOF)
        if self._stream.read_until(b"OK", timeout_s) is None:
            raise LinkLost(f"{self._stream.name}: the board did not start the code; it sent {self._received()}")

    def finish(self, timeout_s: float | None = 10.0) -> str:
        """Return the output of the running code.

        Raises BoardError with the board's traceback, LinkLost if the code does not end within timeout_s.
        """
        output = self._stream.read_until(EOF, timeout_s)
        error = self._stream.read_until(EOF, 5.0) if output is not None else None
        if output is None or error is None:
            raise LinkLost(f"{self._stream.name}: code did not end within {timeout_s} s; it printed {self._received()}")
        self._stream.read_until(b">", 2.0)
        if error != EOF:
            raise BoardError(error[:-1].decode(errors="replace").strip().replace("\r\n", "\n"))
        return output[:-1].decode(errors="replace").replace("\r\n", "\n")

    def exec(self, code: str, timeout_s: float | None = 10.0) -> str:
        """Run code and return what it printed. Raises as finish() does."""
        self.start(code)
        return self.finish(timeout_s)

    def _received(self) -> str:
        return repr(self._stream.pending()[-SHOWN:])
