"""The compiled power of the free network."""

from math import expm1

import numpy as np

from twinohm.ensemble.arrays import Array, Parts, Roles
from twinohm.ensemble.compiled import compiled
from twinohm.ensemble.diodes import Diodes, settle
from twinohm.ensemble.elimination import Elimination
from twinohm.ensemble.lanes import LANES, conduct
from twinohm.model.diode_network import GMIN_S
from twinohm.model.networks import FREE


@compiled
def dissipate(order: Elimination, parts: Parts, diodes: Diodes, roles: Roles, taps: Array, driven_V: Array) -> Array:
    """Return the power in edges and diodes of the free network, W (blocks, examples, LANES).

    taps are (blocks, n_edges, LANES), driven_V (blocks, examples, n_in, LANES) of the drivers.
    """
    blocks, examples, n_in = driven_V.shape[:3]
    n_nodes, n_diodes = order.position.size, diodes.anode.size
    watts = np.zeros((blocks, examples, LANES))
    edges, matrix = np.empty((order.row.size, LANES)), np.empty((order.row.size, LANES))
    lower, volts = np.empty((order.row.size, LANES)), np.empty((n_nodes, LANES))
    drive_V, junction = np.empty((n_nodes, LANES)), np.zeros((n_diodes, LANES))
    for block in range(blocks):
        per_tap, fixed = parts.per_tap_ohm[block, FREE], parts.fixed_ohm[block, FREE]
        conduct(order, taps[block], per_tap, fixed, edges)
        drivers, saturation_A = roles.driver_S[block, FREE], diodes.saturation_A[block, FREE]
        junction[:] = 0.0
        for example in range(examples):
            drive_V[:] = 0.0
            for k in range(n_in):
                for lane in range(LANES):
                    drive_V[roles.inputs[block, k, lane], lane] = driven_V[block, example, k, lane]
            settle(order, diodes, saturation_A, drivers, edges, matrix, lower, drive_V, junction, volts)
            for i in range(taps.shape[1]):
                a, b = order.edge_a[i], order.edge_b[i]
                for lane in range(LANES):
                    drop = volts[a, lane] - volts[b, lane]
                    watts[block, example, lane] += drop**2 / (taps[block, i, lane] * per_tap[i, lane] + fixed[i, lane])
            for i in range(n_diodes):
                a, c, unit = diodes.anode[i], diodes.cathode[i], diodes.emission_V[i]
                for lane in range(LANES):
                    at = junction[i, lane]
                    current = saturation_A[i, lane] * expm1(at / unit) + GMIN_S * at
                    watts[block, example, lane] += current * (volts[a, lane] - volts[c, lane])
    return watts
