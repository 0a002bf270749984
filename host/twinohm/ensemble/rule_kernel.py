"""The compiled ticks of rules that the firmware does not have (model/rules.py). The sign rule's are in kernel.py."""

from typing import NamedTuple

import numpy as np

from twinohm.ensemble.arrays import Array, Converters, Dacs, Log, Now, Parts, Roles, Rule, Schedule
from twinohm.ensemble.compiled import compiled
from twinohm.ensemble.diodes import Diodes, settle
from twinohm.ensemble.elimination import Elimination
from twinohm.ensemble.kernel import (
    are_same,
    choose_dacs,
    clamp_code,
    convert,
    is_right,
    pull_apart,
    put,
    read,
    sense,
    shake,
    spread,
    take,
)
from twinohm.ensemble.lanes import LANES, conduct, copy, solve_from
from twinohm.model.components import TIE_V
from twinohm.model.diode_network import GMIN_S
from twinohm.model.networks import CLAMPED, FREE
from twinohm.model.rules import IDEALS

COUPLED, EQUILIBRIUM, GRADIENT = (1 + IDEALS.index(name) for name in ("coupled", "equilibrium", "gradient"))
NUDGE_S = 1e-5  # conductance to the target at eta 1 in equilibrium propagation, that of an edge at its top tap


class Law(NamedTuple):
    """What model.rules.Steps says, in physical volts and siemens."""

    sums: bool
    free_weight: float
    half_band_V: float
    centred: bool
    ideal: int  # 0: none
    rate: float  # S/V^2 of coupled learning, else S^2/V^2


@compiled
def decide(
    order: Elimination,
    parts: Parts,
    law: Law,
    block: int,
    free: Array,
    clamped: Array,
    state: Array,
    cmp_V: Array,
    sgn_V: Array,
    moves: Array,
) -> None:
    """Set `moves` (n_edges, LANES) to what the comparators of each edge say: 1 up, -1 down, 0 hold.

    It is compare() of kernel.py with a law. It stands apart because compare() is in the hot loop of the sign rule.

    free, clamped: (n_nodes, LANES) after the buffers. cmp_V and sgn_V (LANES,) are working space.
    """
    edge_a, edge_b = order.edge_a, order.edge_b
    offset_cmp, offset_sgn = parts.offset_V[block, 0], parts.offset_V[block, 1]
    high, low = parts.averager[block, 0], parts.averager[block, 1]
    for i in range(moves.shape[0]):
        a, b = edge_a[i], edge_b[i]
        for lane in range(LANES):
            free_a, free_b, clamped_a, clamped_b = free[a, lane], free[b, lane], clamped[a, lane], clamped[b, lane]
            drop = free_a - free_b
            cmp = (clamped_a - clamped_b - law.free_weight * drop) / 2 + offset_cmp[i, lane]
            cmp_V[lane] = cmp + high[i, lane] * (clamped_a - free_b) - low[i, lane] * (free_a - clamped_b)
            if law.sums:
                drop = (drop + clamped_a - clamped_b) / 2
            sgn_V[lane] = drop + offset_sgn[i, lane]
        if parts.noise_V > 0:
            shake(state, parts.quantiles, parts.noise_V, cmp_V, sgn_V)
        for lane in range(LANES):
            cmp, sgn = cmp_V[lane], sgn_V[lane]
            cmp += parts.bias_V if sgn > TIE_V else -parts.bias_V
            move = 1.0 if (cmp > TIE_V) == (sgn > TIE_V) else -1.0
            moves[i, lane] = 0.0 if abs(cmp) < law.half_band_V else move


@compiled
def descend(
    order: Elimination,
    rule: Rule,
    law: Law,
    strength: float,
    right: Array,
    per_tap: Array,
    fixed: Array,
    free: Array,
    other: Array,
    taps: Array,
) -> None:
    """Change the conductances by an ideal rule, within the range of each pot.

    other: (n_nodes, LANES) the nudged network's volts, or the adjoint's for the gradient. strength: eta of coupled
    learning, the conductance of the nudge, S, of equilibrium propagation. right (LANES,): 1 where nothing is learned.
    taps need not be whole; per_tap and fixed are (n_edges, LANES).
    """
    low_tap, top_tap = float(rule.min_tap), float(rule.top_tap)
    for i in range(taps.shape[0]):
        a, b = order.edge_a[i], order.edge_b[i]
        for lane in range(LANES):
            if right[lane] or fixed[i, lane] == np.inf:
                continue
            drop, others = free[a, lane] - free[b, lane], other[a, lane] - other[b, lane]
            slope = -others * drop if law.ideal == GRADIENT else (others * others - drop * drop) / (2 * strength)
            least_S = 1 / (top_tap * per_tap[i, lane] + fixed[i, lane])
            most_S = 1 / (low_tap * per_tap[i, lane] + fixed[i, lane])
            edge_S = 1 / (taps[i, lane] * per_tap[i, lane] + fixed[i, lane]) - law.rate * slope
            edge_S = min(max(edge_S, least_S), most_S)
            taps[i, lane] = min(max((1 / edge_S - fixed[i, lane]) / per_tap[i, lane], low_tap), top_tap)


