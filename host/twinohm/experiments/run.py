"""One run: a task on a board, every tick into a run folder."""

import platform
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np

import twinohm
from twinohm.circuit.truth import TrueFreeNetwork
from twinohm.errors import BoardError, RunError, UsageError
from twinohm.experiments.plan import RunPlan, plan_run
from twinohm.experiments.record import Record, test_record, tick_record
from twinohm.firmware import firmware_hash
from twinohm.machine import Example, Machine
from twinohm.runs.folder import RunFolder
from twinohm.runs.summary import log_scores
from twinohm.tasks.task import Block, TestSet, Volts

__all__ = ["Progress", "RunPlan", "plan_run", "run"]

Progress = Callable[[int, float], None]  # ticks done, present error in V^2
ETA_STEP = 16  # ticks between changes of a scheduled eta
PULLED_V = 0.005  # least change of an output that shows that an edge was pulled


def run(
    plan: RunPlan,
    out: Path,
    progress: Progress | None = None,
    boards: Path | None = None,
    stop: Callable[[], bool] = lambda: False,
    ask: Callable[[str], None] | None = None,
) -> RunFolder:
    """Home the board, train, log every tick, score. `stop` is asked after each chunk, `ask` has a person do something.

    Raises LinkError or BoardError; what was logged stays, and is scored.
    """
    started = time.monotonic()
    with Machine(plan.port, boards) as machine:
        if machine.board.name != plan.board.name:
            raise UsageError(f"{plan.port} is a {machine.board.name}, not a {plan.board.name}: give --board")
        machine.home()
        folder = RunFolder.create(out, plan.task.name, plan.board.name)
        folder.write_run(_description(plan, machine))
        session = _Session(plan, machine, folder, ask)
        try:
            for done, error in session.train():
                if progress is not None:
                    progress(done, error)
                if stop():
                    break
            else:
                session.finish()
        finally:
            folder.close()
            if session.ticks:
                folder.write_summary(session.summary(time.monotonic() - started))
    return folder


