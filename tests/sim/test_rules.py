"""Rules of learning at the command line: `run --rule` through the firmware, and the comparison of `twinohm rules`."""

import json
from pathlib import Path

import numpy as np
import pytest

import twinohm
from tests.command_line import run_here
from twinohm.ensemble import Ensemble
from twinohm.model.board_file import load_board
from twinohm.model.profile import profile_from
from twinohm.model.rules import FIRMWARE_RULES, RULES
from twinohm.plot.rules_report import write_rules_report
from twinohm.studies.rule_experiments import run_cycle, run_descent, run_forgetting
from twinohm.studies.rules_benchmark import CONTESTS, DESCENT, Job, cells, jobs, refusal, run_job, table, task_of
from twinohm.studies.sweep_grid import grid, parse_axes
from twinohm.tasks import find_task


@pytest.mark.parametrize("name", [name for name in FIRMWARE_RULES if name != "sign"])
def test_a_run_by_a_rule_has_its_levers(name: str, tmp_path: Path) -> None:
    run = twinohm.run("allostery", rule=name, ticks=60, seed=1, out=tmp_path, progress=False)
    levers = json.loads((run.folder.path / "run.json").read_text())["levers"]
    assert levers.items() >= dict(RULES[name].levers or {}).items()
    moved = run.ticks.filter(like="moved.").to_numpy()
    assert moved.shape == (60, 16) and not moved.all()  # the sign rule moves every edge at every tick


def test_the_command_says_the_rule_and_refuses_what_cannot_be(tmp_path: Path) -> None:
    done = run_here("run", "allostery", "--rule", "desync", "--ticks", "3", "--no-plot", cwd=tmp_path)
    assert done.returncode == 0 and "rule desync: as sign, but an edge takes part" in done.stderr
    done = run_here("run", "allostery", "--rule", "gradient", "--ticks", "3", cwd=tmp_path)
    assert done.returncode == 2 and len(done.stderr.splitlines()) == 1
    assert (
        "rule gradient runs in the ensemble of `twinohm rules` alone: it needs what no such circuit has" in done.stderr
    )


def test_a_sweep_varies_the_rule() -> None:
    points = grid(find_task("allostery"), load_board("lab16"), parse_axes(["rule=none,desync,overclamp", "p=0.5,1"]))
    assert [(point.values["rule"], point.levers.p, point.levers.overclamp) for point in points] == [
        (None, 0.5, False),
        (None, 1.0, False),
        ("desync", 0.5, False),
        ("desync", 1.0, False),
        ("overclamp", 0.5, True),
        ("overclamp", 1.0, True),
    ]
    assert len({point.key for point in points}) == 4  # desync with p is p alone


# -- the comparison


@pytest.mark.slow
def test_settings_are_chosen_on_boards_that_are_not_scored(tmp_path: Path) -> None:
    rules = ("sign", "dead-band")
    todo = [Job("allostery", rule, tuple(range(8)), tuple(range(90_000, 90_004)), "lab") for rule in rules]
    results = [run_job(job) for job in todo]
    rows = {row["rule"]: row for row in table(results, list(RULES))}
    assert list(rows) == ["untrained", "best linear network", "sign", "dead-band"]
    assert rows["untrained"]["median"] > 1000 > 50 > rows["sign"]["median"] > 2 * rows["dead-band"]["median"] > 2
    assert rows["best linear network"]["median"] == 0
    assert rows["dead-band"]["reached"] == rows["dead-band"]["boards"] == 8
    assert rows["sign"]["setting"] == "" and rows["dead-band"]["setting"].startswith("band_V=")
    assert 10 < (rows["sign"]["ticks"] or 0) < 100 and 1 < (rows["sign"]["answer_nJ"] or 0) < 1000
    assert cells(rows["sign"])["boards"].startswith("8/8 [67.6, 100] % <= 50")
    path = write_rules_report(tmp_path, list(rows.values()), results, "lab", range(8), "twinohm rules")
    assert "| allostery | dead-band | edge |" in path.read_text()
    assert "ours; a window comparator in place of CMP" in path.read_text()
    assert (tmp_path / "rules.png").stat().st_size > 20_000


def test_every_rule_is_compared_on_every_task_that_it_can_do() -> None:
    todo = jobs([*CONTESTS, DESCENT], list(RULES), range(4), "lab")
    pairs = {(job.contest, job.rule) for job in todo}
    left_out = {(task, rule) for task in (*CONTESTS, DESCENT) for rule in RULES} - pairs
    assert left_out == {("xor", "overclamp")} and refusal("xor", "overclamp").startswith("there is no far rail")
    assert not {seed for job in todo for seed in job.seeds} & {seed for job in todo for seed in job.searched}


@pytest.mark.slow
def test_every_seed_tests_other_wines_of_as_many() -> None:
    wine = task_of("wine")
    tests = [next(wine.blocks(wine.ticks, seed, lambda rows: [(0.0,) * 3] * len(rows))).test for seed in (0, 0, 1)]
    first, again, other = ([tuple(given) for given in test.inputs_V] for test in tests if test is not None)
    assert first == again and len(first) == len(other) and set(first) != set(other)


@pytest.mark.slow
def test_forgetting_has_the_error_before_the_second_task_and_no_ticks() -> None:
    result = run_job(Job("forgetting", "overclamp", (0, 1), (90_000,), "lab"))
    row = table([result], list(RULES))[-1]
    assert row["ticks"] is None and row["learned_mV"] is not None and row["second_mV"] is not None
    shown = cells(row)
    assert shown["ticks"] == "" and "; before the second task" in shown["score"]
    assert (row["eta"] != 0.3) == row["eta_at_end"] == shown["chosen"].split(",")[0].endswith(" (end of range)")


def boards(number: int = 8) -> Ensemble:
    return Ensemble(load_board("lab16"), profile_from("lab", {}), range(number), calibrated=True)


@pytest.mark.slow
def test_two_tasks_in_turn_end_in_a_cycle_that_grows_with_the_turn() -> None:
    """And overclamping makes it smaller (Dillavou et al., 2025)."""
    sign, overclamp = twinohm.Levers(), RULES["overclamp"].with_strength(1.0).on(twinohm.Levers())
    short, long = (run_cycle(boards(), 0.5, sign, period) for period in (2, 50))
    assert np.median(long.excursion) > 3 * np.median(short.excursion)
    assert np.median(long.rms_V) > 2 * np.median(short.rms_V)
    assert np.median(run_cycle(boards(), 0.1, overclamp, 50).rms_V) < 0.8 * np.median(long.rms_V)


@pytest.mark.slow
def test_a_first_task_is_forgotten_by_the_sign_rule() -> None:
    done = run_forgetting(boards(), 0.5, twinohm.Levers())
    assert np.median(done.learned) < 0.05 < 2 * np.median(done.second) < np.median(done.forgotten)
    assert done.error_V2.shape == (8, 41)


@pytest.mark.slow
def test_least_squares_has_a_double_descent_and_examples_help_the_network() -> None:
    """Four inputs: least squares has a maximum at four examples."""
    tested = {number: run_descent(boards(64), 1.0, twinohm.Levers(), number) for number in (1, 3, 4, 5, 40)}
    network, fitted = ({number: float(np.median(both[k])) for number, both in tested.items()} for k in (0, 1))
    assert fitted[4] > 1.2 * fitted[3] and fitted[4] > 1.5 * fitted[5] > fitted[40]
    assert network[40] < network[1]
