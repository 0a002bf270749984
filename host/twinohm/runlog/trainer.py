"""Train a task on a board: stream its blocks, and append every tick and event to the log.

A resumed run first replays its log: the same blocks with the same targets, each tick taken from the log instead of from
the board. It goes on with the board at the tick after the last logged one.
"""

from collections.abc import Callable, Iterator, Sequence

from twinohm.errors import BoardError, RunError
from twinohm.model.placement import Placement
from twinohm.protocol.side_channel import GroundTruth
from twinohm.protocol.telemetry import Example
from twinohm.runlog.folder import RunFolder
from twinohm.runlog.log_replay import LogReplay
from twinohm.runlog.plan import RunPlan
from twinohm.runlog.reconnecting import ReconnectingBoard, Taps
from twinohm.runlog.tick_record import Record, given_V, test_record, tick_record
from twinohm.sim.ground_truth import TrueFreeNetwork
from twinohm.tasks.task import JUDGE_EVERY, Block, TestSet, Volts

ETA_STEP = 16  # ticks between changes of a scheduled eta
NONE_YET: tuple[float, Taps] = (float("inf"), ())  # least loss, its taps
PULLED_V = 0.005  # least change of an output that shows that an edge was pulled
Examples = Sequence[tuple[int, Volts, Volts]]  # ticks, inputs_V, desired_V


