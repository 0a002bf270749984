"""One replica on a graph of any size, to a million edges and more, by sparse solves.

One factorisation serves both networks: driving an output by `driver_ohm` adds a current there, so the clamped voltages
are the free ones plus a few columns of the inverse. Volts are task volts; nothing is quantised and the twins are alike.
"""

import warnings
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from twinohm.ensemble.arrays import Array
from twinohm.ensemble.compiled import compiled
from twinohm.ensemble.factors import Edges, Fixed, Solve, SuperLU
from twinohm.errors import UsageError
from twinohm.extras import install_command
from twinohm.link.arguments import finite_number, shown, whole_number
from twinohm.model.components import TIE_V
from twinohm.model.pot_parts import DEFAULT_POT, POT_PARTS, PotPart

Solver = Literal["ldl", "superlu", "cholmod", "gradients"]
SOLVERS: dict[Solver, str] = {
    "ldl": "compiled LDL^T in an order found once; best up to some thousand edges, and slow to find beyond 10,000",
    "superlu": "scipy's SuperLU, which orders anew at every tick",
    "cholmod": "CHOLMOD's supernodal Cholesky with structure found once, factorised at every tick",
    "gradients": "conjugate gradients with the last factor of CHOLMOD; a tick in thousands of edges may differ",
}
LDL_UP_TO = 2_000  # edges: the solver that is taken if none is named


class SparseTwins:
    """Twins on a graph, ideal, whose nodes are numbered.

    n_nodes: number of nodes; each must be joined to some input.
    edges: pairs of nodes, (n_edges, 2).
    inputs, outputs: their nodes.
    pot_ohm: of a pot, end to end.
    fixed_ohm: of the wiper and the series resistor of an edge.
    driver_ohm: of a driver: at inputs, and at outputs of the clamped network.
    min_tap: the smallest tap.
    solver: "ldl", "superlu", "cholmod" or "gradients" (SOLVERS). None: "ldl" up to 2,000 edges, then "gradients", or
        "superlu" with a warning where cvxopt is missing.
    pot: the part, which has the number of positions.

    Raises UsageError for nodes that are not there, a node that no input reaches, and an unknown solver; TwinOhmError
    for a solver whose package is missing.
    """

    def __init__(
        self,
        n_nodes: int,
        edges: Edges,
        inputs: Sequence[int],
        outputs: Sequence[int],
        pot_ohm: float = 100e3,
        fixed_ohm: float = 1040.0,
        driver_ohm: float = 2.5,
        min_tap: int = 4,
        solver: Solver | None = None,
        pot: PotPart = POT_PARTS[DEFAULT_POT],
    ) -> None:
        n_nodes = whole_number("n_nodes", n_nodes, 2)
        ends, self._inputs, self._outputs = _nodes("edges", edges), _nodes("inputs", inputs), _nodes("outputs", outputs)
        _check(n_nodes, ends, self._inputs, self._outputs)
        self._n_nodes = n_nodes
        self._a, self._b = ends.T.copy()
        self._per_tap_ohm, self._fixed_ohm = pot.per_tap_ohm(pot_ohm), fixed_ohm
        self._driver_ohm, self._min_tap = driver_ohm, min_tap
        self._top_tap = pot.top_tap
        self._driver_S = np.zeros(n_nodes)
        self._driver_S[self._inputs] = 1 / driver_ohm
        self._factor = _solver(solver or _default_solver(len(ends)), n_nodes, ends)

    def solve(self, taps: Array, inputs_V: ArrayLike, desired_V: ArrayLike, eta: float = 1.0) -> tuple[Array, Array]:
        """Return the voltages (n_nodes,) of the free and the clamped network.

        taps: (n_edges,), whole numbers.
        inputs_V, desired_V: volts (n_in,) and (n_out,).
        eta: strength of the nudge (paper, eq. 1).

        Raises UsageError for arrays of other shapes, and what is no number.
        """
        if not isinstance(taps, np.ndarray) or taps.shape != self._a.shape or taps.dtype.kind not in "fiu":
            raise UsageError(f"taps = {shown(taps)}: give a numpy array of {self._a.size} numbers, one an edge")
        if not (taps >= 0).all():
            raise UsageError(f"taps of edge {(~(taps >= 0)).argmax()}: {taps[~(taps >= 0)][0]}; give 0 or more")
        given_V = _volts("inputs_V", inputs_V, self._inputs.size)
        wanted_V, eta = _volts("desired_V", desired_V, self._outputs.size), finite_number("eta", eta)
        edge_S = 1 / (taps * self._per_tap_ohm + self._fixed_ohm)
        current = np.zeros((self._n_nodes, 1 + self._outputs.size), order="F")
        current[self._inputs, 0] = given_V / self._driver_ohm
        current[self._outputs, np.arange(self._outputs.size) + 1] = 1.0
        volts = self._factor(edge_S, self._driver_S)(current)
        free, per_ampere = volts[:, 0], volts[:, 1:]
        nudge_V = eta * (wanted_V - free[self._outputs])
        resistance = per_ampere[self._outputs] + self._driver_ohm * np.eye(self._outputs.size)
        return free, free + np.einsum("nk,k->n", per_ampere, np.linalg.solve(resistance, nudge_V))

    def tick(self, taps: Array, inputs_V: ArrayLike, desired_V: ArrayLike, eta: float = 1.0) -> Array:
        """Make one tick: move the taps and return the output volts (n_out,) before it.

        taps: (n_edges,), whole numbers as floats; changed in place.
        inputs_V, desired_V, eta: as of solve().
        """
        free, clamped = self.solve(taps, inputs_V, desired_V, eta)
        _step(self._a, self._b, free, clamped, taps, self._min_tap, self._top_tap)
        return np.asarray(free[self._outputs])