@compiled
def linearise(diodes: Diodes, saturation_A: Array, junction: Array, matrix: Array) -> None:
    """Add the diodes' differential conductances at their junctions' voltages to a matrix of conductances."""
    for i in range(diodes.anode.size):
        a, c, slot, unit = diodes.anode[i], diodes.cathode[i], diodes.slot[i], diodes.emission_V[i]
        for lane in range(LANES):
            slope = saturation_A[i, lane] / unit * np.exp(junction[i, lane] / unit) + GMIN_S
            slope /= 1 + slope * diodes.series_ohm[i]
            matrix[a, lane] += slope
            matrix[c, lane] += slope
            matrix[slot, lane] -= slope


@compiled
def train_by_law(
    order: Elimination,
    parts: Parts,
    diodes: Diodes,
    dacs: Dacs,
    converters: Converters,
    roles: Roles,
    rule: Rule,
    law: Law,
    schedule: Schedule,
    now: Now,
    log: Log,
) -> None:
    """Make all ticks of `schedule`, block after block; changes now and log. Levers of `rule` but pairs do not count.

    An ideal rule has one network for both states, the free one, and its true voltages.
    """
    n_nodes, n_edges = order.position.size, now.taps.shape[1]
    n_in, n_out = roles.inputs.shape[1], roles.outputs.shape[1]
    n_asked = n_out // 2 if rule.pairs else n_out
    free, other, drive_V = np.empty((n_nodes, LANES)), np.empty((n_nodes, LANES)), np.empty((n_nodes, LANES))
    sensed, sensed_other = np.empty((n_nodes, LANES)), np.empty((n_nodes, LANES))
    edges, edges_clamped = np.empty((order.row.size, LANES)), np.empty((order.row.size, LANES))
    matrix, lower = np.empty((order.row.size, LANES)), np.empty((order.row.size, LANES))
    drivers_nudged, inputs_V = np.empty((n_nodes, LANES)), np.empty((n_nodes, LANES))
    junction, junction_other, junction_away = np.zeros((3, diodes.anode.size, LANES))
    taps, moves, right = np.empty((n_edges, LANES)), np.empty((n_edges, LANES)), np.zeros(LANES, np.int64)
    input_dacs, output_dacs = np.empty((6, n_in, LANES)), np.empty((6, n_out, LANES))
    codes, aims, clamps = np.empty((n_out, LANES)), np.empty((n_out, LANES)), np.empty((n_out, LANES))
    away, off_V, aims_V = np.empty((n_out, LANES)), np.empty((n_out, LANES)), np.empty((n_out, LANES))
    given_codes, given_V, outputs_V = np.empty((n_in, LANES)), np.empty((n_in, LANES)), np.empty((n_out, LANES))
    error, true_error, cmp_V, sgn_V = np.empty(LANES), np.empty(LANES), np.empty(LANES), np.empty(LANES)
    given_drive, given_desired, given_desired_V, eta = schedule
    log_true_error, log_error, log_taps, log_up, log_free, log_clamp = log
    for block in range(now.taps.shape[0]):
        given = min(block, given_drive.shape[0] - 1)
        per_tap, per_tap_clamped = parts.per_tap_ohm[block, FREE], parts.per_tap_ohm[block, CLAMPED]
        fixed, fixed_clamped = parts.fixed_ohm[block, FREE], parts.fixed_ohm[block, CLAMPED]
        buffer_V, buffer_V_clamped = parts.buffer_V[block, FREE].ravel(), parts.buffer_V[block, CLAMPED].ravel()
        drivers, drivers_clamped = roles.driver_S[block, FREE], roles.driver_S[block, CLAMPED]
        inputs, outputs, state = roles.inputs[block], roles.outputs[block], now.noise[block]
        choose_dacs(dacs, block, inputs, input_dacs)
        choose_dacs(dacs, block, outputs, output_dacs)
        curve, scale = roles.curve[block].ravel(), roles.scale[block].reshape(3, n_out * LANES)
        same_inputs, same_outputs = are_same(inputs), are_same(outputs)
        saturation_A, saturation_clamped_A = diodes.saturation_A[block, FREE], diodes.saturation_A[block, CLAMPED]
        junction[:], junction_other[:], junction_away[:] = 0.0, 0.0, 0.0
        taps[:] = now.taps[block]
        for t in range(eta.size):
            # Free network: solve and measure.
            conduct(order, taps, per_tap, fixed, edges)
            inputs_V[:] = 0.0
            spread(given_drive, given, t, given_codes)
            convert(input_dacs, given_codes, given_V)
            put(given_V, inputs, same_inputs, inputs_V)
            settle(order, diodes, saturation_A, drivers, edges, matrix, lower, inputs_V, junction, free)
            sense(free.ravel(), buffer_V, sensed.ravel())
            error[:], true_error[:], right[:] = 0.0, 0.0, int(rule.pairs)
            take(sensed, outputs, same_outputs, outputs_V)
            read(converters, curve, scale, outputs_V.ravel(), codes.ravel())
            take(free, outputs, same_outputs, outputs_V)
            spread(given_desired, given, t, aims)
            spread(given_desired_V, given, t, aims_V)
            for k in range(n_out):
                for lane in range(LANES):
                    off_V[k, lane] = (outputs_V[k, lane] - rule.low_V) * rule.task_per_V - aims_V[k, lane]
                    clamps[k, lane] = clamp_code(rule, codes[k, lane], aims[k, lane], eta[t])
                    away[k, lane] = clamp_code(rule, codes[k, lane], aims[k, lane], -eta[t])
                    if not rule.pairs:
                        error[lane] += (aims[k, lane] - codes[k, lane]) ** 2
                        true_error[lane] += off_V[k, lane] ** 2
            if rule.pairs:
                for k in range(0, n_out, 2):
                    for lane in range(LANES):
                        is_pair_right = pull_apart(rule, codes, aims, eta[t], k, lane, clamps)
                        pull_apart(rule, codes, aims, -eta[t], k, lane, away)
                        off = aims[k, lane] - codes[k, lane] - aims[k + 1, lane] + codes[k + 1, lane]
                        pair_V = off_V[k, lane] - off_V[k + 1, lane]
                        wanted_V = aims_V[k, lane] - aims_V[k + 1, lane]
                        truly_right = is_right(rule, wanted_V, pair_V, rule.margin_V)
                        off_V[k, lane], off_V[k + 1, lane] = pair_V / 2, -pair_V / 2
                        error[lane] += 0.0 if is_pair_right else float(off * off)
                        true_error[lane] += 0.0 if truly_right else pair_V * pair_V
                        if not (truly_right if law.ideal else is_pair_right):
                            right[lane] = 0
                if not rule.hinge:
                    right[:] = 0
            # The other state: solve, compare, step.
            if law.ideal:
                strength = eta[t] / 4096.0
                copy(drivers.ravel(), drivers_nudged.ravel())
                if law.ideal == GRADIENT:
                    copy(edges.ravel(), matrix.ravel())
                    linearise(diodes, saturation_A, junction, matrix)
                    other[:] = 0.0
                    for k in range(n_out):
                        for lane in range(LANES):
                            other[outputs[k, lane], lane] += off_V[k, lane] / rule.task_per_V
                    solve_from(order, drivers, matrix, lower, other)
                else:
                    copy(inputs_V.ravel(), drive_V.ravel())
                    if law.ideal == COUPLED:
                        copy(drivers_clamped.ravel(), drivers_nudged.ravel())
                    else:
                        strength *= NUDGE_S
                    for k in range(n_out):
                        for lane in range(LANES):
                            node, nudge_V = outputs[k, lane], -off_V[k, lane] / rule.task_per_V
                            if law.ideal == COUPLED:
                                drive_V[node, lane] = free[node, lane] + strength * nudge_V
                            else:
                                drive_V[node, lane] = free[node, lane] + nudge_V
                                drivers_nudged[node, lane] += strength
                    copy(junction.ravel(), junction_other.ravel())
                    settle(
                        order,
                        diodes,
                        saturation_A,
                        drivers_nudged,
                        edges,
                        matrix,
                        lower,
                        drive_V,
                        junction_other,
                        other,
                    )
                descend(order, rule, law, strength, right, per_tap, fixed, free, other, taps)
                moves[:] = 0.0
            else:
                conduct(order, taps, per_tap_clamped, fixed_clamped, edges_clamped)
                copy(inputs_V.ravel(), drive_V.ravel())
                convert(output_dacs, clamps, outputs_V)
                put(outputs_V, outputs, same_outputs, drive_V)
                settle(
                    order, diodes, saturation_clamped_A, drivers_clamped, edges_clamped, matrix, lower, drive_V,
                    junction_other, other,
                )  # fmt: skip
                sense(other.ravel(), buffer_V_clamped, sensed_other.ravel())
                if law.centred:
                    convert(output_dacs, away, outputs_V)
                    put(outputs_V, outputs, same_outputs, drive_V)
                    settle(
                        order, diodes, saturation_A, drivers_clamped, edges, matrix, lower, drive_V, junction_away, free
                    )
                    sense(free.ravel(), buffer_V, sensed.ravel())
                decide(order, parts, law, block, sensed, sensed_other, state, cmp_V, sgn_V, moves)
                for i in range(n_edges):
                    for lane in range(LANES):
                        tap = taps[i, lane] + moves[i, lane] * (1 - right[lane])
                        taps[i, lane] = min(max(tap, float(rule.min_tap)), float(rule.top_tap))
            if log_true_error.shape[1]:
                log_true_error[block, t] = true_error / n_asked
            if log_error.shape[1]:
                log_error[block, t] = error / n_asked
            if log_taps.shape[1]:
                log_taps[block, t] = taps
            if log_up.shape[1]:
                log_up[block, t] = moves > 0
            for k in range(n_out):
                if log_free.shape[1]:
                    log_free[block, t, k] = codes[k]
                if log_clamp.shape[1]:
                    log_clamp[block, t, k] = clamps[k]
        now.taps[block] = taps
