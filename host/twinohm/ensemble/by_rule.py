"""Ensembles that learn by a rule of model/rules.py, also by one that no firmware has."""

from collections.abc import Sequence
from copy import copy
from typing import Self

import numpy as np

from twinohm.ensemble.arrays import Best, Log, Now, Parts, Roles, Rule, Schedule
from twinohm.ensemble.blocks import from_blocks
from twinohm.ensemble.engine import Ensemble, State
from twinohm.ensemble.rule_kernel import COUPLED, Law, train_by_law
from twinohm.errors import UsageError
from twinohm.model.board import Board
from twinohm.model.profile import Profile
from twinohm.model.rules import IDEALS, Steps


class EnsembleByRule(Ensemble):
    """An ensemble whose train() makes `steps`. Of levers it takes those alone that tasks with differences ask for.

    With an ideal rule taps need not be whole, and those of a record are cut off.
    """

    def __init__(self, steps: Steps, board: Board, profile: Profile, seeds: Sequence[int], calibrated: bool = False):
        super().__init__(board, profile, seeds, calibrated=calibrated)
        self._law = self._law_of(steps)

    def stepping(self, steps: Steps) -> Self:
        """Return an ensemble of the same boards that makes other steps; nothing is drawn anew."""
        other = copy(self)
        other._law = self._law_of(steps)
        return other

    def _law_of(self, steps: Steps) -> Law:
        ideal = 1 + IDEALS.index(steps.ideal) if steps.ideal else 0
        return Law(
            sums=steps.sums,
            free_weight=float(steps.free_weight),
            half_band_V=float(self.board.physical_span(1.0) * steps.band_V / 2),
            centred=steps.centred,
            ideal=ideal,
            rate=float(steps.rate * (1e-6 if ideal == COUPLED else 1e-12)),
        )

    def _make_ticks(
        self, parts: Parts, roles: Roles, rule: Rule, schedule: Schedule, now: Now, best: Best, log: Log
    ) -> None:
        if rule.window or rule.overclamp or rule.readings > 1 or rule.error_full or rule.p < 1 << 15:
            raise UsageError("this rule steps without levers, and does not remember taps; leave them out")
        train_by_law(
            self._order, parts, self._diodes, self._dacs, self._converters, roles, rule, self._law, schedule, now, log
        )

    def _state(self, now: Now) -> State:
        if not self._law.ideal:
            return super()._state(now)
        taps, noise, draws = (from_blocks(values, len(self.seeds)) for values in (now.taps, now.noise, now.draws))
        return State(taps, noise, draws.astype(np.int64))
