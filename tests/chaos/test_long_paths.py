"""Paths that the file system cannot have: every command and every call of the library refuses them in words."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

import twinohm
from tests.command_line import run_here
from twinohm.errors import UsageError

LONG = "a" * 5000
COMMANDS = (
    ["check", LONG],
    ["plot", LONG],
    ["plot", f"{LONG}.parquet"],
    ["export", LONG],
    ["watch", LONG, "--once"],
    ["resume", LONG],
    ["runs", "--out", LONG],
    ["compare", LONG, "b"],
    ["dashboard", LONG],
    ["run", f"{LONG}.csv"],
    ["run", "allostery", "--out", LONG],
    ["run", "allostery", "--boards", LONG],
    ["run", "allostery", "--calibration", LONG],
    ["run", "allostery", "--port", f"sim://lab16?boards={LONG}"],
    ["run", "allostery", "--port", f"emu://lab16?flash={LONG}"],
    ["sweep", "allostery", "--out", f"{LONG}.parquet"],
    ["place", "allostery", "--out", LONG],
    ["place", "allostery", "--out", "b" * 252],  # a name that is possible, and that of its lock is not
    ["reproduce", "--out", LONG],
    ["rules", "--out", LONG],
    ["emulate", "lab16", "--flash", LONG],
    ["flash", "--to", LONG],
    ["emulate", "lab16", "--uf2", LONG, "--flash", "here"],
)
CALLS: dict[str, Callable[[], object]] = {
    "load_run": lambda: twinohm.load_run(LONG),
    "a run.json that is too long": lambda: twinohm.load_run("/".join(["a" * 100] * 41)[:4090]),
    "runs": lambda: twinohm.runs(LONG),
    "resume": lambda: twinohm.resume(LONG),
    "run": lambda: twinohm.run(f"{LONG}.csv", progress=False),
    "out of run": lambda: twinohm.run("allostery", ticks=1, out=LONG, progress=False),
    "load_board": lambda: twinohm.load_board("lab16", LONG),
    "load_task": lambda: twinohm.load_task(f"{LONG}.csv"),
    "board_from_graph": lambda: twinohm.board_from_graph(f"{LONG}.csv"),
    "out of board_from_graph": lambda: twinohm.board_from_graph("ring:4", out=f"{LONG}.toml"),
    "compare": lambda: twinohm.compare(LONG, "b"),
    "plot_sweep": lambda: twinohm.plot_sweep(f"{LONG}.parquet"),
    "open with a log": lambda: twinohm.open(log=LONG),
    "open with boards": lambda: twinohm.open(boards=LONG),
}


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: " ".join(command).replace(LONG, "LONG"))
def test_a_command_refuses_a_path_that_is_too_long(tmp_path: Path, command: list[str]) -> None:
    done = run_here(*command, cwd=tmp_path)
    assert done.returncode == 2 and "Traceback" not in done.stderr
    assert re.search(r"longer, with \d+ characters, than the file system allows; |File name too long", done.stderr)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_a_call_of_the_library_refuses_a_path_that_is_too_long(call: Callable[[], object]) -> None:
    with pytest.raises(UsageError, match=r"longer, with \d+ characters, than the file system allows; |too long"):
        call()


def test_a_folder_of_the_users_data_that_is_too_long_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TWINOHM_DATA", f"/{LONG}")
    done = run_here("run", "divider", "--board", "divider", "--ticks", "1", "--calibration", "auto", cwd=tmp_path)
    assert done.returncode == 2 and "than the file system allows; name a shorter one" in done.stderr


@pytest.mark.parametrize("path", ["a\0b", "\ud800"])
def test_a_path_that_is_none_is_refused(path: str) -> None:
    with pytest.raises(UsageError, match="can be no path|give the path of a folder"):
        twinohm.load_run(path)
    with pytest.raises(UsageError, match="can be no path"):
        twinohm.plot_sweep(path)
