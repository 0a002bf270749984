"""TwinOhm: a physical learning machine. `with twinohm.open("sim://lab16") as board: ...`"""

import logging

import serial

from twinohm.api import open
from twinohm.version import __version__

__all__ = ["__version__", "open"]

logging.getLogger(__name__).addHandler(logging.NullHandler())  # a program that wants the log adds its own
serial.protocol_handler_packages.append("twinohm.sim.url_handlers")  # sim:// and emu://, for serial.serial_for_url


def __dir__() -> list[str]:
    """Return the public names alone: subpackages and imports are not part of the library."""
    return sorted(__all__)
