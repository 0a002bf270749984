"""Whole runs of the tasks through firmware and wire: what is logged, scored and restored."""

import dataclasses
import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.command_line import run_here, tcp_board
from twinohm.ensemble import Ensemble
from twinohm.errors import BoardError, RunError, UsageError
from twinohm.model.board_file import load_board
from twinohm.model.levers import Levers
from twinohm.model.profile import PROFILES
from twinohm.runlog.events import EdgeRemoved
from twinohm.runlog.plan import plan_run
from twinohm.runlog.reconnecting import ReconnectingBoard
from twinohm.runlog.runner import run
from twinohm.studies.ensemble_run import TaskOnEnsemble
from twinohm.studies.reproduction import jobs, run_job, table
from twinohm.tasks import find_task
from twinohm.tasks.iris import IRIS
from twinohm.tasks.presets import PRESETS
from twinohm.tasks.regression import REGRESSION
from twinohm.tasks.task import Volts


def test_damage_takes_the_edges_out_and_scores_each_block(tmp_path: Path) -> None:
    plan = plan_run(find_task("damage"), seed=1)
    folder = run(plan, tmp_path)
    summary = folder.summary()
    assert [row.phase for row in summary.phases][:2] == ["whole", "without E-H"]
    assert len(summary.phases) == 6 and all(row.true_rms_plateau_V < 0.05 for row in summary.phases)
    records = list(folder.ticks())
    assert records[100].true_error_V2 > 100 * records[99].true_error_V2, "no spike when the first edge goes"


@pytest.mark.slow
def test_damage_on_a_real_board_asks_the_user_and_checks_that_the_edge_is_gone(tmp_path: Path) -> None:
    with tcp_board("lab16") as port:
        plan = plan_run(dataclasses.replace(find_task("damage"), block=10), "lab16", port)
        with pytest.raises(RunError, match="E-H"):
            run(plan, tmp_path)
        asked: list[str] = []
        with pytest.raises(BoardError, match="edge E-H seems to be there still"):
            run(plan, tmp_path, ask=asked.append)
        assert "E-H" in asked[0]


