"""Waiting for what another thread receives, where a signal handler of the user may raise."""

import time
from collections.abc import Callable
from queue import Empty, SimpleQueue


class Arrivals:
    """One thread stores something and calls notify(); another one waits for it.

    threading.Condition does the same, but what a signal handler raises in its wait() can leave its lock released, so
    that RuntimeError takes the place of the exception. SimpleQueue waits in C, where a handler's exception ends get().
    An exception anywhere loses nothing: what was stored stays, and wait_for() looks at that before it waits.
    """

    def __init__(self) -> None:
        self._notes: SimpleQueue[None] = SimpleQueue()

    def notify(self) -> None:
        """Wake the thread that waits. Whatever it waits for must have been stored before."""
        if self._notes.empty():  # a note that was not taken yet is enough
            self._notes.put(None)

    def wait_for(self, is_there: Callable[[], bool], timeout_s: float | None) -> bool:
        """Wait until `is_there()` returns True, timeout_s at most; None: without limit. Return its last result."""
        end = None if timeout_s is None else time.monotonic() + timeout_s
        while not is_there():
            left_s = None if end is None else end - time.monotonic()
            if left_s is not None and left_s <= 0:
                return False
            try:
                self._notes.get(timeout=left_s)
            except Empty:
                return is_there()
        return True
