"""Run the paper's claims through the firmware and by the ensemble engine, and set the results beside them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypedDict

import numpy as np
from numpy.typing import NDArray

from twinohm.diagnostics.calibrator import calibrate
from twinohm.firmware.sources import firmware_hash
from twinohm.keys import content_key
from twinohm.link.board_client import BoardClient
from twinohm.model.board_file import load_board
from twinohm.model.calibration import write_calibration
from twinohm.model.profile import profile_from
from twinohm.processes import scratch_folder
from twinohm.runlog.intervals import (
    Interval,
    interval_text,
    median_interval,
    middle,
    quartiles,
    resampled_medians,
    share_interval,
)
from twinohm.runlog.log_summary import log_summary
from twinohm.runlog.plan import plan_run
from twinohm.runlog.runner import run
from twinohm.runlog.scores import block_scores
from twinohm.runlog.summary import Summary
from twinohm.sim.settings import extend_url
from twinohm.studies.claims import BASELINE, CLAIMS, ENGINES, RESTORED, Claim, Outcome, PhaseOutcome
from twinohm.studies.kept_results import UNFINISHED, KeptResults
from twinohm.studies.replica_scores import ReplicaScores
from twinohm.tasks import find_task
from twinohm.tasks.baselines import baselines
from twinohm.tasks.presets import PRESETS, Preset
from twinohm.tasks.task import Task
from twinohm.version import __version__

Floats = NDArray[np.float64]
Changes = tuple[tuple[str, str], ...]
PLAIN = "paper"
BY_FIRMWARE = (PLAIN, "best")  # presets that go through firmware and wire too


@dataclass(frozen=True)
class Job:
    """A task of the claims with a preset: one seed through the firmware, or all of them by the ensemble engine.

    `changes`: numbers of the profile that are changed, (name, value).
    """

    task: str
    board: str
    preset: str
    profile: str
    seeds: tuple[int, ...]
    by: str  # one of claim.by
    changes: Changes = ()
    keep: Path | None = None  # where a run through the firmware leaves its folder
    calibrated: bool = True  # each board before its run


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
    changes: Changes = (),
    calibrated: bool = True,
) -> list[Job]:
    """Return the jobs of every task and preset on all hardware seeds, the longest first to keep all cores busy.

    The runs of the first seed through the firmware stay in folder `keep`.
    """
    boards = {claim.task: claim.board for claim in CLAIMS if claim.task in tasks}
    order = sorted(boards, key=lambda task: -find_task(task).ticks)
    kinds = [(task, boards[task], preset, profile) for task in order for preset in presets]
    built = [kind for kind in kinds if kind[2] in BY_FIRMWARE]
    todo = [
        Job(*kind, (seed,), "firmware", changes, None if i else keep, calibrated)
        for kind in built
        for i, seed in enumerate(firmware)
    ]
    if not ensemble:
        return todo
    others = {(by, claim.task) for claim in CLAIMS for by in claim.by if claim.task in boards and by not in ENGINES}
    todo += [Job(task, boards[task], PLAIN, profile, tuple(ensemble), by) for by, task in sorted(others)]
    return todo + [Job(*kind, tuple(ensemble), "ensemble", changes, calibrated=calibrated) for kind in kinds]


def run_job(job: Job) -> Result:
    """Run a job and return the numbers of its claims."""
    preset = PRESETS[job.preset].for_task(find_task(job.task))
    task = preset.apply_to(find_task(job.task))
    folder = None
    if job.by == BASELINE:
        step_V = load_board(job.board).count_V
        outcomes = [
            Outcome(baselines={one.name: one.right for one in baselines(task, seed, step_V) if one.right is not None})
            for seed in job.seeds
        ]
    elif job.by == "ensemble":
        outcomes = _by_ensemble(job, task, preset)
    elif job.keep is not None:
        outcomes, folder = _by_firmware(job, task, preset, job.keep)
    else:
        with scratch_folder() as passing:
            outcomes, _ = _by_firmware(job, task, preset, Path(passing))
    values: dict[str, tuple[float, ...]] = {}
    for claim in (claim for claim in CLAIMS if claim.task == job.task and job.by in claim.by):
        values[claim.ours] = tuple(value for outcome in outcomes for value in claim.values(outcome))
    violations = sum(outcome.violations or 0 for outcome in outcomes) if job.by == "firmware" else None
    return Result(job, values, violations, folder)


def _by_firmware(job: Job, task: Task, preset: Preset, out: Path) -> tuple[list[Outcome], Path]:
    """Run the job on a virtual board, with the run's folder in `out`; return its outcome and that folder."""
    (seed,) = job.seeds
    eta, ticks = preset.eta_for(task), preset.ticks(task)
    port = extend_url("sim://", job.changes) if job.changes else "sim://"
    plan = plan_run(
        task,
        job.board,
        port,
        job.profile,
        seed,
        eta,
        ticks,
        levers=task.levers(preset.levers),
        restore_best=task.name in RESTORED,
        bias_V=preset.bias_V,
    )
    with scratch_folder() as passing:
        if job.calibrated:
            plan = replace(plan, wanted_calibration=_calibrate(plan.port, Path(passing)))
        done = run(plan, out)
    errors_V2 = [record.true_error_V2 for record in done.ticks() if record.true_error_V2 is not None]
    blocks = block_scores(errors_V2, task.score_ticks)
    return [_outcome(log_summary(done), [1000 * block["rms_last30_V"] for block in blocks])], done.path


