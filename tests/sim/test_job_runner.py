"""Studies run their jobs anywhere, lose none, and go on where they were stopped."""

import asyncio
import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from math import factorial
from pathlib import Path
from typing import Any

import distributed
import numpy as np
import pytest

from tests.command_line import COMMAND, run_here
from twinohm.errors import UsageError
from twinohm.job_runner import JobRunner
from twinohm.model.board_file import load_board
from twinohm.studies.kept_results import KeptResults, results
from twinohm.studies.reproduction import Job, Result, table, unfinished

REPRODUCE = ("divider", "--seeds", "1", "--ensemble", "8", "--preset", "paper")


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    """Yield a Dask cluster of two processes, as on two computers."""
    options = {"protocol": "tcp", "dashboard_address": ":0"}
    with distributed.LocalCluster(n_workers=2, threads_per_worker=1, processes=True, **options) as found:
        yield found


def test_every_job_has_its_result_here() -> None:
    with JobRunner(processes=2) as runner:
        assert sorted(runner.results(factorial, range(40))) == [(job, factorial(job)) for job in range(40)]
        with pytest.raises(UsageError, match="'lab17'"):
            list(runner.results(load_board, ["lab17"]))


def test_more_jobs_than_the_workers_may_know_of(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("twinohm.job_runner.IN_FLIGHT", 3)
    with JobRunner(processes=1) as runner:
        assert sorted(runner.results(factorial, iter(range(20)))) == [(job, factorial(job)) for job in range(20)]


def test_a_scheduler_can_be_named_where_a_loop_runs_as_in_a_notebook(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("twinohm.job_runner.CONNECT_S", 0.2)

    async def cell() -> None:
        with pytest.raises(UsageError, match="no Dask scheduler answers there"), JobRunner("tcp://127.0.0.1:9"):
            pass

    asyncio.run(cell())


@pytest.mark.slow
def test_a_cluster_that_loses_a_worker_has_every_result_once(cluster: Any) -> None:
    jobs, found = [0.05 + number / 1000 for number in range(60)], []
    with JobRunner(cluster.scheduler_address) as runner:
        for job, _ in runner.results(time.sleep, jobs):
            found.append(job)
            if len(found) == 10:
                os.kill(next(iter(cluster.workers.values())).pid, signal.SIGKILL)
    assert sorted(found) == jobs


@pytest.mark.slow
def test_a_report_of_a_cluster_is_the_one_of_this_computer(cluster: Any, tmp_path: Path) -> None:
    tables = []
    for name, more in (("here", ()), ("there", ("--scheduler", cluster.scheduler_address))):
        done = run_here("reproduce", *REPRODUCE, "--out", name, "--json", *more, cwd=tmp_path)
        assert done.returncode == 0, done.stderr
        tables.append(json.loads(line) for line in done.stdout.splitlines())
        assert sorted(path.name for path in (tmp_path / name / "runs").iterdir())  # the first seed's run is kept here
        assert not (tmp_path / name / "unfinished.jsonl").exists()
    assert list(tables[0]) == list(tables[1])


@pytest.mark.slow
@pytest.mark.parametrize(
    "arguments", [("place", "allostery", "--limit", "4"), ("rules", "sign", "--task", "allostery")]
)
def test_place_and_rules_are_the_same_on_a_cluster(arguments: tuple[str, ...], cluster: Any, tmp_path: Path) -> None:
    outs = ("a", "b") if arguments[0] == "rules" else ("a.jsonl", "b.jsonl")
    more = ("--seeds", "4") if arguments[0] == "rules" else ()
    here = run_here(*arguments, *more, "--out", outs[0], "--json", cwd=tmp_path)
    there = run_here(
        *arguments, *more, "--out", outs[1], "--json", "--scheduler", cluster.scheduler_address, cwd=tmp_path
    )
    assert here.returncode == 0 and here.stdout == there.stdout != "", there.stderr


def test_a_scheduler_that_does_not_answer_is_named_before_any_work(tmp_path: Path) -> None:
    done = run_here("reproduce", *REPRODUCE, "--scheduler", "nowhere", cwd=tmp_path)
    assert done.returncode == 2 and "--scheduler nowhere: no Dask scheduler answers there" in done.stderr
    assert list((tmp_path / "report").iterdir()) == []


@pytest.mark.slow
def test_a_report_that_was_stopped_goes_on(tmp_path: Path) -> None:
    """SIGKILL leaves what was finished, and the same command ends with the same table."""
    whole = run_here("reproduce", *REPRODUCE, "--out", "whole", "--json", cwd=tmp_path)
    process = subprocess.Popen([*COMMAND, "reproduce", *REPRODUCE, "--json"], cwd=tmp_path, stderr=subprocess.PIPE)
    kept = tmp_path / "report" / "unfinished.jsonl"
    end = time.monotonic() + 120
    while not (kept.exists() and kept.read_bytes().count(b"\n")):
        assert process.poll() is None and time.monotonic() < end, "it ended before it was stopped"
        time.sleep(0.005)
    process.kill()
    process.communicate()
    before = kept.read_bytes().count(b"\n")
    done = run_here("reproduce", *REPRODUCE, "--json", cwd=tmp_path)
    assert before and done.returncode == 0 and done.stdout == whole.stdout and not kept.exists()


def test_a_table_does_not_depend_on_which_run_ended_first() -> None:
    by_seed = [
        Result(Job("divider", "divider", "paper", "lab", (seed,), "firmware"), {"rms on target, mV": (error_mV,)}, 0)
        for seed, error_mV in enumerate(np.random.default_rng(0).uniform(5, 60, 20).tolist())
    ]
    (row,) = table(by_seed)
    assert table(by_seed[::-1]) == table(by_seed[3:] + by_seed[:3]) == [row] and row["median_interval"] is not None


# -- what is kept ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Squared:
    value: float
    where: Path | None = None


def kept_at(path: Path, key: str = "") -> KeptResults[int, Squared]:
    return KeptResults(path, Squared, lambda job: f"{key}{job}")


def squared(job: int) -> Squared:
    return Squared(float("inf") if job == 0 else job * job, Path("runs"))


def test_kept_results_are_used_and_others_are_not(tmp_path: Path) -> None:
    path = tmp_path / "unfinished.jsonl"
    for job in range(3):
        kept_at(path).add(job, squared(job))
    again, text = kept_at(path), path.read_text()
    assert [again.of(job) for job in range(4)] == [*map(squared, range(3)), None]
    path.unlink()
    assert list(results(squared, range(3), again)) == [*map(squared, range(3))] and not path.exists()
    path.write_text(text)
    assert kept_at(path, "another").of(0) is None


def test_a_kept_run_whose_folder_is_gone_is_made_again(tmp_path: Path) -> None:
    job = Job("divider", "divider", "paper", "lab", (0,), "firmware", keep=tmp_path / "runs")
    gone, there = tmp_path / "runs" / "gone", tmp_path
    for folder, found in ((gone, None), (there, Result(job, {"x": (1.0,)}, 0, there))):
        unfinished(tmp_path).add(job, Result(job, {"x": (1.0,)}, 0, folder))
        assert unfinished(tmp_path).of(job) == found
    firmware = Job("divider", "divider", "paper", "lab", (0,), "firmware")
    assert unfinished(tmp_path).of(firmware) is None  # that one leaves no folder


def test_a_folder_with_another_unfinished_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "report").mkdir()
    (tmp_path / "report" / "unfinished.jsonl").write_text("my notes\n")
    done = run_here("reproduce", *REPRODUCE, cwd=tmp_path)
    assert (
        done.returncode == 2 and "unfinished.jsonl line 1: is no result of twinohm; name another --out" in done.stderr
    )
    assert (tmp_path / "report" / "unfinished.jsonl").read_text() == "my notes\n"
