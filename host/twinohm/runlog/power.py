"""Power and energy of the two networks of a run. The chips around them are not counted."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from twinohm.json_records import Finite
from twinohm.model.board import Board
from twinohm.model.diode_network import board_network
from twinohm.model.diode_values import nominal_diodes
from twinohm.model.networks import CLAMPED, FREE
from twinohm.model.settling import settling_us
from twinohm.runlog.description import RunDescription
from twinohm.runlog.tick_record import TickRecord
from twinohm.sim.ground_truth import TrueNetwork

LAST_TICKS = 100  # of a run, over which power is averaged
Floats = NDArray[np.floating]
Taps = Sequence[int]


@dataclass(frozen=True, kw_only=True)
class NetworkPower:
    """Mean power of each network over the last ticks of a run, and energies in uJ.

    of: "true" with the component values of a virtual board, "fault-free" if its port broke some of them, which are
    taken for sound, "estimated" with nominal ones. tick_uJ: both networks for the time of a tick. inference_uJ: the
    free network for the settling time of its placement.
    """

    of: Literal["true", "fault-free", "estimated"]
    free_mW: Finite
    clamped_mW: Finite
    tick_uJ: Finite | None  # None with a single tick, and without board time
    inference_uJ: Finite


class PowerMeter:
    """Measures the power of a run from the records of its log, in their order."""

    def __init__(self, run: RunDescription) -> None:
        self._run, self._board = run, run.recorded_board
        self._known = self._board.nodes == run.nodes and self._board.edges == run.edges and run.has_possible_truth
        self._recent: deque[tuple[TickRecord, Taps, Set[str]]] = deque(maxlen=LAST_TICKS)

    def add(self, record: TickRecord, taps_before: Taps, absent: Set[str]) -> None:
        """Adopt a tick, whose voltages are those of `taps_before` without the edges `absent`."""
        self._recent.append((record, taps_before, absent))

    def power(self) -> NetworkPower | None:
        """Return the power; None if the voltage of some node is not known."""
        if not self._known or not self._recent:
            return None
        board, truth = self._board, self._run.truth
        corrections = self._run.calibration.dac if self._run.calibration is not None else None
        networks = None
        if truth is not None:
            networks = [TrueNetwork(board, truth, network, corrections) for network in (FREE, CLAMPED)]
        both_W: list[tuple[float, float]] = []
        for record, taps, absent in self._recent:
            present = np.array([edge not in absent for edge in board.edges], dtype=float)
            clamped_V = dict(record.inputs_V) | record.clamp_V
            if networks is None:
                free_W, clamped_W = (
                    _power_W(board, volts, present / board.pots.edge_ohm(np.array(taps, dtype=float)))
                    for volts in (record.free_V, clamped_V)
                )
            else:
                free_W, clamped_W = (
                    _solved_W(board, network, record.tick, present, taps, driven)
                    for network, driven in zip(networks, (record.inputs_V, clamped_V), strict=True)
                )
            if free_W is None or clamped_W is None:
                return None
            both_W.append((free_W, clamped_W))
        free_W, clamped_W = np.mean(both_W, axis=0).tolist()
        last, _, absent = self._recent[-1]
        times_us = [record.t_us for record, *_ in self._recent if record.t_us is not None]
        between_us = [after - before for before, after in pairwise(times_us)]
        settling = settling_us(board, list(last.inputs_V), absent)
        return NetworkPower(
            of="estimated" if self._run.known == "nominal" else self._run.known,
            free_mW=1e3 * free_W,
            clamped_mW=1e3 * clamped_W,
            tick_uJ=float(np.median(between_us)) * (free_W + clamped_W) if between_us else None,
            inference_uJ=settling * free_W,
        )


def _solved_W(
    board: Board, network: TrueNetwork, tick: int, present: Floats, taps: Taps, driven_V: Mapping[str, float]
) -> float:
    """Return the power of a network at a tick, whose drivers are asked for `driven_V`, task volts by node."""
    network.present = present
    network.set_tick(tick)
    edge_S = network.edge_S(taps)
    return network.dissipated_W(edge_S, network.node_V(edge_S, driven_V))


def _power_W(board: Board, volts: Mapping[str, float], edge_S: Floats) -> float | None:
    """Return the power of a network of `volts`, task volts by node; None if a node is missing."""
    if not volts.keys() >= set(board.nodes):
        return None
    node_V = np.array([board.physical(volts[name]) for name in board.nodes])
    return board_network(board, nominal_diodes(board).junctions(FREE)).dissipated_W(edge_S, node_V)
