"""Outputs in pairs, of which the difference is asked for: output 0 minus 1, 2 minus 3, and so on."""

from collections.abc import Sequence
from typing import Any, TypeVar

from numpy.typing import NDArray

from twinohm.model.codes import TASK_SPAN_V

TARGET_V = 0.3  # of the difference that a class is, either way
Number = TypeVar("Number", int, float)
Volts = TypeVar("Volts", float, NDArray[Any])


def differences(values: Sequence[Number]) -> list[Number]:
    """Return the first of each two values minus the second."""
    return [values[k] - values[k + 1] for k in range(0, len(values) - 1, 2)]


def pair_V(difference_V: Volts) -> tuple[Volts, Volts]:
    """Return the task volts of two outputs that have this difference, as far from either end of the range."""
    middle_V, half_V = TASK_SPAN_V / 2, difference_V / 2
    return middle_V + half_V, middle_V - half_V


def is_right(found: float, wanted: float, margin: float | None = None) -> bool:
    """Return whether a difference has the sign that is wanted, and is as large: as `margin`, or as `wanted` itself.

    Where 0 is wanted, none is right: it has no sign.
    """
    sign = -1 if wanted < 0 else 1
    return wanted != 0 and sign * found >= (abs(wanted) if margin is None else margin)


def pair_errors(
    found: Sequence[float], wanted: Sequence[float], hinge: bool, margin: float | None = None
) -> list[float]:
    """Return what each difference lacks, (pairs,), of measured and desired outputs (outputs,).

    hinge: whether one that is right by the margin lacks nothing.
    """
    pairs = zip(differences(found), differences(wanted), strict=True)
    return [0.0 if hinge and is_right(got, aim, margin) else aim - got for got, aim in pairs]
