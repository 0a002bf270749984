"""Ports that print without pause, boards that fall silent, code that resets the board or does not end."""

import io
import os
import socket
import sys
import threading
import time
from pathlib import Path

import pytest

import twinohm
from tests.command_line import run_here, run_process, tcp_board
from tests.stopwatch import Stopwatch
from tests.tcp_port import port_that
from twinohm.errors import BoardBusy, LinkLost
from twinohm.link import port_stream, repl, terminal
from twinohm.link.board_client import BoardClient
from twinohm.link.port_stream import PortStream
from twinohm.link.repl import PROMPT
from twinohm.link.timeouts import Timeouts
from twinohm.link.transports import hold_port, open_port

NOISE = b"temp=23.5 humidity=40\r\n" * 20


def print_without_pause(client: socket.socket) -> None:
    client.recv(4096)
    client.sendall(PROMPT + NOISE)
    while True:
        client.sendall(NOISE)


def show_the_prompt_alone(client: socket.socket) -> None:
    while client.recv(4096):
        client.sendall(PROMPT)


@pytest.fixture(autouse=True)
def impatience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(port_stream, "DRAIN_S", 0.2)
    monkeypatch.setattr(repl, "QUIET_S", 0.1)


OTHERS = ("run divider --board divider", "selftest", "calibrate")


@pytest.mark.parametrize(
    "command", ["exec 1", "flash", *(pytest.param(each, marks=pytest.mark.slow) for each in OTHERS)]
)
def test_a_port_that_prints_without_pause_is_an_error_in_words(command: str, tmp_path: Path) -> None:
    with port_that(print_without_pause) as url:
        watch = Stopwatch()
        done = run_here(*command.split(), "--port", url, cwd=tmp_path)
    assert watch.free_s() < 10
    assert done.returncode == 1
    assert f"twinohm: {url}: it prints without pause, it sent b'" in done.stderr and "humidity=40" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_board_that_shows_its_prompt_and_no_more_is_named() -> None:
    with (
        port_that(show_the_prompt_alone) as url,
        pytest.raises(LinkLost, match="not start the code; it sent b'raw"),
    ):
        BoardClient(url, timeouts=Timeouts(resend_s=0.1))


def stop_after_ok(client: socket.socket) -> None:
    """Show the prompt, accept the code, and never answer again: neither a request nor the prompt."""
    while not (data := client.recv(4096)).endswith(b"\x04"):
        if data.endswith(b"\x01"):
            client.sendall(PROMPT)
    client.sendall(b"OK")
    while client.recv(4096):
        pass


def fail_at_all_code(client: socket.socket) -> None:
    """Show the prompt, and answer all code with a traceback."""
    while data := client.recv(4096):
        if b"\x01" in data:
            client.sendall(PROMPT)
        for _ in range(data.count(b"\x04")):
            client.sendall(b'OK\x04Traceback (most recent call last):\r\n  File "<stdin>"\r\nMemoryError: \r\n\x04>')


def test_a_board_that_fails_at_all_code_gets_a_remedy_that_helps(tmp_path: Path) -> None:
    with port_that(fail_at_all_code) as url:
        done = run_here("flash", "--port", url, cwd=tmp_path)
        doctor = run_here("doctor", "--port", url, cwd=tmp_path).stdout
    assert done.returncode == 1 and "Traceback" not in done.stderr and len(done.stderr.splitlines()) == 1
    assert "asked for its chip and version, it failed with MemoryError:" in done.stderr
    assert "plug it in with BOOTSEL held, and `twinohm flash`" in done.stderr
    assert "MemoryError:" in doctor and "virtual board" not in doctor


def test_code_that_prints_nothing_for_long_is_said_to_do_so_once(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(repl, "WORD_S", 1.0)
    with port_that(stop_after_ok) as url, pytest.raises(LinkLost, match="the code did not end within 4 s"):
        raw = repl.RawRepl(PortStream(open_port(url)))
        raw.enter()
        raw.exec("1", 4.0)
    warnings = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    assert len(warnings) == 1 and "it has said nothing for 1 s while code runs there" in warnings[0]


def test_a_board_that_stops_after_ok_is_named_in_time() -> None:
    """Within the time for the prompt, which is 10 s, and by what it did first."""
    assert Timeouts().enter_s == 10.0
    timeouts = Timeouts(resend_s=0.1, enter_s=1.0)
    with port_that(stop_after_ok) as url:
        watch = Stopwatch()
        with pytest.raises(LinkLost, match=r"accepted the firmware's start \(OK\), then it stopped: .* in 0\.7 s"):
            BoardClient(url, timeouts=timeouts)
    assert watch.total_s() > 0.9 and watch.free_s() < 1.5


def test_piped_input_to_a_port_without_end_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    monkeypatch.setattr(terminal, "LONGEST_S", 0.2)
    with port_that(print_without_pause) as url:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"1 + 1\n")))
        with pytest.raises(LinkLost, match=r"no prompt after the input, it sent b'.*humidity=40"):
            terminal.attach(twinohm.link.transports.open_port(url))


