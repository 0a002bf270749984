"""Train a task on a board: stream its blocks, and append every tick and event to the log.

A resumed run first replays its log: the same blocks with the same targets, each tick taken from the log instead of from
the board. It goes on with the board at the tick after the last logged one.
"""

from collections.abc import Callable, Iterator, Sequence

from twinohm.errors import BoardError, RunError, RunFileError
from twinohm.protocol.side_channel import GroundTruth
from twinohm.protocol.telemetry import Example
from twinohm.runlog.events import (
    BestRestored,
    EdgeRemoved,
    FinalTest,
    LossMeasured,
    RestoredTest,
    Taps,
    TargetsMeasured,
    TestSetScores,
)
from twinohm.runlog.folder import RunFolder
from twinohm.runlog.log_lines import LogRecord
from twinohm.runlog.log_order import ETA_STEP, wrong_nudge
from twinohm.runlog.log_replay import LogReplay
from twinohm.runlog.plan import RunPlan
from twinohm.runlog.run_board import RunBoard
from twinohm.runlog.saturation import SaturationWatch
from twinohm.runlog.tick_record import TickRecord, given_V, make_tick_record, score_test_set
from twinohm.sim.ground_truth import TrueNetwork
from twinohm.tasks.task import JUDGE_EVERY, Block, TestSet, Volts

NONE_YET: tuple[float, Taps] = (float("inf"), ())  # least loss, its taps
PULLED_V = 0.005  # least change of an output that shows that an edge was pulled
Examples = Sequence[tuple[int, Volts, Volts]]  # ticks, inputs_V, desired_V


