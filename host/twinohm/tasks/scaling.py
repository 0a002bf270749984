"""How a user's numbers become task volts, and volts become the user's numbers again."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from twinohm.errors import UsageError
from twinohm.json_records import Finite
from twinohm.model.codes import TASK_SPAN_V
from twinohm.model.pairs import pair_V

Floats = NDArray[np.float64]
BIASES_V = (0.0, float(TASK_SPAN_V))


@dataclass(frozen=True)
class ColumnScale:
    """A column of a user's data: its values `low` and `high` are 0 V and 5 V, others between and beyond are linear.

    The volts of a target may be those of a difference of two outputs.
    """

    name: str
    low: Finite
    high: Finite

    def volts(self, values: ArrayLike) -> Floats:
        """Return task volts of values in the column's own unit, of any shape; not clipped."""
        given = np.array(values, float)
        if (self.low, self.high) == (0, TASK_SPAN_V):
            return given
        volts = TASK_SPAN_V * (given - self.low) / (self.high - self.low)
        return np.where(given <= self.high, np.minimum(volts, TASK_SPAN_V), volts)  # no rounding beyond 5 V

    def own(self, volts: ArrayLike) -> Floats:
        """Return values in the column's own unit of task volts, of any shape."""
        return np.asarray(self.low + np.asarray(volts, float) * self.per_volt)

    @property
    def per_volt(self) -> float:
        """How much of the column's own unit 1 V is."""
        return (self.high - self.low) / TASK_SPAN_V


@dataclass(frozen=True)
class Scaling:
    """How the columns of a user's data become a task's inputs and outputs, and back.

    inputs, targets: by column; of columns in volts 0 is 0 V and 5 is 5 V. Classes have no targets in volts, so
    `targets` is () there. scaled: whether ranges come from training rows. complement: whether 5 V - x stands beside
    each input x. biases_V: constant inputs after all others. difference: whether each target is the difference of two
    outputs. ends_V: what the least and the greatest target of the training rows became, if they were scaled.
    """

    inputs: tuple[ColumnScale, ...]
    targets: tuple[ColumnScale, ...] = ()
    scaled: bool = True
    complement: bool = False
    biases_V: tuple[Finite, ...] = ()
    difference: bool = False
    ends_V: tuple[Finite, Finite] = BIASES_V

    @property
    def n_inputs(self) -> int:
        """Number of input nodes."""
        return len(self.inputs) * (1 + self.complement) + len(self.biases_V)

    @property
    def ends_text(self) -> str:
        """The range of scaled targets, "0..5 V"."""
        return f"{self.ends_V[0]:g}..{self.ends_V[1]:g} V"

    @property
    def input_names(self) -> list[str]:
        """What each input node is given."""
        names = [one.name for one in self.inputs]
        names += [f"{TASK_SPAN_V} V - {one.name}" for one in self.inputs] if self.complement else []
        return names + [f"{bias_V:g} V" for bias_V in self.biases_V]

    def inputs_V(self, values: ArrayLike) -> Floats:
        """Return volts of the input nodes (examples, n_inputs) for values (examples, columns), limited to 0..5 V."""
        columns = _columns("inputs_V", values, len(self.inputs))
        volts = np.column_stack([one.volts(columns[:, k]) for k, one in enumerate(self.inputs)])
        volts = volts.clip(0, TASK_SPAN_V)
        parts = [volts, TASK_SPAN_V - volts] if self.complement else [volts]
        return np.hstack([*parts, np.tile(np.array(self.biases_V, float), (len(volts), 1))])

    def outside(self, values: ArrayLike) -> NDArray[np.bool_]:
        """Return for each example (examples,) whether an input of it lies outside 0..5 V."""
        columns = _columns("outside", values, len(self.inputs))
        volts = np.column_stack([one.volts(columns[:, k]) for k, one in enumerate(self.inputs)])
        slack = 1e-9 * TASK_SPAN_V
        return np.asarray(((volts < -slack) | (volts > TASK_SPAN_V + slack)).any(axis=1))

    def targets_V(self, values: ArrayLike) -> Floats:
        """Return volts of the outputs (examples, outputs) for target values (examples, targets); not limited.

        A target has one output, or two with `difference`.
        """
        columns = _columns("targets_V", values, len(self.targets))
        volts = [one.volts(columns[:, k]) for k, one in enumerate(self.targets)]
        if self.difference:
            volts = [output for one in volts for output in pair_V(one)]
        return np.column_stack(volts)

    def undo(self, outputs_V: ArrayLike) -> Floats:
        """Return target values (examples, targets) in their own units for output voltages (examples, outputs)."""
        columns = _columns("undo", outputs_V, len(self.targets) * (1 + self.difference))
        if self.difference:
            columns = columns[:, ::2] - columns[:, 1::2]
        return np.column_stack([one.own(columns[:, k]) for k, one in enumerate(self.targets)])


