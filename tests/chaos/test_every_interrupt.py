"""Every call of the client, interrupted before every line that it passes."""

import os
import random

import pytest

import twinohm
from tests.interrupted_calls import Calls, check_after_interrupt, first_and_last_passes

MOST = int(os.environ.get("TWINOHM_INTERRUPTS", "25"))  # of each call; all: 10000
CALLS = [name for name in vars(Calls) if name.startswith("call_")]


@pytest.mark.parametrize("name", CALLS)
def test_a_call_may_be_interrupted_before_any_line(name: str) -> None:
    """TWINOHM_INTERRUPTS=10000 takes each line once when it is passed first, and once when it is passed last."""
    with twinohm.open("sim://lab16?seed=1&profile=ideal") as board:
        board.home()
        calls = Calls(board)
        passes = first_and_last_passes(getattr(calls, name))
        for after in random.Random(1).sample(passes, min(MOST, len(passes))):
            check_after_interrupt(calls, name, after)
