"""The largest currents that a placement can ever cause, at every tap that learning can reach and any voltages."""

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from twinohm.errors import UsageError
from twinohm.model.board_diodes import check_driven
from twinohm.model.dac_curve import widest_V
from twinohm.model.diode_network import board_network
from twinohm.model.diode_values import nominal_diodes
from twinohm.model.networks import FREE

if TYPE_CHECKING:
    from twinohm.model.board import Board

WORST_SATURATION = 10.0  # of a diode's nominal saturation current: a 1N4148 then has 114 mV less at the same current


def check_currents(board: "Board", inputs: Sequence[str], outputs: Sequence[str]) -> None:
    """Raise UsageError naming the driver or edge whose limit of boards.toml could be passed, with the figure.

    It names a diode that two drivers have between them, too.
    """
    check_driven(board, (*inputs, *outputs))
    edge_mA = worst_edge_mA(board)
    if edge_mA > board.edge_limit_mA:
        raise UsageError(
            f"an edge of {board.name} can carry {edge_mA:.2f} mA between two drivers at tap {board.pots.min_tap}; "
            f"edge_limit_mA is {board.edge_limit_mA}: raise min_tap or series_ohm"
        )
    for node, source_mA in worst_sources_mA(board, inputs, outputs).items():
        if source_mA > board.source_limit_mA:
            raise UsageError(
                f"the driver of node {node} would have to give {source_mA:.1f} mA with the edges around it at tap "
                f"{board.pots.min_tap}; source_limit_mA is {board.source_limit_mA}: use fewer of its neighbours "
                f"({', '.join(_neighbours(board, node))}), or raise min_tap"
            )


def worst_edge_mA(board: "Board") -> float:
    """Return the current of an edge between two drivers, one at each end of the range, DACs at their worst."""
    return widest_edge_mA(board, board.pots.min_tap)


def widest_edge_mA(board: "Board", tap: int) -> float:
    """Return the largest current of an edge at a tap, the pot at the low end of its tolerance, DACs at their worst."""
    low, high = widest_V(board.dac.part, *board.range_V)
    return 1000 * (high - low) / board.pots.edge_ohm(tap, 1 - board.pots.tolerance)


def worst_sources_mA(board: "Board", inputs: Sequence[str], outputs: Sequence[str]) -> dict[str, float]:
    """Return the largest current of the driver of each driven node, free and clamped network together.

    Every edge at its smallest tap, this node at one end of the range, all other drivers at the other, DACs at their
    worst: a current between two voltages cannot fall when a resistance does (Rayleigh), and is linear in the voltages.
    With diodes it still grows with this node's voltage and falls with the others'; both directions are computed.
    """
    low, high = widest_V(board.dac.part, *board.range_V)
    diodes = nominal_diodes(board).junctions(FREE)
    network = board_network(board, replace(diodes, saturation_A=WORST_SATURATION * diodes.saturation_A))
    directions = ((low, high), (high, low)) if board.diodes else ((low, high),)
    edge_S = np.full(board.n_edges, 1 / _least_ohm(board))
    worst = {}
    for name in (*inputs, *outputs):
        node, total_A = board.node_index(name), 0.0
        for driven in (inputs, (*inputs, *outputs)):  # free, clamped
            if name in driven:
                drive_S = np.zeros(len(board.nodes))
                drive_S[[board.node_index(other) for other in driven]] = np.inf
                currents_A = []
                for others_V, node_V in directions:
                    drive_V = np.full(len(board.nodes), float(others_V))
                    drive_V[node] = node_V
                    volts = network.solve(edge_S, drive_S, drive_V)
                    currents_A.append(abs(float(network.leaving_A(edge_S, volts)[node])))
                total_A += max(currents_A)
        worst[name] = 1000 * total_A
    return worst


def _least_ohm(board: "Board") -> float:
    """Return the resistance of an edge at its smallest tap, the pot at the low end of its tolerance."""
    pots = board.pots
    return pots.edge_ohm(pots.min_tap, 1 - pots.tolerance)


def _neighbours(board: "Board", node: str) -> list[str]:
    at = board.node_index(node)
    return [board.nodes[a + b - at] for a, b in board.edge_nodes if at in (a, b)]
