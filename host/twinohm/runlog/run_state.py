"""What a run depends on after a number of ticks: the one holder of its taps, tick number and roles."""

from collections.abc import Sequence
from dataclasses import dataclass

from twinohm.model.board import Board
from twinohm.model.levers import Levers
from twinohm.model.placement import Placement
from twinohm.runlog.events import Taps


@dataclass
class RunState:
    """The board can be brought to this state again after it was lost. Replayed ticks change it as trained ones do."""

    board: Board
    levers: Levers
    taps: Taps
    placement: Placement
    eta: float
    ticks: int = 0  # that are done; the number of the next tick
    t_us: int | None = 0  # board time of the last tick; None of an engine
    draws: int = 0  # numbers that the board's generator has given

    def count_tick(self, t_us: int | None, taps: Taps, free_V: Sequence[float], desired_V: Sequence[float]) -> None:
        """Adopt what a tick led to. free_V and desired_V (outputs,): measured and desired outputs, task volts."""
        self.t_us, self.taps = t_us, taps
        self.draws += self.levers.count_draws(self.board, free_V, desired_V)
        self.ticks += 1
