"""The Python that runs on a board, as it describes itself, and whether the firmware fits it."""

import re
from dataclasses import dataclass

from twinohm.errors import TwinOhmError
from twinohm.json_records import shorten
from twinohm.model.chips import RISC_V, Chip, chip_named
from twinohm.remedies import Symptom

MICROPYTHON = (1, 23)  # the oldest one that runs the firmware
QUERY = """
import sys
print(sys.implementation.name)
print(getattr(sys.implementation, "_machine", "RP2040"))
print(*sys.implementation.version[:2])
"""
_ANSWER = re.compile(r"(\w{1,40})\r?\n([^\r\n]{1,80})\r?\n(\d{1,4}) (\d{1,4})\s*", re.ASCII)


@dataclass(frozen=True)
class Interpreter:
    """`name` is micropython on a Pico, cpython on a virtual board; `machine` names board and chip."""

    name: str
    machine: str
    version: tuple[int, int]

    @classmethod
    def parse(cls, printed: str, where: str) -> "Interpreter":
        """Read what QUERY has printed. Raises LinkLost if that is something else."""
        if (found := _ANSWER.fullmatch(printed)) is None:
            reason = f"asked for its chip and version, the board printed {shorten(repr(printed))}"
            raise Symptom.ODD_ANSWER.error(where, reason=reason)
        name, machine, major, minor = found.groups()
        return cls(name, machine, (int(major), int(minor)))

    @property
    def release(self) -> str:
        """The version as text."""
        return ".".join(map(str, self.version))

    def check_version(self, where: str) -> None:
        """Raise BoardMismatch for another Python than MicroPython, or one that is too old."""
        if self.name != "micropython":
            raise Symptom.OTHER_PYTHON.error(where, name=self.name)
        if self.version < MICROPYTHON:
            needed = ".".join(map(str, MICROPYTHON))
            raise Symptom.OLD_MICROPYTHON.error(where, version=self.release, needed=f"{needed} or newer")

    def check_chip(self, where: str) -> None:
        """Raise BoardMismatch for a chip whose registers the firmware does not know."""
        if self.chip is None:
            raise other_chip_error(where, self.machine)

    @property
    def chip(self) -> Chip | None:
        """The chip, None for one that the firmware does not fit."""
        return chip_named(self.machine)


def other_chip_error(where: str, machine: str) -> TwinOhmError:
    """Return the error for a chip that the firmware does not fit."""
    symptom = Symptom.RISC_V if RISC_V in machine else Symptom.OTHER_CHIP
    return symptom.error(where, chip=machine)
