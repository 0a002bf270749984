"""The compiled linear algebra: one network of each of LANES replicas side by side, which a processor's vectors take."""

from twinohm.ensemble.arrays import Array
from twinohm.ensemble.compiled import compiled
from twinohm.ensemble.elimination import Elimination

LANES = 64  # replicas in a block: enough to keep the vector unit busy, few enough for the cache
REACHED_S = 1e-15  # a smaller pivot belongs to nodes that no driver reaches: they are at 0 V


@compiled
def conduct(order: Elimination, taps: Array, per_tap: Array, fixed: Array, matrix: Array) -> None:
    """Add the edges' conductances, S, into `matrix` (n_slots, LANES). taps, per_tap and fixed are (n_edges, LANES)."""
    edge_a, edge_b, edge_slot = order.edge_a, order.edge_b, order.edge_slot
    for slot in range(matrix.shape[0]):
        for lane in range(LANES):
            matrix[slot, lane] = 0.0
    for i in range(taps.shape[0]):
        a, b, slot = edge_a[i], edge_b[i], edge_slot[i]
        for lane in range(LANES):
            edge_S = 1.0 / (taps[i, lane] * per_tap[i, lane] + fixed[i, lane])
            matrix[a, lane] += edge_S
            matrix[b, lane] += edge_S
            matrix[slot, lane] -= edge_S


@compiled
def solve(order: Elimination, driver_S: Array, matrix: Array, lower: Array, volts: Array) -> None:
    """Solve by LDL^T: `volts` (n_nodes, LANES) are the drivers' before and the nodes' after.

    driver_S is (n_nodes, LANES). The matrix is used up; `lower` (n_slots, LANES) is working space for 1/D and L.
    """
    for k in range(volts.shape[0]):
        for lane in range(LANES):
            volts[k, lane] *= driver_S[k, lane]
    solve_from(order, driver_S, matrix, lower, volts)


@compiled
def solve_from(order: Elimination, driver_S: Array, matrix: Array, lower: Array, volts: Array) -> None:
    """Solve like solve(), but from the currents into the nodes: `volts` are amperes before and volts after."""
    n_nodes = volts.shape[0]
    for k in range(n_nodes):
        for lane in range(LANES):
            matrix[k, lane] += driver_S[k, lane]
    reduce(order, matrix, lower, volts, n_nodes)
    substitute(order, lower, volts, n_nodes)


@compiled
def reduce(order: Elimination, matrix: Array, lower: Array, volts: Array, stop: int) -> None:
    """Eliminate the nodes before position `stop`: `matrix` and the currents in `volts` are of those that are left."""
    first, row_of, target_of = order.first, order.row, order.target
    update = 0
    for k in range(stop):
        for lane in range(LANES):
            pivot = matrix[k, lane]
            lower[k, lane] = 1.0 / pivot if pivot > REACHED_S else 0.0
        for slot in range(first[k], first[k + 1]):
            row = row_of[slot]
            for lane in range(LANES):
                share = matrix[slot, lane] * lower[k, lane]
                lower[slot, lane] = share
                volts[row, lane] -= share * volts[k, lane]
            for other in range(slot, first[k + 1]):
                target = target_of[update]
                update += 1
                for lane in range(LANES):
                    matrix[target, lane] -= lower[slot, lane] * matrix[other, lane]


@compiled
def substitute(order: Elimination, lower: Array, volts: Array, stop: int) -> None:
    """Make volts of the currents of the nodes before position `stop`; those after are volts already."""
    first, row_of = order.first, order.row
    for k in range(stop - 1, -1, -1):
        for lane in range(LANES):
            volts[k, lane] *= lower[k, lane]
        for slot in range(first[k], first[k + 1]):
            row = row_of[slot]
            for lane in range(LANES):
                volts[k, lane] -= lower[slot, lane] * volts[row, lane]


@compiled
def copy(source: Array, target: Array) -> None:
    """Copy `source` (n,) to `target` (n,); this compiles to vector code, an assignment of arrays does not."""
    for i in range(source.size):
        target[i] = source[i]


@compiled
def fill(target: Array, value: float) -> None:
    """Set all of `target` (n,) to a value; vector code like copy()."""
    for i in range(target.size):
        target[i] = value
