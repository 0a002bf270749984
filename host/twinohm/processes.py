"""Child processes that end with this process, however it ends: by itself, by Ctrl-C, SIGTERM, SIGHUP or SIGKILL.

Every child watches a pipe, its *lifeline*, whose other end its parent alone holds. The system closes that end when the
parent ends, and the child then ends at once. The lifeline of a virtual board is its standard input. Linux's
PR_SET_PDEATHSIG does not serve: it also fires when the thread ends that started the child.
"""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from types import ModuleType
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from twinohm.errors import RunError

if TYPE_CHECKING:
    from concurrent.futures import Future
    from multiprocessing.connection import Connection

P = ParamSpec("P")
T = TypeVar("T")

END_S = 5.0  # for a child to end by itself once its lifeline is cut
SIGNALS = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))

_scratch_folders: set[str] = set()  # of blocks that are open


class Workers:
    """Processes that compute: one for each core, or `number`. Leave its `with` block to end them.

    They ignore Ctrl-C, which a terminal sends to all of its processes. When the block is left by an exception, or when
    this process ends, they end at once, whatever they are doing, and their temporary files are removed. Leaving the
    block raises RunError where a worker was ended from outside.
    """

    def __init__(self, number: int | None = None) -> None:
        self._number = number

    def __enter__(self) -> "Workers":
        from concurrent.futures import ProcessPoolExecutor  # here: virtual boards use this module too, and no pool
        from multiprocessing import get_context, resource_tracker

        context = get_context("spawn")
        # It would hear SIGHUP, and the next one knows nothing of what this one was to remove. When this process is
        # killed, it removes semaphores in silence: that is no fault which a user could mend.
        with _signals_held(), environment(PYTHONWARNINGS="ignore:resource_tracker:UserWarning"):
            resource_tracker.ensure_running()
        with ExitStack() as stack:
            scratch = stack.enter_context(scratch_folder())
            watched, self._lifeline = context.Pipe(duplex=False)
            stack.enter_context(watched)
            stack.enter_context(self._lifeline)
            self._pool = ProcessPoolExecutor(self._number, context, _begin_worker, (watched, scratch))
            self._stack = stack.pop_all()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, *_: object) -> None:
        from concurrent.futures.process import BrokenProcessPool

        with self._stack:
            if kind is not None:
                self._lifeline.close()
            self._pool.shutdown(cancel_futures=kind is not None)
        if isinstance(error, BrokenProcessPool):
            raise RunError(
                "a worker was ended from outside; is there enough memory? The same command goes on with what was kept, "
                "or begins again"
            )

    def submit(self, function: Callable[P, T], *arguments: P.args, **named: P.kwargs) -> "Future[T]":
        """Have a worker call a function with arguments."""
        with _signals_held(), script_hidden():  # a worker that starts here is not ready before _begin_worker()
            return self._pool.submit(function, *arguments, **named)


@contextmanager
def script_hidden() -> Iterator[None]:
    """Hide a script that is __main__ from processes that start in the block: they would run it again as they import it.

    Workers call functions of TwinOhm alone. A module that `python -m` runs stays: it knows that it is imported.
    """
    script = sys.modules["__main__"]
    if getattr(script, "__spec__", None) is None:
        sys.modules["__main__"] = ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = script


@contextmanager
def scratch_folder() -> Iterator[str]:
    """Yield a new folder for temporary files. It is removed with the block, or by remove_scratch_folders()."""
    with tempfile.TemporaryDirectory(prefix="twinohm-", ignore_cleanup_errors=True) as folder:
        _scratch_folders.add(folder)
        try:
            yield folder
        finally:
            _scratch_folders.discard(folder)


def is_scratch(path: str | os.PathLike[str]) -> bool:
    """Return whether a path is in a scratch folder that is open, so that nothing there will be left."""
    return any(os.path.realpath(path).startswith(os.path.realpath(folder) + os.sep) for folder in _scratch_folders)


def remove_scratch_folders() -> None:
    """Remove the folders of all scratch_folder() blocks that are open: this process ends without leaving them."""
    for folder in list(_scratch_folders):
        shutil.rmtree(folder, ignore_errors=True)


def _begin_worker(lifeline: "Connection", scratch: str) -> None:
    tempfile.tempdir = scratch
    for name in ("SIGINT", "SIGHUP"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_IGN)
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)
    threading.Thread(target=_end_with, args=(lifeline, scratch), daemon=True).start()


def _end_with(lifeline: "Connection", scratch: str) -> None:
    """End this process once the other end of its lifeline is closed."""
    lifeline.poll(None)  # nothing is ever sent
    shutil.rmtree(scratch, ignore_errors=True)
    os._exit(1)


@contextmanager
def environment(**variables: str) -> Iterator[None]:
    """Set variables in the block, also for processes that start there."""
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


@contextmanager
def _signals_held() -> Iterator[None]:
    """Hold back signals in the block; a process or thread that starts there holds them back until it unblocks them.

    The system gives a signal to any thread that does not, and Python then calls the handler in the main thread, blocked
    there or not: in the block, the main thread's handlers only note it. They are called at the end of the block.
    """
    noted: list[int] = []
    before = signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS) if hasattr(signal, "pthread_sigmask") else None
    handlers: dict[int, Any] = {}
    try:
        if threading.current_thread() is threading.main_thread():
            handlers = {number: handler for number in SIGNALS if callable(handler := signal.getsignal(number))}
            for number in handlers:
                signal.signal(number, lambda number, frame: noted.append(number))
        yield
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
        if before is not None:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
        for number in dict.fromkeys(noted):
            signal.raise_signal(number)


def start_child(command: Sequence[str]) -> "subprocess.Popen[bytes]":
    """Start a program with pipes; its standard input is its lifeline. Ctrl-C in the terminal does not reach it."""
    pipe = subprocess.PIPE
    return subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, bufsize=0, start_new_session=True)


def end_child(child: "subprocess.Popen[bytes]") -> None:
    """Cut a child's lifeline and wait until it has ended; kill it if it does not end within END_S."""
    assert child.stdin is not None
    child.stdin.close()
    try:
        child.wait(END_S)
    except BaseException as error:
        child.kill()
        child.wait()
        if not isinstance(error, subprocess.TimeoutExpired):
            raise
