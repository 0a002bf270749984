"""The paper's claims beside what this machine does, over hardware seeds and through the firmware."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from twinohm.experiments.claims import CLAIMS, Claim
from twinohm.experiments.presets import PRESETS
from twinohm.experiments.run import plan_run, run
from twinohm.tasks import find_task


@dataclass(frozen=True)
class Job:
    """One run: a task of the claims, with a preset, on the hardware of one seed."""

    task: str
    board: str
    preset: str
    profile: str
    seed: int


@dataclass(frozen=True)
class Result:
    """The numbers of one run, by the `ours` of each claim about its task."""

    job: Job
    values: dict[str, tuple[float, ...]]
    violations: int


def jobs(tasks: Sequence[str], presets: Sequence[str], profile: str, seeds: range) -> list[Job]:
    """Every task and preset on every seed; the longest first, so that no core waits at the end."""
    boards = {claim.task: claim.board for claim in CLAIMS if claim.task in tasks}
    order = sorted(boards, key=lambda task: -find_task(task).ticks)
    return [Job(task, boards[task], preset, profile, seed) for task in order for preset in presets for seed in seeds]


def run_job(job: Job) -> Result:
    """One run through firmware, wire and parts; its folder is not kept."""
    task, preset = find_task(job.task), PRESETS[job.preset]
    ticks = preset.ticks(task)
    with TemporaryDirectory() as folder:
        plan = plan_run(task, job.board, "sim://", job.profile, job.seed, preset.eta, ticks, levers=preset.levers)
        done = run(plan, Path(folder))
        summary = done.summary() or {}
        values = {claim.ours: tuple(claim.values(summary, done)) for claim in CLAIMS if claim.task == job.task}
    return Result(job, values, summary["violations"])


def run_jobs(todo: Sequence[Job], done: Callable[[], None], workers: int | None = None) -> Iterator[Result]:
    """All jobs on all cores, as they end."""
    with ProcessPoolExecutor(workers) as pool:
        for future in as_completed([pool.submit(run_job, job) for job in todo]):
            done()
            yield future.result()


def table(results: Sequence[Result]) -> list[dict[str, Any]]:
    """One row a claim and preset: the paper's figure, ours as median and quartiles, how many reach it."""
    rows = []
    for claim in CLAIMS:
        for preset in PRESETS:
            mine = [r for r in results if r.job.task == claim.task and r.job.preset == preset]
            if mine:
                rows.append(_row(claim, preset, mine))
    return rows


def _row(claim: Claim, preset: str, results: Sequence[Result]) -> dict[str, Any]:
    values = np.array([value for result in results for value in result.values[claim.ours]])
    low, median, high = np.percentile(values, [25, 50, 75])
    return {
        "experiment": claim.task,
        "paper": claim.paper,
        "ours": claim.ours,
        "reached if": claim.bound,
        "preset": preset,
        "median": float(median),
        "q25": float(low),
        "q75": float(high),
        "worst": float(values.min() if claim.larger_is_better else values.max()),
        "reached": sum(map(claim.reaches, values.tolist())),
        "of": len(values),
        "violations": sum(result.violations for result in results),
    }
