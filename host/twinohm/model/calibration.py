"""What a board's converters and comparators are, kept by the board's id in the user's data folder (TWINOHM_DATA, or
where the system has it). The DAC is the measure: corrected, an ADC channel reads what its node's DAC was told.
"""

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import platformdirs

from twinohm.errors import RunError
from twinohm.model.board import Board
from twinohm.model.board_checks import adc_gain

ROUND = 2048  # the firmware shifts by 12


@dataclass(frozen=True)
class Calibration:
    """`adc`: (gain, offset) by channel, code = (count * gain + offset) >> 12. Volts are task volts.

    `rms_V`: deviation of all channels from the DACs, as they are and corrected. `cmp_V`, `sgn_V`: offsets by edge, only
    shown and recorded: no board can shift a comparator. `noise_V`: rms at the comparators' inputs.
    """

    board: str
    id: str
    made: str
    adc: dict[str, tuple[int, int]]
    rms_V: tuple[float, float]
    cmp_V: dict[str, float]
    sgn_V: dict[str, float]
    noise_V: float | None

    def record(self) -> dict[str, Any]:
        return asdict(self)


def nominal(board: Board) -> dict[str, tuple[int, int]]:
    """Corrections that change nothing."""
    return {channel: (adc_gain(board, adc), ROUND) for adc in board.adc for channel in adc.channels}


def calibration_of(record: Mapping[str, Any]) -> Calibration:
    """From its record. Raises RunError for one that cannot be used."""
    try:
        values = {key: record[key] for key in Calibration.__dataclass_fields__}
        values["adc"] = {channel: (int(gain), int(offset)) for channel, (gain, offset) in record["adc"].items()}
        values["rms_V"] = tuple(float(x) for x in record["rms_V"])
        return Calibration(**values)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise RunError(f"a calibration that cannot be used ({error!r}): calibrate the board again") from None


def folder() -> Path:
    home = os.environ.get("TWINOHM_DATA")
    return (Path(home) if home else platformdirs.user_data_path("twinohm", appauthor=False)) / "calibration"


def save(calibration: Calibration) -> Path:
    """Replaces what was kept for that board. Raises RunError if it cannot be written."""
    path = _path(calibration.board, calibration.id)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        new = path.with_suffix(".new")
        new.write_text(json.dumps(calibration.record(), indent=1) + "\n", encoding="utf-8")
        new.replace(path)
    except OSError as error:
        raise RunError(f"{path}: {error.strerror}; make its folder writable, or set TWINOHM_DATA") from None
    return path


def load(board: Board, board_id: str | None) -> Calibration | None:
    """What is kept for that board; None if nothing is, or for another wiring. Raises RunError for a damaged file."""
    if board_id is None or not (path := _path(board.name, board_id)).exists():
        return None
    found = read(path)
    return found if found.adc.keys() == nominal(board).keys() else None


def read(path: Path) -> Calibration:
    """Raises RunError naming the file."""
    try:
        return calibration_of(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, RunError) as error:
        raise RunError(f"{path}: {error}; remove it, or `twinohm calibrate` the board again") from None


def kept() -> list[Calibration]:
    """All of them, the newest first. Raises RunError naming a damaged one."""
    return sorted((read(path) for path in folder().glob("*.json")), key=lambda one: one.made, reverse=True)


def _path(board: str, board_id: str) -> Path:
    return folder() / f"{board}-{board_id}.json"
