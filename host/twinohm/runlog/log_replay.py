"""What a run's log says has happened already: taken line by line, in place of doing it again."""

from collections.abc import Iterable

from twinohm.errors import RunError
from twinohm.runlog.tick_record import Record

ASIDE = ("resume", "violations", "end")  # events that change nothing that a run knows


class LogReplay:
    """Lines of a log in order."""

    def __init__(self, lines: Iterable[Record] = ()) -> None:
        self._lines = iter(lines)
        self._advance()

    def _advance(self) -> None:
        self._next: Record | None = None
        for line in self._lines:
            if line.get("event") not in ASIDE:
                self._next = line
                return

    @property
    def exhausted(self) -> bool:
        """Whether all of it was taken: from now on things happen."""
        return self._next is None

    def pop(self, kind: str) -> Record | None:
        """The next line, which must be of this kind ("tick", or an event), or None if there is no more.

        Raises RunError if it is of another: then the task of the log is not the one that goes through it.
        """
        line = self._next
        if line is None:
            return None
        found = line.get("event", "tick")
        if found != kind:
            raise RunError(
                f"the log goes on with {found} at tick {line['tick']} where this version has {kind}: it was made by "
                "another version or another task; resume it with that one"
            )
        self._advance()
        return line
