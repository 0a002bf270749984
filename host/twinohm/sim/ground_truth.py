"""The free network of a virtual board, computed from its true component values."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from twinohm.model.circuit import Network
from twinohm.model.networks import FREE
from twinohm.protocol.side_channel import GroundTruth

if TYPE_CHECKING:
    from twinohm.model.board import Board


class TrueFreeNetwork:
    """The free network of one virtual board. `present` (n_edges,) is 0 where an edge was pulled, else 1."""

    def __init__(self, board: "Board", truth: GroundTruth) -> None:
        self._board = board
        self._network = Network(len(board.nodes), board.edge_nodes)
        self._per_tap = board.pots.chip.per_tap_ohm(np.array(truth.pot_ohm[FREE]))
        self._fixed = np.array(truth.wiper_ohm[FREE]) + np.array(truth.series_ohm[FREE])
        self._drive = 1 / truth.switch_ohm if truth.switch_ohm else np.inf
        self.present = np.ones(board.n_edges)

    def outputs(
        self, taps: Sequence[int], inputs: Sequence[str], inputs_V: Sequence[Sequence[float]], outputs: Sequence[str]
    ) -> list[tuple[float, ...]]:
        """Return the true outputs (examples, outputs), task volts.

        taps (n_edges,). inputs_V (examples, inputs): task volts, which the 12-bit DAC rounds. inputs, outputs: nodes.
        """
        board = self._board
        edge_S = self.present / (np.array(taps) * self._per_tap + self._fixed)
        nodes = [board.node_index(name) for name in inputs]
        wanted = [board.node_index(name) for name in outputs]
        drive_S, drive_V = np.zeros(len(board.nodes)), np.zeros(len(board.nodes))
        drive_S[nodes] = self._drive
        rows = []
        for example in inputs_V:
            drive_V[nodes] = [board.physical(board.dac_volts(volts)) for volts in example]
            volts = self._network.solve(edge_S, drive_S, drive_V)
            rows.append(tuple(board.task(float(volts[node])) for node in wanted))
        return rows
