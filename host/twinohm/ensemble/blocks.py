"""Convert arrays of replicas to blocks of LANES replicas side by side, and back."""

import numpy as np

from twinohm.ensemble.arrays import Array
from twinohm.ensemble.lanes import LANES


def to_blocks(values: Array) -> Array:
    """Return (replicas, ..) as (blocks, .., LANES); the last replica fills the last block."""
    missing = -len(values) % LANES
    full = np.concatenate([values, np.repeat(values[-1:], missing, axis=0)])
    return np.ascontiguousarray(np.moveaxis(full.reshape(len(full) // LANES, LANES, *values.shape[1:]), 1, -1))


def from_blocks(values: Array, replicas: int) -> Array:
    """Return (blocks, .., LANES) as (replicas, ..)."""
    by_replica = np.moveaxis(values, -1, 1).reshape(values.shape[0] * LANES, *values.shape[1:-1])
    return np.ascontiguousarray(by_replica[:replicas])
