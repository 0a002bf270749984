"""Experiments on rules of learning that are no tasks: two tasks in turn, forgetting, and double descent.

Two tasks in turn are after Dillavou et al., arXiv 2505.22887 (2025), double descent after arXiv 2511.17825 (2025). Of
the latter the abstract alone was read: a network trained as usual shows none, one trained by a protocol that bears with
imperfect parts does. The protocol of the first paper, overclamping, is what is tried here.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from twinohm.ensemble import Ensemble, State
from twinohm.model.levers import Levers
from twinohm.model.placement import Placement
from twinohm.model.random_streams import DESCENT_DATA, shuffled_passes
from twinohm.runlog.scores import last_quarter
from twinohm.tasks.iris import IRIS
from twinohm.tasks.regression import REGRESSION

Floats = NDArray[np.float64]

# Two examples of the regression, which one network can give: no task need be lost while the other is learned.
INPUTS_V = ((5.0, 1.0, 0.0), (1.0, 5.0, 0.0))
DESIRED_V = tuple(tuple(u * a + v * b for u, v in REGRESSION.weights) for a, b, _ in INPUTS_V)
PERIODS = (1, 2, 5, 10, 20, 50, 100, 200)  # ticks of each of both tasks in a turn
PERIOD = 50  # the one of the table
CYCLE_TICKS = 1600
FORGET_TICKS = 400  # of each of both tasks
TEST_EVERY = 10

TRAINING = (1, 2, 3, 4, 5, 6, 8, 12, 20, 40)  # numbers of examples of double descent
DESCENT_TICKS = 800
TESTED = 50
LABEL_NOISE_V = 0.3  # sd of the targets that are learned; tests have none
DESCENT_OUTPUTS = 2


def placement() -> Placement:
    """Return the placement of two tasks in turn, that of regression."""
    return REGRESSION.placements["lab16"]


@dataclass(frozen=True)
class Cycle:
    """Two tasks in turn: rms error of both at the ends of the turns of each, V, and rms excursion of a tap.

    Both are medians over the last quarter, (replicas,). error_V2: by turn (replicas, turns + 1), V^2, the first before
    learning.
    """

    rms_V: Floats
    excursion: Floats
    error_V2: Floats
    state: State


def run_cycle(ensemble: Ensemble, eta: float, levers: Levers, period: int) -> Cycle:
    """Learn two tasks in turn, each for `period` ticks, for CYCLE_TICKS in all."""
    turns = CYCLE_TICKS // period
    state, errors, moved = ensemble.start(), [], []
    errors.append(_errors_V2(ensemble, state).mean(1))
    for turn in range(turns):
        before = state.taps.astype(float)
        state = _learn(ensemble, turn % 2, period, eta, levers, state)
        errors.append(_errors_V2(ensemble, state).mean(1))
        moved.append(np.sqrt(((state.taps - before) ** 2).mean(1)))
    last = last_quarter(turns)
    error_V2 = np.array(errors).T
    return Cycle(
        rms_V=np.sqrt(np.median(error_V2[:, -last:], axis=1)),
        excursion=np.median(np.array(moved)[-last:], axis=0),
        error_V2=error_V2,
        state=state,
    )


@dataclass(frozen=True)
class Forgetting:
    """Task A is learned, then task B: rms errors, V (replicas,).

    first: of A before learning. learned: of A after A. forgotten: of A after B; second: of B after B, both as medians
    over the last quarter of its ticks. error_V2: of A while it is learned, (replicas, tests).
    """

    first: Floats
    learned: Floats
    forgotten: Floats
    second: Floats
    error_V2: Floats
    state: State


def run_forgetting(ensemble: Ensemble, eta: float, levers: Levers) -> Forgetting:
    """Learn task A and then task B, FORGET_TICKS each."""
    state = ensemble.start()
    errors = [_errors_V2(ensemble, state)]
    tests = FORGET_TICKS // TEST_EVERY
    for which in (0, 1):
        for _ in range(tests):
            state = _learn(ensemble, which, TEST_EVERY, eta, levers, state)
            errors.append(_errors_V2(ensemble, state))
    error_V2 = np.array(errors)  # (tests, replicas, tasks)
    last = last_quarter(tests)
    after_a, after_b = error_V2[1 : tests + 1][-last:], error_V2[-last:]
    return Forgetting(
        first=np.sqrt(error_V2[0, :, 0]),
        learned=np.sqrt(np.median(after_a[:, :, 0], axis=0)),
        forgotten=np.sqrt(np.median(after_b[:, :, 0], axis=0)),
        second=np.sqrt(np.median(after_b[:, :, 1], axis=0)),
        error_V2=error_V2[: tests + 1, :, 0].T,
        state=state,
    )


def _learn(ensemble: Ensemble, which: int, ticks: int, eta: float, levers: Levers, state: State) -> State:
    inputs_V, desired_V = [INPUTS_V[which]] * ticks, [DESIRED_V[which]] * ticks
    return ensemble.train(placement(), inputs_V, desired_V, eta, levers, state, record=()).state


def _errors_V2(ensemble: Ensemble, state: State) -> Floats:
    """Return the mean squared error of both tasks, V^2 (replicas, tasks)."""
    off = ensemble.outputs(placement(), state.taps, INPUTS_V) - np.array(DESIRED_V)
    return np.asarray((off**2).mean(2))


# -- double descent ----------------------------------------------------------------------------------------------------


def run_descent(ensemble: Ensemble, eta: float, levers: Levers, training: int) -> tuple[Floats, Floats]:
    """Learn `training` examples with noisy targets; return rms errors, V (replicas,): of tests, and of least squares.

    The teacher is the same board with other taps, so that a network without the noise would have no error. Teacher and
    tests of a board are the same for every `training`, and its examples are the first of max(TRAINING). Least squares:
    the weights of least norm beside equal ones that fit the same examples, without the limits of a network.
    """
    inputs, outputs = IRIS.placements["lab16"]
    where = Placement(inputs, outputs[:DESCENT_OUTPUTS])
    start = ensemble.start()
    least, top = ensemble.board.pots.min_tap, ensemble.board.pots.chip.top_tap
    given, noise, teacher, order = [], [], [], []
    for seed in ensemble.seeds:
        random = DESCENT_DATA.generator(seed)
        teacher.append(random.integers(least, top + 1, ensemble.board.n_edges))
        tests = random.uniform(0, 5, (TESTED, len(inputs) - 1))
        examples = random.uniform(0, 5, (max(TRAINING), len(inputs) - 1))
        given.append(np.concatenate([examples[:training], tests]))
        noise.append(LABEL_NOISE_V * random.standard_normal((max(TRAINING), DESCENT_OUTPUTS))[:training])
        order.append(shuffled_passes(DESCENT_DATA.generator(seed, training), training, DESCENT_TICKS))
    inputs_V = np.concatenate([np.array(given), np.zeros((len(given), training + TESTED, 1))], axis=2)
    right_V = ensemble.outputs(where, np.array(teacher), inputs_V)
    learned_V = np.clip(right_V[:, :training] + np.array(noise), 0, 5)
    replica, chosen = np.arange(len(given))[:, None], np.array(order)
    state = ensemble.train(where, inputs_V[replica, chosen], learned_V[replica, chosen], eta, levers, start, record=())
    tests_V, wanted_V = inputs_V[:, training:], right_V[:, training:]
    off = ensemble.outputs(where, state.state.taps, tests_V) - wanted_V
    fitted = [
        _least_squares(rows[:training], aims, rows[training:])
        for rows, aims in zip(inputs_V[:, :, :-1], learned_V, strict=True)
    ]
    return _rms(off), _rms(np.array(fitted) - wanted_V)


def _least_squares(inputs_V: Floats, desired_V: Floats, tests_V: Floats) -> Floats:
    equal = np.full((inputs_V.shape[1], desired_V.shape[1]), 1 / (inputs_V.shape[1] + 1))  # every input, and 0 V
    weights = equal + np.linalg.pinv(inputs_V) @ (desired_V - inputs_V @ equal)
    return np.asarray(tests_V @ weights)


def _rms(off: Floats) -> Floats:
    return np.asarray(np.sqrt((off**2).mean((1, 2))))
