"""A user's program with the whole public library: it runs. tests/unit/test_package.py checks its types."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

import twinohm

SCRIPT = Path(__file__).parent.parent / "data" / "user_script.py"


def test_it_names_the_whole_library() -> None:
    assert not set(twinohm.__all__) - set(re.findall(r"twinohm\.(\w+)", SCRIPT.read_text()))


@pytest.mark.slow
def test_it_runs(tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, SCRIPT], cwd=tmp_path, capture_output=True, text=True, timeout=170)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "20 ticks" in done.stdout and done.stdout.splitlines()[-1].startswith("True no task 'nothing'")
    made = {"runs", "run.pdf", "network.svg", "boards.toml", "files", "report", "s.parquet", "p.jsonl"}
    assert {path.name for path in tmp_path.iterdir()} >= made
