"""Sweeps: rows equal those of the ensemble, on any scheduler and after any number of interruptions."""

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import distributed
import numpy as np
import pyarrow.parquet
import pytest
from click.testing import CliRunner

import twinohm
from tests.command_line import COMMAND, run_here
from twinohm import job_runner
from twinohm.cli.sweep import sweep as command
from twinohm.ensemble import Ensemble
from twinohm.errors import RunError, TwinOhmError, UsageError
from twinohm.model.board_file import load_board
from twinohm.model.levers import Levers
from twinohm.model.profile import PROFILES, profile_from
from twinohm.studies import sweep as engine
from twinohm.studies.ensemble_run import TaskOnEnsemble
from twinohm.studies.sweep_grid import PARAMETERS, Point, grid, parse_axes
from twinohm.tasks import find_task

LAB16 = load_board("lab16")
SWEEP = [*COMMAND, "sweep"]
POINTS = 40
LONG = ["allostery", "--vary", f"eta=0.1:4:{POINTS}", "--seeds", "16"]


def points(task: str, *vary: str) -> list[Point]:
    return grid(find_task(task), LAB16, parse_axes(vary))


def rows(out: Path) -> list[dict[str, Any]]:
    return pyarrow.parquet.read_table(out).to_pylist()


@pytest.fixture(scope="module")
def scheduler() -> Iterator[str]:
    """Return the address of a running Dask cluster."""
    options = {"processes": False, "protocol": "tcp", "dashboard_address": ":0"}
    with distributed.LocalCluster(n_workers=1, threads_per_worker=2, **options) as cluster:
        yield cluster.scheduler_address


def swept(out: Path, made: list[Point], seeds: range, scheduler: str) -> list[dict[str, Any]]:
    engine.sweep(made, seeds, engine.Finished(out), scheduler)
    assert not engine.Finished(out).lines.exists()
    return rows(out)


# -- the rows


def test_a_point_is_a_run_of_the_engine(tmp_path: Path, scheduler: str) -> None:
    vary = ("preset=best", "profile=quiet", "eta=0.5,2", "ticks=90", "offset_sd_V=0.002", "p=0.7", "series_ohm=500")
    table = swept(tmp_path / "a.parquet", points("damage", *vary), range(3, 6), scheduler)
    profile = profile_from("quiet", {"offset_sd_V": "0.002"})
    pots = LAB16.pots.model_copy(update={"series_ohm": 500.0})
    ensemble = Ensemble(LAB16.model_copy(update={"pots": pots}), profile, range(3, 6))
    task = find_task("damage").amplified(1.5)
    levers = Levers(p=0.7, readings=9, vote="unanimous", error_full_V=0.1)
    for eta, part in ((0.5, table[:3]), (2, table[3:])):
        done = TaskOnEnsemble(task, ensemble, task.placement_on(LAB16), eta, 90, levers).run()
        for seed, row, direct, last30_mV in zip(range(3, 6), part, done.scores(), done.last30_mV(), strict=True):
            assert (row["seed"], row["eta"], row["offset_sd_V"], row["edge_spread"]) == (seed, eta, 0.002, 0.3)
            assert row["true_last30_worst_mV"] == max(last30_mV)
            for name in ("true_orders_best", "true_orders_plateau", "true_rms_plateau_V", "true_mse_first"):
                assert row[name] == getattr(direct, name)


def test_every_row_has_all_parameters_and_phases_have_their_scores(tmp_path: Path, scheduler: str) -> None:
    out = tmp_path / "a.parquet"
    table = swept(out, points("damage", "ticks=150"), range(2), scheduler)
    assert list(table[0])[:-1] == [*["task", "board", *PARAMETERS, "seed"], *list(table[0])[len(PARAMETERS) + 3 : -1]]
    assert [phase["phase"] for phase in table[0]["phases"]] == ["whole", "without E-H"]
    assert all(phase["true_orders_plateau"] > 0 for phase in table[0]["phases"])
    about = json.loads(pyarrow.parquet.read_schema(out).metadata[b"twinohm_sweep"])
    assert about["version"] == twinohm.__version__ and about["board_table"]["pots"]["series_ohm"] == 1000
    types = {field.name: str(field.type) for field in pyarrow.parquet.read_schema(out)}
    assert [types[name] for name in ("eta", "readings", "whole", "vote", "eta_end", "true_orders_best")] == [
        "double",
        "int64",
        "bool",
        "string",
        "double",
        "double",
    ]