# -- code that ends or resets the interpreter, as the chip does


@pytest.mark.parametrize("code", ["import sys; sys.exit()", "raise SystemExit", "import machine; machine.soft_reset()"])
def test_code_that_ends_the_interpreter_ends(code: str, tmp_path: Path) -> None:
    done = run_here("exec", f"print(1)\n{code}\nprint(2)", cwd=tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (0, "1\n", "")


def test_taps_are_kept_over_resets_and_a_reset_by_code_is_said() -> None:
    taps = list(range(20, 36))
    with twinohm.open("sim://lab16") as board:
        board.restore(taps)
        board.apply({"A": 5.0, "B": 0.0})
        for code in ("import machine; machine.soft_reset()", "raise SystemExit"):
            board.exec(code)
            assert board.exec("__import__('machine').reset_cause()") == "1\n"
            assert board.exec("learner.taps") == f"{taps}\n"
        with pytest.raises(LinkLost, match="the code has reset the board"):
            board.exec("import machine; machine.reset()")
        assert board.exec("__import__('machine').reset_cause()") == "3\n"
        assert board.exec("learner.taps") == f"{taps}\n"
        board.safe()
        assert list(board.taps or ()) == taps


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("print('begun')\nwhile True: pass", r"the code did not end within 0\.5 s; it sent b'begun\\r\\n'"),
        ("while True: print('again')", r"it prints without pause, it sent b'.*again"),
    ],
)
def test_code_without_end_is_an_error_in_words(code: str, words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(repl, "LONGEST_RUN_S", 0.5)
    with twinohm.open("sim://lab16") as board:
        monkeypatch.setattr(port_stream, "MOST_BYTES", 50_000)
        with pytest.raises(LinkLost, match=words):
            board.exec(code)
        assert board.exec("1 + 1") == "2\n"  # it was interrupted


# -- a client that is dropped without close()


@pytest.mark.skipif(sys.platform != "linux", reason="counts threads and files through /proc")
def test_a_dropped_client_ends_its_board_and_leaves_nothing() -> None:
    before = threading.active_count(), len(os.listdir("/proc/self/fd"))
    board = twinohm.open("sim://divider")
    process = int(board.exec("__import__('os').getpid()"))
    del board
    end = time.monotonic() + 10
    while (threading.active_count(), len(os.listdir("/proc/self/fd"))) != before:
        assert time.monotonic() < end
        time.sleep(0.01)
    with pytest.raises(ProcessLookupError):
        os.kill(process, 0)


def test_a_dropped_lock_is_free() -> None:
    lock = hold_port("socket://127.0.0.1:9")
    with pytest.raises(BoardBusy, match=rf"held by process {os.getpid()} .*; close\(\) its other client first"):
        hold_port("socket://127.0.0.1:9")
    cycle: list[object] = [lock]
    cycle.append(cycle)
    del lock, cycle
    again = hold_port("socket://127.0.0.1:9")
    assert again is not None
    again.release()


@pytest.mark.slow
def test_a_dropped_client_lets_its_port_go() -> None:
    with tcp_board("divider") as url:
        board = twinohm.open(url)
        with pytest.raises(BoardBusy, match=r"held by process \d+ .*; close\(\) its other client first"):
            twinohm.open(url)
        cycle = [board]
        cycle.append(cycle)  # type: ignore[arg-type]
        del board, cycle
        with twinohm.open(url) as again:
            assert again.board.name == "divider"


def test_a_server_of_rfc2217_that_sends_nonsense_is_an_error_in_words(tmp_path: Path) -> None:
    """IAC SE without IAC SB: the reader thread of pyserial fails, and would print its traceback."""

    def send(client: socket.socket) -> None:
        while True:
            client.sendall(b"\xff\xf0" * 50)
            time.sleep(0.01)

    with port_that(send) as url:
        done = run_process("exec", "1", "--port", url.replace("socket", "rfc2217"), cwd=tmp_path)
    assert done.returncode == 1 and "Traceback" not in done.stderr and done.stderr.count("\n") == 1, done.stderr
