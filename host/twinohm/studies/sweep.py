"""Run a sweep: every point of a grid on many hardware seeds, by the ensemble engine, into a Parquet file.

Rows are written to a file beside the Parquet file as they are finished; a sweep that was stopped continues from both.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypedDict

import numpy as np
from pydantic import ValidationError

from twinohm.errors import RunError, TwinOhmError, UsageError
from twinohm.extras import install_command
from twinohm.files import MARK, check_place, write_own
from twinohm.inputs import open_input
from twinohm.job_runner import JobRunner
from twinohm.json_records import RecordType
from twinohm.model.board import Board
from twinohm.model.profile import Profile
from twinohm.runlog.intervals import Interval, median_interval, quartiles
from twinohm.studies.kept_lines import append_lines, read_lines
from twinohm.studies.replica_scores import ReplicaScores
from twinohm.studies.sweep_grid import PARAMETERS, Point, Value, Values
from twinohm.this_command import this_command
from twinohm.version import __version__

if TYPE_CHECKING:
    from twinohm.ensemble import Ensemble

Row = tuple[str, int]  # key of a point, hardware seed

CHUNK = 256  # hardware seeds in a job
METADATA = b"twinohm_sweep"


@dataclass(frozen=True)
class Job:
    """A point on some hardware seeds."""

    point: Point
    seeds: tuple[int, ...]


def run_job(job: Job) -> list[ReplicaScores]:
    """Return the scores of each hardware seed. Raises RunError, which names the point, if it cannot be computed."""
    from twinohm.studies.ensemble_run import TaskOnEnsemble

    point = job.point
    try:
        ensemble = _ensemble(point.board.model_dump_json(), point.profile, job.seeds, point.levels)
        done = TaskOnEnsemble(
            point.task, ensemble, point.placement, point.eta, point.ticks, point.levers, point.restore_best
        ).run()
    except TwinOhmError as error:
        raise RunError(f"{_text(point.given)}: {error}") from error
    return [
        replace(scores, true_last30_worst_mV=max(last30_mV))
        for scores, last30_mV in zip(done.scores(), done.last30_mV(), strict=True)
    ]


@lru_cache(maxsize=2)
def _ensemble(board: str, profile: Profile, seeds: tuple[int, ...], levels: int) -> "Ensemble":
    """Return an ensemble. It is kept: drawing one often takes longer than training it. `board` is its JSON."""
    from twinohm.ensemble import Ensemble

    return Ensemble(Board.model_validate_json(board), profile, seeds, levels)


# -- rows that are finished --------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Line:
    """A line of the file beside the Parquet file: a job that is finished."""

    point: str  # key of the point
    given: dict[str, Value]
    seeds: tuple[int, ...]
    scores: tuple[ReplicaScores, ...]  # of each seed

    def __post_init__(self) -> None:
        if len(self.scores) != len(self.seeds):
            raise ValueError(f"scores of {len(self.scores)} seeds for {len(self.seeds)} seeds")


_LINE = RecordType[_Line](_Line)
_SCORES = RecordType[ReplicaScores](ReplicaScores)


class Finished:
    """Scores by point and hardware seed: those in the Parquet file `out`, and in the lines beside it.

    Raises UsageError if `out` is no .parquet, or is there and no sweep; TwinOhmError without pyarrow.
    """

    def __init__(self, out: Path) -> None:
        check_place(out)
        if out.suffix.lower() != ".parquet":
            raise UsageError(f"{out}: a sweep is written as a Parquet file; give --out a name that ends in .parquet")
        self.out, self.lines = out, out.parent / f"{out.name}.unfinished"
        self._arrow, self._parquet = parquet_library()
        self._scores: dict[Row, ReplicaScores] = {}
        self._given: dict[str, Values] = {}  # by key of a point
        check_place(self.lines)
        if out.exists():
            self._read_table()
        if self.lines.exists():
            self._read_lines()

    def _read_table(self) -> None:
        try:
            with open_input(self.out) as file:
                table = self._parquet.read_table(file)
            given = json.loads(table.schema.metadata[METADATA])["given"]
            for row in table.to_pylist():
                self._scores[row["point"], row["seed"]] = _SCORES.adapter.validate_python(row)
                self._given[row["point"]] = {name: row[name] for name in given}
        except (OSError, self._arrow.ArrowInvalid, KeyError, TypeError, ValidationError) as error:
            raise UsageError(f"{self.out}: is there and is no sweep of twinohm; name another --out") from error

    def _read_lines(self) -> None:
        for line in read_lines(self.lines, _LINE):
            self._keep(line)

    def _keep(self, line: _Line) -> None:
        self._given[line.point] = line.given
        self._scores |= {(line.point, seed): scores for seed, scores in zip(line.seeds, line.scores, strict=True)}

    def add(self, job: Job, scores: Sequence[ReplicaScores]) -> None:
        """Keep the scores of a job, also in the file. Raises DiskError if it cannot be written."""
        line = _Line(job.point.key, dict(job.point.given), job.seeds, tuple(scores))
        text = json.dumps(vars(line) | {"scores": [one.record() for one in scores]})
        append_lines(self.lines, [text])
        self._keep(line)

    def only(self, points: Sequence[Point], seeds: Sequence[int], discard: bool = False) -> None:
        """Check that no other rows are there, or with `discard` leave them out. Raises UsageError."""
        wanted = {(point.key, seed) for point in points for seed in seeds}
        others = [row for row in self._scores if row not in wanted]
        if others and not discard:
            key, seed = others[0]
            rows = f"{len(others)} rows that are" if len(others) > 1 else "1 row that is"
            raise UsageError(
                f"{self.out}: holds {rows} not in this sweep, of other points, seeds, task, board "
                f"or version of twinohm ({_text(self._given[key])} seed {seed}); name another --out, or drop them with "
                "--discard"
            )
        for row in others:
            del self._scores[row]

    def scores(self, point: Point, seeds: Sequence[int]) -> list[ReplicaScores]:
        """Return the scores of a point, (seeds,)."""
        return [self._scores[point.key, seed] for seed in seeds]

    def jobs(self, points: Sequence[Point], seeds: Sequence[int]) -> list[Job]:
        """Return the jobs left to do; points with the same hardware follow each other."""
        jobs = []
        for point in {point.key: point for point in points}.values():
            left = [seed for seed in seeds if (point.key, seed) not in self._scores]
            jobs += [Job(point, tuple(left[at : at + CHUNK])) for at in range(0, len(left), CHUNK)]
        return sorted(jobs, key=lambda job: _hardware(job.point))

    def write(self, points: Sequence[Point], seeds: Sequence[int]) -> None:
        """Write all rows to `out`, in the order of the grid, and remove the file of lines. Raises DiskError."""
        arrow = self._arrow
        types = {float: arrow.float64(), int: arrow.int64(), bool: arrow.bool_(), str: arrow.string()}
        rows = [(point.values, seed, self._scores[point.key, seed].record()) for point in points for seed in seeds]
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
            "command": this_command(),
            "version": __version__,
        }
        table = arrow.table(columns).replace_schema_metadata({METADATA: json.dumps(about), "made_by": MARK})
        content = self._arrow.BufferOutputStream()
        self._parquet.write_table(table, content)
        write_own({self.out: content.getvalue().to_pybytes()})
        self.lines.unlink(missing_ok=True)


def _hardware(point: Point) -> tuple[str, ...]:
    return repr(point.profile), f"{point.levels:4}", repr(point.board.pots), repr(point.board.switches)


def _text(given: Mapping[str, Any]) -> str:
    return ", ".join(f"{name}={value}" for name, value in given.items()) or "nothing varied"


def parquet_library() -> tuple[Any, Any]:
    """Return pyarrow and its module of Parquet. Raises TwinOhmError if it is missing."""
    try:
        return import_module("pyarrow"), import_module("pyarrow.parquet")
    except ImportError as error:
        raise TwinOhmError(f"sweep needs pyarrow, which is missing: {install_command('sweep')}") from error


# -- the work ---------------------------------------------------------------------------------------------------------


def sweep(
    points: Sequence[Point],
    seeds: Sequence[int],
    finished: Finished,
    scheduler: str | None = None,
    progress: Callable[[int, int], None] = lambda done, of: None,
) -> None:
    """Compute the rows that `finished` lacks, and write its Parquet file.

    `scheduler`: where, as of JobRunner. `progress` is called with (rows done,
    all rows).

    Raises RunError for a point that cannot be computed and for a cluster that is lost; finished rows are kept.
    """
    jobs = finished.jobs(points, seeds)
    of = len({point.key for point in points}) * len(seeds)
    done = of - sum(len(job.seeds) for job in jobs)
    progress(done, of)
    if jobs:
        with JobRunner(scheduler) as runner:
            for job, scores in runner.results(run_job, jobs):
                finished.add(job, scores)
                done += len(job.seeds)
                progress(done, of)
    finished.write(points, seeds)


# -- the table of quartiles --------------------------------------------------------------------------------------------


class Quartiles(TypedDict):
    """Quartiles of a score over hardware seeds."""

    q25: float | None  # None, as q75, with one hardware seed
    median: float
    q75: float | None
    interval: Interval | None  # 95 % confidence interval of the median, None with too few seeds


SummaryRow = dict[str, Value | Quartiles]  # by name of a parameter or score


def summary(points: Sequence[Point], seeds: Sequence[int], finished: Finished) -> list[SummaryRow]:
    """Return a row for each point: the values that the grid sets, and the quartiles of each score, None without one."""
    scored = [[scores.record() for scores in finished.scores(point, seeds)] for point in points]
    names = dict.fromkeys(name for scores in scored for one in scores for name in one if name != "phases")
    rows = []
    for point, records in zip(points, scored, strict=True):
        row: SummaryRow = {name: point.values[name] for name in point.given} | {"seeds": len(seeds)}
        for name in names:
            row[name] = _quartiles([record[name] for record in records if name in record])
        rows.append(row)
    return rows


def _quartiles(values: Sequence[Any]) -> Quartiles | None:
    if not values:
        return None
    low, median, high = quartiles(values)
    spread = len(values) > 1
    interval = median_interval(np.array(values, dtype=float)[:, None])
    return {"q25": low if spread else None, "median": median, "q75": high if spread else None, "interval": interval}
