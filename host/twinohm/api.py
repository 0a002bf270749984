"""The public library: what the command line does, as functions."""

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from twinohm.link.board_client import BoardClient

__all__ = ["open"]


def open(port: str = "sim://lab16", boards: Path | str | None = None) -> "BoardClient":
    """Open a board and return it. Close it with its close(), or use it in a `with` statement.

    port: a serial device such as "/dev/ttyACM0" or "COM5", "auto" for the only board that is plugged in, or a URL
    such as "sim://lab16?seed=1".
    boards: path of a boards.toml of your own; None means the one that comes with TwinOhm.

    Raises BoardNotFound, BoardBusy (which names the program that has the port), BoardMismatch if the firmware or the
    wiring is not the one that this host drives, LinkLost if the board does not answer, and UsageError for a wrong
    port, URL or file. All are in twinohm.errors and derive from TwinOhmError.
    """
    from twinohm.link.arguments import file_path, port_name
    from twinohm.link.board_client import BoardClient  # here, so that `import twinohm` stays fast
    from twinohm.link.transports import port_at

    port = port_name(port)
    file = file_path("boards", boards) if boards is not None else None
    if file is not None and port_at(port).virtual:  # a virtual board is made from its URL alone
        from twinohm.sim.settings import complete_url

        port = complete_url(port, file)
    return BoardClient(port, file)
