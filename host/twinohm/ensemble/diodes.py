"""The compiled networks with diodes: Newton's method as in model/diode_network.py, for a block of replicas at once."""

from math import exp, expm1, log, sqrt
from typing import NamedTuple

import numpy as np

from twinohm.ensemble.arrays import Array
from twinohm.ensemble.blocks import to_blocks
from twinohm.ensemble.compiled import compiled
from twinohm.ensemble.elimination import Elimination
from twinohm.ensemble.lanes import LANES, copy, solve_from
from twinohm.model.board import Board
from twinohm.model.diode_network import CLOSE_V, GMIN_S, MOST_STEPS
from twinohm.model.diode_values import draw_diodes
from twinohm.model.profile import Profile


class Diodes(NamedTuple):
    """The diodes of each replica; without any, all have 0 of them. Nodes are positions in the order of elimination."""

    anode: Array  # (n,)
    cathode: Array  # (n,)
    slot: Array  # (n,) that couples both
    saturation_A: Array  # (blocks, 2, n, LANES) free, clamped
    emission_V: Array  # (n,)
    series_ohm: Array  # (n,)


def draw_replicas(board: Board, profile: Profile, seeds: list[int], order: Elimination) -> Diodes:
    """Draw the diodes of a virtual board of each seed. `order` joins their nodes too."""
    drawn = {seed: draw_diodes(board, profile, seed) for seed in set(seeds)}
    ends = order.position[np.array(board.diode_nodes, dtype=np.intp).reshape(-1, 2)]
    return Diodes(
        anode=ends[:, 0].copy(),
        cathode=ends[:, 1].copy(),
        slot=order.edge_slot[board.n_edges :],
        saturation_A=to_blocks(np.array([drawn[seed].saturation_A for seed in seeds])),
        emission_V=drawn[seeds[0]].emission_V,
        series_ohm=drawn[seeds[0]].series_ohm,
    )


@compiled
def settle(
    order: Elimination,
    diodes: Diodes,
    saturation_A: Array,
    driver_S: Array,
    edges: Array,
    matrix: Array,
    lower: Array,
    drive: Array,
    junction: Array,
    volts: Array,
) -> None:
    """Solve a network with diodes: `volts` (n_nodes, LANES) are the nodes' afterwards.

    saturation_A and junction are (n, LANES); the junctions' voltages are those of the solution before, and of this one
    afterwards. edges (n_slots, LANES): the conductances of the edges. drive (n_nodes, LANES): of the drivers. matrix
    and lower are working space like it.

    Raises ArithmeticError if they do not settle, which no network of positive resistances can cause.
    """
    slopes, offsets = np.empty(junction.shape), np.empty(junction.shape)
    for _ in range(MOST_STEPS):
        copy(edges.ravel(), matrix.ravel())
        for k in range(drive.shape[0]):
            for lane in range(LANES):
                volts[k, lane] = drive[k, lane] * driver_S[k, lane]
        for i in range(diodes.anode.size):
            a, c, slot = diodes.anode[i], diodes.cathode[i], diodes.slot[i]
            unit, ohm = diodes.emission_V[i], diodes.series_ohm[i]
            for lane in range(LANES):
                at = junction[i, lane]
                slope = saturation_A[i, lane] / unit * exp(at / unit) + GMIN_S
                current = saturation_A[i, lane] * expm1(at / unit) + GMIN_S * at
                share = 1 / (1 + slope * ohm)
                offset = (slope * at - current) * share
                slope *= share
                slopes[i, lane], offsets[i, lane] = slope, offset
                matrix[a, lane] += slope
                matrix[c, lane] += slope
                matrix[slot, lane] -= slope
                volts[a, lane] += offset
                volts[c, lane] -= offset
        solve_from(order, driver_S, matrix, lower, volts)
        widest = 0.0
        for i in range(diodes.anode.size):
            a, c, unit, ohm = diodes.anode[i], diodes.cathode[i], diodes.emission_V[i], diodes.series_ohm[i]
            for lane in range(LANES):
                at, wanted = junction[i, lane], volts[a, lane] - volts[c, lane]
                wanted -= ohm * (slopes[i, lane] * wanted - offsets[i, lane])
                widest = max(widest, abs(wanted - at))
                critical = unit * log(unit / (sqrt(2.0) * saturation_A[i, lane]))
                if wanted > critical and abs(wanted - at) > 2 * unit:
                    if at > 0:
                        change = (wanted - at) / unit
                        wanted = at + unit * log(1 + change) if change > -1 else critical
                    else:
                        wanted = unit * log(wanted / unit)
                junction[i, lane] = wanted
        if widest < CLOSE_V:
            return
    raise ArithmeticError("the junctions of a network do not settle")
