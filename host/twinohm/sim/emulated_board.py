"""The process behind emu://: an emulated RP2040 runs real MicroPython against part models.

Standard input and output are the board's USB line, standard error carries the recorder's lines. End of input ends the
process; what the chip wrote to its flash is in the file then. `python -m twinohm.sim.emulated_board URL FLASH`
"""

import contextlib
import os
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, TextIO

from twinohm.files import open_plain
from twinohm.locks import Lock
from twinohm.sim.chip import Chip
from twinohm.sim.recorder import Recorder, recorded_fixture
from twinohm.sim.settings import SimSettings

PROMPT = b">>> "
PACE_NS = 2_000_000  # chip time between comparisons with the wall clock


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


class Pace:
    """Keeps the chip's time from running ahead of the host's.

    A sleeping chip costs nothing to emulate, so time-outs on it would fire before a host can answer. The chip is paused
    while it is ahead; time that it lost while it was busy is not made up.
    """

    def __init__(self, chip: Chip) -> None:
        self._chip = chip
        self._start_ns, self._start_s = 0.0, time.monotonic()
        self.ahead_s = 0.0
        self._alarm = chip.clock.create_alarm(self._compare)
        self._alarm.schedule(PACE_NS)

    def _compare(self) -> None:
        self._alarm.schedule(PACE_NS)
        now_ns, now_s = self._chip.clock.nanos, time.monotonic()
        self.ahead_s = (now_ns - self._start_ns) * 1e-9 - (now_s - self._start_s)
        if self.ahead_s > 0:
            self._chip.pause()
        else:
            self._start_ns, self._start_s = now_ns, now_s


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
    lock = Lock(path.with_name(path.name + ".lock"))
    if holder := lock.take():
        sys.exit(f"{path} is busy, it is the flash of an emulated board of {holder}; give this one flash=FILE")
    try:
        with open(open_plain(path, os.O_RDWR), "r+b", buffering=0) as file:
            yield file
    finally:
        lock.release()


def run(settings: SimSettings, flash: Path, records: TextIO, rx: int, tx: int) -> None:
    """Power on an emulated board and run it until the line is cut."""
    with flash_file(flash) as file:

        def changed(first: int, data: bytes) -> None:
            file.seek(first)
            file.write(data)

        fixture, recorder = recorded_fixture(settings, records)
        chip = Chip(fixture, file.read(), Output(tx, recorder), changed)
        line, pace = Line(rx), Pace(chip)
        while not line.ended:
            chip.run()
            chip.usb.send(line.take(pace.ahead_s))
            pace.ahead_s = 0.0
        recorder.flush()


def main() -> None:
    settings = SimSettings.parse(sys.argv[1])
    records = os.fdopen(os.dup(2), "w", buffering=1 << 16)
    run(settings, Path(sys.argv[2]), records, 0, os.dup(1))


if __name__ == "__main__":
    main()
