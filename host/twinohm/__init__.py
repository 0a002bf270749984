"""TwinOhm: a physical learning machine. `with twinohm.open("sim://lab16") as board: ...`"""

from pathlib import Path
from typing import TYPE_CHECKING

import serial

__version__ = "0.1.0"
__all__ = ["__version__", "open"]

if TYPE_CHECKING:
    from twinohm.link.board_client import BoardClient

serial.protocol_handler_packages.append("twinohm.sim.url_handlers")  # sim:// and emu://, for serial.serial_for_url


def open(port: str = "sim://lab16", boards: Path | str | None = None) -> "BoardClient":
    """Open a board: a device name, `auto`, or a URL such as sim://lab16?seed=1. `boards`: a boards.toml of your own.

    Raises BoardNotFound, BoardBusy or UsageError, saying what to do.
    """
    from twinohm.link.board_client import BoardClient

    return BoardClient(port, Path(boards) if boards is not None else None)
