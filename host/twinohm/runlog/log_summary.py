"""The summary of a run, computed from run.json and the log alone."""

from __future__ import annotations

from array import array
from collections.abc import Set
from dataclasses import replace

from twinohm.errors import RunError
from twinohm.model.placement import Placement
from twinohm.runlog.calibration_choice import describe
from twinohm.runlog.chance import placed_freedom
from twinohm.runlog.description import RunDescription
from twinohm.runlog.events import (
    BestRestored,
    EdgeRemoved,
    Ended,
    FinalTest,
    RestoredTest,
    Resumed,
    Saturated,
    Taps,
    TapsSet,
    TestSetScores,
    Violations,
)
from twinohm.runlog.folder import RunFolder
from twinohm.runlog.power import PowerMeter
from twinohm.runlog.saturation import SaturatedTicks
from twinohm.runlog.scores import orders, run_scores
from twinohm.runlog.summary import FinalTestScores, PhaseScores, ScoreRow, Summary
from twinohm.runlog.target_scores import target_scores
from twinohm.runlog.tick_record import TickRecord


def log_summary(folder: RunFolder, ends: int | None = None) -> Summary:
    """Summarise a run from run.json and its log. Raises RunError if the log has no tick or is damaged.

    ends: only up to so many events `end`, as the process that wrote the last of them did; None: the whole log.
    """
    run = folder.description()
    step_V = run.recorded_board.count_V
    phases: dict[str, _Series] = {}
    last: TickRecord | None = None
    taps, meter, edges, saturated = run.start_taps, PowerMeter(run), PulledEdges(run), SaturatedTicks(run)
    restored_taps: Taps | None = None
    restored: RestoredTest | None = None
    final: FinalTest | None = None
    seconds, violations, resumed = 0.0, 0, 0
    texts: list[str] = []
    for record in folder.records():
        match record:
            case TickRecord():
                absent = edges.absent(record.tick)
                meter.add(record, taps, absent)
                saturated.add(record)
                last, taps = record, record.taps
                series = phases.setdefault(record.phase or "", _Series())
                series.add_tick(record)
                series.rail_share = edges.rail_share(record, absent)
            case FinalTest():
                final = record
                if last is not None:
                    phases[last.phase or ""].add_test(record.scores)
            case BestRestored():
                restored_taps = record.taps
            case RestoredTest():
                restored = record
            case Violations():
                violations += record.count
                texts += record.texts or ()
            case Saturated():
                saturated.begin(record)
            case Resumed():
                resumed += 1
                taps = record.taps
            case TapsSet():
                taps = record.taps
            case EdgeRemoved():
                edges.removed.add(record.edge)
            case Ended():
                seconds += record.seconds
                if ends is not None and (ends := ends - 1) <= 0:
                    break
    if last is None:
        raise RunError("the log has no tick, there is nothing to score; run at least 1 tick")
    whole = _Series()
    for part in phases.values():
        whole.extend(part)
    row = whole.row(run.block, step_V)
    summary = Summary(
        **vars(row),
        task=run.task,
        board=run.board,
        port=run.port,
        profile=run.profile,
        seed=run.seed,
        step_V=step_V,
        phases=_phases(phases, step_V) if len(phases) > 1 else None,
        taps=restored_taps or last.taps,
        placement=Placement(tuple(last.inputs_V), tuple(last.desired_V)),
        run_dir=str(folder.path),
        calibration=describe(run.calibration),
        seconds=round(seconds, 3),
        baselines=run.baselines or None,
        power=meter.power(),
        saturated=saturated.shares(),
        violations=violations,
        violation_texts=tuple(texts) if violations else None,
        resumed=resumed or None,
        final_test=_final_test(final) if final else None,
        targets=target_scores(run, row, final),
        answers=final.answers if final else None,
    )
    return summary if restored is None else _with_restored(summary, restored, step_V)


def _phases(phases: dict[str, _Series], step_V: float) -> tuple[PhaseScores, ...]:
    return tuple(PhaseScores(phase=phase, **vars(part.row(None, step_V))) for phase, part in phases.items())


def _final_test(test: FinalTest) -> FinalTestScores:
    return FinalTestScores(
        test_error_V2=test.test_error_V2,
        test_accuracy=test.test_accuracy,
        true_test_error_V2=test.true_test_error_V2,
        true_test_accuracy=test.true_test_accuracy,
    )


def _with_restored(summary: Summary, restored: RestoredTest, step_V: float) -> Summary:
    true_first, true_error = summary.true_mse_first, restored.true_restored_error_V2
    return replace(
        summary,
        restored_error_V2=restored.restored_error_V2,
        restored_accuracy=restored.restored_accuracy,
        true_restored_error_V2=true_error,
        true_restored_accuracy=restored.true_restored_accuracy,
        restored_orders=orders(summary.mse_first, restored.restored_error_V2, step_V),
        true_restored_orders=(
            None if true_first is None or true_error is None else orders(true_first, true_error, step_V)
        ),
    )


