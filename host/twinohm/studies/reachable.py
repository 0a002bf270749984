"""Sort out placements that cannot learn, by the Jacobian of their answers, before any is simulated.

For all placements at once a bounded Gauss-Newton search (Levenberg and Marquardt) lowers the mean squared error on the
nominal circuit with continuous conductances. Its directions are those that the Jacobian reaches. Where even it cannot
lower the error by LEAST_ORDERS, the sign rule on taps will not. It holds for networks of resistors.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from twinohm.model.board import Board
from twinohm.model.circuit import Floats, Network
from twinohm.model.placement import Placement
from twinohm.studies.analysis import evenly
from twinohm.studies.candidates import Candidate
from twinohm.tasks.task import Task

LEAST_ORDERS = 0.5  # orders of magnitude of the mean squared error
STEPS = 12
SLACK = 1.4  # by which an edge of a board may conduct more or less than the nominal one (AD5220: 30 %)
DRIVER_S = 0.1
MOST_EXAMPLES = 12
BATCH = 1024  # placements at once
_DAMPED, _LEAST, _MOST = 1e-2, 1e-6, 1e6  # damping at first, and its range


def can_sort_out(task: Task, board: Board) -> bool:
    """Return whether the search applies: the board has no diodes, and its targets are fixed, of outputs alone.

    Examples that are learned one after the other need not be learned by one network.
    """
    if task.asks_the_board or task.pairs or "placement" in task.unused or task.plugged(board).diodes:
        return False
    return not task.paced or len(_examples(task)) == 1


def sort_out(task: Task, board: Board, candidates: Sequence[Candidate]) -> list[Candidate]:
    """Return the candidates that can learn, in their order: all where the search does not apply.

    They have the task's diodes. Where no placement gets far, because the examples contradict each other, only those
    stay out that get less than half as far as the best.
    """
    if not can_sort_out(task, board):
        return list(candidates)
    orders = reachable_orders(task, board, [one.placement for one in candidates])
    least = min(LEAST_ORDERS, orders.max() / 2)
    return [one for one, reached in zip(candidates, orders, strict=True) if reached >= least]


def _examples(task: Task) -> list[tuple[tuple[float, ...], tuple[float, ...]]]:
    """Return the different examples that hardware seed 0 learns."""
    blocks = task.blocks(task.ticks, 0, lambda inputs_V: [])
    return list(dict.fromkeys((tuple(x), tuple(y)) for block in blocks for _, x, y in block.examples))


def reachable_orders(task: Task, board: Board, placements: Sequence[Placement]) -> Floats:
    """Return by how many orders the search lowers the mean squared error of each placement (placements,).

    It stops at LEAST_ORDERS, so larger values are lower bounds.
    """
    inputs_V, desired_V = (np.array(part) for part in zip(*evenly(_examples(task), MOST_EXAMPLES), strict=True))
    found = [
        _search(board, list(placements[at : at + BATCH]), inputs_V, desired_V)
        for at in range(0, len(placements), BATCH)
    ]
    return np.concatenate(found)


class _Circuits:
    """The nominal circuits of some placements: inputs (placements, n_in) and outputs (placements, n_out) are nodes."""

    def __init__(self, network: Network, inputs: Floats, outputs: Floats, inputs_V: Floats, desired_V: Floats) -> None:
        self.network, self.inputs, self.outputs = network, inputs, outputs
        self.inputs_V, self.desired_V = inputs_V, desired_V

    def only(self, rows: NDArray[np.intp]) -> _Circuits:
        return _Circuits(self.network, self.inputs[rows], self.outputs[rows], self.inputs_V, self.desired_V)

    def errors(self, log_S: Floats) -> tuple[Floats, Floats]:
        """Return errors (placements, answers) in V and their Jacobian by log_S (placements, answers, n_edges)."""
        incidence, n = self.network.incidence, self.network.n_nodes
        count, edge_S = len(log_S), np.exp(log_S)
        matrix = np.einsum("ea,pe,eb->pab", incidence, edge_S, incidence, optimize=True)
        row = np.arange(count)[:, None]
        matrix[row, self.inputs, self.inputs] += DRIVER_S
        matrix[:, range(n), range(n)] += 1e-12  # a part that nothing reaches
        inverse = np.linalg.inv(matrix)
        volts = DRIVER_S * np.swapaxes(inverse[row, self.inputs], 1, 2) @ self.inputs_V.T  # (placements, n, examples)
        found = np.swapaxes(volts[row, self.outputs], 1, 2)
        across_V = np.swapaxes(incidence @ volts, 1, 2)
        adjoint = inverse[row, self.outputs] @ incidence.T
        slopes = -adjoint[:, None] * (across_V * edge_S[:, None])[:, :, None]
        return (found - self.desired_V).reshape(count, -1), slopes.reshape(count, -1, len(incidence))


def _search(board: Board, placements: Sequence[Placement], inputs_V: Floats, desired_V: Floats) -> Floats:
    nodes = [[[board.node_index(name) for name in part] for part in placement] for placement in placements]
    inputs, outputs = (np.array([each[part] for each in nodes]) for part in (0, 1))
    circuits = _Circuits(Network(len(board.nodes), board.edge_nodes), inputs, outputs, inputs_V, desired_V)
    pots = board.pots
    low, start, high = -np.log(pots.edge_ohm(np.array([pots.chip.top_tap, pots.start_tap, pots.min_tap], dtype=float)))
    low, high = low - np.log(SLACK), high + np.log(SLACK)
    log_S = np.full((len(placements), board.n_edges), start)
    damped = np.full(len(placements), _DAMPED)
    errors, slopes = circuits.errors(log_S)
    cost = (errors**2).mean(axis=1)
    first, last = cost.copy(), cost.copy()
    left = np.arange(len(placements))
    for _ in range(STEPS):
        going = np.flatnonzero(cost > first[left] * 10**-LEAST_ORDERS)
        if not len(going):
            break
        left, circuits = left[going], circuits.only(going)
        log_S, damped, errors, slopes, cost = (each[going] for each in (log_S, damped, errors, slopes, cost))
        tried = np.clip(log_S + _step(log_S, errors, slopes, damped, low, high), low, high)
        new_errors, new_slopes = circuits.errors(tried)
        new_cost = (new_errors**2).mean(axis=1)
        better = new_cost < cost
        log_S[better], errors[better], slopes[better] = tried[better], new_errors[better], new_slopes[better]
        cost[better] = new_cost[better]
        damped = np.clip(np.where(better, damped / 5, damped * 8), _LEAST, _MOST)
        last[left] = cost
    return np.asarray(np.log10(first / np.maximum(last, 1e-30) + 1e-30))


def _step(log_S: Floats, errors: Floats, slopes: Floats, damped: Floats, low: float, high: float) -> Floats:
    """Return a step of each placement; an edge at an end of its range stays where the gradient leads out of it."""
    uphill = np.einsum("pre,pr->pe", slopes, errors)
    stopped = ((log_S <= low) & (uphill > 0)) | ((log_S >= high) & (uphill < 0))
    slopes, uphill = np.where(stopped[:, None], 0.0, slopes), np.where(stopped, 0.0, uphill)
    square = np.swapaxes(slopes, 1, 2) @ slopes
    n = log_S.shape[1]
    square[:, range(n), range(n)] += (damped * (np.trace(square, axis1=1, axis2=2) / n + 1e-12))[:, None]
    return np.asarray(np.clip(-np.linalg.solve(square, uphill[..., None])[..., 0], -1.5, 1.5))
