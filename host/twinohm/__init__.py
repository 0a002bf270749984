"""TwinOhm: a physical learning machine. `twinohm.run("allostery")`, or `with twinohm.open("sim://lab16") as board:`."""

import logging

import serial

from twinohm.api import compare, load_board, load_run, open, resume, run, runs
from twinohm.version import __version__

__all__ = ["__version__", "compare", "load_board", "load_run", "open", "resume", "run", "runs"]

logging.getLogger(__name__).addHandler(logging.NullHandler())  # a program that wants the log adds its own
serial.protocol_handler_packages.append("twinohm.sim.url_handlers")  # sim:// and emu://, for serial.serial_for_url


def __dir__() -> list[str]:
    """Return the public names alone: subpackages and imports are not part of the library."""
    return sorted(__all__)
