"""The server of pages: who is answered, and what the command says."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path

import pytest

from tests.command_line import COMMAND, run_here
from tests.run_records import description
from twinohm.extras import install_command
from twinohm.runlog.folder import RunFolder


@pytest.fixture
def port(tmp_path: Path) -> Iterator[int]:
    """The TCP port of `twinohm dashboard` on an empty folder; Ctrl-C must end it within a second."""
    command = [*COMMAND, "dashboard", str(tmp_path), "--no-browser"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        found = re.fullmatch(r"page: http://127\.0\.0\.1:(\d+)/ \(Ctrl-C ends it\)\n", process.stderr.readline())
        assert found is not None
        yield int(found[1])
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 0
        assert process.stderr.read() == "runs go on; the same command shows them again\n"


def status(port: int, path: str = "/", **headers: str) -> int:
    connection = HTTPConnection("127.0.0.1", port, timeout=30)
    connection.putrequest("GET", path, skip_host="Host" in headers)
    for name, value in headers.items():
        connection.putheader(name, value)
    connection.endheaders()
    return connection.getresponse().status


def test_only_this_computer_and_pages_of_this_server_are_answered(port: int) -> None:
    assert status(port) == 200
    assert status(port, Host=f"localhost:{port}") == 200
    assert status(port, Host=f"evil.example:{port}") == 403  # a name that was made to lead here
    assert status(port, Host="127.0.0.1") == 403
    assert status(port, Origin=f"http://127.0.0.1:{port}") == 200
    assert status(port, Origin="http://evil.example") == status(port, Origin="null") == 403
    socket_of_another = {"Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Version": "13"}
    key = {"Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==", "Sec-WebSocket-Protocol": "bokeh, token"}
    assert status(port, "/ws", Origin="http://evil.example", **socket_of_another, **key) == 403
    assert status(port, "/autoload.js", **{"Sec-Fetch-Site": "cross-site"}) == 403
    assert status(port, "/static/../../server/tornado.py") in (403, 404)


@pytest.mark.slow
def test_the_server_listens_at_127_0_0_1_alone(port: int) -> None:
    assert status(port) == 200
    with socket.socket() as other:
        assert other.connect_ex(("127.0.0.2", port)) != 0


def test_a_port_that_is_in_use_is_one_line_with_a_remedy(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        number = taken.getsockname()[1]
        done = run_here("dashboard", str(tmp_path), "--web-port", str(number), "--no-browser", cwd=tmp_path)
    assert done.returncode == 2
    assert done.stderr == (
        f"twinohm: port {number} of 127.0.0.1 is in use; name another, or leave it out for any free one\n"
    )


@pytest.mark.slow
def test_the_page_is_opened_in_the_browser_of_the_user(tmp_path: Path) -> None:
    folder = RunFolder.create(tmp_path, description())
    script = tmp_path / "browser"
    script.write_text(f'#!/bin/sh\necho "$1" > {tmp_path}/opened\n')
    script.chmod(0o755)
    command = [*COMMAND, "watch", str(folder.path), "--web"]
    environment = {"BROWSER": f"{script} %s"}
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=os.environ | environment) as process:
        assert process.stderr is not None
        address = process.stderr.readline().split()[1]
        end = time.monotonic() + 60
        while not (opened := tmp_path / "opened").exists() or not opened.read_text():
            assert time.monotonic() < end
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 0
    assert opened.read_text() == address + "\n"


@pytest.mark.parametrize("arguments", [("watch", "none", "--web"), ("dashboard", "none")], ids=" ".join)
def test_what_is_missing_is_said_before_anything_else(arguments: tuple[str, ...], tmp_path: Path) -> None:
    without = f"import sys; sys.modules['bokeh'] = None; sys.argv = ['twinohm', *{arguments}]"
    code = f"{without}; from twinohm.cli import main; main()"
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert done.returncode == 1
    assert done.stderr == f"twinohm: the page is drawn by Bokeh, which is missing: {install_command('web')}\n"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [(("--web", "--once"), "--once: --web shows a page"), (("--no-browser",), "--no-browser: only --web has a page")],
    ids=str,
)
def test_options_that_nothing_would_use_are_refused(arguments: tuple[str, ...], words: str, tmp_path: Path) -> None:
    folder = RunFolder.create(tmp_path, description())
    done = run_here("watch", str(folder.path), *arguments, cwd=tmp_path)
    assert done.returncode == 2 and words in done.stderr