class _Session:
    """A run while it goes on."""

    def __init__(
        self, plan: RunPlan, machine: Machine, folder: RunFolder, ask: Callable[[str], None] | None
    ) -> None:
        self._plan, self._machine, self._folder, self._ask = plan, machine, folder, ask
        self._records = machine.records
        self._true = TrueFreeNetwork(plan.board, self._records.truth) if self._records is not None else None
        self._block = Block([])  # the present one
        self._final: Record | None = None
        self._best: tuple[float, tuple[int, ...]] = (float("inf"), ())
        self._restored: Record = {}
        self.ticks = 0

    def train(self) -> Iterator[tuple[int, float]]:
        """All blocks of the task; yields (ticks done, error in V^2) after each chunk."""
        plan, machine = self._plan, self._machine
        machine.place(*plan.placement, plan.eta)
        machine.set_levers(plan.levers, plan.seed or 0)
        if self._records is not None:
            self._records.forget()
        for block in plan.task.blocks(plan.ticks, plan.seed or 0, machine.infer):
            if block.remove is not None:
                self._remove(block.remove)
            placement = block.placement or plan.placement
            eta = block.eta or plan.eta
            if (machine.inputs, machine.outputs, machine.eta) != (*placement, eta):
                machine.place(*placement, eta)
            self._block = block
            tested = self._measure(block.test) if block.test is not None else {}
            for examples in self._by_eta(block):
                for error in self._learn(examples, block, tested):
                    yield self.ticks, error
                tested = {}

    def _by_eta(self, block: Block) -> Iterator[list[tuple[int, Volts, Volts]]]:
        """The block's examples, cut where a scheduled eta changes."""
        end = self._plan.levers.eta_end
        if end is None:
            yield list(block.examples)
            return
        start = block.eta or self._plan.eta
        for ticks, inputs_V, desired_V in block.examples:
            while ticks:
                part = min(ticks, ETA_STEP)
                share = min(1.0, self.ticks / max(1, self._plan.ticks - 1))
                self._machine.place(self._machine.inputs, self._machine.outputs, start + (end - start) * share)
                yield [(part, inputs_V, desired_V)]
                ticks -= part

    def _learn(self, examples: Sequence[tuple[int, Volts, Volts]], block: Block, tested: Record) -> Iterator[float]:
        machine, records = self._machine, self._records
        wanted = ((a, b) for ticks, a, b in examples for _ in range(ticks))
        before = machine.taps or ()
        placement = (machine.inputs, machine.outputs)
        for chunk in machine.stream([(ticks, Example(a, b)) for ticks, a, b in examples]):
            truths = records.take(len(chunk)) if records is not None else [None] * len(chunk)
            lines = []
            for tick, truth in zip(chunk, truths, strict=True):
                line = tick_record(self.ticks, tick, self._plan.board, placement, *next(wanted), truth) | tested
                if block.phase:
                    line["phase"] = block.phase
                if block.test is None or tested:  # with test sets only their errors count
                    self._remember(line["test_error_V2" if tested else "error_V2"], before)
                tested, before = {}, tick.taps
                lines.append(line)
                self.ticks += 1
            self._folder.append(lines)
            yield lines[-1]["error_V2"]

    def _remember(self, error: float, taps: tuple[int, ...]) -> None:
        """Taps of the lowest measured error."""
        if error < self._best[0]:
            self._best = (error, taps)

    def _measure(self, test: TestSet) -> Record:
        """Measure a test set on the board, and on virtual ports compute its true outputs."""
        machine = self._machine
        true_V = None
        if self._true is not None:
            true_V = self._true.outputs(machine.taps or (), machine.inputs, test.inputs_V, machine.outputs)
        return test_record(test, machine.infer(test.inputs_V), true_V)

    def _remove(self, edge: str) -> None:
        """Virtual boards do it by their script; on copper a person pulls the header, and the outputs must show it."""
        if self._true is not None:
            self._true.present[self._plan.board.edge_index(edge)] = 0
            return
        if self._ask is None:
            raise RunError(f"edge {edge} is to be pulled and nobody is there to do it: run it from a terminal")
        machine = self._machine
        inputs = [[5.0 if k == 0 else 0.0 for k in range(len(machine.inputs))]]
        before = machine.infer(inputs)[0]
        machine.safe()
        self._ask(f"Pull the header of edge {edge} in both networks, then press Enter")
        after = machine.infer(inputs)[0]
        if max(abs(a - b) for a, b in zip(before, after, strict=True)) < PULLED_V:
            raise BoardError(f"edge {edge} seems to be there still: no output moved by {PULLED_V * 1000:.0f} mV")

    def finish(self) -> None:
        """The last test set once more; then, if asked for, the best taps."""
        if self._block.test is not None:
            self._final = self._measure(self._block.test)
            self._remember(self._final["test_error_V2"], self._machine.taps or ())
        if self._plan.restore_best:
            self._restore_best()

    def _restore_best(self) -> None:
        machine = self._machine
        machine.restore(self._best[1])
        machine.place(machine.inputs, machine.outputs, machine.eta)
        _, inputs_V, desired_V = self._block.examples[-1]
        test = self._block.test or TestSet([inputs_V], [desired_V])
        self._restored = {key.replace("test", "restored"): value for key, value in self._measure(test).items()}

    def summary(self, seconds: float) -> dict[str, Any]:
        """The JSON of `twinohm run` (mse_*: measured, true_*: what the circuit had)."""
        plan, machine = self._plan, self._machine
        violations = self._records.violations if self._records is not None else 0
        summary = {
            "task": plan.task.name,
            "board": plan.board.name,
            "port": plan.port,
            "profile": plan.profile,
            "seed": plan.seed,
            **log_scores(self._folder, self._final),
            **self._restored,
            "taps": list(machine.taps or ()),
            "placement": {"inputs": list(machine.inputs), "outputs": list(machine.outputs)},
            "run_dir": str(self._folder.path),
            "seconds": round(seconds, 3),
            "violations": violations,
        }
        if violations:
            summary["violation_texts"] = self._records.messages
        if self._final is not None:
            summary["final_test"] = self._final
        return summary


def _description(plan: RunPlan, machine: Machine) -> dict[str, Any]:
    """Everything needed to repeat the run, and on virtual ports to compute every voltage again."""
    board = plan.board
    description = {
        "task": plan.task.name,
        "board": board.name,
        "port": plan.port,
        "profile": plan.profile,
        "seed": plan.seed,
        "eta": plan.eta,
        "ticks": plan.ticks,
        "block": plan.task.score_ticks,
        "ours": plan.task.ours,
        "placement": {"inputs": list(plan.placement[0]), "outputs": list(plan.placement[1])},
        "nodes": list(board.nodes),
        "edges": list(board.edges),
        "min_tap": board.pots.min_tap,
        "start_taps": list(machine.taps or ()),
        "levers": plan.levers.changed(),
        "amplify": getattr(plan.task, "amplify", 1.0),
        "restore_best": plan.restore_best,
        "examples": [list(map(list, example)) for example in plan.task.examples],
        "command": sys.argv,
        "versions": {
            "twinohm": twinohm.__version__,
            "python": platform.python_version(),
            "numpy": np.__version__,
            "firmware": machine.hello["firmware"],
            "firmware_here": firmware_hash(),
            "protocol": machine.hello["protocol"],
        },
        "hello": machine.hello,
        "board_table": board.model_dump(mode="json"),
        "started": datetime.now().astimezone().isoformat(timespec="seconds"),
    }
    if machine.records is not None:
        description["truth"] = machine.records.truth
    return description
