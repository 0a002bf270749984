"""Events of a run: lines of ticks.jsonl that are no ticks. `tick` is the number of ticks before the event."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from twinohm.json_records import Count, Error, Finite, Int64, Name

Taps = tuple[Count, ...]  # by edge


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """The difference of two outputs for one example, task volts; it is right if it has the sign of the wanted one."""

    name: Name
    wanted_V: Finite
    measured_V: Finite
    true_V: Finite | None = None


@dataclass(frozen=True)
class TestSetScores:
    """Scores of a test set, in V^2 and as a share: measured, and true where the port knows the true voltages."""

    __test__: ClassVar = False  # pytest: this is no test

    error_V2: float
    accuracy: float | None = None
    true_error_V2: float | None = None
    true_accuracy: float | None = None
    outputs_V2: tuple[float, ...] | None = None  # of each output, where they have units of their own
    true_outputs_V2: tuple[float, ...] | None = None
    answers: tuple[Answer, ...] | None = None  # of each example, where they are few


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetsMeasured:
    """The task asked for the outputs of some inputs, to make its targets from them."""

    event: Literal["asked"] = "asked"
    tick: Int64
    outputs: tuple[Name, ...]
    free_V: tuple[tuple[Finite, ...], ...]  # (examples, outputs)


@dataclass(frozen=True, slots=True, kw_only=True)
class LossMeasured:
    """The loss by which taps are compared: a share of wrong classes, or V^2."""

    event: Literal["judged"] = "judged"
    tick: Int64
    loss: Finite


@dataclass(frozen=True, slots=True, kw_only=True)
class FinalTest:
    """The test set, measured after the last tick."""

    event: Literal["test"] = "test"
    tick: Int64
    test_error_V2: Error
    test_accuracy: Finite | None = None
    true_test_error_V2: Error | None = None
    true_test_accuracy: Finite | None = None
    test_outputs_V2: tuple[Error, ...] | None = None  # of each output, where several have units of their own
    true_test_outputs_V2: tuple[Error, ...] | None = None
    answers: tuple[Answer, ...] | None = None  # of each example, where they are few

    @property
    def scores(self) -> TestSetScores:
        return TestSetScores(self.test_error_V2, self.test_accuracy, self.true_test_error_V2, self.true_test_accuracy)


@dataclass(frozen=True, slots=True, kw_only=True)
class BestRestored:
    """The taps of the least loss were set again."""

    event: Literal["restore"] = "restore"
    tick: Int64
    taps: Taps
    loss: Finite


@dataclass(frozen=True, slots=True, kw_only=True)
class RestoredTest:
    """The test set, measured with the best taps."""

    event: Literal["restored"] = "restored"
    tick: Int64
    restored_error_V2: Error
    restored_accuracy: Finite | None = None
    true_restored_error_V2: Error | None = None
    true_restored_accuracy: Finite | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EdgeRemoved:
    """An edge was pulled in both networks."""

    event: Literal["remove"] = "remove"
    tick: Int64
    edge: Name


@dataclass(frozen=True, slots=True, kw_only=True)
class Resumed:
    """The board was opened again, homed and given the taps of the last logged tick.

    boot, firmware: None of the ensemble engine.
    """

    event: Literal["resume"] = "resume"
    tick: Int64
    time: str
    why: str
    taps: Taps
    port: str
    boot: int | None = None
    firmware: str | None = None
    torn_bytes: Int64 | None = None  # of a torn last line that was cut off


@dataclass(frozen=True, slots=True, kw_only=True)
class TapsSet:
    """A session goes on with other taps than those of its last tick: restore(), home(), or code set them."""

    event: Literal["taps"] = "taps"
    tick: Int64
    taps: Taps


@dataclass(frozen=True, slots=True, kw_only=True)
class Violations:
    """Limits of parts that were broken since the last such event; the first ones with their texts."""

    event: Literal["violations"] = "violations"
    tick: Int64
    count: Int64
    texts: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Saturated:
    """From tick `tick` on, a node was asked for more than its DAC or the board's range can give: once in each phase."""

    event: Literal["saturated"] = "saturated"
    tick: Int64
    node: Name
    phase: Name | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """A process stopped working on the run: "done", "stopped", or the error."""

    event: Literal["end"] = "end"
    tick: Int64
    why: str
    seconds: Finite  # that the process spent


Event = (
    TargetsMeasured
    | LossMeasured
    | FinalTest
    | BestRestored
    | RestoredTest
    | EdgeRemoved
    | Resumed
    | TapsSet
    | Violations
    | Saturated
    | Ended
)
