"""Files that a user names: what is no file, or too large, is refused at once, with the limit."""

import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.command_line import run_here
from twinohm.inputs import TABLE_BYTES

RUN = Path(__file__).parents[1] / "data" / "runs" / "format1-torn"
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="FIFOs and devices")

COMMANDS = (
    "boards --boards {}.toml",
    "run {}.csv",
    "run {}.toml",
    "exec 1 --port sim://lab16?boards={}.toml",
    "flash --port emu://lab16 --uf2 {}.uf2",
    "plot log-{}",
    "watch --once log-{}",
)


@pytest.fixture(autouse=True)
def deadline() -> Iterator[None]:
    """Fail a test that hangs."""

    def late(*_: object) -> None:
        raise TimeoutError("it hangs")

    before = signal.signal(signal.SIGALRM, late)
    signal.alarm(20)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


@pytest.mark.parametrize(("name", "kind"), [("fifo", "a pipe, not a file"), ("null", "a device, not a file")])
@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.split()[0])
def test_what_is_no_file_is_refused(command: str, name: str, kind: str, tmp_path: Path) -> None:
    typed = command.format(name)
    place = tmp_path / typed.rpartition("=")[2].split()[-1]
    if "log-" in command:
        place.mkdir()
        (place / "run.json").write_bytes((RUN / "run.json").read_bytes())
        place /= "ticks.jsonl"
    if name == "fifo":
        os.mkfifo(place)
    else:
        place.symlink_to("/dev/null")
    done = run_here(*typed.split(), cwd=tmp_path)
    assert done.returncode == 2 and kind in done.stderr and len(done.stderr.splitlines()) == 1


def test_a_file_that_is_too_large_is_refused_with_the_limit(tmp_path: Path) -> None:
    with (tmp_path / "boards.toml").open("wb") as file:
        file.truncate(TABLE_BYTES + 1)
    done = run_here("boards", "--boards", "boards.toml", cwd=tmp_path)
    assert done.returncode == 2
    assert done.stderr == (
        "twinohm: boards.toml: larger than 1 MB, the limit for such a file; name a boards.toml that can be read\n"
    )


def test_a_data_file_of_a_million_rows_is_refused_with_the_limit(tmp_path: Path) -> None:
    (tmp_path / "data.csv").write_text("in1,in2,out1\n" + "1,2,1.5\n" * 1_000_000)
    done = run_here("run", "data.csv", cwd=tmp_path)
    assert done.returncode == 2
    assert done.stderr == ("twinohm: data.csv: about 1,000,000 rows; at most 100,000 are read, take a sample of them\n")


@pytest.mark.parametrize(("rows", "bar"), [(3000, "3000/3000 rows"), (900, "")])
def test_a_long_data_file_shows_how_far_it_is_read(rows: int, bar: str, tmp_path: Path) -> None:
    (tmp_path / "data.csv").write_text("in1,out1\n" + "1,5\n" * rows)
    done = run_here("run", "data.csv", cwd=tmp_path)
    assert done.returncode == 2 and (bar in done.stderr if bar else "/900" not in done.stderr)
