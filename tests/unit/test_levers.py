"""Levers: what a board must be able to do for them, and how many random numbers a tick takes."""

import dataclasses

import pytest

from twinohm.errors import UsageError
from twinohm.model.board import Board, Capabilities
from twinohm.model.board_file import load_board
from twinohm.model.levers import Levers
from twinohm.tasks.presets import labels

LAB16 = load_board("lab16")


class Unheld(Board):
    """lab16 without lines that hold an edge."""

    @property
    def capabilities(self) -> Capabilities:
        return dataclasses.replace(super().capabilities, holds_edges=False)


def test_a_board_that_cannot_hold_edges_obeys_its_comparators() -> None:
    Levers().check(Unheld.model_construct(**dict(LAB16)))


@pytest.mark.parametrize(
    ("levers", "used"),
    [
        (Levers(p=0.99), "p"),
        (Levers(error_full_V=0.1), "error_full_V"),
        (Levers(readings=2), "readings"),
        (Levers(p=0.5, readings=3), "p, readings"),
    ],
)
def test_a_board_that_cannot_hold_edges_names_the_levers_that_it_cannot_do(levers: Levers, used: str) -> None:
    with pytest.raises(UsageError, match=f"^board lab16 cannot do {used}: it has no line that holds an edge$"):
        levers.check(Unheld.model_construct(**dict(LAB16)))


def test_an_edge_that_always_takes_part_draws_nothing() -> None:
    assert Levers().count_draws(LAB16, [1.0], [2.0]) == 0
    assert Levers(readings=9, vote="unanimous").count_draws(LAB16, [1.0], [2.0]) == 0


def test_every_edge_draws_a_number_or_one_number_is_for_all() -> None:
    assert Levers(p=0.5).count_draws(LAB16, [1.0], [2.0]) == 16
    assert Levers(p=0.5, whole=True).count_draws(LAB16, [1.0], [2.0]) == 1


def test_an_error_that_is_large_enough_draws_nothing() -> None:
    """p is error / error_full_V, at most 1."""
    levers = Levers(error_full_V=0.4)
    assert levers.count_draws(LAB16, [1.0], [1.45]) == 0
    assert levers.count_draws(LAB16, [1.0], [1.35]) == 16
    assert levers.count_draws(LAB16, [1.0, 2.0], [1.0, 2.5]) == 16  # rms 0.35 V
    assert levers.count_draws(LAB16, [1.0, 2.0], [1.0, 2.6]) == 0  # rms 0.42 V


@pytest.mark.parametrize(
    ("lever", "words"),
    [
        ({"p": 0.0}, "p = 0.0, p_floor = 0.03: probabilities are more than 0 and at most 1"),
        ({"p_floor": 1.5}, "p = 1.0, p_floor = 1.5: probabilities are more than 0 and at most 1"),
        ({"readings": 0}, "readings = 0: 1..15"),
        ({"readings": 16}, "readings = 16: 1..15"),
        ({"error_full_V": 5.1}, "error_full_V = 5.1: 0 .off. to 5 V"),
        ({"p": 1e-5}, "p = 1e-05: 0 in the board's steps of 1/32768; give 3e-05 or more"),
        ({"p_floor": 1e-5}, "p_floor = 1e-05: 0 in the board's steps of 1/32768; give 3e-05 or more"),
        ({"eta_end": 1e-5}, "eta_end = 1e-05: 0 in the board's steps of 1/4096; give 0.00024 or more"),
        ({"eta_end": float("nan")}, "eta_end = nan: more than 0, at most 4"),
        ({"eta_end": 0.0}, "eta_end = 0.0: more than 0, at most 4"),
        ({"eta_end": 4.1}, "eta_end = 4.1: more than 0, at most 4"),
    ],
)
def test_a_lever_out_of_range_is_named(lever: dict[str, float], words: str) -> None:
    with pytest.raises(UsageError, match=f"^{words}$"):
        Levers(**lever)  # type: ignore[arg-type]


def test_the_ends_of_the_ranges_are_allowed() -> None:
    Levers(p=1.0, p_floor=1.0, readings=15, error_full_V=5.0, eta_end=4.0)


def test_levers_are_shown_with_what_an_edge_can_do_alone() -> None:
    assert labels(Levers(), 1.0, False) == []
    assert [label.split(" (")[0] for label in labels(Levers(p=0.5, whole=True), 1.5, True)] == [
        "p=0.5",
        "whole=True",
        "class targets 1.5 times as far from their mean",
        "the best taps are restored at the end",
    ]
    local, whole = labels(Levers(p=0.5, whole=True), 1.0, False)
    assert local.endswith("(local to the edge)") and "supervisor" in whole