def _calibrate(port: str, folder: Path) -> str:
    """Calibrate a board and return the file of its calibration, which is in `folder`."""
    with BoardClient(port) as client:
        found = calibrate(client)
    path = folder / "calibration.json"
    write_calibration(path, found)
    return str(path)


def _outcome(scores: Summary | ReplicaScores, last30_mV: Sequence[float]) -> Outcome:
    """Return the true scores of a run of the firmware or of the engine."""
    return Outcome(
        orders_held=scores.true_orders_held,
        orders_best=scores.true_orders_best,
        orders_chance=scores.true_orders_chance,
        orders_plateau=scores.true_orders_plateau,
        restored_orders=scores.true_restored_orders,
        accuracy_first=scores.true_accuracy_first,
        accuracy=scores.true_accuracy,
        phases=[
            PhaseOutcome(phase.phase, phase.true_rms_plateau_V, phase.true_accuracy)
            for phase in scores.phases or ()
            if phase.true_rms_plateau_V is not None
        ],
        last30_mV=last30_mV,
        violations=scores.violations if isinstance(scores, Summary) else None,
    )


def _by_ensemble(job: Job, task: Task, preset: Preset) -> list[Outcome]:
    from twinohm.ensemble import Ensemble
    from twinohm.studies.ensemble_run import TaskOnEnsemble

    profile = profile_from(job.profile, {"bias_V": repr(preset.bias_V)} | dict(job.changes))
    ensemble = Ensemble(task.plugged(load_board(job.board)), profile, job.seeds, calibrated=job.calibrated)
    placement = task.placement_on(ensemble.board)
    eta, ticks = preset.eta or task.eta, preset.ticks(task)
    restore = task.name in RESTORED
    done = TaskOnEnsemble(task, ensemble, placement, eta, ticks, task.levers(preset.levers), restore).run()
    return [_outcome(scores, last30_mV) for scores, last30_mV in zip(done.scores(), done.last30_mV(), strict=True)]


def leaves_folder(job: Job) -> bool:
    """Return whether the folder of a job's run is to stay, so that it needs this computer."""
    return job.keep is not None


def unfinished(folder: Path) -> KeptResults[Job, Result]:
    """Return the results in a report's folder of jobs that were finished before it was stopped."""
    return KeptResults(folder / UNFINISHED, Result, _key, lambda one: one.folder is None or one.folder.is_dir())


def _key(job: Job) -> str:
    preset, task = PRESETS[job.preset], find_task(job.task)
    return content_key(
        version=__version__, firmware=firmware_hash(), job=replace(job, keep=None), kept=leaves_folder(job),
        task=task, preset=preset, board=load_board(job.board), profile=profile_from(job.profile, {}),
    )  # fmt: skip


