"""How far the parts of a virtual board are from 25 degrees Celsius, and what that does to a value.

Temperature coefficients stand in the tables of the parts: pot_parts.py, dac_curve.py, adc_curve.py.
"""

from typing import TypeVar

import numpy as np

from twinohm.model.circuit import Floats

MOST_K = 45.0  # above 25 degrees: LM393A (Fairchild, page 3) and REF3025 (SBVS032G) are specified to 70
DRIFT_TICKS = 1000  # in which a board warms by drift_K

Value = TypeVar("Value", float, Floats)


def warmed(value: Value, per_K: float | Floats, kelvin: float | Floats) -> Value:
    """Return a value that changes by the share `per_K` of itself with each kelvin, after `kelvin`."""
    return value * (1 + per_K * kelvin)  # type: ignore[return-value]


def edge_K(temperature_K: float, gradient_K: float, edges: int) -> Floats:
    """Return by how much the pots of each edge (edges,) are warmer than 25 degrees. The mean is temperature_K."""
    return temperature_K + gradient_K * np.linspace(-0.5, 0.5, edges)


def drifted_K(drift_K: float, tick: int) -> float:
    """Return by how much a board is warmer at a tick than at tick 0."""
    return drift_K * tick / DRIFT_TICKS
