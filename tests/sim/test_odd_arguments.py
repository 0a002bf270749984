"""Arguments of the library that are refused, each with a remedy that can be followed."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import twinohm
from tests.command_line import run_here
from twinohm.errors import UsageError
from twinohm.link.board_client import BoardClient
from twinohm.model.levers import Levers
from twinohm.protocol.telemetry import Example

GIVEN, WANTED = {"B": 5, "D": 1, "I": 0}, {"F": 3, "G": 3, "H": 3}
TOO_MANY = 10_000_001


@pytest.fixture(scope="module")
def board() -> Iterator[BoardClient]:
    with twinohm.open("sim://lab16") as opened:
        opened.place(list(GIVEN), list(WANTED))
        opened.home()
        yield opened


@pytest.mark.parametrize("more", [None, 1])
def test_a_callback_of_a_training_that_is_no_function_is_refused(board: BoardClient, more: Any) -> None:
    with pytest.raises(UsageError, match=f"more = {more}: give a function of nothing that returns False"):
        board.train_chunks([], more=more)


@pytest.mark.parametrize("progress", [None, 1, True])
def test_a_callback_of_an_animation_that_is_no_function_is_refused(tmp_path: Path, progress: Any) -> None:
    run = twinohm.run("divider", board="divider", ticks=3, out=tmp_path, progress=False)
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(UsageError, match=f"progress = {progress}: give a function of "):
        run.animate(tmp_path / "a.gif", progress=progress)
    assert sorted(tmp_path.rglob("*")) == before


def test_a_series_where_volts_by_node_are_wanted_is_answered_with_to_dict(board: BoardClient) -> None:
    given, wanted = pd.Series(GIVEN), pd.Series(WANTED)
    for what, call in {
        "inputs": lambda: board.train(1, given, wanted),  # type: ignore[arg-type]
        "outputs": lambda: board.train(1, GIVEN, wanted),  # type: ignore[arg-type]
        "inputs_V": lambda: board.apply(given),  # type: ignore[arg-type]
    }.items():
        with pytest.raises(UsageError, match=rf"^{what}: is a Series of pandas; give a dict .* {what}\.to_dict\(\)$"):
            call()  # type: ignore[no-untyped-call]
    assert len(board.train(1, given.to_dict(), wanted.to_dict())) == 1


TOO_LONG: dict[str, Callable[[BoardClient], Any]] = {
    "train": lambda board: board.train(TOO_MANY, GIVEN, WANTED),
    "train, 10**30": lambda board: board.train(10**30, GIVEN, WANTED),
    "train of rows": lambda board: board.train(4_000_000, {**GIVEN, "B": [5, 4, 3]}, WANTED),
    "stream": lambda board: list(board.stream([(TOO_MANY, Example([5, 1, 0], [3, 3, 3]))])),
    "run": lambda board: twinohm.run("allostery", ticks=TOO_MANY, progress=False),
    "set_levers, seed": lambda board: board.set_levers(Levers(), seed=2**70),
    "set_levers, drawn": lambda board: board.set_levers(Levers(), drawn=10**40),
}


@pytest.mark.parametrize("call", TOO_LONG.values(), ids=TOO_LONG)
def test_numbers_that_are_too_large_are_refused(board: BoardClient, call: Callable[[BoardClient], Any]) -> None:
    before = board.tick
    with pytest.raises(
        UsageError, match=r"= \d+: (give a whole number, 0\.\.\d+|of each of 3 examples; give|1\.\.10000000)"
    ):
        call(board)
    assert board.tick == before


def test_a_run_of_too_many_ticks_makes_no_folder(tmp_path: Path) -> None:
    done = run_here("run", "allostery", "--ticks", str(TOO_MANY), cwd=tmp_path)
    assert done.returncode == 2 and "ticks = 10000001: 1..10000000; divide a longer run into several" in done.stderr
    assert not os.listdir(tmp_path)


def test_digits_of_other_scripts_are_no_numbers_of_a_graph_or_a_fault() -> None:
    with pytest.raises(UsageError, match="not known; write"):
        twinohm.board_from_graph("ring:\u0665")
    with pytest.raises(UsageError, match="write for example"):
        twinohm.open("sim://lab16?fault=stuck:SDA.\u0663")


@pytest.mark.parametrize("name", ["ticks", "seed", "eta", "target_span_V"])
def test_a_truth_value_is_no_number_of_an_estimator(name: str) -> None:
    with pytest.raises(ValueError, match=f"{name} = True: give a number"):
        twinohm.TwinRegressor(**{name: True}).fit([[0], [1], [2]], [0, 1, 2])


def test_an_unknown_board_is_answered_with_what_can_be_given_there(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no board 'nope'; .* is port='sim://NAME\\?boards=FILE', with board='auto'"):
        twinohm.TwinRegressor(board="nope").fit([[0], [1], [2]], [0, 1, 2])
    twinohm.board_from_graph("lattice:3x3", "mine", out=tmp_path / "mine.toml")
    twinohm.TwinRegressor(port=f"sim://mine?boards={tmp_path / 'mine.toml'}", ticks=3, complement=False).fit(
        [[0], [1], [2]], [0, 1, 2]
    )
    said = run_here("exec", "1", "--port", "sim://nope", cwd=tmp_path).stderr
    assert "no board 'nope'" in said and "boards=FILE in the URL names another file" in said
    said = run_here("run", "allostery", "--board", "nope", cwd=tmp_path).stderr
    assert "no board 'nope'" in said and "--boards names another file" in said