def _columns(what: str, values: ArrayLike, count: int) -> Floats:
    """Return values as (examples, count); a single column may be (examples,), a single example (count,).

    Raises UsageError for any other shape.
    """
    table = np.asarray(values, float)
    if table.ndim < 2:
        table = table.reshape(-1, 1) if count == 1 else table.reshape(1, -1)
    if table.ndim != 2 or table.shape[1] != count:
        raise UsageError(f"{what}: values of shape {np.shape(values)}; give examples x {count} columns")
    return table


def fit_scales(
    names: Sequence[str], values: Floats, low_V: float = 0.0, high_V: float = float(TASK_SPAN_V)
) -> tuple[ColumnScale, ...]:
    """Return the scales by which the least and the greatest value of each column are `low_V` and `high_V`.

    values: (rows, columns) of the training rows. A column that has one value alone is `low_V`.

    Raises UsageError for values that are too far apart to be scaled.
    """
    scales = []
    for name, column in zip(names, values.T, strict=True):
        low, high = float(column.min()), float(column.max())
        if high == low:
            high = max(low + 1.0, low + abs(low))  # 1.0 more may be lost in rounding
        per_volt = (high - low) / (high_V - low_V)
        if not math.isfinite(per_volt * TASK_SPAN_V):
            raise UsageError(f"column {name}: {low:g} to {high:g} is too wide to be scaled; give it in a larger unit")
        scales.append(ColumnScale(name, low - low_V * per_volt, high + (TASK_SPAN_V - high_V) * per_volt))
    return tuple(scales)


@dataclass(frozen=True)
class Preparation:
    """What was made of a user's data before it was a task.

    notes: what was recognised in the file and what was left out, a sentence each without its full stop. test_share and
    split_seed: of the rows that were drawn as test rows, None if the data say themselves which they are. clipped: test
    rows with an input outside the range of the training rows. left_out: names of columns without a role.
    """

    scaling: Scaling
    notes: tuple[str, ...] = ()
    test_share: Finite | None = None
    split_seed: int | None = None
    clipped: int = 0
    left_out: tuple[str, ...] = ()

    def text(self, train: int, test: int, targets: Sequence[str], classes: Sequence[str]) -> str:
        """Return in one line what was made of the data, "" if they were taken as they are.

        train, test: numbers of rows. targets: names of columns. classes: names, none if outputs are numbers.
        """
        scaling, parts = self.scaling, []
        plain = not scaling.scaled and not scaling.biases_V and not scaling.complement and not self.test_share
        if plain and not self.notes:
            return ""
        n = len(scaling.inputs)
        inputs = f"{n} input{'s' * (n > 1)}"
        if scaling.scaled:
            apart = scaling.difference or scaling.ends_V != BIASES_V
            both = "" if classes or apart else f" and {' and '.join(targets)}"
            parts.append(f"{inputs}{both} scaled to 0..{TASK_SPAN_V} V by {train} training rows")
        else:
            parts.append(f"{inputs} in task volts")
        if scaling.complement:
            parts.append(f"{TASK_SPAN_V} V - x beside each input x")
        if scaling.biases_V:
            biases = " and ".join(f"{bias_V:g} V" for bias_V in scaling.biases_V)
            parts.append(f"bias input{'s' * (len(scaling.biases_V) > 1)} of {biases}")
        if scaling.difference:
            parts.append(_differences_text(scaling, targets, classes))
        elif classes:
            parts.append(f"{len(classes)} classes of {targets[0]}")
        elif not scaling.scaled:
            parts.append(f"{len(targets)} output{'s' * (len(targets) > 1)}")
        elif apart:
            parts.append(f"{' and '.join(targets)} to {scaling.ends_text}")
        if self.test_share is not None:
            drawn = f"{test} test rows drawn with seed {self.split_seed}" if test else "no test rows"
            parts.append(drawn)
        if self.clipped:
            parts.append(f"{self.clipped} of them clipped to the training range")
        return "; ".join([", ".join(parts), *self.notes])


def _differences_text(scaling: Scaling, targets: Sequence[str], classes: Sequence[str]) -> str:
    """Return in words which differences of outputs stand for the targets."""
    if classes:
        return f"{targets[0]} as the difference of two outputs, {classes[0]} below 0 V and {classes[1]} above"
    ends = f" ({scaling.ends_text})" if scaling.scaled else ""
    of = "the difference of two outputs" if len(targets) == 1 else "differences of two outputs each"
    return f"{' and '.join(targets)} as {of}{ends}"
