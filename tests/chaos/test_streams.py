"""Standard input, output and error that are closed, full, or have no UTF-8: words and the exit code, no traceback."""

import os
import subprocess
from pathlib import Path

import pytest

from tests.command_line import COMMAND, run_here
from tests.run_records import description, tick
from twinohm.runlog.folder import RunFolder

pytestmark = pytest.mark.skipif(not Path("/dev/full").exists(), reason="/dev/full and sh")
FULL = "twinohm: standard output: cannot be written (No space left on device); send it to another file, or free the"
CASES = {
    "full output": ("boards --json", ">/dev/full", FULL, 1),
    "closed output": ("boards", ">&-", "twinohm: standard output: cannot be written (Bad file descriptor)", 1),
    "closed input": ("repl --port sim://divider", "<&-", "", 0),
    "full error": ("boards -vv --json", "2>/dev/full", "", 0),
}


@pytest.mark.parametrize("name", CASES)
def test_a_stream_that_fails_is_an_error_in_words(name: str, tmp_path: Path) -> None:
    arguments, redirection, words, code = CASES[name]
    command = ["sh", "-c", f'exec "$@" {redirection}', "sh", *COMMAND, *arguments.split()]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert done.stderr.startswith(words) and done.stderr.count("\n") == bool(words) and done.returncode == code


def test_watch_shows_a_name_with_markup_in_a_terminal_without_utf8(tmp_path: Path) -> None:
    folder = RunFolder.create(tmp_path, description(task="[/red]"))
    folder.append([tick(0)])
    environment = {"PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0", "LC_ALL": "C"}
    done = subprocess.run(
        [*COMMAND, "watch", "--once", str(folder.path)],
        env=os.environ | environment,
        capture_output=True,
        encoding="ascii",
        timeout=60,
    )
    assert "[/red] on " in done.stdout and "taps " in done.stdout and not done.stderr and done.returncode == 0


@pytest.mark.parametrize(
    "arguments", ["run divider --out x", "plot x", "run x", "boards --boards x", "sim x", "exec x"]
)
def test_a_name_that_is_not_in_utf8_is_refused(arguments: str, tmp_path: Path) -> None:
    done = run_here(*arguments.replace(" x", " x\udcff").split(), cwd=tmp_path)
    assert done.stderr == "twinohm: 'x\\udcff': is not in UTF-8; give the file or folder another name\n"
    assert done.returncode == 2 and not list(tmp_path.iterdir())
