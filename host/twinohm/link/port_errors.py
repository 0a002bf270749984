"""Tell exceptions of a port from those of the user's program, whose signal handlers may raise anywhere.

A common pattern is a time limit: `signal.alarm()` with a handler that raises TimeoutError, which is an OSError too.
"""

from collections.abc import Iterator
from types import FrameType, TracebackType


def raise_if_foreign(error: BaseException, before: BaseException | None = None) -> None:
    """Raise the exception of a signal handler that `error` is, or that a library has made `error` of.

    before: the exception that was being handled when the port was called, from which nothing follows.
    """
    at: BaseException | None = error
    while at is not None and at is not before:
        if any(map(_is_signal_handler, _frames(at.__traceback__))):
            raise at
        at = at.__context__


def _frames(traceback: TracebackType | None) -> Iterator[FrameType]:
    while traceback is not None:
        yield traceback.tb_frame
        traceback = traceback.tb_next


def _is_signal_handler(frame: FrameType) -> bool:
    """Return whether a call got its own caller's frame as an argument, as Python calls signal handlers alone."""
    values = list(frame.f_locals.values())
    values += [item for value in values if isinstance(value, tuple) for item in value]  # of `*_`
    return any(value is frame.f_back for value in values if isinstance(value, FrameType))
