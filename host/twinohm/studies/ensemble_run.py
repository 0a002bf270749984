"""Train tasks on an ensemble: the same blocks that a run streams to a board, on many boards at once."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twinohm.ensemble import Ensemble, State
from twinohm.model.levers import Levers
from twinohm.model.placement import Placement
from twinohm.runlog.chance import placed_freedom
from twinohm.runlog.scores import block_scores, orders, scores_of_runs
from twinohm.studies.replica_scores import PhaseScores, ReplicaScores, TrueScores
from twinohm.tasks.task import JUDGE_EVERY, Block, Task, TestSet, Volts

Floats = NDArray[np.float64]


@dataclass
class Series:
    """True errors in V^2 (replicas, ticks) and of test sets (replicas, tests), accuracies (replicas, tests).

    placed: numbers of inputs and outputs.
    """

    placed: set[tuple[int, int]] = field(default_factory=set)
    errors: list[Floats] = field(default_factory=list)
    tests: list[Floats] = field(default_factory=list)
    accuracies: list[Floats] = field(default_factory=list)


class TaskOnEnsemble:
    """A task on all replicas of an ensemble. Data are drawn from the hardware seeds.

    `placement`: one, or a list with one for each replica. `eta`: nudge, eq. 1.
    `restore_best`: remember the taps of the lowest measured error, and score them at the end.
    """

    def __init__(
        self,
        task: Task,
        ensemble: Ensemble,
        placement: Placement | list[Placement],
        eta: float,
        ticks: int,
        levers: Levers | None = None,
        restore_best: bool = False,
    ) -> None:
        self.task, self.ensemble = task, ensemble
        self._placement, self._eta, self._ticks = placement, eta, ticks
        self._levers = levers or Levers()
        self.phases: dict[str, Series] = {}
        self.restored = Series()
        self._best = _Best(len(ensemble.seeds)) if restore_best else None
        self._answers: Any = None
        self._arrays_of: dict[tuple[int, ...], tuple[Sequence[TestSet], Floats, Floats]] = {}
        self._asked_at = task.placement_on(ensemble.board) if task.paced else placement
        # Tasks that ask the board get a stream for each replica; of the others one for each seed is enough.
        asked = [self._question(seed) for seed in dict.fromkeys(ensemble.seeds)]
        self._asks = asked[0] is not None
        keys = list(range(len(ensemble.seeds))) if self._asks else list(dict.fromkeys(ensemble.seeds))
        self._stream_of = np.array(keys if self._asks else [keys.index(seed) for seed in ensemble.seeds])
        by_seed = dict(zip(dict.fromkeys(ensemble.seeds), asked, strict=True))
        self._questions = np.array([by_seed[seed] for seed in ensemble.seeds]) if self._asks else None
        seeds = ensemble.seeds if self._asks else keys
        self._streams = [task.blocks(ticks, seed, self._infer(k)) for k, seed in enumerate(seeds)]

    def _question(self, seed: int) -> list[Volts] | None:
        """Return the inputs that the task measures the board with before each block, None if it does not."""
        asked: list[list[Volts]] = []

        def infer(inputs_V: Sequence[Volts]) -> list[tuple[float, ...]]:
            asked.append(list(inputs_V))
            return [(0.0,) * self.task.n_outputs] * len(inputs_V)

        next(self.task.blocks(self._ticks, seed, infer))
        return asked[0] if asked else None

    def _infer(self, replica: int) -> Any:
        return lambda inputs_V: [tuple(row) for row in self._answers[replica].tolist()]

    def run(self) -> "TaskOnEnsemble":
        """Train all replicas through all blocks."""
        ensemble = self.ensemble
        state = ensemble.start()
        present = np.ones(ensemble.board.n_edges)
        ticks = 0
        while streamed := self._next(state):
            blocks = streamed
            block = blocks[0]
            if block.remove is not None:
                present[ensemble.board.edge_index(block.remove)] = 0
            placement = block.placement or self._placement
            series = self.phases.setdefault(block.phase, Series())
            tests = [b.test for b in blocks if b.test is not None]
            if tests:
                self._test(tests, placement, state, present, series)
            inputs_V, desired_V = self._arrays(blocks)
            series.placed.add((inputs_V.shape[-1], desired_V.shape[-1]))
            eta = block.eta or self._eta
            best = self._best
            if best is not None and best.due(block, ticks):
                best.add(*self._judged(blocks, placement, state, present))
            by_tick = int(best is not None and block.judge is None)
            result = ensemble.train(placement, inputs_V, desired_V, eta, self._levers, state, present, remember=by_tick)
            if best is not None and result.remembered is not None:
                best.add(result.remembered.measured_error, result.remembered.taps)
            state = result.state
            ticks += block.ticks
            series.errors.append(result.true_error)
        if tests:
            self._test(tests, placement, state, present, series)
        if best is not None:
            if block.judge is not None:
                best.add(*self._judged(blocks, placement, state, present))
            pairs = self.task.pairs
            last = (example for b in blocks for example in b.examples[-1:])
            tests = tests or [TestSet([given], [wanted], pairs=pairs) for _, given, wanted in last]
            self._test(tests, placement, ensemble.start(best.taps), present, self.restored)
        self.taps = state.taps
        return self

    def _judged(
        self, blocks: Sequence[Block], placement: Placement | list[Placement], state: State, present: Floats
    ) -> tuple[Floats, NDArray[Any]]:
        """Return of every replica the loss on its block's examples, as its ADC sees them, and its taps."""
        judges = [judge for judge in (blocks[k].judge for k in self._stream_of) if judge is not None]
        inputs_V, _ = self._of_replicas([block.judge for block in blocks if block.judge is not None])
        measured_V = self.ensemble.measured(placement, state.taps, inputs_V, present).tolist()
        return np.array([judge.loss(rows) for judge, rows in zip(judges, measured_V, strict=True)]), state.taps

    def _next(self, state: State) -> list[Block]:
        """Return the next block of every stream, none at the end; questions are measured with the present taps."""
        if self._questions is not None:
            self._answers = self.ensemble.measured(self._asked_at, state.taps, self._questions)
        return [block for block in (next(stream, None) for stream in self._streams) if block is not None]

    def _arrays(self, blocks: Sequence[Block]) -> tuple[Floats, Floats]:
        """Return inputs_V and desired_V, (ticks, n) if all streams agree, else (replicas, ticks, n)."""
        counts = [ticks for ticks, _, _ in blocks[0].examples]
        both = []
        for column in (1, 2):
            rows = np.array([[example[column] for example in block.examples] for block in blocks])
            rows = np.repeat(rows, counts, axis=1)
            same = len(rows) == 1 or bool((rows == rows[0]).all())
            both.append(rows[0] if same else rows[self._stream_of])
        inputs_V, desired_V = both
        if inputs_V.ndim != desired_V.ndim:
            replicas = len(self.ensemble.seeds)
            inputs_V, desired_V = (
                np.broadcast_to(v, (replicas, *v.shape)) if v.ndim == 2 else v for v in (inputs_V, desired_V)
            )
        return inputs_V, desired_V

    def _test(
        self,
        tests: Sequence[TestSet],
        placement: Placement | list[Placement],
        state: State,
        present: Floats,
        series: Series,
    ) -> None:
        inputs_V, desired_V = self._of_replicas(tests)
        outputs_V = self.ensemble.outputs(placement, state.taps, inputs_V, present)
        if tests[0].labels is not None:
            labels = np.array([test.labels for test in tests])[self._stream_of]
            distance = ((outputs_V[:, :, None] - desired_V[:, None]) ** 2).sum(-1)
            series.accuracies.append((distance.argmin(-1) == labels).mean(1)[:, None])
            desired_V = np.take_along_axis(desired_V, labels[:, :, None], 1)
        errors_V = outputs_V - desired_V
        if tests[0].pairs:
            errors_V, wanted_V = (volts[..., ::2] - volts[..., 1::2] for volts in (errors_V, desired_V))
            if tests[0].labels is not None:  # beyond the target of a class is no error
                errors_V = np.where(errors_V * np.sign(wanted_V) >= 0, 0.0, errors_V)
        series.tests.append((errors_V**2).mean((1, 2))[:, None])

    def _of_replicas(self, tests: Sequence[TestSet]) -> tuple[Floats, Floats]:
        """Return inputs_V and desired_V of every replica's stream; most have one test set for all their blocks."""
        key = tuple(map(id, tests))
        if key not in self._arrays_of:
            arrays = (np.array([getattr(test, name) for test in tests]) for name in ("inputs_V", "desired_V"))
            inputs_V, desired_V = (volts[self._stream_of] for volts in arrays)
            while len(self._arrays_of) > 1:  # that of the tests and that of the judges
                self._arrays_of.pop(next(iter(self._arrays_of)))
            self._arrays_of[key] = tests, inputs_V, desired_V
        return self._arrays_of[key][1:]

    # -- scores --------------------------------------------------------------------------------------------------

    def scores(self) -> list[ReplicaScores]:
        """Return the scores of every replica, (replicas,)."""
        phases = {name: _Stacked(series) for name, series in self.phases.items()}
        merged = Series()
        for series in self.phases.values():
            merged.placed |= series.placed
            merged.errors += series.errors
            merged.tests += series.tests
            merged.accuracies += series.accuracies
        whole = _Stacked(merged)
        step_V = self.ensemble.board.count_V
        scored = [ReplicaScores(**vars(scores)) for scores in whole.scores(self.task.score_ticks, step_V)]
        if self.restored.tests:
            errors_V2 = self.restored.tests[0][:, 0].tolist()
            scored = [
                replace(
                    scores,
                    true_restored_error_V2=error_V2,
                    true_restored_orders=orders(scores.true_mse_first, error_V2, step_V),
                )
                for scores, error_V2 in zip(scored, errors_V2, strict=True)
            ]
        if len(phases) > 1:
            by_phase = [
                [PhaseScores(phase=name, **vars(scores)) for scores in part.scores(None, step_V)]
                for name, part in phases.items()
            ]
            scored = [
                replace(scores, phases=parts) for scores, parts in zip(scored, zip(*by_phase, strict=True), strict=True)
            ]
        return scored

    def last30_mV(self) -> list[list[float]]:
        """Return the rms of the last 30 ticks of each block of every replica, (replicas, blocks), mV."""
        errors = np.concatenate([part for series in self.phases.values() for part in series.errors], axis=1)
        return [[1000 * block["rms_last30_V"] for block in block_scores(row, self.task.score_ticks)] for row in errors]


