"""Tell exceptions of a port from those of the user's program, whose signal handlers may raise anywhere.

A common pattern is a time limit: `signal.alarm()` with a handler that raises TimeoutError, which is an OSError too.
"""

import sys
from collections.abc import Iterator
from types import TracebackType

_OF_PORTS = {"twinohm", "serial", *sys.stdlib_module_names}  # packages whose code a port runs


def raise_if_foreign(error: BaseException, before: BaseException | None = None) -> None:
    """Raise the exception of other code than a port's that `error` is, or that a library has made `error` of.

    before: the exception that was being handled when the port was called, from which nothing follows.
    """
    at: BaseException | None = error
    while at is not None and at is not before:
        if not _packages(at.__traceback__) <= _OF_PORTS:
            raise at
        at = at.__context__


def _packages(traceback: TracebackType | None) -> set[str]:
    return {name.partition(".")[0] for name in _modules(traceback)}


def _modules(traceback: TracebackType | None) -> Iterator[str]:
    while traceback is not None:
        yield str(traceback.tb_frame.f_globals.get("__name__"))
        traceback = traceback.tb_next
