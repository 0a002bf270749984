"""What a circuit says of a task at some taps: derivatives of the cost, susceptibilities, spectra, power, alignment.

Derivatives are by taps, which is what the machine moves: all numbers are exact derivatives of the modelled circuit, at
the solution of its diodes. Volts are task volts unless said otherwise.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from twinohm.model.board import Board
from twinohm.model.circuit import Floats
from twinohm.model.codes import TASK_SPAN_V
from twinohm.model.components import TIE_V
from twinohm.model.levers import Levers
from twinohm.model.linearisation import Linearisation
from twinohm.model.nudge import aims_V
from twinohm.model.pairs import pair_errors
from twinohm.model.placement import Placement
from twinohm.sim.ground_truth import TrueNetwork
from twinohm.tasks.task import Volts

T = TypeVar("T")


@dataclass(frozen=True)
class Modes:
    """Eigenvalues in ascending order (n,) and the participation ratio of each eigenvector, 1 to n.

    A vector x takes part with (sum of x^2)^2 / (sum of x^4) of its components: 1 if it has one, n if all are equal.
    """

    values: Floats
    participation: Floats

    @classmethod
    def of(cls, matrix: Floats) -> Modes:
        """Return those of a symmetric matrix (n, n)."""
        values, vectors = np.linalg.eigh(matrix)
        return cls(values, 1 / (vectors**4).sum(axis=0))


@dataclass(frozen=True)
class Alignment:
    """How the sign rule's step agrees with the negative gradient of the cost, both by taps.

    The step is that of an ideal machine: equal twins, exact clamps and comparators. Ends of a pot's range stop both.

    cosine: between the gradient and the step that is averaged over the examples. of_one_tick: the mean over the
    examples of that between the gradient and the step of one example. agreeing: share of edges that the averaged step
    moves down the gradient, of those that both move. None: nothing moves. chance: standard deviation of the cosine of
    random signs.
    """

    cosine: float | None
    of_one_tick: float | None
    agreeing: float | None
    chance: float


class CircuitTask:
    """Examples of a task on a network at some taps.

    network: one network, true or nominal, whose `present` says which edges are there. taps (n_edges,). inputs_V
    (examples, inputs), desired_V (examples, outputs). levers: of which `pairs` and `hinge` decide what an error is.

    Its answers are the outputs or, with pairs, their differences: (examples, answers), in all `rows` of them.
    """

    def __init__(
        self,
        board: Board,
        network: TrueNetwork,
        taps: Sequence[int] | Floats,
        placement: Placement,
        inputs_V: Sequence[Volts],
        desired_V: Sequence[Volts],
        levers: Levers,
        eta: float,
    ) -> None:
        self.board, self.network, self.placement = board, network, placement
        self.taps: Floats = np.array(taps, dtype=float)
        self.inputs_V, self.desired_V = inputs_V, desired_V
        self._levers, self._eta = levers, eta
        self._outputs = [board.node_index(name) for name in placement.outputs]
        self.edge_S = network.edge_S(self.taps)
        per_tap = np.where(network.present > 0, network.per_tap_ohm, 0.0)
        self.S_per_tap: Floats = -per_tap * self.edge_S**2
        self._S_per_tap2: Floats = 2 * per_tap**2 * self.edge_S**3
        self._drivers, self.points = [], []
        solver = network.network
        for example in inputs_V:
            drivers = network.drivers(dict(zip(placement.inputs, example, strict=True)))
            volts = solver.solve(self.edge_S, *drivers)
            self._drivers.append(drivers)
            self.points.append(Linearisation(solver, self.edge_S, drivers[0], volts))
        # answers = combine @ node voltages + what the board's range adds
        outputs = np.zeros((len(self._outputs), len(board.nodes)))
        outputs[range(len(self._outputs)), self._outputs] = board.task_per_V
        self._combine = outputs[::2] - outputs[1::2] if levers.pairs else outputs

    @property
    def outputs_V(self) -> Floats:
        """Outputs (examples, outputs)."""
        volts = np.array([point.volts[self._outputs] for point in self.points])
        return np.asarray(self.board.task(volts))

    @cached_property
    def errors_V(self) -> Floats:
        """Answers less what is desired, (examples, answers); 0 where the hinge counts an answer as right."""
        return self._errors_of(self.outputs_V)

    def _errors_of(self, outputs_V: Floats) -> Floats:
        if not self._levers.pairs:
            return np.asarray(outputs_V - np.array(self.desired_V))
        pairs = zip(outputs_V.tolist(), self.desired_V, strict=True)
        hinge, margin_V = self._levers.hinge, self._levers.margin_V
        return -np.array([pair_errors(found, wanted, hinge, margin_V) for found, wanted in pairs])

    def cost_of(self, outputs_V: Floats) -> float:
        """Return the cost that other outputs (examples, outputs) would have, V^2."""
        return float((self._errors_of(outputs_V) ** 2).mean())

    @property
    def rows(self) -> list[str]:
        """Names of the answers of all examples, "example 1: F" or "example 1: F-G"."""
        names = list(self.placement.outputs)
        if self._levers.pairs:
            names = [f"{a}-{b}" for a, b in zip(names[::2], names[1::2], strict=True)]
        return [f"example {k + 1}: {name}" for k in range(len(self.points)) for name in names]

    # -- first order ---------------------------------------------------------------------------------------------

    @cached_property
    def answers_per_S(self) -> Floats:
        """Derivatives of all answers by conductances, (rows, n_edges) in V/S."""
        return np.concatenate([self._combine @ point.volts_per_S for point in self.points])

    @property
    def jacobian(self) -> Floats:
        """Derivatives of all answers by taps, (rows, n_edges) in V/tap."""
        return self.answers_per_S * self.S_per_tap

    @property
    def susceptibility_V(self) -> Floats:
        """Root mean square over all answers of their derivatives by the logarithm of each conductance (n_edges,).

        An edge that conducts 1 % more moves an answer by a hundredth of it. It is zero for an edge that is not there.
        """
        return np.asarray(np.sqrt(((self.answers_per_S * self.edge_S) ** 2).mean(axis=0)))

    @property
    def cost_V2(self) -> float:
        """The cost: the mean squared error over all answers, V^2."""
        return float((self.errors_V**2).mean())

    @property
    def _cost_per_S(self) -> Floats:
        return np.asarray(2 / self.errors_V.size * self.errors_V.ravel() @ self.answers_per_S)

    @property
    def gradient(self) -> Floats:
        """Derivatives of the cost by taps (n_edges,), V^2/tap."""
        return self._cost_per_S * self.S_per_tap + 0.0  # no -0

    # -- second order --------------------------------------------------------------------------------------------

    @property
    def gauss_newton(self) -> Floats:
        """What the cost Hessian would be if answers were linear in the taps: 2 J^T J / rows of those that are wrong.

        (n_edges, n_edges) in V^2/tap^2.
        """
        counts = self.jacobian[self._counts]
        return np.asarray(2 / self.errors_V.size * counts.T @ counts)

    @property
    def _counts(self) -> NDArray[np.bool_]:
        """Which answers count (rows,): all, or with the hinge those that are wrong."""
        errors = self.errors_V.ravel()
        return errors != 0 if self._levers.hinge else np.ones(errors.shape, dtype=bool)

    @property
    def hessian(self) -> Floats:
        """The exact second derivatives of the cost by taps, (n_edges, n_edges) in V^2/tap^2."""
        curved = sum(
            point.second(errors @ self._combine) for point, errors in zip(self.points, self.errors_V, strict=True)
        )
        by_taps = np.outer(self.S_per_tap, self.S_per_tap) * curved
        return self.gauss_newton + 2 / self.errors_V.size * by_taps + np.diag(self._cost_per_S * self._S_per_tap2)

    @property
    def physical_hessian(self) -> Floats:
        """Second derivatives of the co-content by the voltages of nodes without a driver, (nodes, nodes) in S.

        For resistors it is their Laplacian, reduced to those nodes, and the co-content is half the power (Millar 1951).
        With diodes it depends on the voltages, and is averaged over the examples.
        """
        return np.asarray(np.mean([point.hessian_S for point in self.points], axis=0))

    @property
    def response_dimension(self) -> float:
        """Effective dimension of the response of the nodes without a driver to changes of the inputs.

        It is the participation ratio (sum of l)^2 / (sum of l^2) of the eigenvalues l of T T^T, where T are derivatives
        of those nodes' voltages by the inputs; for resistors at most the number of inputs. 0: there is no such node.
        """
        moves = [point.transfer[point.undriven] for point in self.points]
        return dimension(np.linalg.eigvalsh(np.mean([move @ move.T for move in moves], axis=0)))

    # -- the rule, power and ends --------------------------------------------------------------------------------

    @cached_property
    def at_end(self) -> NDArray[np.int_]:
        """Whether a pot has no further tap (n_edges,): -1 below, 1 above, else 0."""
        pots = self.board.pots
        return np.where(self.taps <= pots.min_tap, -1, np.where(self.taps >= pots.top_tap, 1, 0))

    @cached_property
    def steps(self) -> Floats:
        """The step of every edge at each example (examples, n_edges): 1 up, -1 down, 0 a tie or not learned.

        It is that of the machine's logic, XNOR of CMP and SGN (paper, eq. 5 and 6), with ideal comparators, and of the
        run's eta, overclamp and hinge; levers by which edges hold do not count.
        """
        steps = []
        for drivers, point, outputs_V, wanted in zip(
            self._drivers, self.points, self.outputs_V.tolist(), self.desired_V, strict=True
        ):
            aims = aims_V(outputs_V, wanted, self._levers)
            if self._levers.overclamp:
                aims = [TASK_SPAN_V if aim > found else 0.0 for aim, found in zip(aims, outputs_V, strict=True)]
            clamps_V = [found + self._eta * (aim - found) for found, aim in zip(outputs_V, aims, strict=True)]
            clamp_V = {
                node: self.board.physical(min(max(volts, 0.0), float(TASK_SPAN_V)))
                for node, volts in zip(self._outputs, clamps_V, strict=True)
            }
            clamped_V = self.network.network.solve(self.edge_S, *self.network.nudged(*drivers, clamp_V))
            more_V = self.network.network.incidence @ clamped_V - point.edge_V
            sgn = np.where(point.edge_V > TIE_V, 1.0, -1.0)
            steps.append(np.where(np.abs(more_V) > TIE_V, np.sign(more_V) * sgn, 0.0) * (self.network.present > 0))
        return np.array(steps)

    def alignment(self) -> Alignment:
        """Return how the sign rule's step agrees with the gradient."""

        def held(step: Floats) -> Floats:
            return np.where(step * self.at_end > 0, 0.0, step)

        downhill, mean = held(-self.gradient), held(self.steps.mean(axis=0))
        both = (mean != 0) & (downhill != 0)
        ones = [value for step in self.steps if (value := cosine(held(step), downhill)) is not None]
        return Alignment(
            cosine=cosine(mean, downhill),
            of_one_tick=float(np.mean(ones)) if ones else None,
            agreeing=float((mean * downhill > 0)[both].mean()) if both.any() else None,
            chance=float(max(1, (self.network.present > 0).sum()) ** -0.5),
        )

    @property
    def power_W(self) -> Floats:
        """Power of every edge at each example, (examples, n_edges), W; that of diodes is not in it."""
        return np.array([self.edge_S * point.edge_V**2 for point in self.points])


def evenly(values: Sequence[T], most: int) -> list[T]:
    """Return the values, or `most` of them, evenly taken."""
    chosen = sorted({round(k) for k in np.linspace(0, len(values) - 1, min(len(values), most))})
    return [values[k] for k in chosen]


def cosine(a: Floats, b: Floats) -> float | None:
    """Return the cosine between two vectors, None if one is zero."""
    length = np.linalg.norm(a) * np.linalg.norm(b)
    return float(a @ b / length) if length else None


def dimension(eigenvalues: Floats) -> float:
    """Return the participation ratio (sum)^2 / (sum of squares), 0 of no eigenvalue but 0 (arXiv 2509.26560)."""
    squares = float((eigenvalues**2).sum())
    return float(eigenvalues.sum() ** 2 / squares) if squares else 0.0