class Trainer:
    """`truth`: component values of a virtual board. `ask` has a person do something."""

    def __init__(
        self,
        plan: RunPlan,
        machine: ReconnectingBoard,
        folder: RunFolder,
        replay: LogReplay,
        truth: GroundTruth | None,
        ask: Callable[[str], None] | None,
    ) -> None:
        self._plan, self._machine, self._folder, self._replay, self._ask = plan, machine, folder, replay, ask
        self._true = TrueFreeNetwork(plan.board, truth) if truth is not None else None
        self._block = Block([])  # the present one
        self._best = NONE_YET
        self._judged_tick = 0  # the tick of the last measurement by which taps are compared

    @property
    def ticks(self) -> int:
        return self._machine.ticks

    def train(self, more: Callable[[], bool]) -> Iterator[tuple[int, float]]:
        """All blocks of the task while there is to be more; yields (ticks done, error in V^2) after each chunk."""
        plan, machine = self._plan, self._machine
        for block in plan.task.blocks(plan.ticks, plan.seed or 0, self._infer):
            if not more():
                return
            if block.remove is not None:
                self._remove(block.remove)
            machine.place(*(block.placement or plan.placement), block.eta or plan.eta)
            if block.judge is None or block.phase != self._block.phase:
                self._best = NONE_YET
            self._block = block
            if block.judge is not None and (self._best is NONE_YET or self.ticks >= self._judged_tick + JUDGE_EVERY):
                self._judge(block.judge)
            tested = self._measure(block.test) if block.test is not None and self._replay.exhausted else {}
            for examples in self._by_eta(block):
                for error in self._learn(self._replay_ticks(examples), tested, more):
                    yield self.ticks, error
                    tested = {}

    def finish(self) -> None:
        """The last test set once more; then, if asked for, the best taps."""
        block = self._block
        if block.test is not None and self._replay.pop("test") is None:
            self._log("test", self._measure(block.test))
        if self._plan.restore_best:
            if block.judge is not None:
                self._judge(block.judge)
            self._restore_best()

    # -- learning ------------------------------------------------------------------------------------------------

    def _by_eta(self, block: Block) -> Iterator[Examples]:
        """The block's examples, cut where a scheduled eta changes."""
        end = self._plan.levers.eta_end
        if end is None:
            yield block.examples
            return
        start = block.eta or self._plan.eta
        for ticks, inputs_V, desired_V in block.examples:
            while ticks:
                part = min(ticks, ETA_STEP)
                share = min(1.0, self.ticks / max(1, self._plan.ticks - 1))
                inputs, outputs, _ = self._machine.roles
                self._machine.place(inputs, outputs, start + (end - start) * share)
                yield [(part, inputs_V, desired_V)]
                ticks -= part

    def _replay_ticks(self, examples: Examples) -> Examples:
        """Take ticks that are in the log already from there; returns the examples that are left."""
        machine, left = self._machine, []
        for ticks, inputs_V, desired_V in examples:
            while ticks and (record := self._replay.pop("tick")):
                inputs, outputs, _ = machine.roles
                given = given_V(self._plan.board, inputs, inputs_V)
                wanted = dict(zip(outputs, desired_V, strict=True))
                if (record["tick"], record["inputs_V"], record["desired_V"]) != (machine.ticks, given, wanted):
                    raise RunError(
                        f"tick {record['tick']} of the log has other examples than its task gives at tick "
                        f"{machine.ticks}: the task or this version differs from the run's; resume it with those"
                    )
                before = machine.taps
                machine.replay_tick(record)
                self._remember_tick(record["error_V2"], before)
                ticks -= 1
            if ticks:
                left.append((ticks, inputs_V, desired_V))
        return left

    def _learn(self, examples: Examples, tested: Record, more: Callable[[], bool]) -> Iterator[float]:
        if not examples or not more():
            return
        machine, phase = self._machine, self._block.phase
        inputs, outputs, _ = machine.roles
        wanted = ((a, b) for ticks, a, b in examples for _ in range(ticks))
        placement = Placement(inputs, outputs)
        before, number = machine.taps, machine.ticks
        for done in machine.train([(ticks, Example(a, b)) for ticks, a, b in examples], more):
            lines = []
            for tick, truth in done:
                line = tick_record(number, tick, self._plan.board, placement, *next(wanted), truth) | tested
                if phase:
                    line["phase"] = phase
                self._remember_tick(line["error_V2"], before)
                tested, before, number = {}, tick.taps, number + 1
                lines.append(line)
            if violations_event := machine.violations_event():
                lines.append(violations_event)
            self._folder.append(lines)
            yield lines[-1 if violations_event is None else -2]["error_V2"]

    def _infer(self, inputs_V: Sequence[Volts]) -> list[tuple[float, ...]]:
        """Targets that the task asks the board for."""
        if (past := self._replay.pop("asked")) is not None:
            return [tuple(row) for row in past["free_V"]]
        free_V = self._machine.infer(inputs_V)
        self._log("asked", {"outputs": self._machine.roles[1], "free_V": free_V})
        return free_V

    def _log(self, event: str, what: Record) -> None:
        self._folder.append([{"event": event, "tick": self.ticks, **what}])

    # -- test sets and the best taps -----------------------------------------------------------------------------

    def _judge(self, examples: TestSet) -> None:
        if self._plan.restore_best:
            self._judged_tick = self.ticks
            if (past := self._replay.pop("judged")) is not None:
                loss = float(past["loss"])
            else:
                loss = examples.loss(self._machine.infer(examples.inputs_V))
                self._log("judged", {"loss": loss})
            self._remember(loss, self._machine.taps)

    def _remember_tick(self, error_V2: float, taps: Taps) -> None:
        if self._block.judge is None:
            self._remember(error_V2, taps)

    def _remember(self, loss: float, taps: Taps) -> None:
        """Taps of the lowest loss, as measured."""
        if loss < self._best[0]:
            self._best = (loss, taps)

    def _measure(self, test: TestSet) -> Record:
        """Measure a test set on the board, and on virtual ports compute its true outputs."""
        machine, true_V = self._machine, None
        if self._true is not None:
            for tick, edge, there in self._plan.pulled:
                if tick <= self.ticks:
                    self._true.present[edge] = float(there)
            inputs, outputs, _ = machine.roles
            true_V = self._true.outputs(machine.taps, inputs, test.inputs_V, outputs)
        return test_record(test, machine.infer(test.inputs_V), true_V)

    def _restore_best(self) -> None:
        machine = self._machine
        if (past := self._replay.pop("restore")) is not None:
            machine.taps = tuple(past["taps"])
        else:
            machine.restore(self._best[1])
            self._log("restore", {"taps": self._best[1], "loss": self._best[0]})
        if self._replay.pop("restored") is None:
            _, inputs_V, desired_V = self._block.examples[-1]
            scores = self._measure(self._block.test or TestSet([inputs_V], [desired_V]))
            self._log("restored", {key.replace("test", "restored"): value for key, value in scores.items()})

    # -- damage --------------------------------------------------------------------------------------------------

    def _remove(self, edge: str) -> None:
        """Virtual boards do it by their script; on copper a person pulls the header, and the outputs must show it."""
        if self._replay.pop("remove") is not None:
            return
        if self._true is None:
            if self._ask is None:
                raise RunError(f"edge {edge} is to be pulled and nobody is there to do it: run it from a terminal")
            machine = self._machine
            inputs = [[5.0 if k == 0 else 0.0 for k in range(len(machine.roles[0]))]]
            before = machine.infer(inputs)[0]
            machine.safe()
            self._ask(f"Pull the header of edge {edge} in both networks, then press Enter")
            after = machine.infer(inputs)[0]
            if max(abs(a - b) for a, b in zip(before, after, strict=True)) < PULLED_V:
                raise BoardError(f"edge {edge} seems to be there still: no output moved by {PULLED_V * 1000:.0f} mV")
        self._log("remove", {"edge": edge})
