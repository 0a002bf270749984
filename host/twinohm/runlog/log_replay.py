"""The records of a log in order, for a resumed run that repeats them instead of asking the board."""

from collections.abc import Iterable
from typing import TypeVar

from twinohm.errors import RunFileError
from twinohm.runlog.events import Ended, Resumed, Saturated, Violations
from twinohm.runlog.log_lines import LogRecord
from twinohm.runlog.tick_record import TickRecord

IGNORED = (Resumed, Saturated, Violations, Ended)  # events that change nothing that a run depends on

R = TypeVar("R", bound=LogRecord)


class LogReplay:
    """Records of a log that are yet to be repeated; of a new run there are none.

    saturated: (phase, node) of the events of that kind before the next record.
    """

    def __init__(self, records: Iterable[LogRecord] = ()) -> None:
        self._records = iter(records)
        self.saturated: set[tuple[str | None, str]] = set()
        self._advance()

    def _advance(self) -> None:
        for record in self._records:
            if isinstance(record, Saturated):
                self.saturated.add((record.phase, record.node))
            if not isinstance(record, IGNORED):
                self._next: LogRecord | None = record
                return
        self._next = None

    @property
    def exhausted(self) -> bool:
        """Whether every record was repeated, so that the run goes on with the board."""
        return self._next is None

    def pop(self, kind: type[R]) -> R | None:
        """Return the next record, which must be of this kind, or None if there are no more.

        Raises RunFileError if it is of another kind: the log was made by another task or version.
        """
        record = self._next
        if record is None:
            return None
        if not isinstance(record, kind):
            found = "a tick" if isinstance(record, TickRecord) else f"event {record.event}"
            raise RunFileError(
                f"the log goes on with {found} at tick {record.tick} where this version has {kind.__name__}: it was "
                "made by another version or another task; resume it with that one"
            )
        self._advance()
        return record
