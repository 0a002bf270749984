"""The process behind emu://: an emulated RP2040 runs real MicroPython against part models.

Standard input and output are the board's USB line, standard error carries the recorder's lines. End of input ends the
process; what the chip wrote to its flash is in the file then. `python -m twinohm.sim.emulated_board URL FLASH`
"""

import contextlib
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO, Protocol, TextIO

from twinohm.files import open_plain
from twinohm.locks import Lock
from twinohm.sim.chip import Chip
from twinohm.sim.parts.fixture import Fixture
from twinohm.sim.recorder import Recorder, recorded_fixture
from twinohm.sim.settings import SimSettings

PROMPT = b">>> "


class Line:
    """The host's bytes, read on a thread."""

    def __init__(self, fd: int) -> None:
        self._fd = fd
        self._received = bytearray()
        self._arrived = threading.Condition()
        self.ended = False
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        while data := os.read(self._fd, 65536):
            with self._arrived:
                self._received += data
                self._arrived.notify()
        with self._arrived:
            self.ended = True
            self._arrived.notify()

    def take(self, timeout_s: float) -> bytes:
        """Return the bytes that have come; wait at most timeout_s for the first."""
        with self._arrived:
            if not self._received and not self.ended and timeout_s > 0:
                self._arrived.wait(timeout_s)
            data = bytes(self._received)
            self._received.clear()
            return data


class EmulatedChip(Protocol):
    """What runs the firmware."""

    @property
    def now_ns(self) -> float:
        """The chip's time since power-on."""

    def send(self, data: bytes) -> None:
        """Send bytes over USB."""

    def run(self) -> None:
        """Go on for a few ms of the chip's time at most."""


class PowerOn(Protocol):
    """Makes a chip; see Chip for the arguments."""

    def __call__(
        self, fixture: Fixture, flash: bytes, output: Callable[[bytes], None], changed: Callable[[int, bytes], None]
    ) -> EmulatedChip: ...


class Pace:
    """Keeps a chip's time from running ahead of the host's.

    A sleeping chip costs nothing to emulate, so time-outs on it would fire before a host can answer. Time that the chip
    lost while it was busy is not made up.
    """

    def __init__(self) -> None:
        self._start_ns, self._start_s = 0.0, time.monotonic()

    def ahead_s(self, chip_ns: float) -> float:
        """Return for how long, s, to pause a chip whose time is chip_ns."""
        now_s = time.monotonic()
        ahead_s = (chip_ns - self._start_ns) * 1e-9 - (now_s - self._start_s)
        if ahead_s <= 0:
            self._start_ns, self._start_s = chip_ns, now_s
        return max(0.0, ahead_s)


class Output:
    """Writes what the chip sends to `fd`, after the recorder's messages about it."""

    def __init__(self, fd: int, recorder: Recorder) -> None:
        self._fd = fd
        self._recorder = recorder
        self._tail: bytes | None = b""  # None: the prompt was seen

    def __call__(self, data: bytes) -> None:
        self._recorder.flush()
        left = data
        while left:
            left = left[os.write(self._fd, left) :]
        if self._tail is not None:
            self._tail = (self._tail + data)[-len(PROMPT) :]
            if self._tail == PROMPT:
                self._tail = None
                self._recorder.report_ready()


@contextlib.contextmanager
def flash_file(path: Path) -> Iterator[BinaryIO]:
    """Open the flash file of a chip for this process alone; exit naming the process that has it otherwise."""
    lock = Lock(path.parent / f"{path.name}.lock")
    if holder := lock.take():
        sys.exit(f"{path} is busy, it is the flash of an emulated board of {holder}; give this one flash=FILE")
    try:
        with open(open_plain(path, os.O_RDWR), "r+b", buffering=0) as file:
            yield file
    finally:
        lock.release()


def run(power_on: PowerOn, settings: SimSettings, flash: Path, records: TextIO, rx: int, tx: int) -> None:
    """Power on an emulated board and run it until the line is cut."""
    with flash_file(flash) as file:

        def changed(first: int, data: bytes) -> None:
            file.seek(first)
            file.write(data)

        fixture, recorder = recorded_fixture(settings, records)
        chip = power_on(fixture, file.read(), Output(tx, recorder), changed)
        line, pace = Line(rx), Pace()
        while not line.ended:
            chip.run()
            chip.send(line.take(pace.ahead_s(chip.now_ns)))
        recorder.flush()


def main(power_on: PowerOn = Chip) -> None:
    """Run the board that the arguments describe, on a chip of `power_on`."""
    settings = SimSettings.parse(sys.argv[1])
    records = os.fdopen(os.dup(2), "w", buffering=1 << 16)
    run(power_on, settings, Path(sys.argv[2]), records, 0, os.dup(1))


if __name__ == "__main__":
    main()
