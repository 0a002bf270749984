"""Arguments of the library that are refused, each with a remedy that can be followed."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
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


def test_a_profile_beside_a_port_is_refused_by_an_estimator() -> None:
    with pytest.raises(ValueError, match="profile = 'ideal': the parts are those at port sim://lab16; leave it out"):
        twinohm.TwinRegressor(port="sim://lab16", profile="ideal").fit([[0], [1], [2]], [0, 1, 2])


def test_a_placement_on_a_graph_that_has_one_is_refused_by_an_estimator() -> None:
    with pytest.raises(ValueError, match="placement = 'A,B': board='auto' has one; leave it out, or name a board"):
        twinohm.TwinRegressor(placement="A,B").fit([[0], [1], [2]], [0, 1, 2])


@pytest.mark.parametrize("span_V", [1e-300, 1e-16, 0.009])
def test_a_span_below_some_steps_of_a_converter_is_refused(span_V: float, tmp_path: Path) -> None:
    X = np.random.default_rng(0).random((40, 2))
    with pytest.raises(UsageError, match="target_span_V = .*: give 0.01 to 5 V"):
        twinohm.Task.from_arrays(X, X.sum(1), target_span_V=span_V)
    with pytest.raises(ValueError, match="'target_span_V' parameter of TwinRegressor must be a float"):
        twinohm.TwinRegressor(target_span_V=span_V).fit(X, X.sum(1))
    (tmp_path / "t.csv").write_text("a,y\n" + "".join(f"{k},{k * k}\n" for k in range(25)))
    done = run_here("data", "t.csv", "--target-span", str(span_V), cwd=tmp_path)
    assert done.returncode == 2 and "give 0.01 to 5 V" in done.stderr


@pytest.mark.filterwarnings("ignore:invalid value:RuntimeWarning")  # of a sum in scikit-learn
def test_values_without_a_finite_range_are_named() -> None:
    X = np.random.default_rng(0).random((40, 2))
    with pytest.raises(ValueError, match="column x[01]: .* is too wide to be scaled; give it in a larger unit"):
        twinohm.TwinRegressor(ticks=3).fit((2 * X - 1) * 1.7e308, X.sum(1))
    with pytest.raises(UsageError, match='"inf": no finite number; write numbers there'):
        twinohm.Task.from_arrays(X * np.inf, X.sum(1))
    with_constant = np.column_stack([X, np.full(40, 1e99)])
    assert np.isfinite(twinohm.TwinRegressor(ticks=3).fit(with_constant, X.sum(1)).predict(with_constant)).all()


def test_pairs_are_what_a_task_asks_for_and_no_lever_of_a_user(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="there is no lever 'pairs'; levers are p, .*, margin_V$"):
        twinohm.run("allostery", ticks=5, levers={"pairs": True}, out=tmp_path)
    with pytest.raises(UsageError, match="pairs = True: task allostery asks for no differences"):
        twinohm.run("allostery", ticks=5, levers=twinohm.Levers(pairs=True), out=tmp_path)
    with twinohm.open("sim://lab16", log=tmp_path) as board:
        board.set_levers(twinohm.Levers(pairs=True))
        with pytest.raises(UsageError, match="pairs: each two outputs make a difference, and 3 are placed"):
            board.train(2, {"B": 5, "D": 1, "I": 0}, {"F": 3, "G": 3, "H": 3})
        for levers in (twinohm.Levers(hinge=True), twinohm.Levers(p_floor=0.5)):
            with pytest.raises(UsageError, match="hinge: the task asks|p_floor = 0.5: p does not"):
                board.set_levers(levers)
    assert not list(tmp_path.iterdir())


def test_stop_is_not_called_again_once_it_has_said_so(tmp_path: Path) -> None:
    asked: list[int] = []

    def stop() -> bool:
        asked.append(1)
        return len(asked) == 8

    run = twinohm.run("allostery", ticks=1000, progress=False, out=tmp_path, stop=stop)
    assert len(asked) == 8 and 0 < len(run.ticks) < 1000


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


@pytest.mark.parametrize("names", [",", '"",b', "b,", '""'])
def test_an_empty_name_in_a_list_of_columns_is_refused(names: str, tmp_path: Path) -> None:
    """A column without a name is not left out in silence because it was named so."""
    rows = [f"{k * 37 % 11}.5,{k * 7 % 13},{k * 37 % 11 * 2 + k * 7 % 13}\n" for k in range(22)]
    (tmp_path / "t.csv").write_text(",b,y\n" + "".join(rows))
    for option in ("--inputs", "--target"):
        done = run_here("data", "t.csv", option, names, cwd=tmp_path)
        assert done.returncode == 2 and "one of these names of columns is empty" in done.stderr, done.stderr


def test_a_file_of_hidden_name_alone_has_no_format(tmp_path: Path) -> None:
    twinohm.run("divider", board="divider", ticks=2, out=tmp_path, progress=False)
    (folder,) = tmp_path.iterdir()
    done = run_here("export", str(folder), "--out", ".csv", cwd=tmp_path)
    assert done.returncode == 2 and ".csv: no format; give a name that ends with .parquet" in done.stderr
