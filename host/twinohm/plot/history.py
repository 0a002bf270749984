"""What figures show of a run: the arrays of its log, test sets, phases and pulled edges."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from twinohm.errors import RunError
from twinohm.model.levers import LOCAL
from twinohm.runlog.chance import placed_freedom
from twinohm.runlog.description import RunDescription
from twinohm.runlog.events import FinalTest, RestoredTest
from twinohm.runlog.export import Columns, columns
from twinohm.runlog.folder import RunFolder
from twinohm.runlog.scores import FLOOR_V2, Scores, last_quarter, run_scores
from twinohm.runlog.summary import FinalTestScores
from twinohm.runlog.tick_record import TickRecord

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_EDGE, _SUPERVISOR = "levers local to the edge", "extensions that need the supervisor"
PULLED = "without "  # begins the name of a phase before which an edge was pulled


@dataclass(frozen=True)
class Series:
    """Mean squared error in V^2, floored for a log axis, of the outputs at each tick or of a test set before it.

    `accuracy` is the share of right classes, NaN or empty where there are no classes.
    """

    tick: Ints
    error_V2: Floats
    accuracy: Floats

    def between(self, start: int, stop: int) -> Series:
        """Return the part with start <= tick < stop."""
        part = (self.tick >= start) & (self.tick < stop)
        return Series(self.tick[part], self.error_V2[part], self.accuracy[part])

    @property
    def end(self) -> Series:
        """The last quarter, which is the plateau."""
        return self.between(int(self.tick[-last_quarter(len(self.tick))]), int(self.tick[-1]) + 1)

    @property
    def plateau_V2(self) -> float:
        return float(np.median(self.end.error_V2))


@dataclass(frozen=True)
class Stretch:
    """Ticks start..stop - 1 that are scored separately: a phase, or one target."""

    name: str
    start: int
    stop: int


@dataclass(frozen=True)
class History:
    """A run. Errors and voltages are true ones if `virtual`, else measured."""

    run: RunDescription
    data: Columns
    virtual: bool
    every: Series  # error of the example learned at each tick
    tests: Series  # empty if no test set was measured
    stretches: list[Stretch]  # at least one: the run
    phases: bool  # whether the stretches have names
    cuts: list[tuple[int, str]]  # tick before which an edge was pulled
    restored_V2: float | None  # error with the best taps, if they were restored
    changed: bool  # whether run.json was changed after the run

    @classmethod
    def read(cls, folder: RunFolder) -> Self:
        """Read a run. Raises RunError if its log is empty or damaged."""
        run, data = folder.description(), columns(folder)
        tick = data["tick"]
        if not len(tick):
            raise RunError(f"{folder.path}: the log has no tick, there is nothing to draw; run at least 1 tick")
        virtual = "true_error_V2" in data
        errors = np.maximum(data["true_error_V2" if virtual else "error_V2"], FLOOR_V2)
        every = Series(tick, errors, np.full(len(tick), np.nan))
        tests, starts, restored_V2 = _tests_and_phases(folder, run.log_format, virtual, int(tick[-1]) + 1)
        stretches = stretches_of(run, starts, int(tick[-1]) + 1)
        cuts = cuts_of(run, stretches)
        return cls(
            run,
            data,
            virtual,
            every,
            tests,
            stretches,
            len(starts) > 1,
            cuts,
            restored_V2,
            folder.changed_since is not None,
        )

    @property
    def stop(self) -> int:
        """The tick after the last."""
        return self.stretches[-1].stop

    @property
    def block(self) -> int | None:
        """Ticks of a plateau, None if the whole run is one."""
        return self.run.block

    @property
    def mixed(self) -> bool:
        """Whether some phases have test sets and others have none: then no score covers the whole run."""
        return len({len(self.tests_of(one)) > 0 for one in self.stretches}) > 1

    def tests_of(self, one: Stretch) -> Ints:
        """Return the ticks of a stretch's test sets."""
        return self.tests.between(one.start, one.stop).tick

    def scored(self, one: Stretch | None = None) -> Series:
        """Return what a stretch, or the whole run, is scored by: its test sets if it has any, else every tick."""
        if one is None:
            return self.tests if len(self.tests.tick) else self.every
        if not len(self.tests_of(one)):
            return self.every.between(one.start, one.stop)
        return self.tests.between(one.start, one.stop + (one.stop == self.stop))  # with the final test set

    def scores(self) -> Scores:
        """Score the whole run, by its test sets if it has any."""
        tested = len(self.tests.tick) > 0
        given, wanted = ((~np.isnan(self.data[name])).sum(axis=1) for name in ("inputs_V", "desired_V"))
        placed = set(zip(given.tolist(), wanted.tolist(), strict=True))
        freedom = placed_freedom(placed, tested, classes=not np.isnan(self.tests.accuracy).all())
        return run_scores(self.scored().error_V2, self.step_V, freedom, None if tested else self.block)

    @property
    def step_V(self) -> float:
        """One step of the board's converters, below which no error is quoted."""
        return self.run.recorded_board.count_V

    @property
    def levers(self) -> dict[str, list[str]]:
        """Levers beyond the plain rule, by whether an edge can do them alone; empty if there are none."""
        used = self.run.levers.used()
        if self.run.amplify != 1:
            used["amplify"] = self.run.amplify
        words: dict[str, list[str]] = {}
        for name, value in used.items():
            words.setdefault(_EDGE if name in LOCAL else _SUPERVISOR, []).append(f"{name}={value}")
        if self.run.restore_best:
            words.setdefault(_SUPERVISOR, []).append("restore best after the last tick")
        return words

    @property
    def finished(self) -> list[Stretch]:
        """Stretches that are scored. One that was broken off has no plateau; it counts only if there is no other."""
        whole = [one for one in self.stretches if not self.block or one.stop - one.start >= self.block]
        return whole or self.stretches

    @property
    def outputs(self) -> list[str]:
        """Nodes that had a desired voltage at any tick, those of the placement first."""
        placed = list(self.run.placement.outputs)
        wanted = np.flatnonzero((~np.isnan(self.data["desired_V"])).any(axis=0))
        return placed + [node for node in (self.run.nodes[i] for i in wanted) if node not in placed]

    @property
    def changes_often(self) -> bool:
        """Whether inputs or targets change too often to draw voltages as lines: at more than a tenth of the ticks."""
        given = np.hstack([self.data["inputs_V"], self.data["desired_V"]])
        changes = ~((given[1:] == given[:-1]) | (np.isnan(given[1:]) & np.isnan(given[:-1]))).all(axis=1)
        return bool(changes.sum() > 0.1 * len(given))