def test_restored_taps_are_scored_where_asked_for(tmp_path: Path, scheduler: str) -> None:
    made = points("allostery", "place=B:D:I:F:G:H", "restore_best=no,yes", "ticks=80")
    table = swept(tmp_path / "a.parquet", made, range(4), scheduler)
    assert [row["true_restored_error_V2"] is None for row in table] == [True] * 4 + [False] * 4
    plain, restored = engine.summary(made, range(4), engine.Finished(tmp_path / "a.parquet"))
    assert plain["true_restored_orders"] is None and restored["true_restored_orders"]["median"] > 2
    assert plain["true_orders_best"] == restored["true_orders_best"] and plain["placement"] == "B,D,I,F,G,H"


def test_many_seeds_in_several_jobs_are_the_same(
    tmp_path: Path, scheduler: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = points("allostery", "ticks=50")
    whole = swept(tmp_path / "a.parquet", made, range(70), scheduler)
    monkeypatch.setattr(engine, "CHUNK", 9)
    monkeypatch.setattr(job_runner, "IN_FLIGHT", 2)
    assert swept(tmp_path / "b.parquet", made, range(70), scheduler) == whole


def test_a_point_that_cannot_be_computed_is_named(
    tmp_path: Path, scheduler: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = points("iris", "eta=0.5", "ticks=30")
    monkeypatch.setitem(sys.modules, "sklearn.datasets", None)  # of the workers
    with pytest.raises(RunError, match=r"eta=0.5, ticks=30: iris takes its flowers from scikit-learn: .* -m pip"):
        swept(tmp_path / "a.parquet", made, range(2), scheduler)


# -- levels of the pots


def test_levels_of_the_pots_change_the_step_and_nothing_else() -> None:
    placement = find_task("allostery").placement_on(LAB16)
    given, wanted = [(5.0, 1.0, 0.0)] * 300, [(3.0, 3.0, 3.0)] * 300
    taps, errors = {}, {}
    for levels in (8, 64, 128, 256, 1024):
        ensemble = Ensemble(LAB16, PROFILES["lab"], range(32), levels)
        done = ensemble.train(placement, given, wanted, record=("true_error", "taps"))
        errors[levels], taps[levels] = done.true_error, done.taps
        assert np.abs(np.diff(done.taps.astype(int), axis=1)).max() == 1
    plain = Ensemble(LAB16, PROFILES["lab"], range(32)).train(placement, given, wanted)
    assert (errors[128] == plain.true_error).all()
    for levels in (8, 64, 256, 1024):  # all start at half of the resistance
        np.testing.assert_allclose(errors[levels][:, 0], errors[128][:, 0])
    assert [int(taps[levels].max()) for levels in (8, 64)] == [7, 63]
    assert [int(taps[levels].min()) for levels in (8, 64)] == [1, 2]  # not below 4 of 128
    late = {levels: float(np.median(error[:, -75:])) for levels, error in errors.items()}
    assert late[8] > 3 * late[64] > 9 * late[256]
    with pytest.raises(UsageError, match=r"levels = 2: a pot has 4..1024 positions"):
        Ensemble(LAB16, PROFILES["lab"], [0], 2)


# -- stopped and gone on


@pytest.mark.slow
def test_a_sweep_that_was_killed_and_interrupted_ends_with_the_same_file(tmp_path: Path, scheduler: str) -> None:
    made = points("allostery", f"eta=0.1:4:{POINTS}")
    whole = swept(tmp_path / "whole.parquet", made, range(16), scheduler)
    assert len(whole) == POINTS * 16
    out = tmp_path / "stopped.parquet"
    lines = engine.Finished(out).lines
    kept = stop(lines, 1, signal.SIGKILL, tmp_path)  # on all cores of this machine
    lines.write_bytes(lines.read_bytes()[:-20])  # the last line is torn
    kept = stop(lines, kept + 3, signal.SIGINT, tmp_path, "--scheduler", scheduler)
    progress: list[tuple[int, int]] = []
    engine.sweep(made, range(16), engine.Finished(out), scheduler, lambda done, of: progress.append((done, of)))
    assert progress[0] == (16 * (kept - 1), 16 * POINTS)  # without the torn line
    assert progress[-1] == (16 * POINTS, 16 * POINTS)
    assert rows(out) == whole and not lines.exists()


def stop(lines: Path, least: int, by: signal.Signals, cwd: Path, *more: str) -> int:
    """Stop a sweep with a signal once its file of unfinished rows has `least` lines. Return how many it has then."""
    typed = [*SWEEP, *LONG, "--out", "stopped.parquet", *more]
    process = subprocess.Popen(typed, cwd=cwd, stderr=subprocess.PIPE, text=True, start_new_session=True)
    end = time.monotonic() + 60
    while not lines.exists() or lines.read_bytes().count(b"\n") < least:
        if time.monotonic() > end or process.poll() is not None:
            process.kill()
            raise AssertionError(f"it ended before it was stopped: {process.communicate()[1]}")
        time.sleep(0.005)
    if by == signal.SIGKILL:
        process.kill()  # it alone: its workers must notice
    else:
        os.killpg(process.pid, by)
    _, said = process.communicate(timeout=30)
    if by == signal.SIGINT:
        assert process.returncode == 1 and "stopped; finished rows are in stopped.parquet.unfinished" in said
        assert "Traceback" not in said
    for _ in range(400):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, 0)
            time.sleep(0.025)
            continue
        break
    else:
        raise AssertionError("its workers live on")
    count = lines.read_bytes().count(b"\n")
    assert least <= count < POINTS
    return count


def test_a_larger_grid_and_more_seeds_add_to_what_is_there(
    tmp_path: Path, scheduler: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "a.parquet"
    swept(out, points("allostery", "eta=0.5,1", "ticks=40"), range(3), scheduler)
    larger = points("allostery", "eta=0.25,0.5,1", "ticks=40")
    finished = engine.Finished(out)
    finished.only(larger, range(4))
    assert [(job.point.eta, job.seeds) for job in finished.jobs(larger, range(4))] == [
        (0.25, (0, 1, 2, 3)),
        (0.5, (3,)),
        (1, (3,)),
    ]
    engine.sweep(larger, range(4), finished, scheduler)
    assert rows(out) == swept(tmp_path / "b.parquet", larger, range(4), scheduler)
    monkeypatch.setattr(engine, "JobRunner", lambda _: pytest.fail("there is nothing to compute"))
    assert swept(out, larger, range(4), "tcp://nowhere:1") == rows(out)


def test_rows_of_another_sweep_are_not_lost_unless_discarded(tmp_path: Path, scheduler: str) -> None:
    out = tmp_path / "a.parquet"
    first = points("allostery", "eta=0.5,1", "ticks=40")
    swept(out, first, range(3), scheduler)
    changed = points("allostery", "eta=0.5,2", "ticks=40")
    with pytest.raises(UsageError, match=r"holds 3 rows .* \(eta=1.0, ticks=40 seed 0\); name another out="):
        engine.Finished(out).only(changed, range(3))
    with pytest.raises(UsageError, match="holds 2 rows"):
        engine.Finished(out).only(first, range(2))
    finished = engine.Finished(out)
    finished.only(changed, range(3), discard=True)
    engine.sweep(changed, range(3), finished, scheduler)
    assert [row["eta"] for row in rows(out)] == [0.5] * 3 + [2] * 3


def test_another_version_computes_everything_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = points("allostery")[0].key
    monkeypatch.setattr("twinohm.studies.sweep_grid.__version__", "9.9")
    assert points("allostery")[0].key != before


# -- refused


def test_a_file_that_is_no_sweep_is_left_alone(tmp_path: Path) -> None:
    out = tmp_path / "a.parquet"
    table = pyarrow.table({"x": [1]})
    pyarrow.parquet.write_table(table, out)
    meant = table.replace_schema_metadata({b"twinohm_sweep": b'{"given": []}'})  # its own columns are gone
    for write in (lambda: pyarrow.parquet.write_table(meant, out), lambda: out.write_text("my thesis"), int):
        with pytest.raises(UsageError, match="is no sweep of twinohm; name another out="):
            engine.Finished(out)
        write()
    assert out.read_text() == "my thesis"
    with pytest.raises(UsageError, match="there is no folder"):
        engine.Finished(tmp_path / "none" / "a.parquet")


def test_a_kept_line_that_is_no_job_is_named_and_a_torn_one_is_computed_again(tmp_path: Path) -> None:
    made = points("allostery", "eta=0.5", "ticks=40")
    finished = engine.Finished(tmp_path / "a.parquet")
    (job,) = finished.jobs(made, range(2))
    finished.add(job, engine.run_job(job))
    text = finished.lines.read_text()
    finished.lines.write_text(text[:50] + "\n" + text)
    again = engine.Finished(tmp_path / "a.parquet")
    assert again.jobs(made, range(2)) == [] and again.scores(made[0], range(2)) == finished.scores(made[0], range(2))
    for change, words in (
        ({"seeds": [0, 1, 2]}, "scores of 2 seeds for 3 seeds"),
        ({"scores": [{"true_orders_best": 1}] * 2}, "scores[0].true_orders_plateau is missing"),
    ):
        finished.lines.write_text(text + json.dumps(json.loads(text) | change) + "\n")
        with pytest.raises(UsageError, match=rf"unfinished line 2: {re.escape(words)}; remove the line"):
            engine.Finished(tmp_path / "a.parquet")


def test_a_scheduler_that_does_not_answer_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(job_runner, "CONNECT_S", 0.2)
    made = points("allostery")
    for address in ("nowhere", "tcp://127.0.0.1:9", "tls://127.0.0.1:9", "http://127.0.0.1:9"):
        with pytest.raises(UsageError, match=f"scheduler={address}: no Dask scheduler answers there"):
            engine.sweep(made, range(2), engine.Finished(tmp_path / "a.parquet"), address)


def test_workers_with_another_twinohm_are_named(
    tmp_path: Path, scheduler: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(job_runner, "_version", lambda: "0.0.1")
    with pytest.raises(RunError, match=r"worker tcp://\S+ has no twinohm .* with its engine \(0.0.1\)"):
        engine.sweep(points("allostery"), range(2), engine.Finished(tmp_path / "a.parquet"), scheduler)


def test_a_worker_that_comes_later_with_another_twinohm_is_named(
    tmp_path: Path, scheduler: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    begin = job_runner._Cluster.begin

    def begin_then_change(cluster: Any) -> None:
        begin(cluster)
        submit = cluster._client.submit
        monkeypatch.setattr(
            cluster._client, "submit", lambda run, version, *job, **more: submit(run, "9.9", *job, **more)
        )

    monkeypatch.setattr(job_runner._Cluster, "begin", begin_then_change)
    finished = engine.Finished(tmp_path / "a.parquet")
    with pytest.raises(RunError, match=r"a worker has twinohm \S+, not 9.9; install 9.9 on all workers"):
        engine.sweep(points("allostery"), range(2), finished, scheduler)
    assert not finished.lines.exists()


@pytest.mark.parametrize(("name", "what"), [("pyarrow", "sweep"), ("distributed", "a scheduler")])
def test_a_missing_library_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, what: str) -> None:
    monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(TwinOhmError, match=f"{what} needs {name}, which is missing: .* -m pip install 'distributed"):
        engine.sweep(points("allostery"), range(2), engine.Finished(tmp_path / "a.parquet"), "tcp://127.0.0.1:9")


# -- the command


def test_the_command_prints_one_row_for_each_point(tmp_path: Path, scheduler: str) -> None:
    arguments = ["allostery", "--vary", "noise_V=0.0005:0.005:2:log", "--vary", "ticks=100", "--seeds", "8"]
    arguments += ["--first-seed", "5", "--preset", "best", "--scheduler", scheduler]
    arguments += ["--out", str(tmp_path / "a.parquet")]
    done = CliRunner().invoke(command, [*arguments, "--json"])
    assert done.exit_code == 0, done.output
    result = [json.loads(line) for line in done.stdout.splitlines()]
    assert [(r["preset"], r["noise_V"], r["ticks"], r["seeds"]) for r in result] == [
        ("best", 0.0005, 100, 8),
        ("best", 0.005, 100, 8),
    ]
    table = rows(tmp_path / "a.parquet")
    assert [row["seed"] for row in table] == [*range(5, 13)] * 2
    values = [row["true_orders_plateau"] for row in table[:8]]
    q25, median, q75 = np.percentile(values, [25, 50, 75])
    low, high = result[0]["true_orders_plateau"]["interval"]
    assert min(values) <= low < median < high <= max(values)
    assert result[0]["true_orders_plateau"] == {"q25": q25, "median": median, "q75": q75, "interval": [low, high]}
    shown = CliRunner(env={"COLUMNS": "200"}).invoke(command, arguments).stdout
    assert f"{median:.3g} [{low:.3g}, {high:.3g}]" in shown


def test_a_wrong_value_is_one_line_and_exit_code_2(tmp_path: Path) -> None:
    done = run_here("sweep", "iris", "--vary", "eta=five", cwd=tmp_path)
    assert done.returncode == 2 and done.stdout == ""
    assert done.stderr.startswith("twinohm: --vary eta=five: not a number") and done.stderr.count("\n") == 1
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--seeds", "10000000"), "1 times 10,000,000 hardware seeds give 10,000,000 rows"),
        (("--out", "."), ".: is a folder"),
        (("--out", "x.csv"), "x.csv: a sweep is written as a Parquet file; give --out a name that ends in .parquet"),
    ],
)
def test_what_no_sweep_can_hold_or_write_is_one_line_and_exit_code_2(
    arguments: tuple[str, str], words: str, tmp_path: Path
) -> None:
    done = run_here("sweep", "allostery", "--vary", "ticks=10", *arguments, cwd=tmp_path)
    assert done.returncode == 2 and done.stdout == ""
    assert done.stderr.splitlines()[-1].startswith(f"twinohm: {words}")
    assert "Traceback" not in done.stderr and not list(tmp_path.iterdir())
