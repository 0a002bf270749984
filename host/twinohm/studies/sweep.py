"""A sweep: every point of a grid on many hardware seeds, by the ensemble engine on a Dask cluster, into a Parquet file.

The cluster is one of this machine's cores, or one that is there. Rows go into a file beside the Parquet file as they
are finished; a sweep that was stopped goes on from both.
"""

import json
import logging
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import lru_cache
from importlib import import_module
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from twinohm.errors import RunError, TwinOhmError, UsageError
from twinohm.files import write_atomically
from twinohm.model.board import Board
from twinohm.model.profile import Profile
from twinohm.studies.sweep_grid import PARAMETERS, Point
from twinohm.version import __version__

if TYPE_CHECKING:
    from twinohm.ensemble import Ensemble

Scores = dict[str, Any]  # true_* of one hardware seed; with several phases also a list of theirs
Row = tuple[str, int]  # key of a point, hardware seed

CHUNK = 256  # hardware seeds in a job
IN_FLIGHT = 1024  # jobs that the scheduler knows of
CONNECT_S = 10
METADATA = b"twinohm_sweep"
QUARTILES = ("q25", "median", "q75")
# Ctrl-C and the end of a terminal go to all its processes. Workers leave them to the one that gives them jobs.
DEAF = """
import signal
for name in ("SIGINT", "SIGHUP"):
    if hasattr(signal, name):
        signal.signal(getattr(signal, name), signal.SIG_IGN)
"""


@dataclass(frozen=True)
class Job:
    """A point on some hardware seeds."""

    point: Point
    seeds: tuple[int, ...]


def run_job(job: Job) -> list[Scores]:
    """Scores of each hardware seed. Runs on a worker."""
    from twinohm.studies.ensemble_run import TaskOnEnsemble

    point = job.point
    ensemble = _ensemble(point.board.model_dump_json(), point.profile, job.seeds, point.levels)
    done = TaskOnEnsemble(
        point.task, ensemble, point.placement, point.eta, point.ticks, point.levers, point.restore_best
    ).run()
    scored = []
    for row, held_mV in zip(done.rows(), done.held_mV(), strict=True):
        scores: Scores = _true(row) | {"true_held_worst_mV": max(held_mV)}
        if "phases" in row:
            scores["phases"] = [{"phase": phase["phase"]} | _true(phase) for phase in row["phases"]]
        scored.append(scores)
    return scored


def _true(row: dict[str, Any]) -> Scores:
    return {name: value for name, value in row.items() if name.startswith("true_")}


@lru_cache(maxsize=2)
def _ensemble(board: str, profile: Profile, seeds: tuple[int, ...], levels: int) -> "Ensemble":
    """Kept, because to draw an ensemble often takes longer than to train it. `board` is its JSON."""
    from twinohm.ensemble import Ensemble

    return Ensemble(Board.model_validate_json(board), profile, seeds, levels)


# -- rows that are finished --------------------------------------------------------------------------------------------