class Trainer:
    """One run of a plan on a board.

    `replay` holds the records of the run that are logged already. `truth`: component values of a virtual board. `ask`
    shows a text to a person and returns when they have done what it says; None if nobody is there.
    """

    def __init__(
        self,
        plan: RunPlan,
        board: RunBoard,
        folder: RunFolder,
        replay: LogReplay,
        truth: GroundTruth | None,
        ask: Callable[[str], None] | None,
    ) -> None:
        self._plan, self._board, self._folder, self._replay, self._ask = plan, board, folder, replay, ask
        self._state = board.state
        corrections = plan.calibration.dac if plan.calibration is not None else {}
        self._saturation = SaturationWatch(plan.board, plan.levers, corrections, replay.saturated)
        self._true_network = TrueNetwork(plan.board, truth, corrections=corrections) if truth is not None else None
        self._block = Block([])  # the present one
        self._best = NONE_YET
        self._loss_tick = 0  # of the last measurement of a block's `judge`

    @property
    def ticks(self) -> int:
        """Number of ticks that are done."""
        return self._state.ticks

    def train(self, more: Callable[[], bool]) -> Iterator[tuple[int, float]]:
        """Train all blocks of the task while `more` returns True; yield (ticks done, error in V^2) after each chunk."""
        plan = self._plan
        for block in plan.task.blocks(plan.ticks, plan.seed or 0, self._measure_targets):
            if not more():
                return
            if block.remove is not None:
                self._remove(block.remove)
            self._board.place(block.placement or plan.placement, block.eta or plan.eta)
            if block.judge is None or block.phase != self._block.phase:
                self._best = NONE_YET
            self._block = block
            if block.judge is not None and (self._best is NONE_YET or self.ticks >= self._loss_tick + JUDGE_EVERY):
                self._measure_loss(block.judge)
            test = self._score_test_set(block.test) if block.test is not None and self._replay.exhausted else None
            for examples in self._cut_by_eta(block):
                for error_V2 in self._train(self._replay_ticks(examples), test, more):
                    yield self.ticks, error_V2
                    test = None

    def finish(self) -> None:
        """Measure the last test set once more; then, if the plan says so, restore the best taps."""
        block = self._block
        if block.test is not None and self._replay.pop(FinalTest) is None:
            scores = self._score_test_set(block.test)
            self._log(
                FinalTest(
                    tick=self.ticks,
                    test_error_V2=scores.error_V2,
                    test_accuracy=scores.accuracy,
                    true_test_error_V2=scores.true_error_V2,
                    true_test_accuracy=scores.true_accuracy,
                    test_outputs_V2=scores.outputs_V2,
                    true_test_outputs_V2=scores.true_outputs_V2,
                    answers=scores.answers,
                )
            )
        if self._plan.restore_best:
            if block.judge is not None:
                self._measure_loss(block.judge)
            self._restore_best()

    # -- learning ------------------------------------------------------------------------------------------------

    def _cut_by_eta(self, block: Block) -> Iterator[Examples]:
        """Yield the block's examples, cut where a scheduled eta changes."""
        end = self._plan.levers.eta_end
        if end is None:
            yield block.examples
            return
        start = block.eta or self._plan.eta
        for ticks, inputs_V, desired_V in block.examples:
            while ticks:
                part = min(ticks, ETA_STEP)
                share = min(1.0, self.ticks / max(1, self._plan.ticks - 1))
                self._board.place(self._state.placement, start + (end - start) * share)
                yield [(part, inputs_V, desired_V)]
                ticks -= part

    def _replay_ticks(self, examples: Examples) -> Examples:
        """Replay the ticks of `examples` that are logged; return the examples that are left."""
        state, left = self._state, []
        for ticks, inputs_V, desired_V in examples:
            while ticks and (record := self._replay.pop(TickRecord)):
                given = given_V(self._plan.board, state.placement.inputs, inputs_V)
                wanted = dict(zip(state.placement.outputs, desired_V, strict=True))
                found = (record.tick, list(record.inputs_V.items()), list(record.desired_V.items()))
                if found != (state.ticks, list(given.items()), list(wanted.items())):
                    raise RunFileError(
                        f"tick {record.tick} of the log has other examples than its task gives at tick "
                        f"{state.ticks}: the task or this version differs from the run's; resume it with those"
                    )
                if wrong := wrong_nudge(self._plan.board, self._plan.levers, record, state.eta, state.eta):
                    raise RunFileError(f"tick {record.tick} of the log: {wrong}; the log or run.json was changed")
                taps_before = state.taps
                self._board.replay_tick(record)
                self._remember_tick(record.error_V2, taps_before)
                ticks -= 1
            if ticks:
                left.append((ticks, inputs_V, desired_V))
        return left

    def _train(self, examples: Examples, test: TestSetScores | None, more: Callable[[], bool]) -> Iterator[float]:
        """Train examples and log them; yield the error of the last tick of each chunk, V^2.

        `test`: scores of the test set that was measured before the first tick.
        """
        if not examples or not more():
            return
        each = ((inputs_V, desired_V) for ticks, inputs_V, desired_V in examples for _ in range(ticks))
        streamed = [(ticks, Example(inputs_V, desired_V)) for ticks, inputs_V, desired_V in examples]
        for trained, violations in self._board.train(streamed, more):
            lines: list[LogRecord] = []
            for done in trained:
                record = make_tick_record(
                    done.number,
                    done.t_us,
                    done.tick,
                    self._plan.board,
                    self._state.placement,
                    self._plan.levers,
                    *next(each),
                    done.true_V,
                    test,
                    self._block.phase,
                )
                self._remember_tick(record.error_V2, done.taps_before)
                lines += [*self._saturation.events(record, self._state.eta), record]
                test = None
            self._folder.append([*lines, violations] if violations else lines)
            yield record.error_V2

    def _measure_targets(self, inputs_V: Sequence[Volts]) -> list[tuple[float, ...]]:
        """Return the measured outputs (examples, outputs) that a task asks for, to make its targets from them."""
        if (logged := self._replay.pop(TargetsMeasured)) is not None:
            return list(logged.free_V)
        free_V = self._board.infer(inputs_V)
        self._log(TargetsMeasured(tick=self.ticks, outputs=self._state.placement.outputs, free_V=tuple(free_V)))
        return free_V

    def _log(self, record: LogRecord) -> None:
        self._folder.append([record])

    # -- test sets and the best taps -----------------------------------------------------------------------------

    def _measure_loss(self, examples: TestSet) -> None:
        """Measure the loss of the present taps, where the best are to be restored."""
        if self._plan.restore_best:
            self._loss_tick = self.ticks
            if (logged := self._replay.pop(LossMeasured)) is not None:
                loss = logged.loss
            else:
                loss = examples.loss(self._board.infer(examples.inputs_V))
                self._log(LossMeasured(tick=self.ticks, loss=loss))
            self._remember(loss, self._state.taps)

    def _remember_tick(self, error_V2: float, taps: Taps) -> None:
        """Judge the taps before a tick by its error, unless the block has examples to judge them by."""
        if self._block.judge is None:
            self._remember(error_V2, taps)

    def _remember(self, loss: float, taps: Taps) -> None:
        """Keep the taps if their measured loss is the least so far."""
        if loss < self._best[0]:
            self._best = (loss, taps)

    def _score_test_set(self, test: TestSet) -> TestSetScores:
        """Measure a test set on the board; on virtual ports compute its true outputs too."""
        state, true_V = self._state, None
        if self._true_network is not None:
            self._true_network.present = self._plan.present(self.ticks)
            self._true_network.set_tick(self.ticks)
            inputs, outputs = state.placement
            true_V = self._true_network.outputs(state.taps, inputs, test.inputs_V, outputs)
        by_output = len(self._plan.task.own_scales) > 1
        return score_test_set(test, self._board.infer(test.inputs_V), true_V, by_output)

    def _restore_best(self) -> None:
        """Set the taps of the least loss again, and measure the test set, or the last example, with them."""
        if (logged := self._replay.pop(BestRestored)) is not None:
            self._state.taps = logged.taps
        else:
            loss, taps = self._best
            self._board.restore(taps)
            self._log(BestRestored(tick=self.ticks, taps=taps, loss=loss))
        if self._replay.pop(RestoredTest) is None:
            _, inputs_V, desired_V = self._block.examples[-1]
            last = TestSet([inputs_V], [desired_V], pairs=self._plan.levers.pairs)
            scores = self._score_test_set(self._block.test or last)
            self._log(
                RestoredTest(
                    tick=self.ticks,
                    restored_error_V2=scores.error_V2,
                    restored_accuracy=scores.accuracy,
                    true_restored_error_V2=scores.true_error_V2,
                    true_restored_accuracy=scores.true_accuracy,
                )
            )

    # -- pulled edges --------------------------------------------------------------------------------------------

    def _remove(self, edge: str) -> None:
        """Have an edge pulled. A virtual board's script does it; on copper a person, and the outputs must show it."""
        if self._replay.pop(EdgeRemoved) is not None:
            return
        if self._true_network is None:
            if self._ask is None:
                raise RunError(f"edge {edge} is to be pulled and nobody is there to do it: run it from a terminal")
            board = self._board
            inputs_V = [[5.0 if k == 0 else 0.0 for k in range(len(self._state.placement.inputs))]]
            before_V = board.infer(inputs_V)[0]
            board.safe()
            self._ask(f"Pull the header of edge {edge} in both networks, then press Enter")
            after_V = board.infer(inputs_V)[0]
            if max(abs(a - b) for a, b in zip(before_V, after_V, strict=True)) < PULLED_V:
                raise BoardError(f"edge {edge} seems to be there still: no output moved by {PULLED_V * 1000:.0f} mV")
        self._log(EdgeRemoved(tick=self.ticks, edge=edge))
