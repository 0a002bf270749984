"""The table of all runs in a folder, kept up to date by a thread: scores take as long as reading the whole log."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from twinohm.run_results import log_state
from twinohm.run_table import run_folders, run_row
from twinohm.runlog.folder import RunFolder
from twinohm.runlog.log_reader import LOG

LOOK_S = 0.5  # from one look at the folder to the next
SHARE = 0.05  # of its time that the thread spends on the scores of one run that grows
RECENT_S = 60.0  # after its last line, for a run that may still go on


@dataclass
class _Known:
    """What is known of one run."""

    row: dict[str, Any]
    log: object = None  # state of the log at which the scores were computed
    scored: bool = False
    due: float = 0.0  # time.monotonic() before which scores are not computed again
    running: bool = False


@dataclass
class RunRows:
    """Rows of the runs in a folder by the names of their folders: the columns of twinohm.runs(), and `state`.

    A row is there at once with what run.json says; scores follow, those of the newest runs first.
    """

    out: Path
    _known: dict[str, _Known] = field(default_factory=dict)

    def start(self) -> None:
        """Start the thread; it ends with the process."""
        threading.Thread(target=self._follow, daemon=True).start()

    def rows(self) -> dict[str, dict[str, Any]]:
        """Return the rows, the newest first."""
        known = list(self._known.items())
        state = {name: "running" if one.running else "" if one.scored else "reading" for name, one in known}
        rows = [(name, one.row | {"state": state[name]}) for name, one in known]
        return dict(sorted(rows, key=lambda row: (row[1]["started"], row[0]), reverse=True))

    def _follow(self) -> None:
        while True:
            if not self.look():
                time.sleep(LOOK_S)

    def look(self) -> bool:
        """Find new runs, and compute the scores of one run. Return whether it had any to compute."""
        folders = {path.name: path for path in run_folders(self.out)}
        for name in self._known.keys() - folders.keys():
            del self._known[name]
        for name in folders.keys() - self._known.keys():
            self._known[name] = _Known(run_row(folders[name], scored=False))
        late = [name for name, path in folders.items() if self._is_late(self._known[name], path)]
        if not late:
            return False
        # Of runs without scores the newest; else one whose scores are old.
        name = max(late, key=lambda name: (not self._known[name].scored, self._known[name].row["started"]))
        one, began = self._known[name], time.monotonic()
        one.log = log_state(folders[name] / LOG)
        one.row, one.scored = run_row(folders[name]), True
        one.due = time.monotonic() + (time.monotonic() - began) / SHARE
        return True

    @staticmethod
    def _is_late(one: _Known, path: Path) -> bool:
        """Note whether a run goes on. Return whether its scores should be computed now."""
        state = log_state(path / LOG)
        late = not one.scored or state != one.log
        if late or one.running:
            recent = state is None or time.time() - state[1] / 1e9 < RECENT_S
            one.running = recent and RunFolder(path).is_held() is True
        return late and time.monotonic() > one.due
