"""A network of resistors and diodes: Newton's method on the node equations (model/circuit.py)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from twinohm.model.circuit import Floats, Network

if TYPE_CHECKING:
    from twinohm.model.board import Board

GMIN_S = 1e-12  # beside every junction, as in SPICE: a diode that blocks leaves no node without a conductance
CLOSE_V = 1e-9  # of the last step of a junction; the step after it would be its square
MOST_STEPS = 300


@dataclass(frozen=True)
class Junctions:
    """Diodes of one network, (n,) each: I = saturation_A (exp(V / emission_V) - 1) by Shockley, and a resistance."""

    saturation_A: Floats
    emission_V: Floats
    series_ohm: Floats

    def current_A(self, junction_V: Floats) -> Floats:
        """Return the current at voltages of the junctions."""
        return self.saturation_A * np.expm1(junction_V / self.emission_V) + GMIN_S * junction_V

    def slope_S(self, junction_V: Floats) -> Floats:
        """Return the conductance of the junctions at their voltages."""
        return self.saturation_A / self.emission_V * np.exp(junction_V / self.emission_V) + GMIN_S

    def bend(self, junction_V: Floats) -> Floats:
        """Return the second derivative of the current by the voltage across diode and resistance, A/V^2."""
        bend = self.saturation_A / self.emission_V**2 * np.exp(junction_V / self.emission_V)
        return np.asarray(bend / (1 + self.series_ohm * self.slope_S(junction_V)) ** 3)

    def at(self, volts: Floats, near_V: Floats) -> Floats:
        """Return the voltages of the junctions where their diodes, with the resistances, have `volts`.

        near_V: where to begin.
        """
        junction_V = near_V
        for _ in range(MOST_STEPS):
            off_V = junction_V + self.series_ohm * self.current_A(junction_V) - volts
            change_V = off_V / (1 + self.series_ohm * self.slope_S(junction_V))
            junction_V = junction_V - change_V
            if not change_V.size or np.abs(change_V).max() < CLOSE_V:
                break
        return junction_V

    def limited(self, wanted_V: Floats, before_V: Floats) -> Floats:
        """Return where the next step begins: a large step into conduction is shortened, as SPICE does it."""
        unit_V = self.emission_V
        critical_V = unit_V * np.log(unit_V / (np.sqrt(2) * self.saturation_A))  # steeper above than any resistor here
        step = (wanted_V - before_V) / unit_V
        further_V = before_V + unit_V * np.log(np.maximum(1 + step, 1e-3))
        from_zero_V = unit_V * np.log(np.maximum(wanted_V, unit_V) / unit_V)
        short_V = np.where(before_V > 0, np.where(step > -1, further_V, critical_V), from_zero_V)
        return np.where((wanted_V > critical_V) & (np.abs(step) > 2), short_V, wanted_V)


class DiodeNetwork(Network):
    """Nodes joined by edges (a, b) and diodes (anode, cathode).

    It begins at the voltages of the solution before, so the next tick takes few steps.
    """

    def __init__(
        self, n_nodes: int, edges: Sequence[tuple[int, int]], diodes: Sequence[tuple[int, int]], junctions: Junctions
    ) -> None:
        super().__init__(n_nodes, edges)
        self._across = Network(n_nodes, diodes).incidence
        self._junctions = junctions
        self._junction_V: Floats = np.zeros(len(diodes))
        self._diode_S: Floats = np.zeros(len(diodes))  # slopes, with the resistances

    def conductance(self, edge_S: Floats) -> Floats:
        """Return the conductance of edges and diodes (n_nodes, n_nodes) in S, of diodes their slope where they are."""
        return super().conductance(edge_S) + (self._across.T * self._diode_S) @ self._across

    def leaving_A(self, edge_S: Floats, volts: Floats) -> Floats:
        """Return the current that leaves each node through edges and diodes (n_nodes,), A."""
        junction_V = self._junctions.at(self._across @ volts, self._junction_V)
        return super().leaving_A(edge_S, volts) + self._junctions.current_A(junction_V) @ self._across

    def bends(self, volts: Floats) -> tuple[Floats, Floats]:
        """Return the incidence matrix of the diodes and their bends, as Network.bends() says."""
        return self._across, self._junctions.bend(self._junctions.at(self._across @ volts, self._junction_V))

    def solve(self, edge_S: Floats, drive_S: Floats, drive_V: Floats, source_A: Floats | None = None) -> Floats:
        """Return the node voltages (n_nodes,) in V, as Network.solve() does.

        Raises ArithmeticError if they do not settle, which no network of positive resistances can cause.
        """
        junctions = self._junctions
        others_A = np.zeros(self.n_nodes) if source_A is None else source_A
        for _ in range(MOST_STEPS):
            at: Floats = self._junction_V
            slope_S, current_A = junctions.slope_S(at), junctions.current_A(at)
            share = 1 / (1 + slope_S * junctions.series_ohm)
            self._diode_S = slope_S * share
            offset_A = (slope_S * at - current_A) * share
            volts = super().solve(edge_S, drive_S, drive_V, others_A + offset_A @ self._across)
            across_V = self._across @ volts
            wanted_V = across_V - junctions.series_ohm * (self._diode_S * across_V - offset_A)
            self._junction_V = junctions.limited(wanted_V, at)
            if np.abs(wanted_V - at).max() < CLOSE_V:
                return volts
        raise ArithmeticError(f"junctions at {self._junction_V} V do not settle in {MOST_STEPS} steps")


def board_network(board: "Board", junctions: Junctions) -> Network:
    """Return one network of a board, whose diodes have these junctions."""
    nodes, edges = len(board.nodes), board.edge_nodes
    return DiodeNetwork(nodes, edges, board.diode_nodes, junctions) if board.diodes else Network(nodes, edges)
