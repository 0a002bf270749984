"""The paper's claims beside what this machine does, over hardware seeds and through the firmware."""

from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from twinohm.experiments.run import plan_run, run
from twinohm.runs.scores import block_scores, run_scores
from twinohm.tasks import find_task

HELD_V = 0.050  # a target counts as held within this, rms over its last 30 ticks


@dataclass(frozen=True)
class SeedResult:
    """True scores of one run, and the rms of the last 30 ticks of each target."""

    task: str
    seed: int
    orders_best: float
    orders_plateau: float
    rms_last30_V: tuple[float, ...]
    violations: int


def run_seed(task: str, board: str, profile: str, seed: int) -> SeedResult:
    """One run through firmware, wire and parts; its folder is not kept."""
    with TemporaryDirectory() as folder:
        plan = plan_run(find_task(task), board, "sim://", profile, seed)
        done = run(plan, Path(folder))
        errors = [record["true_error_V2"] for record in done.ticks()]
        scores = run_scores(errors, plan.task.block)
        blocks = block_scores(errors, plan.task.block)
        violations = (done.summary() or {})["violations"]
    held = tuple(block["rms_last30_V"] for block in blocks)
    return SeedResult(task, seed, scores.orders_best, scores.orders_plateau, held, violations)


def run_seeds(
    jobs: list[tuple[str, str]], profile: str, seeds: range, done: Callable[[], None], workers: int | None = None
) -> Iterator[SeedResult]:
    """All (task, board) jobs for all seeds, on all cores."""
    with ProcessPoolExecutor(workers) as pool:
        futures = [pool.submit(run_seed, task, board, profile, seed) for task, board in jobs for seed in seeds]
        for future in futures:
            yield future.result()
            done()


def table(results: list[SeedResult]) -> list[dict[str, Any]]:
    """One row a claim: the paper's figure, ours as median and quartiles, and the share of seeds that reach it."""
    rows = []
    for task in dict.fromkeys(result.task for result in results):
        mine = [result for result in results if result.task == task]
        broken = sum(result.violations for result in mine)
        if task == "divider":
            rms_mV = np.array([1000 * rms for result in mine for rms in result.rms_last30_V])
            held = rms_mV <= 1000 * HELD_V
            rows.append(_row(task, "follows each target", "rms of last 30 ticks, <= 50 mV", rms_mV, held, broken))
        else:
            best = np.array([result.orders_best for result in mine])
            plateau = np.array([result.orders_plateau for result in mine])
            rows.append(_row(task, "> 4 orders", "best, orders", best, best >= 4, broken))
            rows.append(_row(task, "> 4 orders", "plateau, orders", plateau, plateau >= 4, broken))
    return rows


def _row(task: str, paper: str, ours: str, values: Any, reached: Any, violations: int) -> dict[str, Any]:
    low, median, high = np.percentile(values, [25, 50, 75])
    return {
        "experiment": task,
        "paper": paper,
        "ours": ours,
        "median": float(median),
        "q25": float(low),
        "q75": float(high),
        "worst": float(values.max() if "mV" in ours else values.min()),
        "reached": int(reached.sum()),
        "of": len(values),
        "violations": violations,
    }
