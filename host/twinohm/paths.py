"""Find the firmware and boards.toml, in a wheel or at the root of a checkout or editable install; the user's data."""

import os
from pathlib import Path

import platformdirs

from twinohm.errors import TwinOhmError
from twinohm.inputs import possible_path

WHEEL = Path(__file__).parent / "_data"
CHECKOUT = Path(__file__).parents[2]


def firmware_dir() -> Path:
    """Return the folder that holds main.py and twinohm_fw/. Raises TwinOhmError if it is not there."""
    return _find("firmware")


def boards_file() -> Path:
    """Return the path of the boards.toml that comes with TwinOhm. Raises TwinOhmError if it is not there."""
    return _find("boards.toml")


def data_folder() -> Path:
    """Return the user's folder of what is kept and cannot be made again: TWINOHM_DATA, or the system's place for it.

    Raises UsageError if the file system cannot have it.
    """
    named = os.environ.get("TWINOHM_DATA")
    return possible_path(Path(named) if named else platformdirs.user_data_path("twinohm", appauthor=False))


def hardware_file(board: str, name: str) -> Path | None:
    """Return the path of hardware/<board>/<name>, None if there is no such file."""
    paths = (root / "hardware" / board / name for root in (WHEEL, CHECKOUT))
    return next((path for path in paths if path.is_file()), None)


def _find(name: str) -> Path:
    for root in (WHEEL, CHECKOUT):
        if (root / name).exists():
            return root / name
    raise TwinOhmError(f"{name} is neither in {WHEEL} nor in {CHECKOUT}: install twinohm again")
