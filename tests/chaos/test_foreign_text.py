"""Escape sequences of boards and of foreign run folders do not reach the terminal."""

import json
import shutil
from pathlib import Path

import pytest

from tests.command_line import run_here
from tests.conftest import ROOT

EVIL = "\x1b]0;owned\x07\x1b[2J\u202e"
VISIBLE = "\\x1b]0;owned\\x07\\x1b[2J\\u202e"
RUN = ROOT / "tests" / "data" / "runs" / "format2-iris"


def is_plain(text: str) -> bool:
    return not any(character in text for character in "\x1b\x07\u202e")


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