ClaimRow = TypedDict(
    "ClaimRow",
    {
        "experiment": str,
        "paper": str,
        "ours": str,
        "reached if": str,
        "preset": str,
        "by": str,
        "boards": int,
        "median": float,
        "median_interval": Interval | None,
        "q25": float | None,
        "q75": float | None,
        "worst": float,
        "reached": int,
        "of": int,
        "share_interval": Interval | None,
        "agrees": bool | None,
        "violations": int | None,
    },
)


def table(results: Sequence[Result]) -> list[ClaimRow]:
    """Return a row for each claim, engine and preset: the paper's figure, our median, and how often ours reaches it.

    The order of results does not matter.
    Intervals are of 95 %; one board has no quartiles and no intervals. `agrees`: whether the median through the
    firmware is one that as many boards of the ensemble have in 95 % of cases, None for one board.
    """
    rows = []
    for claim in CLAIMS:
        for preset in PRESETS:
            by_engine: dict[str, list[Result]] = {}
            for result in results:
                if (result.job.task, result.job.preset) == (claim.task, preset) and result.job.by in claim.by:
                    by_engine.setdefault(result.job.by, []).append(result)
            for mine in by_engine.values():  # intervals are of boards drawn by their place in the list
                mine.sort(key=lambda result: result.job.seeds)
            of = {by: _values(claim, mine) for by, mine in by_engine.items()}
            agrees = _agrees(of["firmware"], of["ensemble"]) if len(of) > 1 and len(of["firmware"]) > 1 else None
            for by in (by for by in claim.by if by in of):
                violations = [result.violations for result in by_engine[by] if result.violations is not None]
                if by == "firmware":
                    rows.append(_row(claim, preset, by, of[by], agrees, sum(violations)))
                else:
                    rows.append(_row(claim, preset, by, of[by], None, None))
    return rows


def _values(claim: Claim, results: Sequence[Result]) -> Floats:
    """Return the numbers of every board, (boards, numbers of each)."""
    boards = sum(len(result.job.seeds) for result in results)
    return np.array([value for result in results for value in result.values[claim.ours]]).reshape(boards, -1)


def _agrees(few: Floats, many: Floats) -> bool:
    """Whether the median of the boards `few` lies in the 95 % interval of medians of as many drawn from `many`."""
    low, high = middle(resampled_medians(many, len(few)))
    return bool(low <= np.median(few) <= high)


def _row(claim: Claim, preset: str, by: str, values: Floats, agrees: bool | None, violations: int | None) -> ClaimRow:
    low, median, high = quartiles(values)
    reached = sum(map(claim.reaches, values.ravel().tolist()))
    alone = len(values) == 1
    return {
        "experiment": claim.task,
        "paper": claim.paper,
        "ours": claim.ours,
        "reached if": claim.bound,
        "preset": preset,
        "by": by,
        "boards": len(values),
        "median": median,
        "median_interval": median_interval(values),
        "q25": None if alone else low,
        "q75": None if alone else high,
        "worst": float(values.min() if claim.larger_is_better else values.max()),
        "reached": reached,
        "of": values.size,
        "share_interval": share_interval(reached / values.size, len(values)),
        "agrees": agrees,
        "violations": violations,
    }


def side_by_side(rows: Sequence[ClaimRow]) -> list[dict[str, str]]:
    """Return the rows for people: a column for each preset, "median [interval], reached/of [interval]"."""
    presets = {row["preset"]: f"preset {row['preset']}" for row in rows}
    wide: dict[tuple[str, ...], dict[str, str]] = {}
    for row in rows:
        ours = f"{row['ours']} {row['reached if']}"
        same = {"experiment": row["experiment"], "paper says": row["paper"], "ours": ours, "by": row["by"]}
        cells = wide.setdefault(tuple(same.values()), same | dict.fromkeys(presets.values(), ""))
        cells[presets[row["preset"]]] = f"{row['median']:.3g}{interval_text(row['median_interval'])}, {share_text(row)}"
    return list(wide.values())


def share_text(row: ClaimRow, of: str = "/") -> str:
    """Return how often a row is reached, "3/64 [2, 13] %"."""
    share = row["share_interval"]
    percent = "" if share is None else f"{interval_text((100 * share[0], 100 * share[1]))} %"
    return f"{row['reached']}{of}{row['of']}{percent}"
