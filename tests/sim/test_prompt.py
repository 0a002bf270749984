"""The prompt of a virtual board in a terminal: spacing, cursor keys, history, completion, leaving."""

import os
import select
import signal
import sys
import time
from collections.abc import Callable, Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twinohm.sim.line_editor import History, LineEditor

UP, DOWN, LEFT, HOME, DELETE = (b"\x1b" + end for end in (b"[A", b"[B", b"[D", b"[H", b"[3~"))
LEAVE = b"\x1d"


class Screen:
    """What a terminal shows of one line, of what the editor writes."""

    def __init__(self) -> None:
        self.cells: list[str] = []
        self.cursor = 0

    def write(self, text: str) -> None:
        rest = text
        while rest:
            if rest.startswith("\x1b[K"):
                del self.cells[self.cursor :]
                rest = rest[3:]
                continue
            character, rest = rest[0], rest[1:]
            if character == "\b":
                self.cursor -= 1
                assert self.cursor >= 0
            elif character == "\n":
                self.cells, self.cursor = [], 0
            elif character == "\r":
                self.cursor = 0
            else:
                self.cells[self.cursor : self.cursor + 1] = [character]
                self.cursor += 1


TYPED = st.lists(
    st.one_of(
        st.binary(min_size=1, max_size=4),
        st.sampled_from([UP, DOWN, LEFT, HOME, DELETE, b"\x7f", b"\t", b"\x1b[C", b"\x01", b"\x05", b"al", b"x.re"]),
    ),
    max_size=30,
)


@given(typed=TYPED, lines=st.lists(st.text("ab ", max_size=5), max_size=4))
def test_the_screen_shows_the_line_whatever_is_typed(typed: list[bytes], lines: list[str]) -> None:
    screen, history = Screen(), History()
    for line in lines:
        history.add(line)
    screen.write(">>> ")
    editor = LineEditor(screen.write, ">>> ", history, {"alpha": 1, "alpine": 2, "x": 1j})
    for byte in b"".join(typed):
        if byte not in (3, 10, 13):  # the prompt takes these
            editor.feed(byte)
    assert "".join(screen.cells) == f">>> {editor.text}"
    assert 4 <= screen.cursor <= len(screen.cells)


def edited(*typed: bytes, history: tuple[str, ...] = ()) -> str:
    before = History()
    for line in history:
        before.add(line)
    editor = LineEditor(lambda text: None, ">>> ", before, {"learner": "text", "learn": 1})
    for byte in b"".join(typed):
        editor.feed(byte)
    return editor.text


def test_cursor_keys_edit_within_the_line() -> None:
    assert edited(b"12", LEFT, b"3") == "132"
    assert edited(b"12", HOME, DELETE) == "2"
    assert edited(b"12", LEFT, b"\x7f") == "2"


def test_the_history_is_recalled_and_left_again() -> None:
    assert edited(UP, history=("one", "two")) == "two"
    assert edited(UP, UP, UP, history=("one", "two")) == "one"
    assert edited(b"new", UP, DOWN, history=("one",)) == "new"
    assert edited(UP, history=("one", "   ", "one")) == "one"


def test_a_tab_completes_names_and_indents_a_blank_line() -> None:
    assert edited(b"learner.isid\t") == "learner.isidentifier"
    assert edited(b"lea\t") == "learn"
    assert edited(b"\t") == "    "
    assert edited(b"nothing.at\t") == "nothing.at"


if sys.platform != "win32":
    import pty

    @pytest.fixture
    def terminal() -> Iterator[tuple[Callable[[bytes, bytes], bytes], Callable[[], int]]]:
        """The prompt in a terminal: a function that types and reads until some bytes come, and one that waits."""
        pid, fd = pty.fork()
        if not pid:
            command = [sys.executable, "-m", "twinohm.cli", "repl", "--port", "sim://lab16?profile=ideal"]
            os.execve(sys.executable, command, os.environ | {"TERM": "xterm"})

        def talk(typed: bytes, until: bytes) -> bytes:
            os.write(fd, typed)
            seen, end = b"", time.monotonic() + 60
            while until not in seen and time.monotonic() < end:
                if select.select([fd], [], [], 0.1)[0]:
                    try:
                        seen += os.read(fd, 4096)
                    except OSError:  # the program has ended
                        break
            return seen.replace(b"\r\r\n", b"\n").replace(b"\r\n", b"\n")

        def wait() -> int:
            return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])

        yield talk, wait
        os.close(fd)
        try:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
        except (ProcessLookupError, ChildProcessError):
            pass

    def test_a_terminal_has_no_empty_lines_between_and_leaves_without_a_word(
        terminal: tuple[Callable[[bytes, bytes], bytes], Callable[[], int]],
    ) -> None:
        talk, wait = terminal
        assert talk(b"", b">>> ").count(b">>>") == 1
        assert talk(b"1 + 1\r", b">>> ") == b"1 + 1\n2\n>>> "
        assert talk(UP, b"1 + 1").endswith(b"1 + 1")
        assert talk(b"\r", b">>> ") == b"\n2\n>>> "
        assert talk(b"learner.meas\t", b"measure") == b"learner.measure"
        talk(b"\x03", b">>> ")
        talk(b"x = input('na' + 'me? ')\r", b"name? ")
        assert talk(b"Ada!\x7f\r", b">>> ") == b"Ada!\b \b\n>>> "
        assert talk(b"x\r", b">>> ") == b"x\n'Ada'\n>>> "
        assert b"Traceback" not in talk(LEAVE, b"\0")
        assert wait() == 0
