"""When a page reads the logs and draws: often enough that a tick is on it within a second, and no more often."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod

from bokeh.document import Document

POLL_MS = 400  # from one look at the log to the next; texts are written each time
PIECE_MS = 20  # the same while there is more to read at once
DRAW_S = 0.7  # the least time from one drawing to the next: it is most of what a page costs, in the browser


class LivePage(ABC):
    """A document that follows one log or several. The subclass lays it out, then calls look()."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self._drawn_at = -DRAW_S
        self._new = True  # whether there is something to draw

    def look(self) -> None:
        """Read on, show what is new, and come back."""
        grown, behind = self.read()
        self._new = self._new or grown
        if self._new and not behind and time.monotonic() - self._drawn_at > DRAW_S:
            self._drawn_at, self._new = time.monotonic(), False
            self.draw()
        self.write()
        self.document.add_timeout_callback(self.look, PIECE_MS if behind else POLL_MS)

    def redraw(self) -> None:
        """Draw at the next look, whether there is something new in a log or not."""
        self._new, self._drawn_at = True, -DRAW_S

    @abstractmethod
    def read(self) -> tuple[bool, bool]:
        """Read on in the logs. Return whether there was anything new, and whether there is more to read at once."""

    @abstractmethod
    def draw(self) -> None:
        """Draw the figures."""

    @abstractmethod
    def write(self) -> None:
        """Write what changes also without a new line in a log."""