class PulledEdges:
    """The edges of a run: which are there, and which stand at an end of their range."""

    def __init__(self, run: RunDescription) -> None:
        self._run, self._low, self._high = run, run.min_tap + 1, run.pots.top_tap - 1
        self._script = run.script
        self.removed: set[str] = set()  # by the task so far

    def absent(self, tick: int) -> frozenset[str]:
        """Return the edges that are not there at a tick. On a virtual board a script has those of the task, too."""
        if not self.removed and not self._script:
            return frozenset()
        scripted = {edge: there for at, edge, there in self._script if at <= tick}
        return frozenset(self.removed - scripted.keys() | {edge for edge, there in scripted.items() if not there})

    def rail_share(self, record: TickRecord, absent: Set[str]) -> float:
        """Return the share of the edges but `absent` whose tap is within one tap of an end; 0 without edges."""
        taps = [tap for edge, tap in zip(self._run.edges, record.taps, strict=True) if edge not in absent]
        return sum(tap <= self._low or tap >= self._high for tap in taps) / max(1, len(taps))


class _Series:
    """Measured and true errors in V^2 by tick and by test set, and accuracies by test set."""

    def __init__(self) -> None:
        self.ticks = 0
        self.rail_share = 0.0  # after the last tick
        self.placed: set[tuple[int, int]] = set()  # numbers of inputs and outputs
        self.measured, self.true = _Errors(), _Errors()

    def add_tick(self, record: TickRecord) -> None:
        self.ticks += 1
        self.placed.add((len(record.inputs_V), len(record.desired_V)))
        self.measured.add(record.error_V2, record.test_error_V2, record.test_accuracy)
        self.true.add(record.true_error_V2, record.true_test_error_V2, record.true_test_accuracy)

    def add_test(self, scores: TestSetScores) -> None:
        self.measured.add(None, scores.error_V2, scores.accuracy)
        self.true.add(None, scores.true_error_V2, scores.true_accuracy)

    def extend(self, other: _Series) -> None:
        self.ticks += other.ticks
        self.rail_share = other.rail_share
        self.placed |= other.placed
        self.measured.extend(other.measured)
        self.true.extend(other.true)

    def row(self, block: int | None, step_V: float) -> ScoreRow:
        """Scores; `block` is the ticks per plateau, None if the whole series has one. step_V: of the converters."""
        tested = bool(self.measured.tests)
        block = None if tested else block
        freedom = placed_freedom(self.placed, tested, classes=bool(self.measured.accuracies))
        measured = run_scores(self.measured.tests if tested else self.measured.ticks, step_V, freedom, block)
        true_errors = self.true.tests if tested else self.true.ticks
        true = run_scores(true_errors, step_V, freedom, block) if true_errors else None
        accuracies, true_accuracies = self.measured.accuracies, self.true.accuracies
        return ScoreRow(
            ticks=self.ticks,
            mse_first=measured.first,
            mse_best=measured.best,
            mse_plateau=measured.plateau,
            orders_best=measured.orders_best,
            orders_plateau=measured.orders_plateau,
            rms_plateau_V=measured.rms_plateau_V,
            accuracy=accuracies[-1] if accuracies else None,
            mse_held=measured.held,
            mse_chance=measured.chance,
            orders_held=measured.orders_held,
            orders_chance=measured.orders_chance,
            true_mse_first=true.first if true else None,
            true_mse_held=true.held if true else None,
            true_mse_best=true.best if true else None,
            true_mse_chance=true.chance if true else None,
            true_orders_best=true.orders_best if true else None,
            true_orders_plateau=true.orders_plateau if true else None,
            true_orders_held=true.orders_held if true else None,
            true_orders_chance=true.orders_chance if true else None,
            true_rms_plateau_V=true.rms_plateau_V if true else None,
            accuracy_first=accuracies[0] if accuracies else None,
            true_accuracy_first=true_accuracies[0] if true_accuracies else None,
            true_accuracy=true_accuracies[-1] if true_accuracies else None,
            rail_share=self.rail_share,
        )


class _Errors:
    """Errors in V^2 by tick and by test set, accuracies by test set."""

    def __init__(self) -> None:
        self.ticks, self.tests, self.accuracies = array("d"), array("d"), array("d")

    def add(self, error_V2: float | None, test_error_V2: float | None, accuracy: float | None) -> None:
        if error_V2 is not None:
            self.ticks.append(error_V2)
        if test_error_V2 is not None:
            self.tests.append(test_error_V2)
        if accuracy is not None:
            self.accuracies.append(accuracy)

    def extend(self, other: _Errors) -> None:
        self.ticks += other.ticks
        self.tests += other.tests
        self.accuracies += other.accuracies
