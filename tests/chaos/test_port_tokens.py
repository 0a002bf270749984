"""`sim --tcp` serves those alone who have its token, and the token is kept nowhere."""

import queue
import socket
import threading
import time
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlsplit

import pytest

import twinohm
from tests.command_line import run_here, tcp_board
from twinohm.errors import LinkLost
from twinohm.link.admission import admit
from twinohm.link.port_tokens import first_line, is_token, new_token, take_token, with_token
from twinohm.runlog.folder import RunFolder

POST = b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 40\r\n\r\nimport os; os.system('touch attacked')\r\n"


def answer(url: str, sent: bytes) -> bytes:
    """Return all that the server of a URL sends to somebody who sends `sent` and waits."""
    parts = urlsplit(url)
    with socket.create_connection((parts.hostname, parts.port), 20) as client:
        client.sendall(sent)
        got = b""
        try:
            while data := client.recv(4096):
                got += data
        except ConnectionResetError:
            pass
        return got


def test_a_page_or_a_program_without_the_token_is_not_answered(tmp_path: Path) -> None:
    with tcp_board("divider") as url:
        token = urlsplit(url).query.removeprefix("token=")
        assert len(token) >= 20
        for sent in (POST, b"\r\x03\x03\x01\n", b"\n", token[:-1].encode() + b"\n", b"x" * 1000):
            assert answer(url, sent) == b""
        for guess in (url.partition("?")[0], url + "x"):
            with pytest.raises(LinkLost, match="closed the connection at once .* wants its token: copy the whole URL"):
                twinohm.open(guess)
        with twinohm.open(url) as board:
            board.home()
            assert token not in board.port_name
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("count", [5, 500])
def test_connections_that_send_nothing_keep_nobody_out(count: int) -> None:
    with tcp_board("divider") as url, ExitStack() as others:
        parts = urlsplit(url)
        for _ in range(count):
            others.enter_context(socket.create_connection((parts.hostname, parts.port), 20))
        begin = time.monotonic()
        with twinohm.open(url) as board:
            opened_s = time.monotonic() - begin
            silent = others.enter_context(socket.create_connection((parts.hostname, parts.port), 20))
            assert board.exec("1 + 1") == "2\n"  # nor do they disturb a client
        assert opened_s < 2
        assert silent.recv(1) == b""  # closed, without an answer
        with twinohm.open(url) as board:
            board.home()


def test_a_token_that_comes_in_pieces_is_read_and_no_byte_after_it() -> None:
    server = socket.create_server(("127.0.0.1", 0))
    admitted: queue.SimpleQueue[socket.socket] = queue.SimpleQueue()
    thread = threading.Thread(target=admit, args=(server, "secret", admitted.put))
    thread.start()
    with server, socket.create_connection(server.getsockname()) as client:
        for piece in (b"sec", b"ret", b"\nfirst bytes"):
            client.sendall(piece)
            time.sleep(0.05)
        with admitted.get(timeout=5) as got:
            assert got.recv(100) == b"first bytes"
    thread.join(5)
    assert not thread.is_alive()


def test_the_token_is_in_no_file_and_no_message_of_a_run(tmp_path: Path) -> None:
    with tcp_board("divider") as url:
        clean, _, query = url.partition("?")
        token = query.removeprefix("token=")
        arguments = ["run", "divider", "--board", "divider", "--ticks", "20", "-vv"]
        done = run_here(*arguments, "--port", url, cwd=tmp_path)
        assert done.returncode == 0, done.stderr
        assert "`twinohm calibrate --port URL_WITH_TOKEN` makes one" in done.stderr
        (run,) = (tmp_path / "runs").iterdir()
        folder = RunFolder(run)
        folder.own_description()
        assert folder.resume_command == f"twinohm resume {run} --port URL_WITH_TOKEN"
        resumed = run_here("resume", str(run), "--port", url, cwd=tmp_path)
        assert resumed.returncode == 0, resumed.stderr
        unused = [
            run_here(*command, "--port", url, cwd=tmp_path)
            for command in (["bench", "chip", "--set", "a=b"], ["selftest", "--set", "a=b"], ["flash", "--uf2", "x"])
        ]
        assert [one.returncode for one in unused] == [2, 2, 2] and all(clean in one.stderr for one in unused)
        assert not any(token in one.stdout + one.stderr for one in unused)
        wrong = run_here(*arguments, "--port", f"{url}&baud=9", cwd=tmp_path)
        assert wrong.returncode and clean in wrong.stderr
    assert clean in (run / "run.json").read_text()
    for file in tmp_path.rglob("*"):
        assert not file.is_file() or token.encode() not in file.read_bytes(), file
    assert token not in done.stdout + done.stderr + resumed.stdout + resumed.stderr + wrong.stdout + wrong.stderr


def test_a_token_is_taken_out_of_socket_urls_alone() -> None:
    url = "socket://localhost:7000"
    token = new_token()
    assert take_token(with_token(url, token)) == url and first_line(url) == token.encode() + b"\n"
    assert is_token(first_line(url), token) and not is_token(b"\n", token) and token != new_token()
    assert first_line("socket://localhost:7001") == b""
    assert take_token("socket://h:1?logging=debug&token=a") == "socket://h:1?logging=debug"
    for other in ("sim://lab16?token=1", "/dev/ttyACM0", "auto", "socket://h:1?logging=debug"):
        assert take_token(other) == other
