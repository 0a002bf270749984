"""Arguments of the compiled code. Arrays end in (.., LANES): LANES replicas side by side are one block.

Voltages are physical volts unless said otherwise. Codes are whole floats. Nodes are positions in the order of
elimination.
"""

from functools import cache
from statistics import NormalDist
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


class Parts(NamedTuple):
    """Component values."""

    per_tap_ohm: Array  # (blocks, 2, n_edges, LANES) free, clamped
    fixed_ohm: Array  # (blocks, 2, n_edges, LANES); inf where an edge is taken out
    offset_V: Array  # (blocks, 2, n_edges, LANES) CMP, SGN
    averager: Array  # (blocks, 2, n_edges, LANES) as in model/components.py
    buffer_V: Array  # (blocks, 2, n_nodes, LANES) free, clamped
    noise_V: float
    bias_V: float  # at the input of CMP, towards up
    quantiles: Array  # (65536,) of the noise at 1 V
    alike: bool  # both twins have equal values


class Dacs(NamedTuple):
    """Transfer curves of the DACs (model/dac_curve.py) and their corrections (model/codes.py), by node."""

    offset_V: Array  # (blocks, n_nodes, LANES)
    full_V: Array  # (blocks, n_nodes, LANES) gain times full scale
    bow: Array  # (blocks, n_nodes, LANES) 4 bow_lsb / COUNTS
    ess: Array  # (blocks, n_nodes, LANES) SHAPE ess_lsb / COUNTS
    gain: Array  # (blocks, n_nodes, LANES) whole
    offset: Array  # (blocks, n_nodes, LANES) whole


class Converters(NamedTuple):
    """Transfer curves of the ADCs; replicas without faults share one."""

    edges_V: Array  # (curves, >= 4096) where the next count begins; inf after the last
    guess: Array  # (curves, >= 4097) a count not above that of any voltage in a cell
    scale: Array  # (3, curves) cells per volt; code of a count and offset, in 1/4096 codes


class Roles(NamedTuple):
    """Nodes that are driven and measured, with the drivers' conductance and the ADC curves."""

    inputs: Array  # (blocks, n_in, LANES) node
    outputs: Array  # (blocks, n_out, LANES) node
    curve: Array  # (blocks, n_out, LANES) index into Converters
    scale: Array  # (blocks, 3, n_out, LANES) of that curve
    driver_S: Array  # (blocks, 2, n_nodes, LANES) conductance of each node's driver, free, clamped


class Rule(NamedTuple):
    """Codes, taps and levers. Probabilities are in 1/32768."""

    low_code: int
    high_code: int
    low_V: float  # where a task has 0 V
    task_per_V: float
    min_tap: int
    top_tap: int
    p: int
    p_floor: int
    error_full: int
    readings: int
    vote: int
    overclamp: bool
    whole: bool
    pairs: bool
    hinge: bool
    margin: int
    margin_V: float  # task volts; 0: the target
    window: int  # ticks that the best taps are judged by; 0: they are not remembered


class Schedule(NamedTuple):
    """Inputs, desired outputs and eta of each tick. If all replicas have the same, there is one block of one lane."""

    drive: Array  # (blocks, ticks, n_in, LANES) codes
    desired: Array  # (blocks, ticks, n_out, LANES) codes
    desired_V: Array  # (blocks, ticks, n_out, LANES) task volts
    eta: Array  # (ticks,) in 1/4096


class Now(NamedTuple):
    """State that ticks change."""

    taps: Array  # (blocks, n_edges, LANES)
    noise: Array  # (blocks, LANES) each noise generator
    draws: Array  # (blocks, 3, LANES) each board's own generator, whole floats


class Best(NamedTuple):
    """Taps of least measured error, if they are remembered."""

    error: Array  # (blocks, LANES) codes^2, mean over outputs and window
    tick: Array  # (blocks, LANES) last of the window
    taps: Array  # (blocks, n_edges, LANES) before that tick


class Log(NamedTuple):
    """Records by tick; what is not recorded has 0 ticks."""

    true_error: Array  # (blocks, ticks, LANES) mean over outputs, task V^2
    measured_error: Array  # (blocks, ticks, LANES)
    taps: Array  # (blocks, ticks, n_edges, LANES) after the tick
    up: Array  # (blocks, ticks, n_edges, LANES)
    free: Array  # (blocks, ticks, n_out, LANES) codes
    clamp: Array  # (blocks, ticks, n_out, LANES) codes


@cache
def normal_quantiles() -> Array:
    """Return 65,536 equally likely values of a normal variable, mean 0, sd 1."""
    values = np.array([NormalDist().inv_cdf((i + 0.5) / 65536) for i in range(65536)])
    return np.asarray(values / values.std(), dtype=np.float32)
