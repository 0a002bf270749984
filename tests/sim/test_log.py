"""The log that -v shows, and what the command line says of errors."""

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.command_line import run_process

Twinohm = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def twinohm(tmp_path: Path) -> Twinohm:
    """Runs the command line in an empty folder; keyword arguments are environment variables."""

    def run(*arguments: str, **variables: str) -> "subprocess.CompletedProcess[str]":
        return run_process(*arguments, cwd=tmp_path, **variables)

    return run


RUN = ("run", "divider", "--ticks", "3", "--no-plot")


def test_nothing_is_logged_by_default(twinohm: Twinohm) -> None:
    assert " twinohm.link" not in twinohm(*RUN).stderr


def test_a_warning_is_shown_without_v_too(twinohm: Twinohm, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    lines = twinohm(*RUN, TWINOHM_DATA=str(tmp_path / "file" / "data")).stderr.splitlines()
    (warning,) = (line for line in lines if line.startswith("warning: "))
    assert re.fullmatch(r"warning: run\.json gets no HMAC \(.*\); a resume of this run will need --port", warning)
    (tmp_path / "found.jsonl").write_text('{"stage": "torn')
    done = twinohm(
        "place", "divider", "--board", "divider", "--out", "found.jsonl", TWINOHM_DATA=str(tmp_path / "data")
    )
    assert "warning: found.jsonl line 1 is torn, its results are computed again" in done.stderr.splitlines()


@pytest.mark.slow
@pytest.mark.parametrize("arguments", [("-v", *RUN), (*RUN, "-v")])
def test_v_shows_state_changes_and_files_before_or_after_the_command(
    arguments: tuple[str, ...], twinohm: Twinohm
) -> None:
    log = twinohm(*arguments).stderr
    assert "INFO  twinohm.link.connection: sim://lab16?seed=0&profile=lab: open" in log and ", at tick 0, " in log
    assert "INFO  twinohm.link.board_client: sim://lab16" in log and "inputs ('C', 'I'), outputs ('D',)" in log
    assert "INFO  twinohm.files: wrote " in log and "summary.json" in log
    assert "request" not in log


@pytest.mark.slow
@pytest.mark.parametrize("arguments", [("-vv", *RUN), ("-v", *RUN, "-v")])
def test_vv_shows_each_request_and_its_reply(arguments: tuple[str, ...], twinohm: Twinohm) -> None:
    log = [line for line in twinohm(*arguments).stderr.splitlines() if "request_channel" in line]
    for kind in ("HELLO", "PLACE", "TRAIN"):
        number = next(found[1] for line in log if (found := re.search(rf"request (\d+) {kind}, \d+ bytes$", line)))
        assert any(re.search(rf"reply {number} to {kind}, \d+ bytes$", line) for line in log), kind


def test_an_error_of_the_user_is_one_line(twinohm: Twinohm) -> None:
    done = twinohm("run", "nosuchtask")
    assert done.returncode == 2 and done.stderr.startswith("twinohm: ") and done.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "error"),
    [(("run", "nosuchtask"), "UsageError"), (("run", "divider", "--seed", "x"), "BadParameter")],
)
@pytest.mark.slow
def test_twinohm_debug_shows_the_traceback_of_an_error_of_the_user(
    arguments: tuple[str, ...], error: str, twinohm: Twinohm
) -> None:
    done = twinohm(*arguments, TWINOHM_DEBUG="1")
    assert done.returncode == 2 and "Traceback" in done.stderr and error in done.stderr


def test_a_bug_shows_its_traceback_and_is_not_blamed_on_the_user(tmp_path: Path) -> None:
    code = "import twinohm.runlog.plan as r, twinohm.cli; r.plan_run = None; twinohm.cli.main()"
    done = subprocess.run([sys.executable, "-c", code, *RUN], cwd=tmp_path, capture_output=True, text=True, timeout=120)
    assert done.returncode == 1 and "TypeError: 'NoneType' object is not callable" in done.stderr
    assert done.stderr.endswith("twinohm: this is a bug in TwinOhm, please report it with the traceback above\n")
