"""The paper's claims beside what this machine does: through the firmware, and by the ensemble engine."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from twinohm.bench.profile import PROFILES
from twinohm.boards import load_board
from twinohm.experiments.claims import CLAIMS, Claim
from twinohm.experiments.presets import PRESETS, Preset
from twinohm.experiments.run import plan_run, run
from twinohm.runs.scores import block_scores
from twinohm.tasks import find_task
from twinohm.tasks.task import Task


@dataclass(frozen=True)
class Job:
    """A task of the claims with a preset: one seed through the firmware, or all of them by the ensemble engine."""

    task: str
    board: str
    preset: str
    profile: str
    seeds: tuple[int, ...]
    by: str  # "firmware" or "ensemble"
    keep: Path | None = None  # where a run through the firmware leaves its folder


@dataclass(frozen=True)
class Result:
    """The numbers of a job, by the `ours` of each claim about its task."""

    job: Job
    values: dict[str, tuple[float, ...]]
    violations: int | None  # None: the ensemble has no parts whose limits could be broken
    folder: Path | None = None  # of a run that was kept


def jobs(
    tasks: Sequence[str],
    presets: Sequence[str],
    profile: str,
    firmware: Sequence[int],
    ensemble: Sequence[int],
    keep: Path | None = None,
) -> list[Job]:
    """Every task and preset on all hardware seeds; the longest first, so that no core waits at the end.

    The runs of the first seed through the firmware stay in folder `keep`.
    """
    boards = {claim.task: claim.board for claim in CLAIMS if claim.task in tasks}
    order = sorted(boards, key=lambda task: -find_task(task).ticks)
    kinds = [(task, boards[task], preset, profile) for task in order for preset in presets]
    todo = [Job(*kind, (seed,), "firmware", None if i else keep) for kind in kinds for i, seed in enumerate(firmware)]
    return todo + [Job(*kind, tuple(ensemble), "ensemble") for kind in kinds if ensemble]


def run_job(job: Job) -> Result:
    """One job."""
    preset = PRESETS[job.preset]
    task = preset.task(find_task(job.task))
    folder = None
    if job.by == "ensemble":
        outcomes = _by_ensemble(job, task, preset)
    elif job.keep is not None:
        outcomes, folder = _by_firmware(job, task, preset, job.keep)
    else:
        with TemporaryDirectory() as passing:
            outcomes, _ = _by_firmware(job, task, preset, Path(passing))
    values: dict[str, tuple[float, ...]] = {}
    for claim in (claim for claim in CLAIMS if claim.task == job.task):
        values[claim.ours] = tuple(value for row, held_mV in outcomes for value in claim.values(row, held_mV))
    violations = sum(row["violations"] for row, _ in outcomes) if job.by == "firmware" else None
    return Result(job, values, violations, folder)


Outcome = tuple[dict[str, Any], list[float]]  # summary, rms of the last 30 ticks of each block in mV


def _by_firmware(job: Job, task: Task, preset: Preset, out: Path) -> tuple[list[Outcome], Path]:
    """Through firmware, wire and parts."""
    (seed,) = job.seeds
    eta, ticks = preset.eta, preset.ticks(task)
    done = run(plan_run(task, job.board, "sim://", job.profile, seed, eta, ticks, levers=preset.levers), out)
    errors = [record["true_error_V2"] for record in done.ticks()]
    blocks = block_scores(errors, task.score_ticks)
    return [(done.summary() or {}, [1000 * block["rms_last30_V"] for block in blocks])], done.path


def _by_ensemble(job: Job, task: Task, preset: Preset) -> list[Outcome]:
    from twinohm.ensemble import Ensemble
    from twinohm.experiments.ensemble_run import TaskOnEnsemble

    ensemble = Ensemble(load_board(job.board), PROFILES[job.profile], job.seeds)
    placement = task.placement_on(ensemble.board)
    eta, ticks = preset.eta or task.eta, preset.ticks(task)
    done = TaskOnEnsemble(task, ensemble, placement, eta, ticks, preset.levers).run()
    return list(zip(done.rows(), done.held_mV(), strict=True))


def run_jobs(todo: Sequence[Job], done: Callable[[], None], workers: int | None = None) -> Iterator[Result]:
    """All jobs on all cores, as they end."""
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        for future in as_completed([pool.submit(run_job, job) for job in todo]):
            done()
            yield future.result()


def table(results: Sequence[Result]) -> list[dict[str, Any]]:
    """One row a claim, preset and engine: the paper's figure, ours as median and quartiles, how many reach it."""
    rows = []
    for claim in CLAIMS:
        for preset in PRESETS:
            for by in ("firmware", "ensemble"):
                mine = [r for r in results if (r.job.task, r.job.preset, r.job.by) == (claim.task, preset, by)]
                if mine:
                    rows.append(_row(claim, preset, by, mine))
    return rows


def _row(claim: Claim, preset: str, by: str, results: Sequence[Result]) -> dict[str, Any]:
    values = np.array([value for result in results for value in result.values[claim.ours]])
    low, median, high = np.percentile(values, [25, 50, 75])
    return {
        "experiment": claim.task,
        "paper": claim.paper,
        "ours": claim.ours,
        "reached if": claim.bound,
        "preset": preset,
        "by": by,
        "median": float(median),
        "q25": float(low),
        "q75": float(high),
        "worst": float(values.min() if claim.larger_is_better else values.max()),
        "reached": sum(map(claim.reaches, values.tolist())),
        "of": len(values),
        "violations": None if by == "ensemble" else sum(result.violations or 0 for result in results),
    }
