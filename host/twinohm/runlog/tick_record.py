"""What one tick leaves in ticks.jsonl, and what a test set leaves beside it."""

from collections.abc import Sequence
from typing import Any

from twinohm.model.board import Board
from twinohm.model.placement import Placement
from twinohm.protocol.side_channel import TrueTick
from twinohm.protocol.telemetry import Tick
from twinohm.tasks.task import TestSet, Volts

Record = dict[str, Any]


def tick_record(
    number: int,
    tick: Tick,
    board: Board,
    placement: Placement,
    inputs_V: Sequence[float],
    desired_V: Sequence[float],
    truth: TrueTick | None,
) -> Record:
    """One line of ticks.jsonl; `truth`: the tick's true voltages, on a virtual board."""
    inputs, outputs = placement
    given = given_V(board, inputs, inputs_V)
    record: Record = {
        "tick": number,
        "t_us": tick.t_us,
        "inputs_V": given,
        "desired_V": dict(zip(outputs, desired_V, strict=True)),
        "free_V": {**given, **dict(zip(outputs, tick.free_V, strict=True))},
        "clamp_V": dict(zip(outputs, tick.clamp_V, strict=True)),
        "cmp": tick.cmp,
        "sgn": tick.sgn,
        "up": tick.up,
        "moved": tick.moved,
        "taps": tick.taps,
        "error_V2": mse(tick.free_V, desired_V),
    }
    if truth is not None:
        true_V = dict(zip(board.nodes, truth.free_V, strict=True))
        record["true_free_V"] = true_V
        record["true_error_V2"] = mse([true_V[name] for name in outputs], desired_V)
    return record


def given_V(board: Board, inputs: Sequence[str], inputs_V: Sequence[float]) -> dict[str, float]:
    """Volts of the input nodes as the DAC gives them."""
    return {name: round(board.dac_volts(volts), 6) for name, volts in zip(inputs, inputs_V, strict=True)}


def test_record(test: TestSet, measured_V: Sequence[Volts], true_V: Sequence[Volts] | None) -> Record:
    """Scores of a test set, to stand in the record of the tick that follows it, or in an event."""
    record: Record = {"test_error_V2": test.mse(measured_V)}
    if test.labels is not None:
        record["test_accuracy"] = test.accuracy(measured_V)
    if true_V is not None:
        record["true_test_error_V2"] = test.mse(true_V)
        if test.labels is not None:
            record["true_test_accuracy"] = test.accuracy(true_V)
    return record


def mse(volts: Sequence[float], desired: Sequence[float]) -> float:
    """Mean squared difference, V^2."""
    return sum((a - b) ** 2 for a, b in zip(volts, desired, strict=True)) / len(desired)
