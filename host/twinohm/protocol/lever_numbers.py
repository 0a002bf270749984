"""Levers of learning as the integers of a LEVERS request, which board and ensemble compute with."""

from typing import NamedTuple

from twinohm.model.board import Board
from twinohm.model.levers import P_ONE, Levers
from twinohm.protocol.shared import messages

# Wichmann and Hill, Applied Statistics algorithm AS 183 (1982): (factor, modulus) of the three generators.
GENERATORS = ((171, 30269), (172, 30307), (170, 30323))
SPREAD = (1, 7, 49)  # from the seed to the start of each generator


class LeverNumbers(NamedTuple):
    """p and p_floor are in 1/32768, error_full is a code (0: p ignores the error), seeds start the generators."""

    p: int
    p_floor: int
    error_full: int
    readings: int
    vote: str
    overclamp: bool
    whole: bool
    pairs: bool
    hinge: bool
    margin: int  # a code; 0: the target itself
    seeds: tuple[int, ...]

    def pack(self) -> bytes:
        """Return the payload of LEVERS."""
        return messages.pack_levers(*self[:-1], list(self.seeds))


def lever_numbers(levers: Levers, board: Board, seed: int = 0, drawn: int = 0) -> LeverNumbers:
    """Return the integers of `levers` on a board.

    seed, drawn: the generators are as after `drawn` numbers from `seed`.
    """
    starts = [1 + seed * spread % (modulus - 1) for spread, (_, modulus) in zip(SPREAD, GENERATORS, strict=True)]
    seeds = [
        start * pow(factor, drawn, modulus) % modulus
        for start, (factor, modulus) in zip(starts, GENERATORS, strict=True)
    ]
    return LeverNumbers(
        p=round(levers.p * P_ONE),
        p_floor=round(levers.p_floor * P_ONE),
        error_full=board.code_difference(levers.error_full_V),
        readings=levers.readings,
        vote=levers.vote,
        overclamp=levers.overclamp,
        whole=levers.whole,
        pairs=levers.pairs,
        hinge=levers.hinge,
        margin=board.code_difference(levers.margin_V or 0.0),
        seeds=tuple(seeds),
    )
