"""How fast nodes come to rest: the capacitance of pots, switches and copper charges through the network.

`python -m hardware.figures settling` measures the same by ngspice.
"""

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from twinohm.model.circuit import Floats, Network
from twinohm.model.codes import COUNTS, TASK_SPAN_V

if TYPE_CHECKING:
    from twinohm.model.board import Board

SETTLED_V = TASK_SPAN_V / COUNTS  # 1 LSB of the ADC
SLEW_V_PER_US = 0.55  # MCP4728 DS22187E, electrical characteristics
RESPONSE_US = 2.0  # of a comparator, 5 mV beyond the tie (SNOSBJ3: 1.3)
STEP_SHARE = 0.4  # of the settling time that the firmware waits after a step (firmware/twinohm_fw/drivers/settling.py)
FRESH = 0.8  # of the conductances at the anchor of a bound, or the other way round
FLOATS_PER_S = 1.0  # a mode that is slower than this has no driver


def capacitance_F(board: "Board") -> Floats:
    """Return the capacitance of each node of one network, (n_nodes,)."""
    pots = board.pots
    return 1e-12 * node_capacitance(len(board.nodes), board.edge_nodes, board.node_pF, pots.wiper_pF, pots.end_pF)


def node_capacitance(n_nodes: int, edges: Sequence[tuple[int, int]], node: float, wiper: float, end: float) -> Floats:
    """Return the capacitance of each node (n_nodes,), in the unit of its parts.

    node: of a node without pots. wiper, end: what a pot adds to both nodes of its edge (a, b); W is at a, B at b.
    """
    capacitance = np.full(n_nodes, float(node))
    a, b = np.array(edges).T
    np.add.at(capacitance, a, wiper)
    np.add.at(capacitance, b, end)
    return capacitance


class Decay:
    """Decay of node voltages to rest: C dv/dt = -G v, where v is each node's distance from rest.

    rates_per_s (k,) and modes (n, k): eigenvalues and orthonormal eigenvectors of C^-1/2 G C^-1/2. capacitance_F (n,).
    """

    def __init__(self, rates_per_s: Floats, modes: Floats, capacitance_F: Floats) -> None:
        self.rates_per_s, self._modes, self._root = rates_per_s, modes, np.sqrt(capacitance_F)

    @property
    def n_nodes(self) -> int:
        """The number of nodes."""
        return self._root.size

    @classmethod
    def exact(cls, conductance_S: Floats, capacitance_F: Floats) -> "Decay":
        """Return the decay with all modes.

        conductance_S (n, n): of the edges, with those to drivers on the diagonal. capacitance_F (n,): of the nodes. A
        part of the network without a driver is at rest at any voltage.
        """
        root = np.sqrt(capacitance_F)
        rates, modes = np.linalg.eigh(conductance_S / np.outer(root, root))
        return cls(np.where(rates > FLOATS_PER_S, rates, np.inf), modes, capacitance_F)

    def largest(self, offset_V: Floats, time_s: float) -> float:
        """Return the distance from rest, V, of the farthest node, time_s after all were offset_V (n,) away."""
        amplitudes = (self._root * offset_V) @ self._modes
        return float(np.abs(self._modes @ (amplitudes * np.exp(-self.rates_per_s * time_s)) / self._root).max())

    def settling_s(self, offset_V: Floats, step_s: float) -> float:
        """Return the time, s, until all nodes that were offset_V (n,) away stay within SETTLED_V, to step_s."""
        early, late = 0.0, 100 / self.rates_per_s.min()
        while late - early > step_s:
            middle = (early + late) / 2
            early, late = (middle, late) if self.largest(offset_V, middle) > SETTLED_V else (early, middle)
        return float(late)


class SlowestMode:
    """Bounds how far nodes are from rest, of a network whose edges change little from one reading to the next.

    If every conductance, also those to drivers, is at least r times what it was, then so is the rate of the slowest
    mode (Rayleigh). So its rate is computed now and then, at an *anchor*, which costs as much as Decay.exact().
    """

    def __init__(self, network: Network, capacitance_F: Floats) -> None:
        self._network, self._capacitance_F = network, capacitance_F
        self._conducts: NDArray[np.bool_] = np.zeros(len(network.edges), dtype=bool)  # whether each edge did there
        self._edge_S: Floats = np.zeros(0)  # of those edges, at the anchor
        self._drive_S: Floats = np.zeros(0)
        self._rate_per_s = 0.0

    def bound_V(self, edge_S: Floats, drive_S: Floats, offset_V: Floats, time_s: float) -> float:
        """Return at most how far from rest a node is, V, time_s after all were offset_V (n_nodes,) away.

        edge_S (n_edges,), drive_S (n_nodes,): what conducts, but for parts that only make the network faster. The
        bound grows with the distance from the anchor; a new one is taken where that is large.
        """
        rate_per_s = self._slowest(edge_S, drive_S)
        capacitance_F = self._capacitance_F
        away = float(np.sqrt(capacitance_F @ (offset_V * offset_V) / capacitance_F.min()))
        return away * float(np.exp(-rate_per_s * time_s))

    def _slowest(self, edge_S: Floats, drive_S: Floats) -> float:
        if np.array_equal(drive_S, self._drive_S) and self._edge_S.size:
            least = float((edge_S[self._conducts] / self._edge_S).min())
            if FRESH <= least <= 1 / FRESH:
                return min(least, 1.0) * self._rate_per_s  # drivers conduct no more than they did
        if np.isinf(drive_S).any():
            return 0.0
        root = np.sqrt(self._capacitance_F)
        matrix = (self._network.conductance(edge_S) + np.diag(drive_S)) / np.outer(root, root)
        self._rate_per_s = max(float(np.linalg.eigvalsh(matrix)[0]), 0.0)
        self._conducts = edge_S > 0
        self._edge_S, self._drive_S = edge_S[self._conducts], drive_S.copy()
        return self._rate_per_s


def settling_us(board: "Board", driven: Collection[str], absent: Collection[str] = ()) -> int:
    """Return the longest time, us, after any change until all nodes of a network stay within SETTLED_V of rest.

    driven: names of the nodes with drivers. absent: names of edges that do not conduct.

    All nodes start the whole range away and on one side: no node is farther then, wherever each began. All pots are at
    the top tap and the high end of their tolerance: the slowest mode cannot get slower by more conductance (Rayleigh).
    After a step of the pots the firmware waits STEP_SHARE of it, so that a slow wiper adds more than its own time.
    """
    low, high = board.range_V
    pots = board.pots
    ohm = pots.edge_ohm(pots.top_tap, 1 + pots.tolerance)
    network = Network(len(board.nodes), board.edge_nodes)
    matrix = network.conductance(np.array([edge not in absent for edge in board.edges]) / ohm)
    is_driven = np.array([name in driven for name in board.nodes])
    moving = network.reached(matrix, is_driven) & ~is_driven
    slew_us = (high - low) / SLEW_V_PER_US + RESPONSE_US + pots.chip.wiper_us / STEP_SHARE
    if not moving.any():
        return int(slew_us) + 1
    decay = Decay.exact(matrix[np.ix_(moving, moving)], capacitance_F(board)[moving])
    return int(slew_us + 1e6 * decay.settling_s(np.full(moving.sum(), high - low), 1e-7)) + 1
