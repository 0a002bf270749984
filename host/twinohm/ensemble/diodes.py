"""The compiled networks with diodes: Newton's method as in model/diode_network.py, for a block of replicas at once."""

from math import exp, log, sqrt
from typing import NamedTuple

import numpy as np

from twinohm.ensemble.arrays import Array
from twinohm.ensemble.blocks import to_blocks
from twinohm.ensemble.compiled import compiled
from twinohm.ensemble.elimination import Elimination
from twinohm.ensemble.lanes import LANES, REACHED_S, copy, reduce, substitute
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

    The nodes of diodes are the last in the order: the others are eliminated once, and Newton's steps take what is left.

    Raises ArithmeticError if they do not settle, which no network of positive resistances can cause.
    """
    begin = drive.shape[0]
    for i in range(diodes.anode.size):
        begin = min(begin, diodes.anode[i], diodes.cathode[i])
    copy(edges.ravel(), matrix.ravel())
    for k in range(drive.shape[0]):
        for lane in range(LANES):
            matrix[k, lane] += driver_S[k, lane]
            volts[k, lane] = drive[k, lane] * driver_S[k, lane]
    reduce(order, matrix, lower, volts, begin)
    left, share = np.empty(order.row.size), np.empty(order.row.size)
    slopes, offsets, solved = np.empty(diodes.anode.size), np.empty(diodes.anode.size), np.empty(drive.shape[0])
    for lane in range(LANES):
        if not _settle_lane(
            order, diodes, begin, lane, saturation_A, matrix, junction, volts, left, share, slopes, offsets, solved
        ):
            raise ArithmeticError("the junctions of a network do not settle")
    substitute(order, lower, volts, begin)


@compiled
def _settle_lane(
    order: Elimination,
    diodes: Diodes,
    begin: int,
    lane: int,
    saturation_A: Array,
    matrix: Array,
    junction: Array,
    volts: Array,
    left: Array,
    share: Array,
    slopes: Array,
    offsets: Array,
    solved: Array,
) -> bool:
    """Solve for the nodes from position `begin` on of one replica, as settle() does. Return whether they settle.

    left and share (n_slots,), slopes and offsets (n,), and solved (n_nodes,) are working space.
    """
    n_nodes, first, row_of, target_of = solved.size, order.first, order.row, order.target
    for _ in range(MOST_STEPS):
        for k in range(begin, n_nodes):
            left[k], solved[k] = matrix[k, lane], volts[k, lane]
        for slot in range(first[begin], first[n_nodes]):
            left[slot] = matrix[slot, lane]
        for i in range(diodes.anode.size):
            a, c = diodes.anode[i], diodes.cathode[i]
            at, unit, saturation = junction[i, lane], diodes.emission_V[i], saturation_A[i, lane]
            conducting = saturation * exp(at / unit)
            slope = conducting / unit + GMIN_S
            part = 1 / (1 + slope * diodes.series_ohm[i])
            offset = (slope * at - (conducting - saturation) - GMIN_S * at) * part
            slope *= part
            slopes[i], offsets[i] = slope, offset
            left[a] += slope
            left[c] += slope
            left[diodes.slot[i]] -= slope
            solved[a] += offset
            solved[c] -= offset
        update = target_of.size
        for k in range(begin, n_nodes):
            update -= (first[k + 1] - first[k]) * (first[k + 1] - first[k] + 1) // 2
        for k in range(begin, n_nodes):
            inverse = 1.0 / left[k] if left[k] > REACHED_S else 0.0
            share[k] = inverse
            for slot in range(first[k], first[k + 1]):
                share[slot] = left[slot] * inverse
                solved[row_of[slot]] -= share[slot] * solved[k]
                for other in range(slot, first[k + 1]):
                    left[target_of[update]] -= share[slot] * left[other]
                    update += 1
        for k in range(n_nodes - 1, begin - 1, -1):
            solved[k] *= share[k]
            for slot in range(first[k], first[k + 1]):
                solved[k] -= share[slot] * solved[row_of[slot]]
        widest = 0.0
        for i in range(diodes.anode.size):
            at, unit = junction[i, lane], diodes.emission_V[i]
            wanted = solved[diodes.anode[i]] - solved[diodes.cathode[i]]
            wanted -= diodes.series_ohm[i] * (slopes[i] * wanted - offsets[i])
            widest = max(widest, abs(wanted - at))
            if abs(wanted - at) > 2 * unit:
                wanted = limited(wanted, at, unit, saturation_A[i, lane])
            junction[i, lane] = wanted
        if widest < CLOSE_V:
            for k in range(begin, n_nodes):
                volts[k, lane] = solved[k]
            return True
    return False


@compiled
def limited(wanted: float, at: float, unit: float, saturation: float) -> float:
    """Return where the next step begins after a large one, as Junctions.limited()."""
    critical = unit * log(unit / (sqrt(2.0) * saturation))
    if wanted <= critical:
        return wanted
    if at <= 0:
        return unit * log(wanted / unit)
    change = (wanted - at) / unit
    return at + unit * log(1 + change) if change > -1 else critical