def _nodes(name: str, given: object) -> Array:
    """Return numbers of nodes as an array. Raises UsageError for other things."""
    try:
        nodes = np.asarray(given)
    except ValueError:  # lists of unequal length
        nodes = np.asarray("")
    if nodes.size and nodes.dtype.kind not in "iu":
        raise UsageError(f"{name} = {shown(given)}: give whole numbers, those of nodes")
    return nodes.astype(np.intp)


def _volts(name: str, given: ArrayLike, count: int) -> Array:
    """Return volts (count,). Raises UsageError for another number of them, and for what is no finite number."""
    try:
        volts = np.asarray(given, dtype=np.float64)
    except (TypeError, ValueError):
        raise UsageError(f"{name} = {shown(given)}: give numbers, {count} of them") from None
    if volts.shape != (count,) or not np.isfinite(volts).all():
        raise UsageError(f"{name} = {shown(given)}: give finite numbers, {count} of them")
    return volts


def _check(n_nodes: int, ends: Array, inputs: Array, outputs: Array) -> None:
    """Raise UsageError for a network that has no solution, or is none."""
    if ends.ndim != 2 or ends.shape[1] != 2:
        raise UsageError(f"edges has shape {ends.shape}: give (n_edges, 2), two nodes an edge")
    for name, nodes in (("edges", ends), ("inputs", inputs), ("outputs", outputs)):
        if not nodes.size or nodes.min() < 0 or nodes.max() >= n_nodes:
            raise UsageError(f"{name}: give at least one, of nodes 0..{n_nodes - 1}")
    if np.unique(roles := np.concatenate([inputs, outputs])).size < roles.size:
        raise UsageError("inputs and outputs: a node is named twice; give each one role")
    joined = coo_array((np.ones(len(ends)), ends.T), (n_nodes, n_nodes))
    part = connected_components(joined, directed=False)[1]
    if (cut_off := ~np.isin(part, part[inputs])).any():
        raise UsageError(f"node {cut_off.argmax()} is joined to no input: leave it out, or join it")


def _default_solver(n_edges: int) -> Solver:
    if n_edges <= LDL_UP_TO:
        return "ldl"
    if find_spec("cvxopt"):
        return "gradients"
    warnings.warn(
        f"{n_edges} edges are solved by SuperLU, at a fifth of the speed or less, since cvxopt is missing: "
        f"{install_command('large')}",
        stacklevel=3,
    )
    return "superlu"


def _solver(name: Solver, n_nodes: int, edges: Array) -> Callable[[Array, Array], Solve]:
    """Return the function of a solver that takes conductances of edges and drivers."""
    if name == "ldl":
        return Fixed(n_nodes, edges).factor
    if name == "superlu":
        return SuperLU(n_nodes, edges).factor
    if name == "cholmod":
        from twinohm.ensemble.cholmod import Cholmod

        return Cholmod(n_nodes, edges).factor
    if name == "gradients":
        from twinohm.ensemble.last_factor import LastFactor

        return LastFactor(n_nodes, edges).factor
    raise UsageError(f"solver = {name!r}: not known; there are {', '.join(SOLVERS)}")


@compiled
def _step(a: Array, b: Array, free: Array, clamped: Array, taps: Array, min_tap: int, top_tap: int) -> None:
    """Step `taps` (n_edges,) in place by eq. 6 of the paper."""
    for i in range(a.size):
        drop = free[a[i]] - free[b[i]]
        more = ((clamped[a[i]] - clamped[b[i]]) - drop) / 2 > TIE_V
        taps[i] = min(max(taps[i] + (1 if more == (drop > TIE_V) else -1), min_tap), top_tap)
