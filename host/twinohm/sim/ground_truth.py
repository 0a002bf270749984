"""The networks of a virtual board, computed from its true component values."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from twinohm.model.circuit import Floats, Network
from twinohm.model.codes import dac_count
from twinohm.model.dac_curve import DacCurves, DacWarming
from twinohm.model.diode_network import Junctions, board_network
from twinohm.model.networks import FREE
from twinohm.model.temperature import drifted_K, warmed
from twinohm.protocol.side_channel import NO_DIODES, GroundTruth

if TYPE_CHECKING:
    from twinohm.model.board import Board


class TrueNetwork:
    """One network of a virtual board. `present` (n_edges,) is 0 where an edge was pulled, else 1.

    corrections: (gain, offset) of DACs by node, those of the run's calibration.
    """

    def __init__(
        self,
        board: "Board",
        truth: GroundTruth,
        network: int = FREE,
        corrections: Mapping[str, tuple[int, int]] | None = None,
    ) -> None:
        nodes = len(board.nodes)
        self._board = board
        diodes = truth.diodes or NO_DIODES
        self._network = board_network(
            board, Junctions(*map(np.array, (diodes.saturation_A[network], diodes.emission_V, diodes.series_ohm)))
        )
        self._first_per_tap = self._per_tap = board.pots.chip.per_tap_ohm(np.array(truth.pot_ohm[network]))
        self._fixed = np.array(truth.wiper_ohm[network]) + np.array(truth.series_ohm[network])
        ohm = truth.switch_ohm[network] if isinstance(truth.switch_ohm, tuple) else [truth.switch_ohm] * nodes
        self._drive_S = np.array([1 / each if each else np.inf for each in ohm])
        ideal = DacCurves.ideal(board.dac.full_scale_V, nodes)
        values = truth.dac or {}
        self._dacs = DacCurves(ideal.full_scale_V, **{k: np.array(v) for k, v in values.items()}) if values else ideal
        self._first_dacs, self._temperature = self._dacs, truth.temperature
        self._corrections = np.array([(corrections or {}).get(name, (0, 0)) for name in board.nodes], np.int64)
        self.present: Floats = np.ones(board.n_edges)

    def set_tick(self, tick: int) -> None:
        """Give the network the temperature of a tick of its run; it is that of tick 0 before the first call."""
        if (by := self._temperature) is not None and by.drift_K:
            kelvin = drifted_K(by.drift_K, tick)
            self._per_tap = warmed(self._first_per_tap, by.pot_per_K, kelvin)
            warming = DacWarming(np.array(by.dac_gain_per_K), np.array(by.dac_offset_V_per_K))
            self._dacs = self._first_dacs.warmed(warming, kelvin)

    @property
    def network(self) -> Network:
        """The network without its drivers."""
        return self._network

    @property
    def per_tap_ohm(self) -> Floats:
        """What one tap adds to the resistance of every edge (n_edges,)."""
        return self._per_tap

    def edge_S(self, taps: Sequence[int] | Floats) -> Floats:
        """Return the conductance of every edge (n_edges,) at these taps."""
        return np.asarray(self.present / (np.array(taps) * self._per_tap + self._fixed))

    def node_V(self, edge_S: Floats, driven_V: Mapping[str, float]) -> Floats:
        """Return the physical volts of all nodes. driven_V: task volts that the DACs of nodes are asked for."""
        return self._network.solve(edge_S, *self.drivers(driven_V))

    def drivers(self, driven_V: Mapping[str, float]) -> tuple[Floats, Floats]:
        """Return conductance in S and source in physical volts of the driver of every node, (n_nodes,) each.

        driven_V: task volts that the DACs of nodes are asked for.
        """
        drive_S, drive_V = np.zeros((2, len(self._board.nodes)))
        for name, volts in driven_V.items():
            node = self._board.node_index(name)
            count = dac_count(self._board.dac_code(volts), *self._corrections[node].tolist())
            drive_S[node], drive_V[node] = self._drive_S[node], self._dacs.volts(node, count)
        return drive_S, drive_V

    def nudged(self, drive_S: Floats, drive_V: Floats, clamp_V: Mapping[int, float]) -> tuple[Floats, Floats]:
        """Return the drivers with more of them that give exactly clamp_V, physical volts by index of the node."""
        drive_S, drive_V = drive_S.copy(), drive_V.copy()
        for node, volts in clamp_V.items():
            drive_S[node], drive_V[node] = self._drive_S[node], volts
        return drive_S, drive_V

    def dissipated_W(self, edge_S: Floats, node_V: Floats) -> float:
        """Return the power of the network at physical volts of its nodes (n_nodes,), W."""
        return self._network.dissipated_W(edge_S, node_V)

    def outputs(
        self, taps: Sequence[int], inputs: Sequence[str], inputs_V: Sequence[Sequence[float]], outputs: Sequence[str]
    ) -> list[tuple[float, ...]]:
        """Return the true outputs (examples, outputs), task volts.

        taps (n_edges,). inputs_V (examples, inputs): task volts, which the 12-bit DAC rounds. inputs, outputs: nodes.
        """
        board, edge_S = self._board, self.edge_S(taps)
        wanted = [board.node_index(name) for name in outputs]
        rows = []
        for example in inputs_V:
            volts = self.node_V(edge_S, dict(zip(inputs, example, strict=True)))
            rows.append(tuple(board.task(float(volts[node])) for node in wanted))
        return rows
