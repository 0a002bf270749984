"""Baselines of tasks: what other methods reach on the same data."""

import dataclasses
import sys
from pathlib import Path

import numpy as np
import pytest
from sklearn.datasets import load_iris

from twinohm.runlog.score_text import baselines_text
from twinohm.runlog.summary import ScoreRow
from twinohm.tasks import find_task
from twinohm.tasks.baselines import Baseline, baselines, class_baselines
from twinohm.tasks.task_file import load_task

STEP_V = 0.00132


def test_methods_are_fitted_on_the_training_flowers_and_scored_on_the_others() -> None:
    """Medians over splits as others have measured them: logistic regression 95 to 96 %, LDA 96.7 %."""
    shares = [{one.name: one.right for one in baselines(find_task("iris"), seed, STEP_V)} for seed in range(4)]
    names = ["chance", "most frequent class", "best linear network", "logistic regression", "SVM", "LDA"]
    assert [list(one) for one in shares] == [names] * 4
    medians = {name: float(np.median([one[name] for one in shares])) for name in names}
    assert medians["chance"] == medians["most frequent class"] == pytest.approx(1 / 3)
    assert 0.94 <= medians["logistic regression"] <= 0.97 and 0.95 <= medians["LDA"] <= 0.98
    assert 0.93 <= medians["best linear network"] <= 0.98


def test_labels_of_the_test_set_change_no_fit() -> None:
    flowers, species = load_iris(return_X_y=True)
    train, test = (tuple(map(tuple, flowers[k::2].tolist())) for k in (0, 1))
    learned, labels = (tuple(species[k::2].tolist()) for k in (0, 1))
    right = class_baselines(train, learned, test, labels, STEP_V)
    wrong = class_baselines(train, learned, test, tuple((label + 1) % 3 for label in labels), STEP_V)
    assert right["LDA"] > 0.9 and right["logistic regression"] > 0.9 and right["best linear network"] > 0.9
    assert wrong["LDA"] < 0.1 and wrong["logistic regression"] < 0.1 and wrong["best linear network"] < 0.1


def test_the_best_network_of_weighted_sums_has_no_error_and_a_constant_has() -> None:
    constant, network = baselines(find_task("regression"), 0, STEP_V)
    assert (constant.name, network.name) == ("best constant", "best linear network")
    assert network.rms_V == pytest.approx(0, abs=1e-6) and constant.rms_V > 0.2


def test_a_target_beyond_its_inputs_costs_the_best_network_what_it_misses(tmp_path: Path) -> None:
    file = tmp_path / "beyond.toml"
    examples = "[[examples]]\ninputs = [1, 3]\ndesired = [4]\n[[examples]]\ninputs = [1, 3]\ndesired = [2]\n"
    file.write_text('order = "blocks"\n' + examples)
    assert baselines(load_task(file), 0, STEP_V) == (Baseline("best linear network", rms_V=pytest.approx(0.5**0.5)),)


def test_without_scikit_learn_its_methods_are_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "labels.csv"
    rows = [f"{0.4 * k},{2 + 0.1 * k},{'ab'[k > 5]}" for k in range(12)]
    file.write_text("in1,in2,label\n" + "\n".join(rows) + "\n")
    task = load_task(file)
    assert [one.name for one in baselines(task, 0, STEP_V)][-3:] == ["logistic regression", "SVM", "LDA"]
    class_baselines.cache_clear()
    monkeypatch.setitem(sys.modules, "sklearn.linear_model", None)
    assert [one.name for one in baselines(task, 0, STEP_V)] == ["chance", "most frequent class", "best linear network"]


FEW_ROWS: list[list[tuple[float, float]]] = [
    [(1, 2), (2, 1)],
    [(1, 1)] * 4,
    [(1.1, 2.3), (2.3, 1.1)] * 3,
    [(0, 0), (0, 5), (5, 5), (5, 0)],  # XOR
    [(k, 0) for k in range(4)],
]


@pytest.mark.parametrize("rows", FEW_ROWS)
def test_few_or_equal_training_rows_have_baselines_too(rows: list[tuple[float, float]]) -> None:
    labels = tuple(k % 2 for k in range(len(rows)))
    shares = class_baselines(tuple(rows), labels, ((1.0, 2.0), (3.0, 3.0)), (0, 1), STEP_V)
    assert ("LDA" in shares) == (rows in FEW_ROWS[3:]) and all(0 <= share <= 1 for share in shares.values())


def test_every_phase_of_a_sequence_has_its_baselines() -> None:
    found = baselines(find_task("sequence"), 0, STEP_V)
    assert list(dict.fromkeys(one.phase for one in found))[:3] == ["i", "ii", "iii"]
    assert {one.name for one in found if one.phase == "vi"} == {"best constant", "best linear network"}


ROW = ScoreRow(
    ticks=10,
    mse_first=1.0,
    mse_best=1e-4,
    mse_plateau=0.01,
    orders_best=4.0,
    orders_plateau=2.0,
    rms_plateau_V=0.1,
    accuracy=None,
)


def test_the_text_says_to_which_methods_the_machine_loses() -> None:
    volts = [Baseline("best constant", rms_V=0.5), Baseline("best linear network", rms_V=0.0)]
    assert baselines_text(ROW, volts, STEP_V) == (
        "untrained 1000.0 mV rms, best constant 500.0 mV rms, best linear network < 1.32 mV rms; "
        "the machine loses to best linear network"
    )
    named = dataclasses.replace(ROW, accuracy=0.95, accuracy_first=0.9)
    rights = [Baseline(name, right=right) for name, right in (("LDA", 0.967), ("chance", 0.333), ("trees", 0.96))]
    assert baselines_text(named, rights, STEP_V) == (
        "untrained 90.0 %, LDA 96.7 %, chance 33.3 %, trees 96.0 %; the machine loses to LDA and trees"
    )
    assert baselines_text(named, rights[1:2], STEP_V).endswith("; the machine loses to none of them")
