"""Training on numbers, columns and DataFrames, and the table of its ticks."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

import twinohm
from twinohm.errors import UsageError

INPUTS, OUTPUTS = {"B": 5.0, "D": 1.0, "I": 0.0}, {"F": 3.0, "G": 2.0}


def test_ticks_have_the_names_of_their_nodes_and_edges() -> None:
    with twinohm.open("sim://lab16?profile=ideal") as board:
        ticks = board.train(5, INPUTS, OUTPUTS)
    frame = ticks.frame
    assert len(frame) == len(ticks) == 5
    assert list(frame["free_V.G"]) == [tick.free_V[1] for tick in ticks]
    assert list(frame["clamp_V.F"]) == [tick.clamp_V[0] for tick in ticks]
    assert list(frame["up.A-E"]) == [tick.up >> 1 & 1 for tick in ticks]
    assert list(frame["taps.H-I"]) == [tick.taps[-1] for tick in ticks]
    assert repr(ticks) == "<5 ticks, B D I -> F G; .frame is a table>"


def test_edges_that_the_board_cannot_read_are_missing_in_the_table() -> None:
    with twinohm.open("sim://edge16?profile=ideal") as board:
        frame = board.train(2, INPUTS, OUTPUTS).frame
    assert frame["cmp.A-B"].isna().all() and frame["taps.A-B"].notna().all()


@pytest.mark.parametrize("kind", ["lists", "arrays", "series", "frames"])
def test_columns_are_trained_row_by_row(kind: str) -> None:
    given: Any = {"B": [5.0, 4.0, 3.0], "D": [1.0, 1.5, 2.0], "I": [0.0, 0.0, 0.0]}
    wanted: Any = {"F": [3.0, 2.5, 2.0]}
    if kind == "arrays":
        given, wanted = ({name: np.array(column) for name, column in part.items()} for part in (given, wanted))
    elif kind == "series":
        given, wanted = ({name: pd.Series(column) for name, column in part.items()} for part in (given, wanted))
    elif kind == "frames":
        given, wanted = pd.DataFrame(given), pd.DataFrame(wanted)
    with twinohm.open("sim://lab16?profile=ideal") as board:
        ticks = board.train(2, given, wanted)
        board.home()
        alone = [
            tick
            for row in range(3)
            for tick in board.train(
                2,
                {n: [5, 4, 3][row] if n == "B" else [1, 1.5, 2][row] if n == "D" else 0 for n in "BDI"},
                {"F": [3, 2.5, 2][row]},
            )
        ]
    assert [tick.free_V for tick in ticks] == [tick.free_V for tick in alone] and len(ticks) == 6


def test_a_number_holds_in_all_rows() -> None:
    with twinohm.open("sim://lab16?profile=ideal") as board:
        ticks = board.train(1, {"B": [5, 4], "D": 1, "I": np.float64(0)}, {"F": 3})
    assert len(ticks) == 2


@pytest.mark.parametrize(
    ("inputs", "outputs", "words"),
    [
        ({"B": [5, 4], "D": 1, "I": 0}, {"F": [3, 2, 1]}, r"outputs\['F'\] has 3 rows, inputs\['B'\] has 2"),
        ({"B": "5", "D": 1, "I": 0}, {"F": 3}, r"inputs\['B'\] = '5': give a number"),
        ({"B": [5, None], "D": 1, "I": 0}, {"F": 3}, r"inputs\['B'\]\[1\] = None: give a number"),
        ([5, 1, 0], {"F": 3}, r"inputs = \[5, 1, 0\]: give task volts by node"),
        (pd.DataFrame([[5, 1]], columns=["B", "B"]), {"F": 3}, "inputs: column 'B' is there twice"),
        ({"B": np.array([4 + 3j]), "D": 1, "I": 0}, {"F": 3}, r"inputs\['B'\]\[0\] = .*4\+3j.*: give a number"),
        (pd.DataFrame({"B": ["x"]}), {"F": 3}, r"inputs\['B'\]\[0\] = 'x'"),
        ({"B": {1, 2}, "D": 1, "I": 0}, {"F": 3}, "a set has no order"),
    ],
)
def test_other_things_are_refused_in_words(inputs: Any, outputs: Any, words: str) -> None:
    with twinohm.open("sim://lab16?profile=ideal") as board, pytest.raises(UsageError, match=words):
        board.train(1, inputs, outputs)


def test_columns_of_different_indices_are_refused_before_a_tick() -> None:
    given = pd.DataFrame({"B": [5.0, 4.0, 3.0], "I": [0.0, 0.0, 0.0]}, index=["x", "y", "z"])
    wanted = pd.DataFrame({"F": [3.0, 2.5, 2.0]}, index=["z", "y", "x"])
    with twinohm.open("sim://lab16?profile=ideal") as board:
        with pytest.raises(UsageError, match=r"inputs and outputs have other indices: row 0 is 'x' in inputs and 'z'"):
            board.train(2, given, wanted)
        with pytest.raises(UsageError, match=r"inputs\['I'\] and outputs\['F'\] have other indices"):
            board.train(2, {"B": 5, "I": given["I"]}, {"F": wanted["F"]})
        assert board.tick == 0
        assert board.train(2, given, wanted.loc[given.index])[-1].taps == board.taps
