"""The board `behind`: lab16 with its I2C parts behind a multiplexer, and a second ADS7953 instead of the Pico's ADC."""

import tomllib
from pathlib import Path
from typing import Any

from twinohm.model.board import Board
from twinohm.model.board_file import board_from
from twinohm.model.board_text import board_text
from twinohm.paths import boards_file


def _table() -> dict[str, Any]:
    table = tomllib.loads(boards_file().read_text())["lab16"]
    table["i2c"]["mux"] = {"part": "TCA9548A", "address": 0x70}
    table["dac"] |= {"addresses": [0x60, 0x60, 0x61], "behind": [0, 1, 1]}
    table["switches"] |= {"addresses": [0x48, 0x48, 0x49], "behind": [1, 7, 7]}
    first, second = table["adc"]
    table["adc"][1] = first | {"cs": "GP14", "channels": second["channels"]}
    return table


def behind_board() -> Board:
    return board_from("behind", _table())


def write_behind(folder: Path) -> Path:
    """Write a boards file with it to a folder, and return its path."""
    path = folder / "behind.toml"
    path.write_text(board_text("behind", _table()))
    return path
