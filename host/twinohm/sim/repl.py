"""MicroPython's prompt on CPython: friendly and raw REPL, paste mode, soft reset.

Control characters as in MicroPython's reference ("The MicroPython Interactive Interpreter Mode"):
Ctrl-A raw, Ctrl-B friendly, Ctrl-C interrupt, Ctrl-D run or soft reset, Ctrl-E paste (and raw-paste, refused).
"""

import builtins
import codeop
import traceback
from collections.abc import Callable, Sequence

from twinohm.sim.console import Console
from twinohm.sim.line_editor import History, LineEditor
from twinohm.sim.parts.fixture import HardReset

CTRL_A, CTRL_B, CTRL_C, CTRL_D, CTRL_E = 1, 2, 3, 4, 5
BANNER = "TwinOhm virtual board, MicroPython's REPL on CPython\r\n"
HELP_LINE = 'Type "learner.help()" for what the board can do.\r\n'


class SoftReset(Exception):
    """Ctrl-D at an empty prompt, sys.exit() or machine.soft_reset()."""


class Repl:
    """Serves the prompt.

    fresh: returns the globals of an interpreter after a reset. boot: sources of boot.py, which runs after each reset,
    and of main.py, which runs after those that do not end at the raw prompt.
    """

    def __init__(self, console: Console, fresh: Callable[[], dict[str, object]], boot: Sequence[str]) -> None:
        self._console = console
        self._fresh = fresh
        self._boot = boot
        self._globals: dict[str, object] = {}
        self._raw = False
        self._history = History()

    def run(self) -> None:
        """Run boot.py and main.py and serve the prompt, again after each reset; never returns."""
        while True:
            self._globals = self._fresh()
            try:
                boot, main = self._boot
                self._execute(boot, "exec", "boot.py")
                if not self._raw:
                    self._execute(main, "exec", "main.py")
                    self._write(BANNER + HELP_LINE)
                while True:
                    (self._raw_prompt if self._raw else self._friendly_prompt)()
            except SoftReset:
                self._write("MPY: soft reboot\r\n")
            except HardReset:
                self._raw = False

    def _write(self, text: str) -> None:
        self._console.write(text.encode())

    # -- raw REPL ------------------------------------------------------------------------------------------------

    def _raw_prompt(self) -> None:
        self._write("raw REPL; CTRL-B to exit\r\n>")
        code = bytearray()
        while True:
            byte = self._console.read_byte()
            if byte == CTRL_A:
                if bytes(code) == b"\x05A":
                    self._write("R\x00")  # raw-paste is not offered: hosts fall back to plain raw mode
                    code.clear()
                    continue
                return
            if byte == CTRL_B:
                self._raw = False
                self._write("\r\n" + BANNER + HELP_LINE)
                return
            if byte == CTRL_C:
                code.clear()
            elif byte == CTRL_D:
                if code == b"":
                    self._write("OK\r\n")
                    raise SoftReset
                self._write("OK")
                try:
                    error = self._run(code.decode(errors="replace"), "exec", "<stdin>")
                except SoftReset:
                    self._write("\x04\x04")
                    raise
                self._write("\x04" + error.replace("\n", "\r\n") + "\x04>")
                code.clear()
            else:
                code.append(byte)

    # -- friendly REPL -------------------------------------------------------------------------------------------

    def _friendly_prompt(self) -> None:
        self._write(">>> ")
        source = ""
        while True:
            line = self._edit_line(source)
            if line is None:
                return
            self._history.add(line)
            source += line + "\n"
            try:
                if codeop.compile_command(source, "<stdin>", "single") is None:
                    self._write("... ")
                    continue
            except (SyntaxError, ValueError, OverflowError):
                pass  # running it shows the error
            if source.strip():
                self._execute(source, "single", "<stdin>")
            return

    def _edit_line(self, before: str) -> str | None:
        """Return one line; None if it was interrupted or the mode changed."""
        editor = LineEditor(self._write, "... " if before else ">>> ", self._history, self._globals)
        while True:
            byte = self._console.read_byte()
            if byte in (10, 13):
                self._write("\r\n")
                return editor.text
            if byte == CTRL_C:
                self._write("\r\n")
                return None
            if not editor.text and not before:
                if byte == CTRL_A:
                    self._raw = True
                    return None
                if byte == CTRL_B:
                    self._write("\r\n" + BANNER + HELP_LINE)
                    return None
                if byte == CTRL_D:
                    self._write("\r\n")
                    raise SoftReset
                if byte == CTRL_E:
                    self._paste()
                    return None
            editor.feed(byte)

    def _paste(self) -> None:
        self._write("\r\npaste mode; Ctrl-C to cancel, Ctrl-D to finish\r\n=== ")
        code = ""
        while (byte := self._console.read_byte()) != CTRL_D:
            if byte == CTRL_C:
                self._write("\r\n")
                return
            character = "\n" if byte == 13 else chr(byte)
            code += character
            self._write("\r\n=== " if character == "\n" else character)
        self._write("\r\n")
        self._execute(code, "exec", "<stdin>")

    # -- running code --------------------------------------------------------------------------------------------

    def _execute(self, source: str, mode: str, name: str) -> None:
        error = self._run(source, mode, name)
        if error:
            self._write(error.replace("\n", "\r\n"))

    def _run(self, source: str, mode: str, name: str) -> str:
        """Run code as the board would. Return what the REPL prints of an exception, empty without one."""
        try:
            code = compile(source, name, mode)
            self._console.start()
            try:
                exec(code, self._globals)
            finally:
                self._console.stop()
        except SystemExit:
            raise SoftReset from None
        except HardReset:
            raise
        except BaseException as error:
            return _report(error)
        return ""


def _report(error: BaseException) -> str:
    """Return a traceback without the REPL's own frames at its start."""
    frames = traceback.extract_tb(error.__traceback__)
    shown = [frame for frame in frames if frame.filename != __file__]
    head = "Traceback (most recent call last):\n" if shown else ""
    lines = [f'  File "{frame.filename}", line {frame.lineno}, in {frame.name}\n' for frame in shown]
    return head + "".join(lines) + "".join(traceback.format_exception_only(error))


def display(value: object) -> None:
    """Print the value of an expression as the prompt does."""
    if value is not None:
        builtins.print(repr(value))
