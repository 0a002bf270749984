"""Escape sequences of boards and of foreign run folders do not reach the terminal."""

import json
import os
import shutil
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from tests.command_line import COMMAND, run_here
from tests.conftest import ROOT
from twinohm.errors import LONGEST, LinkError

EVIL = "\x1b]0;owned\x07\x1b[2J\u202e"
VISIBLE = "\\x1b]0;owned\\x07\\x1b[2J\\u202e"
RUN = ROOT / "tests" / "data" / "runs" / "format2-iris"


def is_plain(text: str) -> bool:
    return not any(character in text for character in "\x1b\x07\u202e")


@pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")
def test_what_code_prints_is_plain_on_a_terminal_and_unchanged_in_a_pipe(tmp_path: Path) -> None:
    code = f"print({EVIL!r} + chr(9) + 'a')"
    assert run_here("exec", code, cwd=tmp_path).stdout == f"{EVIL}\ta\n"
    ours, theirs = os.openpty()
    done = subprocess.run([*COMMAND, "exec", code], cwd=tmp_path, stdout=theirs, stderr=subprocess.PIPE, timeout=60)
    os.close(theirs)
    shown = b""
    with suppress(OSError):  # Linux says so once the other end is closed
        while data := os.read(ours, 4096):
            shown += data
    os.close(ours)
    assert done.returncode == 0 and not done.stderr
    assert shown.replace(b"\r\n", b"\n").expandtabs() == f"{VISIBLE}\ta\n".encode().expandtabs()


def test_there_is_no_way_around_the_filter_of_errors() -> None:
    error = LinkError("text")
    error.args = (f"{EVIL} {'x' * 100_000} end",)  # as a run adds the number of its ticks
    assert str(error).startswith(VISIBLE) and str(error).endswith("x end") and len(str(error)) <= LONGEST
    assert len(str(LinkError("\x1b" * 100_000))) <= LONGEST and is_plain(str(LinkError("\x1b" * 100_000)))


@pytest.mark.parametrize("option", ["-v", "--json"])
def test_file_names_and_the_log_are_plain(option: str, tmp_path: Path) -> None:
    (tmp_path / f"{EVIL}.csv").write_text("in1,out1\n1,1\n2,2\n")
    done = run_here("run", f"{EVIL}.csv", "--ticks", "2", option, "--no-plot", cwd=tmp_path)
    assert done.returncode == 0
    assert is_plain(done.stdout + done.stderr), done.stdout + done.stderr


def test_the_text_of_an_error_on_the_board_is_plain(tmp_path: Path) -> None:
    done = run_here("exec", f"raise ValueError({EVIL!r})", cwd=tmp_path)
    assert done.returncode == 1 and is_plain(done.stdout + done.stderr) and VISIBLE in done.stderr


@pytest.mark.parametrize(
    "command",
    [
        ["watch", "--once"],
        ["plot"],
        ["check"],
        ["resume"],
        ["resume", "--port", "sim://"],
        ["export", "--format", "csv"],
    ],
)
def test_texts_of_a_foreign_run_folder_are_plain(command: list[str], tmp_path: Path) -> None:
    run = tmp_path / "run"
    shutil.copytree(RUN, run)
    data = json.loads((run / "run.json").read_text())
    data |= {"task": EVIL + data["task"], "port": data["port"] + EVIL}
    (run / "run.json").write_text(json.dumps(data))
    log = (run / "ticks.jsonl").read_text().splitlines(keepends=True)
    log[-1] = log[-1].replace('"why":"done"', '"why":' + json.dumps(EVIL))
    (run / "ticks.jsonl").write_text("".join(log))
    done = run_here(*command, str(run), cwd=tmp_path)
    assert is_plain(done.stdout + done.stderr), done.stdout + done.stderr