class Finished:
    """Scores by point and hardware seed: those in the Parquet file `out`, and in the lines beside it.

    Raises UsageError if `out` is there and no sweep, TwinOhmError without pyarrow.
    """

    def __init__(self, out: Path) -> None:
        self.out, self.lines = out, out.with_name(out.name + ".unfinished")
        self._arrow, self._parquet = _library("pyarrow"), _library("pyarrow.parquet")
        self._scores: dict[Row, Scores] = {}
        self._given: dict[str, dict[str, Any]] = {}  # by key of a point
        self._torn = False  # the last line does not end
        if not out.parent.is_dir():
            raise UsageError(f"{out}: there is no folder {out.parent}; make it, or name another --out")
        if out.exists():
            self._read_table()
        if self.lines.exists():
            self._read_lines()

    def _read_table(self) -> None:
        try:
            table = self._parquet.read_table(self.out)
            given = json.loads(table.schema.metadata[METADATA])["given"]
            for row in table.to_pylist():
                scores = {name: value for name, value in row.items() if name.startswith("true_") or name == "phases"}
                self._scores[row["point"], row["seed"]] = {name: v for name, v in scores.items() if v is not None}
                self._given[row["point"]] = {name: row[name] for name in given}
        except (OSError, self._arrow.ArrowInvalid, KeyError, TypeError) as error:
            raise UsageError(f"{self.out}: is there and is no sweep of twinohm; name another --out") from error

    def _read_lines(self) -> None:
        content = self.lines.read_bytes()
        self._torn = content[-1:] not in (b"", b"\n")
        for line in content.splitlines():
            try:
                job = json.loads(line)
                self._keep(job["point"], job["given"], job["seeds"], job["scores"])
            except (ValueError, KeyError, TypeError):
                continue  # a torn line is computed again

    def _keep(self, point: str, given: dict[str, Any], seeds: Sequence[int], scores: Sequence[Scores]) -> None:
        self._given[point] = given
        self._scores |= {(point, seed): row for seed, row in zip(seeds, scores, strict=True)}

    def add(self, job: Job, scores: list[Scores]) -> None:
        """Raises RunError if the disk refuses."""
        point, given = job.point.key, dict(job.point.given)
        line = json.dumps({"point": point, "given": given, "seeds": job.seeds, "scores": scores})
        try:
            with self.lines.open("ab") as file:
                file.write(b"\n" * self._torn + line.encode() + b"\n")
        except OSError as error:
            raise RunError(f"{self.lines}: cannot be written ({error.strerror}); free the disk, then go on") from error
        self._torn = False
        self._keep(point, given, job.seeds, scores)

    def only(self, points: Sequence[Point], seeds: Sequence[int], discard: bool = False) -> None:
        """Make sure that nothing else is there, or with `discard` leave it out. Raises UsageError."""
        wanted = {(point.key, seed) for point in points for seed in seeds}
        others = [row for row in self._scores if row not in wanted]
        if others and not discard:
            key, seed = others[0]
            raise UsageError(
                f"{self.out}: holds {len(others)} rows that are not in this sweep, of other points, seeds, task, board "
                f"or version of twinohm ({_text(self._given[key])} seed {seed}); name another --out, or --discard them"
            )
        for row in others:
            del self._scores[row]

    def scores(self, point: Point, seeds: Sequence[int]) -> list[Scores]:
        return [self._scores[point.key, seed] for seed in seeds]

    def jobs(self, points: Sequence[Point], seeds: Sequence[int]) -> list[Job]:
        """What is left to do; points with the same hardware follow each other."""
        jobs = []
        for point in {point.key: point for point in points}.values():
            left = [seed for seed in seeds if (point.key, seed) not in self._scores]
            jobs += [Job(point, tuple(left[at : at + CHUNK])) for at in range(0, len(left), CHUNK)]
        return sorted(jobs, key=lambda job: _hardware(job.point))

    def write(self, points: Sequence[Point], seeds: Sequence[int]) -> None:
        """All rows into `out`, in the order of the grid, and the lines are gone. Raises RunError."""
        arrow = self._arrow
        types = {float: arrow.float64(), int: arrow.int64(), bool: arrow.bool_(), str: arrow.string()}
        rows = [(point.values, seed, self._scores[point.key, seed]) for point in points for seed in seeds]
        task, board = points[0].task, points[0].board
        columns = {"task": arrow.array([task.name] * len(rows)), "board": arrow.array([board.name] * len(rows))}
        for name, parameter in PARAMETERS.items():
            columns[name] = arrow.array([values[name] for values, _, _ in rows], types[parameter.kind])
        columns["seed"] = arrow.array([seed for _, seed, _ in rows], types[int])
        for name in dict.fromkeys(name for _, _, scores in rows for name in scores):
            given = None if name == "phases" else types[float]
            columns[name] = arrow.array([scores.get(name) for _, _, scores in rows], given)
        columns["point"] = arrow.array([point.key for point in points for _ in seeds])
        about = {
            "given": list(points[0].given),
            "task": task.about,
            "ours": task.ours,
            "board_table": board.model_dump(mode="json"),
            "command": sys.argv,
            "version": __version__,
        }
        table = arrow.table(columns).replace_schema_metadata({METADATA: json.dumps(about)})
        with write_atomically(self.out) as part:
            self._parquet.write_table(table, part)
        self.lines.unlink(missing_ok=True)


def _hardware(point: Point) -> tuple[str, ...]:
    return repr(point.profile), f"{point.levels:4}", repr(point.board.pots), repr(point.board.switches)


def _text(given: Mapping[str, Any]) -> str:
    return ", ".join(f"{name}={value}" for name, value in given.items()) or "nothing varied"