def _tests_and_phases(
    folder: RunFolder, log_format: int, virtual: bool, stop: int
) -> tuple[Series, list[tuple[int, str]], float | None]:
    """Test sets of the log and the one after its last tick; each phase and its first tick; the error when restored.

    Errors are true ones if `virtual`.
    """
    tests: list[tuple[int, float, float]] = []  # tick, error, accuracy
    starts: list[tuple[int, str]] = []

    def add(tick: int, record: TickRecord | FinalTest | FinalTestScores) -> None:
        if (scores := test_scores(record, virtual)) is not None:
            tests.append((tick, *scores))

    final: FinalTest | None = None
    restored_V2: float | None = None
    for record in folder.records():
        if isinstance(record, FinalTest):
            final = record
        elif isinstance(record, RestoredTest):
            restored_V2 = record.true_restored_error_V2 if virtual else record.restored_error_V2
        elif isinstance(record, TickRecord):
            if not starts or (record.phase or "") != starts[-1][1]:
                starts.append((record.tick, record.phase or ""))
            add(record.tick, record)
    if (last := final_test(folder, log_format, final)) is not None:
        add(stop, last)
    ticks, errors, accuracies = np.array(tests, dtype=np.float64).reshape(-1, 3).T
    return Series(ticks.astype(np.int64), np.maximum(errors, FLOOR_V2), accuracies), starts, restored_V2


def test_scores(record: TickRecord | FinalTest | FinalTestScores, virtual: bool) -> tuple[float, float] | None:
    """Return error (V^2) and share of right classes (NaN without classes) of a test set, None if there is none.

    They are the true ones if `virtual`.
    """
    if virtual:
        error_V2, accuracy = record.true_test_error_V2, record.true_test_accuracy
    else:
        error_V2, accuracy = record.test_error_V2, record.test_accuracy
    return None if error_V2 is None else (error_V2, np.nan if accuracy is None else accuracy)


def final_test(folder: RunFolder, log_format: int, logged: FinalTest | None) -> FinalTest | FinalTestScores | None:
    """Return the test set after the last tick: `logged`, the log's, or the summary's of a log that has no events."""
    if logged is None and log_format == 1 and (summary := folder.summary()) is not None:
        return summary.final_test
    return logged


def stretches_of(run: RunDescription, phases: list[tuple[int, str]], stop: int) -> list[Stretch]:
    """Return the phases of `stop` ticks if there are several, else their blocks. phases: first ticks and names."""
    starts = phases if len(phases) > 1 else [(start, "") for start in range(0, stop, run.block or stop)]
    stops = [start for start, _ in starts[1:]] + [stop]
    return [Stretch(name, start, end) for (start, name), end in zip(starts, stops, strict=True)]


def cuts_of(run: RunDescription, stretches: list[Stretch]) -> list[tuple[int, str]]:
    """Return (tick, edge) of edges pulled by the task, or by the script in the port's query."""
    cuts = [(one.start, one.name.removeprefix(PULLED)) for one in stretches if one.name.startswith(PULLED)]
    cuts += [(tick, edge) for tick, edge, there in run.script if not there]
    return sorted({(tick, edge) for tick, edge in cuts if tick < stretches[-1].stop})
