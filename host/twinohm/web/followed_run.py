"""A run that a page follows: it reads the log in pieces, so that the page can be used meanwhile."""

from __future__ import annotations

from twinohm.errors import RunFileError
from twinohm.runlog.folder import RunFolder
from twinohm.runlog.live import LiveRun
from twinohm.runlog.tail import Tail
from twinohm.web.run_series import RunSeries

PIECE = 500_000  # bytes that are read at once; about a tenth of a second
EVENTS = 200


class FollowedRun:
    """One run, as far as it was read. Raises RunFileError if its run.json cannot be read."""

    def __init__(self, folder: RunFolder) -> None:
        self.folder = folder
        self.live, self.series = LiveRun(folder, EVENTS), RunSeries(folder.description())
        self._tail = Tail(folder, most=None)
        self._changed = folder.changed_since
        self._damaged: str | None = None

    def read(self) -> bool:
        """Read on. Return whether there was anything new; a log that is damaged is not read any further."""
        if self._damaged is not None:
            return False
        try:
            records = self._tail.read(PIECE)
        except RunFileError as error:
            self._damaged = str(error)
            return True
        if not records:
            return False
        self.live.add(records)
        self.series.add(records)
        self.live.heard_at(self._tail.changed_at)
        return True

    @property
    def behind(self) -> bool:
        """Whether there is more to read at once."""
        return self._tail.behind and self._damaged is None

    @property
    def problems(self) -> list[str]:
        """What is wrong with the files, a line each."""
        found = [self._damaged]
        if self._changed:
            found.append(self._changed)
        if self._damaged is None and not self.behind and self.folder.is_held() is False:
            if self._tail.torn:
                torn = f"the last line is ignored (torn after {self._tail.torn} bytes)"
                found.append(f"{self.folder.log}: {torn}; `twinohm resume` cuts it off")
            elif self._tail.unproven:
                found.append(f"{self.folder.log}: {self._tail.unproven}")
        return [text for text in found if text]
