"""MicroPython's raw REPL: run code on a board and read what it prints.

1. CR, Ctrl-C twice: interrupt the running program.  2. Ctrl-A: the board answers `raw REPL; CTRL-B to exit` and `>`.
3. Code, Ctrl-D: it answers `OK`, then output, 0x04, error, 0x04, `>`.  4. Ctrl-B: back to the friendly prompt.

mpremote's SerialTransport does not replace this module: it opens the port itself, reads byte by byte with pauses of
10 ms, prints what it does not expect, and neither repeats an interrupt that got lost nor limits every wait; frames need
a stream that outlives the REPL. `twinohm flash` uses it for files.
"""

import logging
import math
import time
from collections.abc import Callable

from twinohm.errors import BoardError, LinkLost, TwinOhmError
from twinohm.link.port_stream import PortStream
from twinohm.remedies import Symptom

PROMPT = b"raw REPL; CTRL-B to exit\r\n>"
FRIENDLY_PROMPT = b">>> "
SOFT_RESET = b"soft reboot"  # MicroPython prints it, and then the prompt anew, after code such as sys.exit()
# In lines that a board prints after a reset, or at its prompt; firmware that serves sends none of them.
PROMPT_SIGNS = (
    FRIENDLY_PROMPT,
    b"raw REPL; CTRL-B to exit",
    b"MPY: soft reboot",
    b"IndentationError:",
    b"SyntaxError:",
)
EOF = b"\x04"  # Ctrl-D: ends code, its output, and its error
WORD_S = 20.0  # without output of code: one warning
LONGEST_RUN_S = 600.0  # of code at the prompt; a self-test on an emulated chip takes a third of it
ANSWER_S = 5.0  # for OK to code, and for the prompt after the end of its output
ENTER_S = (
    10.0  # for the prompt of a board whose code has to be interrupted, and for the end of code that waits for nothing
)
QUIET_S = 1.0  # without output after a friendly prompt: no code runs any more

logger = logging.getLogger(__name__)


class RawRepl:
    """The host's side of the raw REPL."""

    def __init__(self, stream: PortStream) -> None:
        self._stream = stream
        self._running = False  # code was started whose end has not been read, or did not look as it should

    def enter(self, timeout_s: float = 10.0) -> None:
        """Interrupt the running program and get the raw prompt.

        Raises BoardNotFound if MicroPython does not answer, LinkLost for a port that prints without pause.
        """
        end, wait_s = time.monotonic() + timeout_s, timeout_s / 20
        while True:
            self._stream.write(b"\r\x03\x03\x01")
            if self._stream.skip_until(PROMPT, wait_s):
                break
            wait_s = min(2 * wait_s, timeout_s / 5)
            if time.monotonic() > end:
                if b"CircuitPython" in self._stream.pending():
                    raise Symptom.OTHER_PYTHON.error(self._stream.name, name="CircuitPython")
                symptom = Symptom.FOREIGN_TEXT if self._stream.pending() else Symptom.SILENT
                raise symptom.error(self._stream.name, timeout_s=timeout_s, text=repr(self._stream.pending()))
        self._stream.drain()
        self._running = False
        logger.info("%s: at the raw REPL", self._stream.name)

    def leave(self) -> None:
        """Return to the friendly prompt."""
        self._stream.write(b"\x03\x02")

    def soft_reset(self, timeout_s: float = 10.0) -> None:
        """Reset MicroPython; main.py does not run. Raises LinkLost if the raw prompt is not back in time."""
        self._stream.write(EOF)
        if self._stream.read_until(PROMPT, timeout_s) is None:
            raise self._odd_answer("no prompt after a soft reset")
        logger.info("%s: soft reset", self._stream.name)

    def start(self, code: str, timeout_s: float | None = None) -> None:
        """Start code; return once the board runs it, finish() returns its output. timeout_s: None is ANSWER_S.

        code: without control characters that the raw REPL acts on (arguments.code_text).

        Raises LinkLost if the board does not start it within timeout_s.

        Code that still runs, because finish() was interrupted or gave up, is interrupted first. So that an answer is
        never taken for that of other code, the prompt is also called anew if anything has come after the last answer.
        """
        if self._running or self._stream.has_more():
            self.enter(ENTER_S)
        self._running = True
        logger.debug("%s: run %r", self._stream.name, code)
        self._stream.write(code.encode() + EOF)
        if self._stream.read_until(b"OK", ANSWER_S if timeout_s is None else timeout_s) is None:
            raise self._odd_answer("the board did not start the code")

    def finish(self, timeout_s: float | None = None, check: Callable[[], None] = lambda: None) -> str:
        """Return the output of the running code. timeout_s: None is ENTER_S. check: called while the code runs.

        Raises BoardError with the board's traceback, LinkLost if the code does not end within timeout_s or resets the
        board.
        """
        output = self._read_output(ENTER_S if timeout_s is None else timeout_s, check)
        error = self._stream.read_until(EOF, ANSWER_S)
        if error is None:
            raise self._odd_answer("the end of the code's output is missing")
        prompt = self._stream.read_until(b">", ANSWER_S) or b""
        if prompt not in (b"", b">") and SOFT_RESET not in prompt:
            raise BoardError(
                f"{self._stream.name}: the code printed the character '\\x04', with which a board ends the output of "
                "code; print its repr() instead"
            )
        if error != EOF:
            raise BoardError.of(error[:-1])
        self._running = prompt != b">"
        return output[:-1].decode(errors="replace").replace("\r\n", "\n")

    def _odd_answer(self, what: str) -> TwinOhmError:
        return Symptom.ODD_ANSWER.error(self._stream.name, reason=f"{what}; {self._stream.last_received()}")

    def _read_output(self, timeout_s: float, check: Callable[[], None]) -> bytes:
        """Return the output up to its end. A friendly prompt in its place shows that the board was reset."""
        now = time.monotonic()
        end, word_at, before = now + timeout_s, now + WORD_S, b""
        while (output := self._stream.read_until(EOF, min(QUIET_S, max(0.0, end - time.monotonic())), check)) is None:
            received = self._stream.pending()
            if received == before and received.endswith(FRIENDLY_PROMPT):
                self._stream.write(b"\x01")  # Ctrl-A: the raw prompt, if no code runs
                if self._stream.read_until(PROMPT, QUIET_S) is not None:
                    self._running = False
                    raise LinkLost(f"{self._stream.name}: the code has reset the board; no output of it is known")
            if time.monotonic() > end:
                raise LinkLost(
                    f"{self._stream.name}: the code did not end within {timeout_s:g} s; {self._stream.last_received()}"
                )
            if received != before:
                word_at = time.monotonic() + WORD_S
            elif time.monotonic() > word_at:
                word_at = math.inf
                logger.warning(
                    "%s: it has said nothing for %g s while code runs there; it is given up after %g s",
                    self._stream.name, WORD_S, timeout_s,
                )  # fmt: skip
            before = received
        return output

    def exec(self, code: str, timeout_s: float | None = None, check: Callable[[], None] = lambda: None) -> str:
        """Run code and return what it printed. timeout_s: None is LONGEST_RUN_S. check, errors: as of finish()."""
        self.start(code)
        return self.finish(LONGEST_RUN_S if timeout_s is None else timeout_s, check)
