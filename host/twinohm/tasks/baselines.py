"""What other methods reach on a task: fitted on its training data alone, scored on its test data.

The untrained network is no baseline here: its error is that of tick 0.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby

import numpy as np
from numpy.typing import NDArray

from twinohm.json_records import Finite, Name
from twinohm.model.pairs import differences
from twinohm.tasks.linear_limits import best_weights, fit_classes
from twinohm.tasks.task import Block, Task, TestSet, Volts

CHANCE, MAJORITY, CONSTANT = "chance", "most frequent class", "best constant"
NETWORK, LOGISTIC, LDA, SVM = "best linear network", "logistic regression", "LDA", "SVM"
AFFINE = "best affine function"
INVERSE_PENALTIES = (0.1, 1.0, 10.0, 100.0, 1000.0)  # C of the logistic regression, chosen by cross-validation
PENALTIES = (0.1, 1.0, 10.0, 100.0)  # C of the support vector machine, chosen likewise
FOLDS = 5
LEAST_SCATTER_V = 1e-9
MOST_ROWS = 5000  # training examples; with more, a fit takes longer than most runs
MOST_SVM_ROWS = 1000  # likewise for the support vector machine

Floats = NDArray[np.float64]
Labels = NDArray[np.int64]


@dataclass(frozen=True)
class Baseline:
    """What a method reaches: the share of classes that it names rightly, or the rms of its errors in V.

    phase: the part of the task, "" if it has none.
    """

    name: Name
    right: Finite | None = None
    rms_V: Finite | None = None
    phase: Name = ""


def baselines(task: Task, seed: int, step_V: float) -> tuple[Baseline, ...]:
    """Return the baselines of a task with the data of `seed`. step_V: one step of the board's converters.

    Methods of scikit-learn are left out if it is not installed, those that are fitted if there are more than MOST_ROWS
    training examples.
    """
    found: list[Baseline] = []
    blocks = task.blocks(task.ticks, seed, lambda inputs_V: [(0.0,) * task.n_outputs] * len(inputs_V))
    for phase, part in groupby(blocks, lambda block: block.phase):
        found += _of_phase(phase, part, step_V, task.pairs)
    return tuple(found)


def _of_phase(phase: str, blocks: Iterable[Block], step_V: float, pairs: bool) -> list[Baseline]:
    """Return the baselines of a part of a task. pairs: whether it asks for differences of outputs."""
    first, *others = blocks
    test, judge = first.test, first.judge
    if test is not None and test.labels is not None and judge is not None and judge.labels is not None:
        train, learned = _hashable(judge.inputs_V), tuple(judge.labels)
        shares = class_baselines(train, learned, _hashable(test.inputs_V), tuple(test.labels), step_V)
        return [Baseline(name, right=share, phase=phase) for name, share in shares.items()]
    examples = dict.fromkeys(
        (tuple(given), tuple(wanted)) for block in (first, *others) for _, given, wanted in block.examples
    )
    if test is None:  # each is learned alone: a weighted mean of its inputs is its target, or the nearest to it
        misses = [miss for given, wanted in examples for miss in _misses_V(given, wanted, pairs)]
        return [Baseline(NETWORK, rms_V=_rms(misses), phase=phase)]
    if len(examples) > MOST_ROWS:
        return []
    if test.pairs:
        rows = _fit_differences(list(examples), test)
        return [Baseline(name, rms_V=rms_V, phase=phase) for name, rms_V in rows.items()]
    return [Baseline(name, rms_V=rms_V, phase=phase) for name, rms_V in _fit_volts(list(examples), test).items()]


def _misses_V(inputs_V: Volts, desired_V: Volts, pairs: bool) -> list[float]:
    """Return how far each target, or each difference, lies outside the range that the inputs leave it."""
    low_V, high_V, wanted_V = min(inputs_V), max(inputs_V), [*desired_V]
    if pairs:
        low_V, high_V, wanted_V = low_V - high_V, high_V - low_V, differences(desired_V)
    return [target_V - min(max(target_V, low_V), high_V) for target_V in wanted_V]


def _fit_volts(examples: Sequence[tuple[Volts, Volts]], test: TestSet) -> dict[str, float]:
    """Return the rms, V, on a test set: of the mean target, and of the best weighted mean of the inputs."""
    inputs_V, desired_V = (np.array(column) for column in zip(*examples, strict=True))
    given_V, wanted_V = np.array(test.inputs_V), np.array(test.desired_V)
    share = np.full(len(inputs_V), 1 / len(inputs_V))
    weights = np.array([best_weights(inputs_V, target_V, share) for target_V in desired_V.T]).T
    return {CONSTANT: _rms(desired_V.mean(0) - wanted_V), NETWORK: _rms(given_V @ weights - wanted_V)}


def _fit_differences(examples: Sequence[tuple[Volts, Volts]], test: TestSet) -> dict[str, float]:
    """Return the rms, V, on a test set of differences: of the mean target, and of the best affine function.

    No network of resistors is better than that: its answer is a linear function of its inputs.
    """
    inputs_V, desired_V = (np.array(column) for column in zip(*examples, strict=True))
    wanted_V, test_V = (np.array([differences(row) for row in rows]) for rows in (desired_V, test.desired_V))
    given, asked = (np.hstack([rows, np.ones((len(rows), 1))]) for rows in (inputs_V, np.array(test.inputs_V)))
    weights = np.linalg.lstsq(given, wanted_V, rcond=None)[0]
    return {CONSTANT: _rms(wanted_V.mean(0) - test_V), AFFINE: _rms(asked @ weights - test_V)}


def _rms(errors_V: Sequence[float] | Floats) -> float:
    return float(np.sqrt(np.mean(np.square(errors_V))))


# -- classes -----------------------------------------------------------------------------------------------------------


@lru_cache(maxsize=16)
def class_baselines(
    train: tuple[tuple[float, ...], ...],
    learned: tuple[int, ...],
    test: tuple[tuple[float, ...], ...],
    labels: tuple[int, ...],
    step_V: float,
) -> dict[str, float]:
    """Return the share of a test set that each method names rightly, by its name. Do not change what is returned.

    train, test (examples, inputs): task volts. learned, labels (examples,): classes 0, 1, ...
    """
    inputs_V, classes, given_V, wanted = np.array(train), np.array(learned), np.array(test), np.array(labels)
    counts = np.bincount(classes)
    shares = {CHANCE: 1 / len(counts), MAJORITY: float((wanted == counts.argmax()).mean())}
    if len(train) > MOST_ROWS:
        return shares
    shares[NETWORK] = float((fit_classes(inputs_V, classes, step_V)(given_V) == wanted).mean())
    return shares | _scikit_learn(inputs_V, classes, given_V, wanted)


def _scikit_learn(inputs_V: Floats, classes: Labels, given_V: Floats, wanted: Labels) -> dict[str, float]:
    """Return the shares of logistic regression, of LDA, and of a support vector machine with Gaussian kernels.

    The C of the first and the last is chosen by cross-validation on the training data. Each feature is scaled to mean
    0 and variance 1 of the training data.
    """
    try:
        from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
        from sklearn.linear_model import LogisticRegression, LogisticRegressionCV
        from sklearn.model_selection import GridSearchCV
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import StandardScaler
        from sklearn.svm import SVC
    except ImportError:
        return {}
    folds = min(FOLDS, int(np.bincount(classes).min()))
    if folds > 1:
        logistic = LogisticRegressionCV(Cs=INVERSE_PENALTIES, cv=folds, max_iter=2000)
        machine = GridSearchCV(SVC(), {"C": PENALTIES}, cv=folds)
    else:  # too few examples to choose C by
        logistic, machine = LogisticRegression(max_iter=2000), SVC()
    methods = {LOGISTIC: logistic}
    if len(inputs_V) <= MOST_SVM_ROWS:
        methods[SVM] = machine
    means_V = np.array([inputs_V[classes == label].mean(axis=0) for label in range(classes.max() + 1)])
    if np.abs(inputs_V - means_V[classes]).max() > LEAST_SCATTER_V:  # else there is nothing that LDA could estimate
        methods[LDA] = LinearDiscriminantAnalysis()
    shares = {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of features that say nothing, and of changes to come
        for name, method in methods.items():
            fitted = make_pipeline(StandardScaler(), method).fit(inputs_V, classes)
            shares[name] = float(fitted.score(given_V, wanted))
    return shares


def _hashable(rows: Sequence[Volts]) -> tuple[tuple[float, ...], ...]:
    return tuple(tuple(row) for row in rows)
