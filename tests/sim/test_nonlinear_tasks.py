"""What takes diodes: XOR and bent lines, through firmware, wire and parts, and on the ensemble.

XOR is learned with one diode in each twin, not without it, nor with it reversed.
"""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import twinohm
from tests.command_line import run_here
from twinohm.ensemble import Ensemble
from twinohm.model.board_diodes import with_diodes
from twinohm.model.board_file import load_board
from twinohm.model.current_limits import check_currents
from twinohm.model.diodes import Diode
from twinohm.model.levers import Levers
from twinohm.model.nudge import aims_V
from twinohm.model.pairs import differences, pair_errors
from twinohm.model.profile import PROFILES
from twinohm.studies import placement_search
from twinohm.studies.candidates import Candidate, candidates
from twinohm.studies.ensemble_run import TaskOnEnsemble
from twinohm.tasks import find_task
from twinohm.tasks.baselines import AFFINE, baselines
from twinohm.tasks.curves import CURVES
from twinohm.tasks.presets import PRESETS
from twinohm.tasks.xor import XOR, Parity

LAB16 = load_board("lab16")
PLACEMENT = XOR.placements["lab16"]


def learned(diodes: list[Diode], hinge: bool = True, calibrated: bool = True) -> float:
    """Return the share of 64 boards of the ensemble that answer all patterns rightly after the last tick."""
    ensemble = Ensemble(with_diodes(LAB16, diodes), PROFILES["lab"], range(81000, 81064), calibrated=calibrated)
    levers = Levers(pairs=True, hinge=hinge)
    task = replace(XOR, test_every=300)
    done = TaskOnEnsemble(task, ensemble, PLACEMENT, XOR.eta, XOR.ticks, levers).run()
    return float(np.mean([scores.true_accuracy == 1 for scores in done.scores()]))


@pytest.mark.slow
def test_calibrated_boards_learn_it_with_the_diode_and_none_without_or_reversed() -> None:
    assert learned([Diode("C", "A")]) >= 0.95
    assert learned([]) == 0 and learned([Diode("A", "C")]) == 0
    assert learned([Diode("C", "A", "BAT42")]) >= 0.95  # after a board without diodes: nothing is kept of it


@pytest.mark.slow
def test_the_hinge_and_calibration_are_what_it_takes() -> None:
    assert learned([Diode("C", "A")], hinge=False) < 0.9


@pytest.mark.slow
def test_a_diode_of_the_task_that_is_there_is_not_plugged_in_twice(tmp_path: Path) -> None:
    text = (Path(__file__).parents[2] / "boards.toml").read_text(encoding="utf-8")
    mine = tmp_path / "boards.toml"
    mine.write_text(text.replace("[lab16]\n", '[lab16]\ndiodes = ["C>A"]\n', 1), encoding="utf-8")
    given = ({}, {"port": "sim://lab16?diode=C>A:BAT42"}, {"boards": mine}, {"diodes": ["C>A"], "boards": mine})
    found = []
    for arguments in given:
        done = twinohm.run("xor", ticks=5, out=tmp_path / "runs", progress=False, **arguments)
        found.append([str(diode) for diode in done.settings.recorded_board.diodes])
    assert found == [["C>A"], ["C>A:BAT42"], ["C>A"], ["C>A", "C>A"]]  # the last one as it was asked for


