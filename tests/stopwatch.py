"""A stopwatch that stops while some process waits for a core: a limit of time then holds on a busy computer too."""

import time
from pathlib import Path

PRESSURE = Path("/proc/pressure/cpu")  # of Linux; where it is missing, all time counts


def waited_s() -> float:
    """Return for how long, s, since the computer was started some process could have run and had no core."""
    try:
        (line,) = (line for line in PRESSURE.read_text().splitlines() if line.startswith("some"))
    except OSError:
        return 0.0
    return int(line.rpartition("total=")[2]) * 1e-6


class Stopwatch:
    """Runs from when it is made."""

    def __init__(self) -> None:
        self._begin_s = time.monotonic()
        self._waited_s = waited_s()

    def total_s(self) -> float:
        """Return the time since then, s."""
        return time.monotonic() - self._begin_s

    def free_s(self) -> float:
        """Return the time since then, s, without what processes waited for a core."""
        return self.total_s() - (waited_s() - self._waited_s)
