"""Where the jobs of a study run: processes of this computer, or the workers of a Dask scheduler.

A job is data that says all; a function of a module of TwinOhm takes it and returns its result. So a job can run in any
process, and in any order.
"""

import asyncio
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from importlib import import_module
from itertools import islice
from queue import SimpleQueue
from typing import Any, TypeVar

from twinohm.errors import RunError, TwinOhmError, UsageError
from twinohm.extras import install_command
from twinohm.processes import Workers
from twinohm.version import __version__

J = TypeVar("J")
R = TypeVar("R")

IN_FLIGHT = 1024  # jobs that the workers know of
CONNECT_S = 10
ENGINE = "twinohm.ensemble"  # raises TwinOhmError without numba


def require_runner(scheduler: str | None) -> None:
    """Raise TwinOhmError if a library is missing here that the workers need, before any work."""
    if scheduler is None:
        import_module(ENGINE)
    else:
        _distributed()  # the workers have the engine


class JobRunner:
    """Runs jobs. Leave its `with` block to end its processes; a cluster's go on, without the jobs that are left.

    scheduler: address of a Dask scheduler; None: processes here, `processes` of them (None: one for each core).

    Entering raises UsageError if no scheduler answers, RunError if its workers have another version of TwinOhm.
    """

    def __init__(self, scheduler: str | None = None, processes: int | None = None) -> None:
        self._where: _Here | _Cluster = _Here(processes) if scheduler is None else _Cluster(scheduler)

    def __enter__(self) -> "JobRunner":
        self._where.begin()
        return self

    def __exit__(self, *error: Any) -> None:
        self._where.end(*error)

    def results(self, function: Callable[[J], R], jobs: Iterable[J]) -> Iterator[tuple[J, R]]:
        """Call `function` with each job; yield the jobs with their results, as they end.

        Raises what the function raises, and RunError if a worker or the cluster is lost.
        """
        left, running, ended = iter(jobs), {}, SimpleQueue[Any]()

        def begin(number: int) -> None:
            for job in islice(left, number):
                running[future := self._where.submit(function, job)] = job
                future.add_done_callback(ended.put)

        begin(IN_FLIGHT)
        while running:
            future = ended.get()
            job = running.pop(future)
            begin(1)
            yield job, self._where.result(future)


class _Here:
    """Processes of this computer."""

    def __init__(self, processes: int | None) -> None:
        self._workers = Workers(processes)

    def begin(self) -> None:
        self._workers.__enter__()

    def end(self, *error: Any) -> None:
        self._workers.__exit__(*error)

    def submit(self, function: Callable[[J], R], job: J) -> Any:
        return self._workers.submit(function, job)

    def result(self, future: Any) -> Any:
        return future.result()


class _Cluster:
    """Workers of a Dask scheduler."""

    def __init__(self, scheduler: str) -> None:
        self._scheduler = scheduler
        self._library = _distributed()
        self._stack = ExitStack()

    def begin(self) -> None:
        with ExitStack() as stack:
            try:
                with ThreadPoolExecutor(1) as apart:  # this thread may have a loop that runs, as in a notebook
                    apart.submit(asyncio.run, self._connect()).result()
                self._client = stack.enter_context(self._library.Client(self._scheduler, timeout=CONNECT_S))
            except (OSError, ValueError, TypeError) as error:  # TypeError: tls:// without certificates
                raise UsageError(f"--scheduler {self._scheduler}: no Dask scheduler answers there ({error})") from error
            self._check_workers()
            self._stack = stack.pop_all()

    def end(self, *error: Any) -> None:
        self._stack.__exit__(*error)

    async def _connect(self) -> None:
        """Raise OSError, ValueError or TypeError if no scheduler answers.

        A Client that fails while it connects leaves a loop behind; when it is collected, that loop can wait for ever.
        """
        arguments = self._library.Security().get_connection_args("client")
        comm = await self._library.comm.connect(self._scheduler, timeout=CONNECT_S, **arguments)
        await comm.close()

    def _check_workers(self) -> None:
        """Raise RunError if a worker has another version; those that come later say so at their first job."""
        for worker, version in self._client.run(_version, on_error="return").items():
            if version != __version__:
                raise RunError(
                    f"worker {worker} has no twinohm {__version__} with its engine ({version}); install "
                    f'"twinohm[sweep]" {__version__} on all workers'
                )

    def submit(self, function: Callable[[J], R], job: J) -> Any:
        return self._client.submit(_run_as, __version__, function, job, pure=False)

    def result(self, future: Any) -> Any:
        try:
            return future.result()
        except (self._library.CancelledError, self._library.KilledWorker, OSError) as error:
            raise RunError(
                f"the cluster is lost ({error}); the same command goes on with what was kept, or begins again"
            ) from error


def _run_as(version: str, function: Callable[[J], R], job: J) -> R:
    """Run a job on a worker. Raises RunError if the worker has another version of TwinOhm."""
    if version != __version__:
        raise RunError(f"a worker has twinohm {__version__}, not {version}; install {version} on all workers")
    return function(job)


def _version() -> str:
    import_module(ENGINE)
    return __version__


def _distributed() -> Any:
    try:
        return import_module("distributed")
    except ImportError as error:
        raise TwinOhmError(f"a scheduler needs distributed, which is missing: {install_command('sweep')}") from error
