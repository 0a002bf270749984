"""The host's end of the recorder: component values, true voltages by tick, and broken limits."""

import json
import threading
from collections import deque
from typing import IO, Any

from twinohm.errors import LinkLost

WAIT_S = 10.0  # with a bench on a busy machine


class SideChannel:
    """Reads the bench's lines on a thread, so that the board never waits for its observer."""

    def __init__(self, stream: IO[bytes] | None) -> None:
        self.violations = 0
        self.messages: list[str] = []
        self._ticks: deque[dict[str, Any]] = deque()
        self._other: deque[str] = deque(maxlen=20)
        self._arrived = threading.Condition()
        self._truth: dict[str, Any] | None = None
        self._ended = False
        self._ready = False
        threading.Thread(target=self._listen, args=(stream,), daemon=True).start()

    def _listen(self, stream: IO[bytes]) -> None:
        for line in stream:
            try:
                record = json.loads(line)
            except ValueError:
                self._other.append(line.decode(errors="replace").rstrip())
                continue
            with self._arrived:
                if "tick" in record:
                    self._ticks.append(record)
                    self.violations = max(self.violations, record["violations"])
                elif "truth" in record:
                    self._truth = record["truth"]
                elif "ready" in record:
                    self._ready = True
                elif "violation" in record:
                    self.messages.append(record["violation"])
                    self.violations = max(self.violations, len(self.messages))
                self._arrived.notify()
        with self._arrived:
            self._ended = True
            self._arrived.notify()

    @property
    def truth(self) -> dict[str, Any]:
        """Component values. Raises LinkLost if the bench does not tell them, as it does first of all."""
        with self._arrived:
            self._arrived.wait_for(lambda: self._truth is not None or self._ended, WAIT_S)
            if self._truth is None:
                raise LinkLost("the bench did not tell its component values: " + self.last_output())
            return self._truth

    def wait_ready(self, timeout_s: float) -> bool | None:
        """Whether the board has shown its prompt. False: it will not, its process has ended. None: not yet."""
        with self._arrived:
            self._arrived.wait_for(lambda: self._ready or self._ended, timeout_s)
            return True if self._ready else False if self._ended else None

    def take(self, count: int, timeout_s: float = WAIT_S) -> list[dict[str, Any]]:
        """The next `count` tick records. Raises LinkLost if they do not come."""
        with self._arrived:
            self._arrived.wait_for(lambda: len(self._ticks) >= count or self._ended, timeout_s)
            if len(self._ticks) < count:
                raise LinkLost(f"the bench told {len(self._ticks)} of {count} ticks: " + self.last_output())
            return [self._ticks.popleft() for _ in range(count)]

    def take_available(self) -> list[dict[str, Any]]:
        """All tick records that have come and were not taken."""
        with self._arrived:
            ticks = list(self._ticks)
            self._ticks.clear()
            return ticks

    def discard(self) -> None:
        """Drop ticks that nobody asked for (made at the REPL, say)."""
        with self._arrived:
            self._ticks.clear()

    def last_output(self) -> str:
        """What the process said that is no record: its traceback, if it fell over."""
        return self._other[-1] if self._other else "it said nothing"