class _Best:
    """The taps of least loss of every replica."""

    def __init__(self, replicas: int) -> None:
        self._none = np.full(replicas, np.inf)
        self._phase: str | None = None
        self._judged = 0

    def due(self, block: Block, tick: int) -> bool:
        """Begin anew where earlier losses do not count. Return whether to measure the examples and add the loss."""
        fresh = block.judge is None or block.phase != self._phase
        if fresh:
            self._phase, self._loss = block.phase, self._none
            self.taps: NDArray[Any] = np.zeros((len(self._none), 1))
        due = block.judge is not None and (fresh or tick >= self._judged + JUDGE_EVERY)
        if due:
            self._judged = tick
        return due

    def add(self, loss: Floats, taps: NDArray[Any]) -> None:
        self.taps = np.where((loss < self._loss)[:, None], taps, self.taps)
        self._loss = np.minimum(loss, self._loss)


class _Stacked:
    """A series as arrays of (replicas, ticks), or (replicas, tests) where test sets are scored."""

    def __init__(self, series: Series) -> None:
        self._scored = np.concatenate(series.tests or series.errors, axis=1)
        self._tested = bool(series.tests)
        self._freedom = placed_freedom(series.placed, self._tested, classes=bool(series.accuracies))
        self._accuracies = np.concatenate(series.accuracies, axis=1) if series.accuracies else None

    def scores(self, block: int | None, step_V: float) -> list[TrueScores]:
        """Return the scores of each replica; `block`: ticks of a block, None: all are one. step_V: a converter's."""
        scored = scores_of_runs(self._scored, step_V, self._freedom, None if self._tested else block)
        nothing = [None] * len(scored)
        first, last = (nothing, nothing) if self._accuracies is None else self._accuracies[:, [0, -1]].T.tolist()
        return [
            TrueScores(
                true_orders_best=scores.orders_best,
                true_orders_plateau=scores.orders_plateau,
                true_rms_plateau_V=scores.rms_plateau_V,
                true_mse_first=scores.first,
                true_orders_held=scores.orders_held,
                true_orders_chance=scores.orders_chance,
                true_accuracy=named,
                true_accuracy_first=named_first,
            )
            for scores, named, named_first in zip(scored, last, first, strict=True)
        ]
