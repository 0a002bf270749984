"""What figures draw of a run that grows: its errors, outputs, taps and pulled edges, thinned."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from twinohm.plot.history import PULLED
from twinohm.runlog.description import RunDescription
from twinohm.runlog.events import EdgeRemoved, FinalTest
from twinohm.runlog.live import tick_error
from twinohm.runlog.log_lines import LogRecord
from twinohm.runlog.scores import FLOOR_V2
from twinohm.runlog.tick_record import TickRecord
from twinohm.web.thinning import Floats, Thinned

FEW_EXAMPLES = 6  # that get a line each
OFTEN = 0.1  # share of ticks; if inputs or targets change at more of them, voltages against ticks say nothing

Example = tuple[tuple[tuple[str, float], ...], tuple[tuple[str, float], ...]]  # inputs and desired outputs, task volts


class RunSeries:
    """Series of one run. Give add() the records of its log in order.

    Of errors the common logarithm of V^2 is kept: the mean of several ticks is then their geometric mean.
    """

    def __init__(self, run: RunDescription) -> None:
        self._run = run
        self._node = {node: i for i, node in enumerate(run.nodes)}
        self.error = Thinned(2)  # tick, error of the example learned
        self.tests = Thinned(2)  # tick, error of the test set
        self.examples: dict[Example, Thinned] | None = {}  # as `error`, by example; None once there are many
        self.volts = Thinned(3 * len(run.nodes))  # by node: free, desired, free minus desired
        self.taps = Thinned(len(run.edges))
        self.outputs: list[str] = list(run.placement.outputs)  # nodes that have had a desired voltage
        self.gone: set[str] = set()  # edges that are pulled at the last tick
        self._pulled: set[str] = set()  # by the task
        self._script = run.script
        self._changes = 0  # ticks at which the example was another one than before
        self._example: Example | None = None

    @property
    def scored(self) -> Thinned:
        """What the run is scored by: its test sets if it has any, else every tick."""
        return self.tests if self.tests.size else self.error

    @property
    def changes_often(self) -> bool:
        """Whether inputs or targets change too often to draw voltages as lines."""
        return self._changes > OFTEN * self.error.size

    def add(self, records: Iterable[LogRecord]) -> None:
        """Adopt records that follow those given so far."""
        ticks: list[TickRecord] = []
        taps: list[Floats] = []
        for record in records:
            if isinstance(record, TickRecord):
                ticks.append(record)
                taps.append(self._taps_there(record))
                self._add_test(record.tick, record.true_test_error_V2, record.test_error_V2)
            elif isinstance(record, EdgeRemoved):
                self._pulled.add(record.edge)
            elif isinstance(record, FinalTest):
                self._add_test(record.tick, record.true_test_error_V2, record.test_error_V2)
        if ticks:
            self.taps.add(np.array(taps))
            self._add_ticks(ticks)

    def _taps_there(self, tick: TickRecord) -> Floats:
        """Return the taps of a tick, NaN for edges that are pulled, and note which those are."""
        if tick.phase and tick.phase.startswith(PULLED):
            self._pulled.add(tick.phase.removeprefix(PULLED))
        self.gone = set(self._pulled)
        for start, edge, there in self._script:
            if start <= tick.tick:
                self.gone = self.gone - {edge} if there else self.gone | {edge}
        taps = np.array(tick.taps, dtype=float)
        if self.gone:
            taps[[edge in self.gone for edge in self._run.edges]] = np.nan
        return taps

    def _add_ticks(self, ticks: Sequence[TickRecord]) -> None:
        nodes = len(self._run.nodes)
        errors, volts = np.empty((len(ticks), 2)), np.full((len(ticks), 3 * nodes), np.nan)
        of_example: dict[Example, list[int]] = {}
        for row, tick in enumerate(ticks):
            errors[row] = tick.tick, _log(tick_error(tick)[0])
            free_V = tick.free_V if tick.true_free_V is None else tick.true_free_V
            for node, desired_V in tick.desired_V.items():
                i = self._node[node]
                volts[row, i::nodes] = free_V[node], desired_V, free_V[node] - desired_V
                if node not in self.outputs:
                    self.outputs.append(node)
            example = tuple(tick.inputs_V.items()), tuple(tick.desired_V.items())
            self._changes += example != self._example
            self._example = example
            of_example.setdefault(example, []).append(row)
        self.error.add(errors)
        self.volts.add(volts)
        if self.examples is not None and len(self.examples.keys() | of_example.keys()) > FEW_EXAMPLES:
            self.examples = None
        if self.examples is not None:
            for example, rows in of_example.items():
                self.examples.setdefault(example, Thinned(2)).add(errors[rows])

    def _add_test(self, tick: int, true_V2: float | None, measured_V2: float | None) -> None:
        error_V2 = measured_V2 if true_V2 is None else true_V2
        if error_V2 is not None:
            self.tests.add(np.array([[tick, _log(error_V2)]]))


def _log(error_V2: float) -> float:
    return float(np.log10(max(error_V2, FLOOR_V2)))
