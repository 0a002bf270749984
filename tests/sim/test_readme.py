"""What the README shows works as it stands there."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

from tests.command_line import run_here, run_process
from tests.conftest import ROOT

README = (ROOT / "README.md").read_text()


def blocks(language: str) -> list[str]:
    found = re.findall(r"^```(\w*)\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)
    return [text for named, text in found if named == language]


def test_the_python_example_learns(tmp_path: Path) -> None:
    (code,) = blocks("python")
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    first, last = re.findall(r"\((.*?)\)", done.stdout.splitlines()[0])
    assert max(abs(float(volts) - 3) for volts in first.split(",")) > 0.5
    assert max(abs(float(volts) - 3) for volts in last.split(",")) < 0.2


def test_the_tour_can_be_typed(tmp_path: Path) -> None:
    (tour,) = blocks("sh")
    for line in tour.splitlines():
        words = shlex.split(line, comments=True)
        assert words[0] == "twinohm"
        done = run_here(*words[1:], cwd=tmp_path)
        assert done.returncode == 0, line + done.stderr


def test_the_prompt_session_is_what_the_board_says(tmp_path: Path) -> None:
    """Typed again, the session in the README gives the very lines that stand there."""
    (session,) = (block for block in blocks("") if block.startswith(">>> "))
    typed = "".join(line[4:] + "\n" for line in session.splitlines() if line.startswith(">>> "))
    done = run_process("repl", cwd=tmp_path, stdin=typed)
    assert session in done.stdout.replace("\r\n", "\n"), done.stdout
