"""A tick as ticks.jsonl has it."""

from __future__ import annotations

from collections.abc import Sequence, Set
from dataclasses import dataclass

from twinohm.json_records import Count, Error, Finite, Int64, Name, Word
from twinohm.model.board import Board
from twinohm.model.levers import Levers
from twinohm.model.pairs import differences, pair_errors
from twinohm.model.placement import Placement
from twinohm.protocol.telemetry import Tick
from twinohm.runlog.events import Answer, TestSetScores
from twinohm.tasks.task import TestSet, Volts

NodeVolts = dict[Name, Finite]  # task volts by node


@dataclass(frozen=True, slots=True, kw_only=True)
class TickRecord:
    """One line of the log. Voltages are task volts; bit i of a word and taps[i] belong to edge i.

    true_* is what the circuit had, which virtual ports know. test_* are scores of a test set that was measured before
    the tick. `phase` names a part of the run that is scored by itself.
    """

    tick: Int64
    t_us: Int64 | None  # board time; None of the ensemble engine
    inputs_V: NodeVolts  # as the DAC gives them
    desired_V: NodeVolts
    free_V: NodeVolts  # inputs as given, outputs as measured
    clamp_V: NodeVolts
    cmp: Word | None  # None where the board cannot read its comparators
    sgn: Word | None
    up: Word
    moved: Word
    taps: tuple[Count, ...]  # after the tick
    error_V2: Error
    true_free_V: NodeVolts | None = None
    true_error_V2: Error | None = None
    test_error_V2: Error | None = None
    test_accuracy: Finite | None = None
    true_test_error_V2: Error | None = None
    true_test_accuracy: Finite | None = None
    phase: Name | None = None

    def mistake(self, nodes: Set[str], n_edges: int) -> str | None:
        """Return what does not fit a network with these nodes and so many edges, None if all does."""
        for name in ("inputs_V", "desired_V", "free_V", "clamp_V", "true_free_V"):
            if (volts := getattr(self, name)) and not volts.keys() <= nodes:
                return f"{name} has node {min(volts.keys() - nodes)}, which run.json has not"
        for name in ("inputs_V", "desired_V"):
            if missing := getattr(self, name).keys() - self.free_V.keys():
                return f"free_V.{min(missing)} is missing"
        if self.true_free_V and (missing := nodes - self.true_free_V.keys()):
            return f"true_free_V.{min(missing)} is missing"
        if len(self.taps) != n_edges:
            return f"taps has {len(self.taps)} values for the {n_edges} edges of run.json"
        for name in ("cmp", "sgn", "up", "moved"):
            if (word := getattr(self, name)) is not None and word >> n_edges:
                return f"{name} = {word} has a bit for more than the {n_edges} edges of run.json"
        for name in ("test_accuracy", "true_test_accuracy"):
            if (share := getattr(self, name)) is not None and not 0 <= share <= 1:
                return f"{name} = {share:g}: a share is 0 to 1"
        return None


def make_tick_record(
    number: int,
    t_us: int | None,
    tick: Tick,
    board: Board,
    placement: Placement,
    levers: Levers,
    inputs_V: Volts,
    desired_V: Volts,
    true_V: Volts | None = None,
    test: TestSetScores | None = None,
    phase: str = "",
) -> TickRecord:
    """Return the record of tick `number` at board time t_us.

    `levers`: with which it was made. inputs_V (inputs,), desired_V (outputs,): the example, in the order of the
    placement. true_V (nodes,): true voltages of the free network. `test`: scores of a test set that was measured before
    the tick.
    """
    given = given_V(board, placement.inputs, inputs_V)
    true_free_V = true_error_V2 = None
    if true_V is not None:
        true_free_V = dict(zip(board.nodes, true_V, strict=True))
        true_error_V2 = mse([true_free_V[name] for name in placement.outputs], desired_V, levers)
    return TickRecord(
        tick=number,
        t_us=t_us,
        inputs_V=given,
        desired_V=dict(zip(placement.outputs, desired_V, strict=True)),
        free_V=given | dict(zip(placement.outputs, tick.free_V, strict=True)),
        clamp_V=dict(zip(placement.outputs, tick.clamp_V, strict=True)),
        cmp=tick.cmp,
        sgn=tick.sgn,
        up=tick.up,
        moved=tick.moved,
        taps=tick.taps,
        error_V2=mse(tick.free_V, desired_V, levers),
        true_free_V=true_free_V,
        true_error_V2=true_error_V2,
        test_error_V2=test.error_V2 if test else None,
        test_accuracy=test.accuracy if test else None,
        true_test_error_V2=test.true_error_V2 if test else None,
        true_test_accuracy=test.true_accuracy if test else None,
        phase=phase or None,
    )


def given_V(board: Board, inputs: Sequence[str], inputs_V: Volts) -> dict[str, float]:
    """Return the voltages of the input nodes as the DAC with its 12 bits gives them."""
    return {name: round(board.dac_volts(volts), 6) for name, volts in zip(inputs, inputs_V, strict=True)}


def score_test_set(
    test: TestSet, measured_V: Sequence[Volts], true_V: Sequence[Volts] | None, by_output: bool = False
) -> TestSetScores:
    """Score the measured outputs (examples, outputs) of a test set, and the true ones if they are known.

    by_output: also each output alone.
    """
    return TestSetScores(
        test.mse(measured_V),
        test.accuracy(measured_V),
        None if true_V is None else test.mse(true_V),
        None if true_V is None else test.accuracy(true_V),
        test.mse_of_outputs(measured_V) if by_output else None,
        test.mse_of_outputs(true_V) if by_output and true_V is not None else None,
        _answers(test, measured_V, true_V) if test.names else None,
    )


def _answers(test: TestSet, measured_V: Sequence[Volts], true_V: Sequence[Volts] | None) -> tuple[Answer, ...]:
    """Return the differences of the outputs for each example of a test set of classes."""
    labels = test.labels or ()
    return tuple(
        Answer(
            name=name,
            wanted_V=round(differences(test.desired_V[label])[0], 6),
            measured_V=round(differences(measured_V[k])[0], 6),
            true_V=None if true_V is None else round(differences(true_V[k])[0], 9),
        )
        for k, (name, label) in enumerate(zip(test.names, labels, strict=True))
    )


def mse(volts: Sequence[float], desired: Sequence[float], levers: Levers) -> float:
    """Return the mean squared error, V^2; with pairs, of the difference of each two outputs (model/pairs.py)."""
    if levers.pairs:
        errors = pair_errors(volts, desired, levers.hinge, levers.margin_V)
        return sum(error**2 for error in errors) / len(errors)
    return sum((a - b) ** 2 for a, b in zip(volts, desired, strict=True)) / len(desired)