@pytest.mark.slow
def test_it_is_learned_through_the_firmware_and_the_table_is_shown(tmp_path: Path) -> None:
    done = run_here("run", "xor", "--seed", "3", "--ticks", "400", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    lines = [line for line in done.stdout.splitlines() if line.startswith("answer:")]
    assert [line.split()[1] for line in lines] == ["00", "01", "10", "11"]
    assert [line.split()[2][0] for line in lines] == ["-", "+", "+", "-"] and all(
        ": right by +" in line for line in lines
    )
    (folder,) = (tmp_path / "runs").iterdir()
    summary = json.loads((folder / "summary.json").read_bytes())
    assert summary["true_accuracy"] == summary["accuracy"] == 1 and summary["violations"] == 0
    margins = [one["true_V"] * np.sign(one["wanted_V"]) for one in summary["answers"]]
    assert len(margins) == 4 and min(margins) > 0.25
    ticks = twinohm.load_run(folder).ticks
    late = ticks[ticks.index >= 300]
    held = late[[name for name in late if str(name).startswith("moved")]].to_numpy().sum(axis=1) == 0
    assert held.mean() > 0.5  # what is right is let be
    assert run_here("check", str(folder), cwd=tmp_path).returncode == 0


def test_without_the_diode_it_is_refused_before_the_run(tmp_path: Path) -> None:
    done = run_here("run", "xor", "--diode", "none", cwd=tmp_path)
    assert done.returncode == 2 and "no network of resistors names the classes" in done.stderr
    assert run_here("run", "xor", "--board", "kit5", cwd=tmp_path).returncode == 2


@pytest.mark.slow
@pytest.mark.parametrize(
    ("task", "levers"),
    [
        *(("xor", levers) for levers in ({}, {"hinge": False}, {"margin_V": 0.2}, {"p": 0.5}, {"error_full_V": 0.5})),
        ("vee", {"hinge": True}),  # some of its targets are 0 V
        ("moons", {}),
        ("circles", {}),
    ],
)
def test_the_ensemble_equals_the_firmware_tap_for_tap(task: str, levers: dict[str, object], tmp_path: Path) -> None:
    runs = [
        twinohm.run(
            task,
            profile="ideal",
            seed=5,
            ticks=120,
            levers=levers,
            engine=engine,
            out=tmp_path / engine,
            progress=False,
        )
        for engine in ("firmware", "ensemble")
    ]
    firmware, ensemble = ([list(record.taps) for record in run.folder.ticks()] for run in runs)
    assert firmware == ensemble
    errors = [[record.error_V2 for record in run.folder.ticks()] for run in runs]
    assert errors[0] == errors[1]


@pytest.mark.slow
def test_a_resumed_run_equals_an_undisturbed_one(tmp_path: Path) -> None:
    calls = iter([False] * 6)
    part = twinohm.run("xor", ticks=300, profile="ideal", out=tmp_path, progress=False, stop=lambda: next(calls, True))
    assert 0 < len(part.ticks) < 300
    whole = twinohm.resume(part, progress=False)
    other = twinohm.run("xor", ticks=300, profile="ideal", out=tmp_path, progress=False)
    assert [record.taps for record in whole.folder.ticks()] == [record.taps for record in other.folder.ticks()]


def test_pairs_and_their_errors() -> None:
    assert differences([5, 3, 1, 4]) == [2, -3]
    assert pair_errors([5.0, 3.0, 1.0, 4.0], [2.0, 1.0, 0.0, 2.0], hinge=False) == [-1.0, 1.0]
    assert pair_errors([5.0, 3.0, 1.0, 4.0], [2.0, 1.0, 0.0, 2.0], hinge=True) == [0.0, 0.0]
    assert pair_errors([5.0, 3.0], [2.0, 2.0], hinge=True, margin=0.2) == [-2.0]
    assert pair_errors([5.0, 3.0, 1.0, 4.0], [2.0, 1.0, 0.0, 2.0], hinge=True, margin=2.5) == [-1.0, 0.0]
    aims = aims_V([5.0, 3.0, 1.0, 4.0], [2.0, 1.0, 0.0, 2.0], Levers(pairs=True))
    assert aims == [4.5, 3.5, 1.5, 3.5]
    assert aims_V([1.0], [2.0], Levers()) == [2.0]


def test_parity_has_the_right_classes() -> None:
    assert XOR.names == ["00", "01", "10", "11"] and XOR.labels == [0, 1, 1, 0]
    three = Parity(name="parity3", about="", ours="", examples=(), block=1, eta=1.0, pairs=True, bits=3)
    assert three.labels == [0, 1, 1, 0, 1, 0, 0, 1] and three.n_inputs == 5


def test_place_knows_the_diode() -> None:
    found = candidates(find_task("xor"), LAB16, 200)
    assert not any({"A", "C"} <= {*one.placement.inputs, *one.placement.outputs} for one in found)
    search = placement_search.Search(find_task("xor"), LAB16, PROFILES["lab"])
    good, bad = placement_search.evaluate(search, [Candidate(PLACEMENT, ("C>A",)), found[0]], range(4))
    assert good.lower_quartile > bad.lower_quartile


@pytest.mark.parametrize(
    ("task", "options", "words"),
    [
        ("allostery", ["--hinge"], "asks for no differences of outputs"),
        ("allostery", ["--margin", "0.2"], "give hinge"),
        ("xor", ["--no-hinge", "--margin", "0.2"], "give hinge"),
        ("xor", ["--overclamp"], "no far rail for the difference"),
        ("xor", ["--margin", "6"], "margin_V = 6"),
    ],
)
def test_what_does_not_fit_is_one_line(task: str, options: list[str], words: str, tmp_path: Path) -> None:
    done = run_here("run", task, *options, cwd=tmp_path)
    assert done.returncode == 2 and words in done.stderr and done.stderr.count("\n") == 1, done.stderr


# -- points ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["moons", "circles"])
def test_points_are_drawn_by_the_seed_and_no_line_parts_them(name: str) -> None:
    task = find_task(name)
    (first, *_), (again, *_), (other, *_) = (list(task.blocks(300, seed, list)) for seed in (1, 1, 2))
    assert first == again and first.examples != other.examples
    assert first.test is not None and first.judge is not None
    for some, n in ((first.test, 200), (first.judge, 100)):
        points = np.array(some.inputs_V)
        assert points.shape == (n, 4) and points.min() == 0 and points.max() == 5 and sum(some.labels or ()) == n // 2
        assert (points[:, 2:] == [0, 5]).all()
    learned = {example[1] for block in task.blocks(100, 1, list) for example in block.examples}
    assert learned == set(first.judge.inputs_V)  # each once in a pass
    shares = {one.name: one.right or 0 for one in baselines(task, 1, 0.001)}
    assert shares["SVM"] > 0.95 > shares["logistic regression"] and shares["best linear network"] < 0.95


@pytest.mark.slow
def test_circles_are_learned_through_the_firmware(tmp_path: Path) -> None:
    run = twinohm.run("circles", profile="ideal", out=tmp_path, progress=False)
    summary = run.summary
    assert summary.true_accuracy_first == 0.5 and (summary.true_accuracy or 0) > 0.7 and summary.violations == 0
    logistic = {one.name: one.right for one in summary.baselines or ()}["logistic regression"]
    assert (summary.true_accuracy or 0) > (logistic or 1) + 0.1
    assert run_here("check", str(run.path), cwd=tmp_path).returncode == 0


@pytest.mark.slow
@pytest.mark.parametrize("name", ["moons", "circles"])
def test_points_are_named_better_than_by_logistic_regression(name: str) -> None:
    task, seeds = find_task(name), range(88000, 88064)
    ensemble = Ensemble(task.plugged(LAB16), PROFILES["lab"], seeds, calibrated=True)
    levers = task.levers(Levers())
    done = TaskOnEnsemble(task.tested_every(500), ensemble, task.placements["lab16"], task.eta, task.ticks, levers)
    named = [scores.true_accuracy or 0 for scores in done.run().scores()]
    others = [{one.name: one.right for one in baselines(task, seed, 0.001)}["logistic regression"] for seed in seeds]
    assert np.mean([own > (other or 0) for own, other in zip(named, others, strict=True)]) > 0.65
    check_currents(task.plugged(LAB16), *task.placements["lab16"])


# -- curves ------------------------------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize(("name", "share", "part"), [("relu", 0.9, 1.0), ("vee", 0.7, 0.6)])
def test_curves_are_learned_better_than_by_any_affine_function(name: str, share: float, part: float) -> None:
    task, best = find_task(name), PRESETS["best-same-ticks"]
    affine_mV = {one.name: 1000 * (one.rms_V or 0) for one in baselines(task, 0, 0.001)}[AFFINE]
    board = task.plugged(LAB16)
    ensemble = Ensemble(board, PROFILES["lab"], range(85000, 85064), calibrated=True)
    levers = task.levers(best.levers)
    done = TaskOnEnsemble(
        task.tested_every(60), ensemble, task.placements["lab16"], best.eta or task.eta, task.ticks, levers
    ).run()
    rms_mV = np.array([1000 * scores.true_rms_plateau_V for scores in done.scores()])
    assert (rms_mV < part * affine_mV).mean() >= share, np.sort(rms_mV)
    check_currents(board, *task.placements["lab16"])


def test_the_best_affine_function_is_that_of_least_squares() -> None:
    for name, curve in CURVES.items():
        learned, asked = np.linspace(0, 5, 9), np.linspace(0.1, 4.9, 17)
        line = np.polyfit(learned, [curve(volts) for volts in learned], 1)
        wanted = np.array([curve(volts) for volts in asked])
        found = {one.name: one.rms_V for one in baselines(find_task(name), 0, 0.001)}
        assert found[AFFINE] == pytest.approx(np.sqrt(np.mean((np.polyval(line, asked) - wanted) ** 2)), rel=1e-6)
    assert CURVES["relu"](0) == CURVES["relu"](2.5) == -0.1 and CURVES["relu"](5) == pytest.approx(0.4)
    assert [round(CURVES["vee"](volts), 6) for volts in (0, 2.5, 5)] == [0.3, -0.3, 0.3]


@pytest.mark.slow
def test_a_curve_is_learned_through_the_firmware(tmp_path: Path) -> None:
    done = run_here("run", "relu", "--preset", "best-same-ticks", "--ticks", "900", "--seed", "4", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    (folder,) = (tmp_path / "runs").iterdir()
    summary = json.loads((folder / "summary.json").read_bytes())
    assert summary["true_rms_plateau_V"] < 0.06 and summary["violations"] == 0
    assert "best affine function 74.8 mV" in done.stdout.replace("\n", " ")
    assert run_here("check", str(folder), cwd=tmp_path).returncode == 0
