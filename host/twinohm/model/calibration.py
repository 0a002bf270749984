"""Corrections of a board's converters, and the offsets of its comparators: measured once, kept with a key.

Calibrations are in the user's data folder, or in TWINOHM_DATA. A board's table names the standard. If it is an ADC, the
DACs are corrected, so that it reads at each node the voltage that the node's DAC was asked for; if it is the DAC, the
ADC channels are.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from twinohm.errors import RunError, UsageError
from twinohm.files import write_own
from twinohm.inputs import TABLE_BYTES, read_input
from twinohm.json_records import Count, Finite, RecordError, RecordType, check_format, parse_record
from twinohm.keys import content_key
from twinohm.model.board import HARDWARE_ONLY, Board
from twinohm.model.codes import GAIN_ONE
from twinohm.paths import data_folder
from twinohm.remedies import Symptom

ROUNDING = GAIN_ONE // 2  # the firmware divides by GAIN_ONE: it shifts by 12 bits
CHECKSUM = "checksum"  # the key of a file that has the SHA-256 of its other keys
MOST_RMS_V = 0.01  # task volts that corrected converters may differ by; datasheets give them less
FORMAT = 2  # the newest that is read, and the one that is written; format 1 took the DACs as the standard of all boards


@dataclass(frozen=True)
class Calibration:
    """`adc`: (gain, offset) by channel, code = (count * gain + offset) >> 12. Volts are task volts.

    `dac`: (gain, offset) by node, count = (code + ((code * gain + offset) >> 16) + 8) >> 4. `standard`: part number of
    what was trusted. `rms_V`: deviation of what was corrected from it, before and after. `cmp_V`, `sgn_V`: comparator
    offsets by edge, only shown and recorded, as no board can shift a comparator; edges whose offset could not be told
    are not there. `noise_V`: rms at the comparators' inputs. `key`: calibration_key() of the board that was measured,
    None in a file of a version that wrote none.
    """

    board: str
    id: str
    made: str  # ISO time
    adc: dict[str, tuple[int, int]]
    rms_V: tuple[Finite, Finite]
    cmp_V: dict[str, Finite]
    sgn_V: dict[str, Finite]
    noise_V: Finite | None
    key: str | None = None
    dac: dict[str, tuple[int, int]] = field(default_factory=dict)
    standard: str = "MCP4728"
    format: Count = 1  # of a file that does not say

    @classmethod
    def parse(cls, data: bytes) -> Calibration:
        """Read the JSON form. Raises RecordError naming the key, or the format if it is newer than FORMAT."""
        check_format(data, FORMAT)
        return parse_record(_PARSER, data)

    def record(self) -> dict[str, Any]:
        """Return the JSON form."""
        form = asdict(self)
        return {"format": form.pop("format")} | form

    @property
    def title(self) -> str:
        """When it was made, and the first digits of its key."""
        return f"{self.made} ({f'key {self.key[:8]}' if self.key else 'without a key'})"

    def misfit(self, board: Board, board_id: str | None) -> str | None:
        """Return why it is known not to fit a board, None if nothing is known against it."""
        if self.board != board.name:
            return f"it was measured on a {self.board}, and this is a {board.name}"
        if self.id != board_id:
            return f"it was measured on board {self.id}, and this is board {board_id or 'without an id'}"
        if self.format < FORMAT:
            return "a version of TwinOhm made it that took the DACs as the standard of every board"
        if not 0 <= self.rms_V[1] <= MOST_RMS_V:
            left_mV, most_mV = 1000 * self.rms_V[1], 1000 * MOST_RMS_V
            return f"it leaves {left_mV:.1f} mV rms, and a sound board has {most_mV:g} mV at most"
        if self.adc.keys() != nominal_corrections(board).keys():
            return f"it has other ADC channels than {board.name} in boards.toml"
        if not self.dac.keys() <= set(board.nodes):
            return f"it has DACs of other nodes than {board.name} in boards.toml"
        if self.key is not None and self.key != calibration_key(board, self.id):
            return f"the tables of {board.name} in boards.toml are not those that it was measured with"
        return None


_PARSER = RecordType[Calibration](Calibration)


def nominal_corrections(board: Board) -> dict[str, tuple[int, int]]:
    """Return corrections that change nothing: (gain, offset) by channel."""
    return {channel: (board.adc_gain(adc), ROUNDING) for adc in board.adc for channel in adc.channels}


def calibration_key(board: Board, board_id: str) -> str:
    """Return the key of what a calibration depends on: the board, its tables, and what the corrections mean."""
    others = HARDWARE_ONLY | dict.fromkeys(("title", "planned", "wired", "role_order", "diodes"), True)
    tables = board.model_dump(mode="json", exclude=others)
    for table, key in (("i2c", "mux"), ("dac", "behind"), ("switches", "behind")):  # how a chip is reached
        (tables[table] or {}).pop(key, None)
    return content_key(format=FORMAT, gain_one=GAIN_ONE, board_id=board_id, board=tables)


def calibration_folder() -> Path:
    """Return the folder of all calibrations."""
    return data_folder() / "calibration"


def save_calibration(calibration: Calibration) -> Path:
    """Replace the calibration that is kept for the board.

    Raises UsageError for a board id that no file can have in its name, RunError if the file cannot be written.
    """
    path = _path(calibration.board, calibration.id)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise RunError(f"{path}: {error.strerror}; make its folder writable, or set TWINOHM_DATA") from None
    write_calibration(path, calibration)
    return path


def write_calibration(path: Path, calibration: Calibration) -> None:
    """Write a calibration to a file, with its checksum. Raises DiskError if it cannot be written."""
    record = calibration.record()
    record[CHECKSUM] = checksum_of(record)
    write_own({path: f"{json.dumps(record, indent=1)}\n".encode()}, private=True)


def load_calibration(board: str, board_id: str | None) -> Calibration | None:
    """Return the calibration that is kept for a board of that name and id, None if there is none.

    Whether it fits, Calibration.misfit() says. Raises UsageError for a damaged file.
    """
    if board_id is None or not (path := _path(board, board_id)).exists():
        return None
    return read_calibration(path, kept=True)


def read_calibration(path: Path, kept: bool = False) -> Calibration:
    """Return the calibration of a file. Raises UsageError naming the file and what is wrong in it.

    kept: whether it is that of a board, which may be removed, and not a file that the user has named.
    """

    def bad(reason: str) -> Exception:
        if kept:
            return Symptom.BAD_CALIBRATION.error(str(path), reason=reason)
        return UsageError(f"{path}: {reason}; name a file that `twinohm calibrate` made")

    try:
        data = read_input(path, TABLE_BYTES)
        calibration = Calibration.parse(data)
    except OSError as error:
        raise bad(f"cannot be read ({error.strerror})") from None
    except RecordError as error:
        raise bad(str(error)) from None
    record = json.loads(data)
    if record.pop(CHECKSUM, None) != checksum_of(record) and calibration.format >= FORMAT:
        raise bad("its checksum does not fit, so it was changed")
    return calibration


def checksum_of(record: dict[str, Any]) -> str:
    """Return the SHA-256 of the JSON form of a calibration, in hexadecimal."""
    return hashlib.sha256(json.dumps(record, sort_keys=True).encode()).hexdigest()


def saved_calibrations() -> list[Calibration]:
    """Return all calibrations, the newest first. Raises UsageError naming a damaged one."""
    return sorted(
        (read_calibration(path) for path in calibration_folder().glob("*.json")), key=lambda one: one.made, reverse=True
    )


def _path(board: str, board_id: str) -> Path:
    name = f"{board}-{board_id}.json"
    if Path(name).name != name:  # what a board says of itself leads out of the folder
        raise UsageError(f"board id {board_id!r}: no file can have that name; `twinohm flash` the board again")
    return calibration_folder() / name
