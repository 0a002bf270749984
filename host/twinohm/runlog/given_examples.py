"""The roles and examples that run.json gives the ticks of a run."""

from __future__ import annotations

import json
from copy import copy

from twinohm.runlog.description import RunDescription
from twinohm.runlog.tick_record import TickRecord, given_V


class GivenExamples:
    """Compares ticks with the roles and the examples of run.json. It does not change, so that copies may share it."""

    def __init__(self, run: RunDescription) -> None:
        self._placement = run.placement
        self._inputs_V = {
            tuple(given_V(run.recorded_board, run.placement.inputs, inputs_V).values())
            for inputs_V, _ in run.examples
            if len(inputs_V) == len(run.placement.inputs)
        }
        self._desired_V = {tuple(desired_V) for _, desired_V in run.examples} if run.amplify == 1 else set()

    def without_targets(self) -> GivenExamples:
        """Return the same for a run that measures its targets."""
        changed = copy(self)
        changed._desired_V = set()
        return changed

    def wrong(self, record: TickRecord) -> str | None:
        """Return what of a tick is not of run.json, None if it fits. A phase has roles and examples of its own."""
        if record.phase is not None:
            return None
        placement = self._placement
        if tuple(record.inputs_V) != placement.inputs or tuple(record.desired_V) != placement.outputs:
            inputs, outputs = ", ".join(record.inputs_V), ", ".join(record.desired_V)
            return f"inputs {inputs} and outputs {outputs} are not those of run.json"
        if self._inputs_V and tuple(record.inputs_V.values()) not in self._inputs_V:
            return f"inputs_V = {json.dumps(record.inputs_V)}: no example of run.json has these"
        if self._desired_V and tuple(record.desired_V.values()) not in self._desired_V:
            return f"desired_V = {json.dumps(record.desired_V)}: no example of run.json has these"
        return None
