"""Levers as the integers that board and ensemble compute with, and the state of the board's random generator."""

from twinohm.model.board_file import load_board
from twinohm.model.levers import Levers
from twinohm.protocol.lever_numbers import LeverNumbers, lever_numbers

BOARD = load_board("lab16")


def wichmann_hill(seeds: tuple[int, ...], drawn: int) -> tuple[int, ...]:
    """The state of algorithm AS 183 after `drawn` numbers, step by step."""
    x, y, z = seeds
    for _ in range(drawn):
        x, y, z = 171 * x % 30269, 172 * y % 30307, 170 * z % 30323
    return x, y, z


def test_levers_keep_their_values_in_the_boards_units() -> None:
    levers = Levers(p=0.5, p_floor=0.25, error_full_V=2.5, readings=3, vote="up", overclamp=True, whole=True)
    volts_per_code = 4.096 / 65536
    error_full = round(2.5 * (3.9 - 0.2) / 5 / volts_per_code)
    numbers = lever_numbers(levers, BOARD)
    assert abs(numbers.error_full - error_full) <= 1
    assert numbers == LeverNumbers(16384, 8192, numbers.error_full, 3, "up", True, True, False, False, 0, numbers.seeds)
    pairs = lever_numbers(Levers(pairs=True, hinge=True, margin_V=2.5), BOARD)
    assert (pairs.pairs, pairs.hinge, pairs.margin) == (True, True, numbers.error_full)
    assert lever_numbers(Levers(pairs=True, hinge=True), BOARD).margin == 0


def test_a_seed_starts_three_different_generators() -> None:
    assert lever_numbers(Levers(), BOARD, seed=0).seeds == (1, 1, 1)
    assert lever_numbers(Levers(), BOARD, seed=5).seeds == (6, 36, 246)
    assert lever_numbers(Levers(), BOARD, seed=1000).seeds == (1001, 7001, 1 + 49000 % 30322)


def test_the_generators_go_on_after_the_numbers_that_were_drawn() -> None:
    start = lever_numbers(Levers(), BOARD, seed=5).seeds
    for drawn in (0, 1, 2, 16, 1000):
        assert lever_numbers(Levers(), BOARD, seed=5, drawn=drawn).seeds == wichmann_hill(start, drawn)
