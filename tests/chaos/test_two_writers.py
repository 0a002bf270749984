"""Two programs at once on one file of results: the second is refused in words, and the first loses nothing."""

import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.parquet
import pytest

import twinohm
from tests.command_line import COMMAND, run_here, run_process
from twinohm.errors import UsageError
from twinohm.locks import only_writer

SWEEP = ("sweep", "divider", "--board", "divider", "--vary", "eta=1,2", "--seeds", "4", "--out", "a.parquet")
PLACE = ("place", "divider", "--board", "divider", "--out", "a.jsonl")
STUDIES: dict[tuple[str, ...], Callable[[Path, Any], Any]] = {
    SWEEP: lambda out, progress: twinohm.sweep(
        "divider", "eta=0.5,1", seeds=4, board="divider", out=out, progress=progress
    ),
    PLACE: lambda out, progress: twinohm.place("divider", board="divider", out=out, progress=progress),
}


@pytest.mark.parametrize("command", STUDIES, ids=["sweep", "place"])
def test_the_second_writer_of_a_store_is_refused_and_names_the_first(tmp_path: Path, command: tuple[str, ...]) -> None:
    refused: list[subprocess.CompletedProcess[str]] = []

    def progress(what: str, done: int, of: int) -> None:
        if not refused:
            refused.append(run_process(*command, cwd=tmp_path))
            with pytest.raises(UsageError, match="is being written by process"):  # nor another thread of this program
                STUDIES[command](tmp_path / command[-1], False)

    table = STUDIES[command](tmp_path / command[-1], progress)
    (second,) = refused
    assert second.returncode == 2 and second.stdout == ""
    assert f"{command[-1]}: is being written by process {os.getpid()} (" in second.stderr
    assert "; wait until it is done, or name another file" in second.stderr
    assert [path.name for path in tmp_path.iterdir()] == [command[-1]]
    if command is SWEEP:
        stored = pyarrow.parquet.read_table(tmp_path / "a.parquet").to_pylist()
        assert [(row["eta"], row["seed"]) for row in stored] == [(eta, seed) for eta in (0.5, 1) for seed in range(4)]
    else:
        lines = (tmp_path / "a.jsonl").read_text().splitlines()
        assert len(table) == 1 and len(lines) == len(set(lines)) == 4  # one placement in each stage
    assert run_here(*command, *(["--discard"] * (command is SWEEP)), cwd=tmp_path).returncode == 0


def test_the_lock_of_a_killed_writer_is_none(tmp_path: Path) -> None:
    program = "import os, pathlib, twinohm.locks as l\nwith l.only_writer(pathlib.Path('a.jsonl')): os._exit(9)"
    subprocess.run([COMMAND[0], "-c", program], cwd=tmp_path, timeout=60)
    assert (tmp_path / ".a.jsonl.lock").exists()
    assert run_here(*PLACE, cwd=tmp_path).returncode == 0
    assert [path.name for path in tmp_path.iterdir()] == ["a.jsonl"]


def test_a_file_of_boards_is_read_and_written_by_one_program(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    with only_writer(path), pytest.raises(UsageError, match=r"mine\.toml: is being written by process"):
        twinohm.board_from_graph("ring:4", "one", out=path)
    assert not path.exists()
    twinohm.board_from_graph("ring:4", "one", out=path)
    twinohm.board_from_graph("ring:5", "two", out=path)
    assert [twinohm.load_board(name, path).n_edges for name in ("one", "two")] == [4, 5]
