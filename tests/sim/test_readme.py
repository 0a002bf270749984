"""What the README shows works as it stands there."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
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
        command = [sys.executable, "-m", "twinohm.cli", *words[1:]]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, line + done.stderr


def test_the_prompt_session_is_what_the_board_says(tmp_path: Path) -> None:
    """Typed again, the session in the README gives the very lines that stand there."""
    (session,) = (block for block in blocks("") if block.startswith(">>> "))
    typed = "".join(line[4:] + "\n" for line in session.splitlines() if line.startswith(">>> "))
    command = [sys.executable, "-m", "twinohm.cli", "repl"]
    done = subprocess.run(command, input=typed, cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert session in done.stdout.replace("\r\n", "\n"), done.stdout
