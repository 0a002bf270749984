"""TwinOhm: a physical learning machine. `twinohm.run("allostery")`, or `with twinohm.open("sim://lab16") as board:`."""

import logging
from importlib import import_module
from typing import TYPE_CHECKING

import serial

from twinohm.version import __version__

if TYPE_CHECKING:
    from twinohm.api import compare, load_board, load_run, open, resume, run, runs
    from twinohm.api_boards import board_from_graph
    from twinohm.api_data import describe_data, load_task
    from twinohm.api_flash import flash
    from twinohm.api_studies import place, plot_sweep, pulls, reproduce, rules, sweep
    from twinohm.ensemble.sparse import SparseTwins
    from twinohm.estimators import TwinClassifier, TwinRegressor
    from twinohm.model.levers import Levers
    from twinohm.run_results import Run
    from twinohm.tasks.user import UserTask as Task

__all__ = [
    "Levers",
    "Run",
    "SparseTwins",
    "Task",
    "TwinClassifier",
    "TwinRegressor",
    "__version__",
    "board_from_graph",
    "compare",
    "describe_data",
    "flash",
    "load_board",
    "load_run",
    "load_task",
    "open",
    "place",
    "plot_sweep",
    "pulls",
    "reproduce",
    "rules",
    "resume",
    "run",
    "runs",
    "sweep",
]

_NAMES = {  # of each module; it is imported when one of them is first asked for
    "api": ("compare", "load_board", "load_run", "open", "resume", "run", "runs"),
    "api_boards": ("board_from_graph",),
    "api_data": ("describe_data", "load_task"),
    "api_flash": ("flash",),
    "api_studies": ("place", "plot_sweep", "pulls", "reproduce", "rules", "sweep"),
    "ensemble.sparse": ("SparseTwins",),
    "estimators": ("TwinClassifier", "TwinRegressor"),
    "model.levers": ("Levers",),
    "run_results": ("Run",),
    "tasks.user": ("UserTask",),
}
_MODULES = {name: f"{__name__}.{module}" for module, names in _NAMES.items() for name in names}
_OTHER_NAMES = {"Task": "UserTask"}  # here, and in its module

logging.getLogger(__name__).addHandler(logging.NullHandler())  # a program that wants the log adds its own
serial.protocol_handler_packages.append("twinohm.sim.url_handlers")  # sim:// and emu://, for serial.serial_for_url


def __dir__() -> list[str]:
    """Return the public names alone: subpackages and imports are not part of the library."""
    return sorted(__all__)


def __getattr__(name: str) -> object:
    """Return a public function or type. Raises AttributeError for any other name."""
    if name not in __all__:
        raise AttributeError(f"module 'twinohm' has no attribute {name!r}; public names are {', '.join(__all__)}")
    there = _OTHER_NAMES.get(name, name)
    found = globals()[name] = getattr(import_module(_MODULES[there]), there)
    return found