def _library(name: str) -> Any:
    try:
        return import_module(name)
    except ImportError as error:
        package = name.partition(".")[0]
        raise TwinOhmError(f'sweep needs {package}, which is missing: pip install "twinohm[sweep]"') from error


# -- on a cluster ------------------------------------------------------------------------------------------------------


def sweep(
    points: Sequence[Point],
    seeds: Sequence[int],
    finished: Finished,
    scheduler: str | None = None,
    progress: Callable[[int, int], None] = lambda done, of: None,
    stop: Callable[[], bool] = lambda: False,
) -> bool:
    """Compute what `finished` lacks, write its file and return True. `progress` is told (rows done, of all).

    `scheduler`: address of a Dask scheduler; None: all cores of this machine. `stop` is asked after each job; once it
    says so this returns False. Raises RunError, also for a point that cannot be computed and for a cluster that is
    lost; what was finished is kept.
    """
    jobs = finished.jobs(points, seeds)
    of = len({point.key for point in points}) * len(seeds)
    done = of - sum(len(job.seeds) for job in jobs)
    progress(done, of)
    if jobs:
        with _client(scheduler) as client:
            for job, scores in _results(client, jobs):
                finished.add(job, scores)
                done += len(job.seeds)
                progress(done, of)
                if stop():
                    return False
    finished.write(points, seeds)
    return True


@contextmanager
def _client(scheduler: str | None) -> Iterator[Any]:
    distributed = _library("distributed")
    with ExitStack() as stack:
        if scheduler is None:
            cluster = distributed.LocalCluster(
                threads_per_worker=1,
                memory_limit=None,
                dashboard_address=":0",
                preload=DEAF,
                silence_logs=logging.CRITICAL + 1,
            )
            yield stack.enter_context(distributed.Client(stack.enter_context(cluster)))
            return
        try:
            client = stack.enter_context(distributed.Client(scheduler, timeout=CONNECT_S))
        except (OSError, ValueError, TypeError) as error:  # TypeError: tls:// without certificates
            raise UsageError(f"--scheduler {scheduler}: no Dask scheduler answers there ({error})") from error
        _check_workers(client)
        yield client


def _check_workers(client: Any) -> None:
    for worker, version in client.run(_version, on_error="return").items():
        if version != __version__:
            raise RunError(
                f"worker {worker} has no twinohm {__version__} with its engine ({version}); install "
                f'"twinohm[sweep]" {__version__} on all workers'
            )


def _version() -> str:
    import twinohm.ensemble  # noqa: F401 -- raises without numba

    return __version__


def _results(client: Any, jobs: Sequence[Job]) -> Iterator[tuple[Job, list[Scores]]]:
    """Each job with its scores, as they end."""
    distributed = _library("distributed")
    waiting = iter(jobs)
    running = {client.submit(run_job, job, pure=False): job for job in islice(waiting, IN_FLIGHT)}
    ended = distributed.as_completed(running)
    for future in ended:
        job = running.pop(future)
        try:
            scores = future.result()
        except TwinOhmError as error:
            raise RunError(f"{_text(job.point.given)}: {error}") from error
        except (distributed.CancelledError, distributed.KilledWorker, OSError) as error:
            raise RunError(
                f"the cluster is lost ({error}); finished rows are kept, the same command goes on"
            ) from error
        yield job, scores
        for more in islice(waiting, 1):
            running[new := client.submit(run_job, more, pure=False)] = more
            ended.add(new)


# -- what people see ---------------------------------------------------------------------------------------------------


def summary(points: Sequence[Point], seeds: Sequence[int], finished: Finished) -> list[dict[str, Any]]:
    """One row a point: what the grid sets, and of each score the quartiles over hardware seeds."""
    scored = [finished.scores(point, seeds) for point in points]
    names = dict.fromkeys(name for scores in scored for one in scores for name in one if name != "phases")
    rows = []
    for point, scores in zip(points, scored, strict=True):
        row = {name: point.values[name] for name in point.given} | {"seeds": len(seeds)}
        for name in names:
            values = [one[name] for one in scores if name in one]
            row[name] = (
                dict(zip(QUARTILES, np.percentile(values, [25, 50, 75]).tolist(), strict=True)) if values else None
            )
        rows.append(row)
    return rows
