"""Ensembles: the learning rule and the boards without firmware, compiled, for statistics, placement and sweeps."""

from twinohm.errors import TwinOhmError
from twinohm.extras import install_command

try:
    import numba as _numba  # noqa: F401
except ImportError as error:
    raise TwinOhmError(f"the ensemble engine is compiled by numba: {install_command('ensemble')}") from error

from twinohm.ensemble.engine import Ensemble, Remembered, Result, State

__all__ = ["Ensemble", "Remembered", "Result", "State"]
