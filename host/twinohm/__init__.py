"""TwinOhm: a physical learning machine. `twinohm.run("allostery")`, or `with twinohm.open("sim://lab16") as board:`."""

import logging

import serial

from twinohm.api import compare, load_board, load_run, open, resume, run, runs
from twinohm.api_studies import place, reproduce, sweep
from twinohm.model.levers import Levers
from twinohm.version import __version__

__all__ = [
    "Levers",
    "__version__",
    "compare",
    "load_board",
    "load_run",
    "open",
    "place",
    "reproduce",
    "resume",
    "run",
    "runs",
    "sweep",
]

logging.getLogger(__name__).addHandler(logging.NullHandler())  # a program that wants the log adds its own
serial.protocol_handler_packages.append("twinohm.sim.url_handlers")  # sim:// and emu://, for serial.serial_for_url


def __dir__() -> list[str]:
    """Return the public names alone: subpackages and imports are not part of the library."""
    return sorted(__all__)