@pytest.mark.parametrize("moved_V", [0.004, 0.006])
@pytest.mark.slow
def test_an_edge_on_copper_is_gone_if_an_output_moved_by_5_mV(
    moved_V: float, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    infer = ReconnectingBoard.infer
    asked: list[str] = []

    def moved(board: ReconnectingBoard, inputs_V: Sequence[Volts]) -> list[tuple[float, ...]]:
        """The last output moves by moved_V at each request to pull an edge."""
        assert inputs_V == [[5.0, 0.0]]
        return [(*row[:-1], row[-1] - moved_V * len(asked)) for row in infer(board, inputs_V)]

    monkeypatch.setattr(ReconnectingBoard, "infer", moved)
    with tcp_board("lab16") as port:
        plan = plan_run(dataclasses.replace(find_task("damage"), block=1), "lab16", port)
        if moved_V < 0.005:
            with pytest.raises(BoardError, match="seems to be there still: no output moved by 5 mV"):
                run(plan, tmp_path, ask=asked.append)
        else:
            folder = run(plan, tmp_path, ask=asked.append)
            removed = [event.edge for event in folder.events_of(EdgeRemoved)]
            assert len(removed) == 5 and all(edge in text for edge, text in zip(removed, asked, strict=True))


def test_a_scheduled_eta_changes_every_16_ticks(tmp_path: Path) -> None:
    """Eq. 1 gives eta from the logged voltages; it goes linearly from the first tick of the run to the last."""
    plan = plan_run(find_task("divider"), "divider", profile="ideal", eta=1.0, ticks=20, levers=Levers(eta_end=0.25))
    for record in run(plan, tmp_path).ticks():
        expected = 1 - 0.75 * (record.tick // 16 * 16) / 19
        (node,) = record.desired_V
        nudge_V = expected * (record.desired_V[node] - record.free_V[node])
        assert record.clamp_V[node] == pytest.approx(record.free_V[node] + nudge_V, abs=0.003), record.tick


@pytest.mark.parametrize("seed", [0, 3])
def test_the_seed_decides_which_edges_take_part(seed: int, tmp_path: Path) -> None:
    """Wichmann and Hill's generator, one number an edge and tick; p is in 1/32768."""
    plan = plan_run(find_task("divider"), "divider", profile="ideal", seed=seed, ticks=10, levers=Levers(p=0.5))
    x, y, z = 1 + seed, 1 + 7 * seed, 1 + 49 * seed
    for record in run(plan, tmp_path).ticks():
        takes_part = 0
        for edge in range(2):
            x, y, z = 171 * x % 30269, 172 * y % 30307, 170 * z % 30323
            drawn = (x * 32768 // 30269 + y * 32768 // 30307 + z * 32768 // 30323) % 32768
            takes_part |= (drawn < 16384) << edge
        assert record.moved == takes_part, record.tick


def test_regression_logs_its_test_set(tmp_path: Path) -> None:
    plan = plan_run(dataclasses.replace(REGRESSION, test_every=10), ticks=200)
    folder = run(plan, tmp_path)
    records = list(folder.ticks())
    tested = [record for record in records if record.test_error_V2 is not None]
    assert [record.tick for record in tested] == list(range(0, 200, 10))
    assert all(abs(r.test_error_V2**0.5 - r.true_test_error_V2**0.5) < 0.003 for r in tested)
    summary = folder.summary()
    assert summary.mse_first == tested[0].test_error_V2 and summary.true_orders_best > 1.5
    assert summary.final_test.test_error_V2 > 0


def test_iris_learns_to_tell_its_flowers(tmp_path: Path) -> None:
    folder = run(plan_run(IRIS, ticks=150), tmp_path)
    summary = folder.summary()
    assert summary.accuracy > 0.85 and abs(summary.accuracy - summary.true_accuracy) < 0.05
    assert summary.accuracy_first < summary.accuracy


def test_the_best_taps_are_restored(tmp_path: Path) -> None:
    plan = plan_run(find_task("allostery"), ticks=200, restore_best=True)
    folder = run(plan, tmp_path)
    summary = folder.summary()
    records = list(folder.ticks())
    best = min(range(len(records)), key=lambda k: records[k].error_V2)
    assert summary.taps == records[best - 1].taps
    assert summary.true_restored_error_V2 < 1e-4 < records[0].error_V2


@pytest.mark.slow
def test_preset_best_beats_the_plain_rule(tmp_path: Path) -> None:
    plateaus = {}
    for name, preset in PRESETS.items():
        task = find_task("allostery")
        plan = plan_run(task, eta=preset.eta, ticks=preset.ticks(task), levers=preset.levers)
        folder = run(plan, tmp_path)
        plateaus[name] = folder.summary().true_orders_plateau
        assert folder.description().levers == preset.levers
    assert plateaus["best"] > plateaus["paper"] + 0.5, plateaus


@pytest.mark.slow
@pytest.mark.parametrize(
    "levers",
    [
        Levers(p=0.5),
        Levers(readings=3, vote="up"),
        Levers(error_full_V=0.3, whole=True, overclamp=True),
        Levers(eta_end=0.3),
    ],
    ids=str,
)
def test_a_run_with_any_lever_learns(levers: Levers, tmp_path: Path) -> None:
    folder = run(plan_run(find_task("allostery"), ticks=400, levers=levers), tmp_path)
    summary = folder.summary()
    assert summary.true_orders_best > 2.5 and summary.violations == 0


def test_a_users_csv_is_a_task(tmp_path: Path) -> None:
    rows = ["in1,in2,out1", *(f"{a},0,{0.4 * a:.2f}" for a in (1, 2, 3, 4, 5))]
    (tmp_path / "mine.csv").write_text("\n".join(rows) + "\n")
    command = ["run", "mine.csv", "--json", "--no-plot", "--ticks", "100"]
    done = run_here(*command, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["ticks"] == 100
    (tmp_path / "mine.csv").write_text("in1,in2,out1\n1,0,7\n")
    done = run_here(*command, cwd=tmp_path)
    assert done.returncode == 2 and "7" in done.stderr and "Traceback" not in done.stderr


@pytest.mark.slow
def test_the_table_has_a_row_for_each_claim_and_preset() -> None:
    results = [run_job(job) for job in jobs(["divider", "allostery"], ["paper"], "lab", [0], range(4))]
    rows = table(results)
    counts = [(row["experiment"], row["by"], row["of"]) for row in rows]
    assert counts[:2] == [("divider", "firmware", 5), ("divider", "ensemble", 20)]
    assert counts[2:] == 5 * [("allostery", "firmware", 1), ("allostery", "ensemble", 4)]
    names = [row["ours"].removesuffix(", orders") for row in rows[2::2]]
    assert names == ["plateau", "held", "best", "best by chance", "restored"]
    assert all(row["reached"] == row["of"] for row in rows if row["ours"] == "best, orders")
    assert all(row["reached"] >= 0.5 * row["of"] for row in rows[:2])  # the errors of its DACs are not corrected
    assert not any(row["violations"] for row in rows)


@pytest.mark.slow
@pytest.mark.parametrize(
    "levers",
    [
        Levers(),
        Levers(p=0.4, readings=3, vote="up"),
        PRESETS["best"].levers,
        Levers(error_full_V=0.3, whole=True, overclamp=True),
    ],
    ids=lambda levers: ",".join(levers.changed()) or "none",
)
@pytest.mark.parametrize("name", ["allostery", "damage"])
def test_without_noise_the_ensemble_and_the_firmware_end_at_the_same_taps(
    name: str, levers: Levers, tmp_path: Path
) -> None:
    task = find_task(name)
    port = "sim://lab16?noise_V=0"
    plan = plan_run(task, port=port, seed=17, ticks=300, levers=levers, restore_best=True, bias_V=0.002)
    folder = run(plan, tmp_path)
    summary = folder.summary()
    silent = dataclasses.replace(PROFILES["lab"], noise_V=0.0, bias_V=0.002)
    ensemble = Ensemble(load_board("lab16"), silent, [17])
    done = TaskOnEnsemble(task, ensemble, task.placement_on(ensemble.board), task.eta, 300, levers, True).run()
    *_, last = folder.ticks()
    assert done.taps[0].tolist() == list(last.taps)
    scores = done.scores()[0]
    assert scores.true_restored_orders == pytest.approx(summary.true_restored_orders, abs=1e-4)
    assert scores.true_orders_plateau == pytest.approx(summary.true_orders_plateau, abs=1e-4)


def test_taps_restored_after_damage_are_judged_without_the_edges_that_are_gone(tmp_path: Path) -> None:
    task = find_task("damage")
    summary = run(plan_run(task, seed=1, ticks=220, restore_best=True), tmp_path).summary()
    measured, true = (error**0.5 for error in (summary.restored_error_V2, summary.true_restored_error_V2))
    assert abs(measured - true) < 0.005


@pytest.mark.slow
def test_regression_restores_by_training_examples_in_firmware_and_engine_alike(tmp_path: Path) -> None:
    plan = plan_run(REGRESSION, port="sim://lab16?noise_V=0", seed=5, ticks=130, restore_best=True)
    summary = run(plan, tmp_path).summary()
    ensemble = Ensemble(load_board("lab16"), dataclasses.replace(PROFILES["lab"], noise_V=0.0), [5])
    done = TaskOnEnsemble(REGRESSION, ensemble, plan.placement, plan.eta, 130, restore_best=True).run()
    assert done.scores()[0].true_restored_orders == pytest.approx(summary.true_restored_orders, abs=1e-3)
    assert summary.true_restored_orders > 1


def test_the_true_test_error_is_without_the_edges_that_the_url_removes(tmp_path: Path) -> None:
    plan = plan_run(REGRESSION, port="sim://lab16?at=20:remove=G-I&at=40:insert=G-I", ticks=60)
    records = list(run(plan, tmp_path).ticks())
    rms = [(r.test_error_V2**0.5, r.true_test_error_V2**0.5) for r in records]
    assert all(abs(measured - true) < 0.005 for measured, true in rms)
    assert abs(rms[20][1] - rms[19][1]) > 0.02 < abs(rms[40][1] - rms[39][1]), "the edge makes no difference"


def test_a_bias_makes_taps_drift_up_and_needs_a_virtual_board(tmp_path: Path) -> None:
    mean = {}
    for bias_V in (0.0, 0.003):
        folder = run(plan_run(find_task("allostery"), seed=3, ticks=200, bias_V=bias_V), tmp_path)
        *_, last = folder.ticks()
        mean[bias_V] = sum(last.taps) / 16
    assert mean[0.003] > mean[0.0] + 5, "edges do not drift up"
    with pytest.raises(UsageError, match="a bias is a resistor"):
        plan_run(find_task("allostery"), "lab16", "/dev/null", bias_V=0.001)
