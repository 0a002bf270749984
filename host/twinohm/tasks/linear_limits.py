"""The best that any network of resistors could do on examples, and the best constant answer beside it.

Each output of such a network is a convex combination of the inputs that reach it (maximum principle). Here every output
gets the best combination of its own, whether pots have it or not: no board does better.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Labels = NDArray[np.int64]
EQUAL_SUMS = 1e5  # how much a difference of two sums of weights counts beside an error of 1 V


@dataclass(frozen=True)
class Limits:
    """Mean squared errors in V^2, or shares of wrong classes; each without what contradicting examples cost.

    network: of the best network. constant: of the best constant, or of the most frequent class. contradictions: what
    examples of equal inputs and other targets cost any answer.
    """

    network: float
    constant: float
    contradictions: float


def output_limits(inputs_V: Floats, desired_V: Floats) -> Limits:
    """Return the limits of one output. inputs_V: (examples, inputs) of those that reach it; desired_V: (examples,)."""
    return _limits(inputs_V, desired_V, lambda given_V, *wanted: given_V @ best_weights(given_V, *wanted))


def difference_limits(inputs_V: Floats, desired_V: Floats, ends: tuple[Sequence[int], Sequence[int]]) -> Limits:
    """Return the limits of the difference of two outputs.

    inputs_V: (examples, inputs); desired_V: (examples,); ends: indices of the inputs that reach one output, and of
    those that reach the other, whose voltage is taken off.
    """

    def answers_V(given_V: Floats, wanted_V: Floats, share: Floats) -> Floats:
        plus_V, minus_V = (given_V[:, list(end)] for end in ends)
        plus, minus = best_differences(plus_V, minus_V, wanted_V, share)
        return plus_V @ plus - minus_V @ minus

    return _limits(inputs_V, desired_V, answers_V)


def _limits(inputs_V: Floats, desired_V: Floats, answers_V: Callable[[Floats, Floats, Floats], Floats]) -> Limits:
    """Return limits. answers_V: of the best network for distinct inputs, their mean targets and their shares."""
    distinct, group, counts = np.unique(inputs_V, axis=0, return_inverse=True, return_counts=True)
    share = counts / counts.sum()
    mean_V = np.bincount(group.ravel(), desired_V) / counts
    return Limits(
        network=float(share @ (answers_V(distinct, mean_V, share) - mean_V) ** 2),
        constant=float(share @ (mean_V - share @ mean_V) ** 2),
        contradictions=float(np.mean((desired_V - mean_V[group.ravel()]) ** 2)),
    )


def best_weights(inputs_V: Floats, desired_V: Floats, share: Floats) -> Floats:
    """Return the convex weights (inputs,) of least squared error; `share` weighs the examples.

    With weights of sum 1 the errors are (inputs_V - desired_V) @ weights. Least squares of that and of sum - 1, over
    all weights that are not negative, gives a multiple of those sought: at its best sum, a direction of squared error e
    has the value e / (1 + e), which is least where e is.
    """
    from scipy.optimize import nnls  # half a second, which few commands need

    errors = np.sqrt(share)[:, None] * (inputs_V - desired_V[:, None])
    triangle = np.linalg.qr(errors, mode="r")  # as many rows as inputs, however many examples
    rows = np.vstack([triangle, np.ones(inputs_V.shape[1])])
    weights, _ = nnls(rows, np.append(np.zeros(len(triangle)), 1.0))
    return np.asarray(weights / weights.sum())


def best_differences(plus_V: Floats, minus_V: Floats, desired_V: Floats, share: Floats) -> tuple[Floats, Floats]:
    """Return the convex weights of the inputs of two outputs whose difference has the least squared error.

    plus_V, minus_V: (examples, inputs) of those that reach each output; the rest as in best_weights(). Here both sums
    must be 1: one as there, and EQUAL_SUMS holds the other to it.
    """
    from scipy.optimize import nnls

    errors = np.sqrt(share)[:, None] * np.hstack([plus_V - desired_V[:, None], -minus_V])
    triangle = np.linalg.qr(errors, mode="r")
    sides = np.repeat([1.0, -1.0], [plus_V.shape[1], minus_V.shape[1]])
    rows = np.vstack([triangle, EQUAL_SUMS * sides, sides > 0])
    weights, _ = nnls(rows, np.append(np.zeros(len(triangle) + 1), 1.0))
    plus, minus = weights[sides > 0], weights[sides < 0]
    return np.asarray(plus / plus.sum()), np.asarray(minus / minus.sum())


def class_limits(inputs_V: Floats, labels: Labels, step_V: float) -> Limits:
    """Return the limits of naming classes by the nearest mean output, as a board does.

    inputs_V: (examples, inputs); labels (examples,): 0, 1, ...; step_V: means that are closer are one to a board.
    """
    one_hot = np.eye(labels.max() + 1)[labels]
    _, group = np.unique(inputs_V, axis=0, return_inverse=True)
    of_group = np.zeros((group.max() + 1, one_hot.shape[1]))
    np.add.at(of_group, group.ravel(), one_hot)
    unavoidable = len(labels) - of_group.max(axis=1).sum()
    majority = len(labels) - one_hot.sum(axis=0).max()
    fewest = min(_errors(inputs_V @ view, labels, step_V) for view in _views(inputs_V, labels))
    return Limits(
        *(float(wrong) / len(labels) for wrong in (fewest - unavoidable, majority - unavoidable, unavoidable))
    )


def _views(inputs_V: Floats, labels: Labels) -> list[Floats]:
    """Return matrices (inputs, outputs) of networks that show classes in different ways.

    Every input at an output; one input alone; inputs in proportion to the inverse of their scatter, and Fisher's linear
    discriminant, which is more than a network of resistors can be.
    """
    n = inputs_V.shape[1]
    scatter = inputs_V - _means(inputs_V, labels)[labels]
    covariance = np.atleast_2d(np.cov(scatter, rowvar=False, bias=True)) + 1e-6 * np.eye(n)
    inverse = np.linalg.cholesky(np.linalg.inv(covariance))
    alone = [np.eye(n)[:, [k]] for k in range(n)]
    return [np.eye(n), *alone, np.diag(1 / np.sqrt(np.diag(covariance))), inverse]


def _means(shown: Floats, labels: Labels) -> Floats:
    """Return the mean of each class, (classes, outputs)."""
    return np.array([shown[labels == label].mean(axis=0) for label in range(labels.max() + 1)])


def fit_classes(inputs_V: Floats, labels: Labels, step_V: float) -> Callable[[Floats], Labels]:
    """Return a function that names the classes of inputs (examples, inputs) as the best network for `labels` does.

    Arguments as for class_limits().
    """
    view = min(_views(inputs_V, labels), key=lambda view: _errors(inputs_V @ view, labels, step_V))
    means = _told_apart(_means(inputs_V @ view, labels), step_V)
    return lambda given_V: _nearest(given_V @ view, means)


def _errors(shown: Floats, labels: Labels, step_V: float) -> int:
    """Return how many examples are nearer to another class's mean than to that of their own."""
    return int((_nearest(shown, _told_apart(_means(shown, labels), step_V)) != labels).sum())


def _told_apart(means: Floats, step_V: float) -> Floats:
    """Return means (classes, outputs) where those that a board cannot tell apart are the first of them."""
    means = means.copy()
    for later in range(1, len(means)):
        for earlier in range(later):
            if np.abs(means[later] - means[earlier]).max() < step_V:
                means[later] = means[earlier]
                break
    return means


def _nearest(shown: Floats, means: Floats) -> Labels:
    """Return the class of the nearest mean of each example, (examples,)."""
    distances = np.stack([((shown - mean) ** 2).sum(axis=1) for mean in means], axis=1)
    return np.asarray(distances.argmin(axis=1))
