"""Ensembles: the learning rule and the boards without firmware, compiled, for statistics, placement and sweeps."""

from twinohm.errors import TwinOhmError

try:
    import numba as _numba  # noqa: F401
except ImportError as error:
    raise TwinOhmError('the ensemble engine is compiled by numba: pip install "twinohm[ensemble]"') from error

from twinohm.ensemble.engine import Ensemble, Remembered, Result, State

__all__ = ["Ensemble", "Remembered", "Result", "State"]
