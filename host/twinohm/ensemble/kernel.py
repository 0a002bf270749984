"""The compiled code: both networks, and the ticks of the learning rule as the firmware makes them."""

from math import sqrt
from typing import Any

import numpy as np
from numpy import floor  # of floats, unlike math.floor: codes are whole floats, which processors take as vectors

from twinohm.ensemble.arrays import (
    Array,
    Best,
    Converters,
    Dacs,
    Log,
    Now,
    Parts,
    Roles,
    Rule,
    Schedule,
)
from twinohm.ensemble.compiled import compiled
from twinohm.ensemble.diodes import Diodes, settle
from twinohm.ensemble.elimination import Elimination
from twinohm.ensemble.lanes import LANES, conduct, copy, fill, solve
from twinohm.model.codes import CODES, CORRECTION_BITS, COUNTS, STEP, TOP_COUNT
from twinohm.model.components import TIE_V
from twinohm.model.levers import P_ONE, VOTES
from twinohm.model.networks import CLAMPED, FREE

TOP_CODE = CODES - 1.0
CORRECTION_ONE = 1 << CORRECTION_BITS
MAJORITY, UNANIMOUS = VOTES.index("majority"), VOTES.index("unanimous")
HIGH, MIDDLE, SEVEN, THIRTEEN, SEVENTEEN = np.uint64(48), np.uint64(16), np.uint64(7), np.uint64(13), np.uint64(17)
LOW_BITS = np.uint64(65535)


@compiled
def read(converters: Converters, curve: Array, scale: Array, volts: Array, codes: Array) -> None:
    """Convert voltages to the firmware's codes, whole floats. All are (n,), `scale` (3, n) of each one's curve.

    Curves are unsigned, which spares numba a test. The loops are apart since the middle one alone is no vector code.
    """
    edges_V, guess = converters.edges_V, converters.guess
    for i in range(volts.size):
        codes[i] = min(max(volts[i] * scale[0, i], 0.0), TOP_COUNT + 1.0)
    for i in range(volts.size):
        which, volt = curve[i], volts[i]
        count = np.uint64(guess[which, np.uint64(np.int64(codes[i]))])
        count += np.uint64(edges_V[which, count] <= volt)  # as likely as not; more are rare
        while edges_V[which, count] <= volt:
            count += np.uint64(1)
        codes[i] = np.int64(count)
    for i in range(volts.size):
        codes[i] = min(max(floor((codes[i] * scale[1, i] + scale[2, i]) / 4096), 0.0), TOP_CODE)


@compiled
def choose_dacs(dacs: Dacs, block: int, nodes: Array, chosen: Array) -> None:
    """Set `chosen` (6, n, LANES) to the DACs' values of nodes (n, LANES)."""
    for k in range(nodes.shape[0]):
        for lane in range(LANES):
            node = nodes[k, lane]
            chosen[0, k, lane] = dacs.offset_V[block, node, lane]
            chosen[1, k, lane] = dacs.full_V[block, node, lane]
            chosen[2, k, lane] = dacs.bow[block, node, lane]
            chosen[3, k, lane] = dacs.ess[block, node, lane]
            chosen[4, k, lane] = dacs.gain[block, node, lane]
            chosen[5, k, lane] = dacs.offset[block, node, lane]


@compiled
def convert(dac: Array, codes: Array, volts: Array) -> None:
    """Set `volts` (n, LANES) to what the DACs (6, n, LANES) of choose_dacs() give for codes (n, LANES)."""
    for k in range(codes.shape[0]):
        for lane in range(LANES):
            code = codes[k, lane]
            code += floor((code * dac[4, k, lane] + dac[5, k, lane]) / CORRECTION_ONE)
            x = min(max(floor((code + 8) / STEP), 0.0), TOP_COUNT) / COUNTS
            bend = x * (1 - x) * (dac[2, k, lane] + dac[3, k, lane] * (1 - 2 * x))
            volts[k, lane] = max(dac[0, k, lane] + dac[1, k, lane] * (x + bend), 0.0)


@compiled
def are_same(nodes: Array) -> bool:
    """Return whether all lanes have the same nodes (n, LANES)."""
    same = True
    for k in range(nodes.shape[0]):
        for lane in range(LANES):
            same &= nodes[k, lane] == nodes[k, 0]
    return same


@compiled
def put(values: Array, nodes: Array, same: bool, volts: Array) -> None:
    """Set each lane's nodes (n, LANES) of `volts` (n_nodes, LANES) to values (n, LANES). same: of are_same()."""
    for k in range(nodes.shape[0]):
        if same:
            node = nodes[k, 0]
            for lane in range(LANES):
                volts[node, lane] = values[k, lane]
        else:
            for lane in range(LANES):
                volts[nodes[k, lane], lane] = values[k, lane]


@compiled
def take(volts: Array, nodes: Array, same: bool, values: Array) -> None:
    """Set `values` (n, LANES) to each lane's nodes (n, LANES) of volts (n_nodes, LANES). same: of are_same()."""
    for k in range(nodes.shape[0]):
        if same:
            node = nodes[k, 0]
            for lane in range(LANES):
                values[k, lane] = volts[node, lane]
        else:
            for lane in range(LANES):
                values[k, lane] = volts[nodes[k, lane], lane]


@compiled
def sense(volts: Array, buffer_V: Array, seen: Array) -> None:
    """Set `seen` (n,) to what the nodes' buffers give."""
    for i in range(volts.size):
        seen[i] = volts[i] + buffer_V[i]


@compiled
def clamp_code(rule: Rule, free: float, desired: float, eta: int) -> float:
    """Return the code that an output is clamped to (paper, eq. 1)."""
    if rule.overclamp:
        desired = float(rule.high_code) if desired > free else float(rule.low_code)
    clamp: float = free + floor(((desired - free) * eta + 2048) / 4096)
    return min(max(clamp, float(rule.low_code)), float(rule.high_code))


@compiled
def is_right(rule: Rule, wanted: float, off: float, margin: float) -> bool:
    """Return whether a difference that is `off` beyond the wanted one is right by a margin (0: the wanted one).

    No difference is right where 0 is wanted, which has no sign.
    """
    if not rule.hinge or wanted == 0:
        return False
    if wanted < 0:
        wanted, off = -wanted, -off
    return wanted + off >= (margin if margin > 0 else wanted)


@compiled
def pull_apart(rule: Rule, codes: Array, desired: Array, eta: int, k: int, lane: int, clamps: Array) -> int:
    """Set the codes that outputs k and k + 1 are clamped to, whose difference is asked for. Return 1 if it is right.

    codes, desired, clamps: (n_out, LANES).
    """
    wanted = desired[k, lane] - desired[k + 1, lane]
    found = codes[k, lane] - codes[k + 1, lane]
    right = 1 if is_right(rule, wanted, found - wanted, float(rule.margin)) else 0
    nudge = 0.0 if right else floor((floor((wanted - found) / 2) * eta + 2048) / 4096)
    clamps[k, lane] = min(max(codes[k, lane] + nudge, float(rule.low_code)), float(rule.high_code))
    clamps[k + 1, lane] = min(max(codes[k + 1, lane] - nudge, float(rule.low_code)), float(rule.high_code))
    return right


@compiled
def participation(rule: Rule, squares: float, n_out: int) -> float:
    """Return the probability of an edge to take part; `squares` is the sum over outputs of (error / 8 codes)^2."""
    if rule.error_full == 0:
        return float(rule.p)
    rms: float = floor(sqrt(floor(squares / n_out))) * 8
    share: float = floor(4096 * rms / rule.error_full) * 8
    return min(float(rule.p), max(float(rule.p_floor), share))


@compiled
def take_part(rule: Rule, draws: Array, squares: Array, n_out: int, p: Array, part: Array) -> None:
    """Set `part` (n_edges, LANES) to 1 where an edge takes part in this tick, else 0. p (LANES,) is working space.

    draws (3, LANES): each board's own generator, which gives whole numbers of 0..32767 (Wichmann and Hill, AS 183). A
    quotient by one of its primes is never whole, so its rounding changes no remainder.
    """
    for lane in range(LANES):
        p[lane] = participation(rule, squares[lane], n_out)
    for i in range(1 if rule.whole else part.shape[0]):
        for lane in range(LANES):
            x, y, z = 171 * draws[0, lane], 172 * draws[1, lane], 170 * draws[2, lane]
            x -= 30269 * floor(x * (1 / 30269))
            y -= 30307 * floor(y * (1 / 30307))
            z -= 30323 * floor(z * (1 / 30323))
            number = floor(x * (P_ONE / 30269)) + floor(y * (P_ONE / 30307)) + floor(z * (P_ONE / 30323))
            number -= P_ONE * floor(number / P_ONE)
            drawn = p[lane] < P_ONE
            draws[0, lane] = x if drawn else draws[0, lane]
            draws[1, lane] = y if drawn else draws[1, lane]
            draws[2, lane] = z if drawn else draws[2, lane]
            part[i, lane] = 1.0 if number < p[lane] or not drawn else 0.0
    if rule.whole:
        for i in range(1, part.shape[0]):
            for lane in range(LANES):
                part[i, lane] = part[0, lane]


@compiled
def shake(state: Array, quantiles: Array, noise_V: float, cmp_V: Array, sgn_V: Array) -> None:
    """Add the noise of both comparators of one edge to what they compare with 0 V, cmp_V and sgn_V (LANES,)."""
    for lane in range(LANES):
        x = state[lane]
        x ^= x << THIRTEEN  # xorshift64 (Marsaglia 2003)
        x ^= x >> SEVEN
        x ^= x << SEVENTEEN
        state[lane] = x
        cmp_V[lane] += noise_V * quantiles[x >> HIGH]
        sgn_V[lane] += noise_V * quantiles[(x >> MIDDLE) & LOW_BITS]


@compiled
def compare(
    order: Elimination,
    parts: Parts,
    block: int,
    free: Array,
    clamped: Array,
    state: Array,
    cmp_V: Array,
    sgn_V: Array,
    ups: Array,
) -> None:
    """Read all comparators (paper, eq. 6): add 1 to `ups` (n_edges, LANES) where an edge would go up.

    free, clamped: (n_nodes, LANES) after the buffers. cmp_V and sgn_V (LANES,) are working space.
    """
    edge_a, edge_b = order.edge_a, order.edge_b
    offset_cmp, offset_sgn = parts.offset_V[block, 0], parts.offset_V[block, 1]
    high, low = parts.averager[block, 0], parts.averager[block, 1]
    for i in range(ups.shape[0]):
        a, b = edge_a[i], edge_b[i]
        for lane in range(LANES):
            free_a, free_b, clamped_a, clamped_b = free[a, lane], free[b, lane], clamped[a, lane], clamped[b, lane]
            drop = free_a - free_b
            cmp = (clamped_a - clamped_b - drop) / 2 + offset_cmp[i, lane]
            cmp_V[lane] = cmp + high[i, lane] * (clamped_a - free_b) - low[i, lane] * (free_a - clamped_b)
            sgn_V[lane] = drop + offset_sgn[i, lane]
        if parts.noise_V > 0:
            shake(state, parts.quantiles, parts.noise_V, cmp_V, sgn_V)
        for lane in range(LANES):
            cmp, sgn = cmp_V[lane], sgn_V[lane]
            cmp += parts.bias_V if sgn > TIE_V else -parts.bias_V
            ups[i, lane] += 1.0 if (cmp > TIE_V) == (sgn > TIE_V) else 0.0


@compiled
def step(rule: Rule, part: Array, ups: Array, taps: Array) -> None:
    """Vote on the readings in `ups`, which become 1 for up and 0 for down, and move the taps (n_edges, LANES)."""
    k = rule.readings
    least = k / 2 if rule.vote == MAJORITY else k - 0.5 if rule.vote == UNANIMOUS else 0.5
    holds, bottom, top = rule.vote == UNANIMOUS, float(rule.min_tap), float(rule.top_tap)
    for i in range(ups.shape[0]):
        for lane in range(LANES):
            count, tap = ups[i, lane], taps[i, lane]
            up = count > least
            move = 0.0 if holds and 0 < count < k else part[i, lane]
            taps[i, lane] = min(tap + move, top) if up else max(tap - move, bottom)
            ups[i, lane] = 1.0 if up else 0.0


@compiled
def spread(given: Array, block: int, t: int, lanes: Array) -> None:
    """Write the values of a tick of a schedule into `lanes` (n, LANES): one for all, or one each."""
    for k in range(lanes.shape[0]):
        if given.shape[3] == 1:
            for lane in range(LANES):
                lanes[k, lane] = given[block, t, k, 0]
        else:
            for lane in range(LANES):
                lanes[k, lane] = given[block, t, k, lane]


@compiled
def changes(given: Array, block: int, t: int) -> bool:
    """Return whether a tick of a schedule may have other values than the tick before."""
    if t == 0 or given.shape[3] > 1:
        return True
    other = False
    for k in range(given.shape[2]):
        other |= given[block, t, k, 0] != given[block, t - 1, k, 0]
    return other


@compiled
def remember(t: int, window: int, error: Array, recent: Array, taps: Array, best: Best, block: int) -> None:
    """Keep the taps if the mean error of the last `window` ticks is the lowest so far. recent is (window, LANES)."""
    copy(error, recent[t % window])
    if t + 1 < window:
        return
    for lane in range(LANES):
        mean = 0.0
        for i in range(window):
            mean += recent[i, lane]
        mean /= window
        if mean < best.error[block, lane]:
            best.error[block, lane] = mean
            best.tick[block, lane] = t
            for i in range(taps.shape[0]):
                best.taps[block, i, lane] = taps[i, lane]


@compiled
def train(
    span: tuple[int, int],
    straight: bool,
    network: Any,
    compare_all: Any,
    step_all: Any,
    order: Elimination,
    parts: Parts,
    diodes: Diodes,
    dacs: Dacs,
    converters: Converters,
    roles: Roles,
    rule: Rule,
    schedule: Schedule,
    now: Now,
    best: Best,
    log: Log,
) -> None:
    """Make all ticks of `schedule`, block after block from a first to before a last; changes now, best and log.

    straight: whether the functions before `order` are those of straight_line.py for the graph; otherwise the functions
    here and in lanes.py do the same.
    """
    n_nodes, n_edges, n_diodes = order.position.size, now.taps.shape[1], diodes.anode.size
    n_in, n_out = roles.inputs.shape[1], roles.outputs.shape[1]
    n_asked = n_out // 2 if rule.pairs else n_out
    drive_V, drive_clamped_V = np.empty((n_nodes, LANES)), np.empty((n_nodes, LANES))
    free, clamped = np.empty((n_nodes, LANES)), np.empty((n_nodes, LANES))
    sensed, sensed_clamped = np.empty((n_nodes, LANES)), np.empty((n_nodes, LANES))
    matrix, matrix_clamped = np.empty((order.row.size, LANES)), np.empty((order.row.size, LANES))
    lower, working = np.empty((order.row.size, LANES)), np.empty((order.row.size, LANES))
    junction, junction_clamped = np.zeros((n_diodes, LANES)), np.zeros((n_diodes, LANES))
    taps, ups, part = np.empty((n_edges, LANES)), np.empty((n_edges, LANES)), np.ones((n_edges, LANES))
    squares, error, true_error = np.empty(LANES), np.empty(LANES), np.empty(LANES)
    cmp_V, sgn_V, p, right = np.empty(LANES), np.empty(LANES), np.empty(LANES), np.zeros(LANES, np.int64)
    input_dacs, output_dacs = np.empty((6, n_in, LANES)), np.empty((6, n_out, LANES))
    given_codes, inputs_V, outputs_V = np.empty((n_in, LANES)), np.empty((n_in, LANES)), np.empty((n_out, LANES))
    codes, aims, clamps = np.empty((n_out, LANES)), np.empty((n_out, LANES)), np.empty((n_out, LANES))
    off_V, aims_V = np.empty((n_out, LANES)), np.empty((n_out, LANES))
    flat_outputs_V, flat_codes = outputs_V.ravel(), codes.ravel()
    recent = np.empty((max(rule.window, 1), LANES))
    given_drive, given_desired, given_desired_V, eta = schedule
    log_true_error, log_error, log_taps, log_up, log_free, log_clamp = log
    sometimes = rule.p < P_ONE or rule.error_full > 0
    plain = rule.readings == 1 and not sometimes and not rule.hinge
    for block in range(span[0], span[1]):
        given = min(block, given_drive.shape[0] - 1)
        per_tap, per_tap_clamped = parts.per_tap_ohm[block, FREE], parts.per_tap_ohm[block, CLAMPED]
        fixed, fixed_clamped = parts.fixed_ohm[block, FREE], parts.fixed_ohm[block, CLAMPED]
        buffer_V, buffer_V_clamped = parts.buffer_V[block, FREE], parts.buffer_V[block, CLAMPED]
        offset_V, averager = parts.offset_V[block], parts.averager[block]
        drivers, drivers_clamped = roles.driver_S[block, FREE], roles.driver_S[block, CLAMPED]
        inputs, outputs = roles.inputs[block], roles.outputs[block]
        curve, scale = roles.curve[block].ravel(), roles.scale[block].reshape(3, n_out * LANES)
        choose_dacs(dacs, block, inputs, input_dacs)
        choose_dacs(dacs, block, outputs, output_dacs)
        same_inputs, same_outputs = are_same(inputs), are_same(outputs)
        state, draws = now.noise[block], now.draws[block]
        saturation_A, saturation_clamped_A = diodes.saturation_A[block, FREE], diodes.saturation_A[block, CLAMPED]
        junction[:], junction_clamped[:] = 0.0, 0.0
        drive_V[:], drive_clamped_V[:] = 0.0, 0.0
        copy(now.taps[block].ravel(), taps.ravel())
        for t in range(eta.size):
            # Free network: solve, measure, and what its twin is to be driven with.
            if changes(given_drive, given, t):
                spread(given_drive, given, t, given_codes)
                convert(input_dacs, given_codes, inputs_V)
                put(inputs_V, inputs, same_inputs, drive_V)
                put(inputs_V, inputs, same_inputs, drive_clamped_V)
            if straight:
                network(
                    taps.ctypes.data, per_tap.ctypes.data, fixed.ctypes.data, drivers.ctypes.data, drive_V.ctypes.data,
                    buffer_V.ctypes.data, free.ctypes.data, sensed.ctypes.data,
                )  # fmt: skip
            else:
                conduct(order, taps, per_tap, fixed, matrix)
                if parts.alike:
                    copy(matrix.ravel(), matrix_clamped.ravel())
                else:
                    conduct(order, taps, per_tap_clamped, fixed_clamped, matrix_clamped)
                if n_diodes:
                    settle(order, diodes, saturation_A, drivers, matrix, working, lower, drive_V, junction, free)
                else:
                    copy(drive_V.ravel(), free.ravel())
                    solve(order, drivers, matrix, lower, free)
                sense(free.ravel(), buffer_V.ravel(), sensed.ravel())
            take(sensed, outputs, same_outputs, outputs_V)
            read(converters, curve, scale, flat_outputs_V, flat_codes)
            take(free, outputs, same_outputs, outputs_V)
            spread(given_desired, given, t, aims)
            spread(given_desired_V, given, t, aims_V)
            for lane in range(LANES):
                squares[lane] = error[lane] = true_error[lane] = 0.0
            for k in range(n_out):
                for lane in range(LANES):
                    off_V[k, lane] = (outputs_V[k, lane] - rule.low_V) * rule.task_per_V - aims_V[k, lane]
            if rule.pairs:
                right[:] = 1
                for k in range(0, n_out, 2):
                    for lane in range(LANES):
                        is_pair_right = pull_apart(rule, codes, aims, eta[t], k, lane, clamps)
                        right[lane] &= is_pair_right
                        off = aims[k, lane] - codes[k, lane] - aims[k + 1, lane] + codes[k + 1, lane]
                        squares[lane] += floor(abs(off) / 8) ** 2
                        if not is_pair_right:
                            error[lane] += off * off
                        pair_V = off_V[k, lane] - off_V[k + 1, lane]
                        aim_V = aims_V[k, lane] - aims_V[k + 1, lane]
                        if not is_right(rule, aim_V, pair_V, rule.margin_V):
                            true_error[lane] += pair_V * pair_V
            else:
                for k in range(n_out):
                    for lane in range(LANES):
                        off = aims[k, lane] - codes[k, lane]
                        error[lane] += off * off
                        squares[lane] += floor(abs(off) / 8) ** 2
                        true_error[lane] += off_V[k, lane] * off_V[k, lane]
                        clamps[k, lane] = clamp_code(rule, codes[k, lane], aims[k, lane], eta[t])
            convert(output_dacs, clamps, outputs_V)
            put(outputs_V, outputs, same_outputs, drive_clamped_V)
            for lane in range(LANES):
                error[lane] /= n_asked
                true_error[lane] /= n_asked
            if rule.window:
                remember(t, rule.window, error, recent, taps, best, block)
            # Clamped network: solve, compare, step.
            if straight:
                network(
                    taps.ctypes.data, per_tap_clamped.ctypes.data, fixed_clamped.ctypes.data,
                    drivers_clamped.ctypes.data, drive_clamped_V.ctypes.data, buffer_V_clamped.ctypes.data,
                    clamped.ctypes.data, sensed_clamped.ctypes.data,
                )  # fmt: skip
            else:
                if n_diodes:
                    settle(
                        order, diodes, saturation_clamped_A, drivers_clamped, matrix_clamped, working, lower,
                        drive_clamped_V, junction_clamped, clamped,
                    )  # fmt: skip
                else:
                    copy(drive_clamped_V.ravel(), clamped.ravel())
                    solve(order, drivers_clamped, matrix_clamped, lower, clamped)
                sense(clamped.ravel(), buffer_V_clamped.ravel(), sensed_clamped.ravel())
            if straight and plain:
                step_all(
                    sensed.ctypes.data, sensed_clamped.ctypes.data, offset_V.ctypes.data, averager.ctypes.data,
                    state.ctypes.data, parts.quantiles.ctypes.data, ups.ctypes.data, taps.ctypes.data,
                )  # fmt: skip
            else:
                if straight:
                    compare_all(
                        sensed.ctypes.data, sensed_clamped.ctypes.data, offset_V.ctypes.data, averager.ctypes.data,
                        state.ctypes.data, parts.quantiles.ctypes.data, ups.ctypes.data, rule.readings,
                    )  # fmt: skip
                else:
                    fill(ups.ravel(), 0.0)
                    for _ in range(rule.readings):
                        compare(order, parts, block, sensed, sensed_clamped, state, cmp_V, sgn_V, ups)
                if sometimes or rule.hinge:
                    take_part(rule, draws, squares, n_asked, p, part)
                if rule.hinge:
                    for i in range(n_edges):
                        for lane in range(LANES):
                            part[i, lane] *= 1.0 - right[lane]
                step(rule, part, ups, taps)
            if log_true_error.shape[1]:
                copy(true_error, log_true_error[block, t])
            if log_error.shape[1]:
                copy(error, log_error[block, t])
            if log_taps.shape[1]:
                copy(taps.ravel(), log_taps[block, t].ravel())
            if log_up.shape[1]:
                copy(ups.ravel(), log_up[block, t].ravel())
            if log_free.shape[1]:
                copy(codes.ravel(), log_free[block, t].ravel())
            if log_clamp.shape[1]:
                copy(clamps.ravel(), log_clamp[block, t].ravel())
        copy(taps.ravel(), now.taps[block].ravel())


@compiled
def respond(order: Elimination, parts: Parts, diodes: Diodes, roles: Roles, taps: Array, driven_V: Array) -> Array:
    """Return the volts at each output of the free network (blocks, examples, n_out, LANES), which may have diodes.

    taps are (blocks, n_edges, LANES), driven_V (blocks, examples, n_in, LANES) of the drivers.
    """
    blocks, examples, n_in = driven_V.shape[:3]
    n_out, n_nodes, n_diodes = roles.outputs.shape[1], order.position.size, diodes.anode.size
    result = np.empty((blocks, examples, n_out, LANES))
    edges, matrix = np.empty((order.row.size, LANES)), np.empty((order.row.size, LANES))
    lower, volts = np.empty((order.row.size, LANES)), np.empty((n_nodes, LANES))
    drive_V, junction = np.empty((n_nodes, LANES)), np.zeros((n_diodes, LANES))
    for block in range(blocks):
        conduct(order, taps[block], parts.per_tap_ohm[block, FREE], parts.fixed_ohm[block, FREE], edges)
        drivers, saturation_A = roles.driver_S[block, FREE], diodes.saturation_A[block, FREE]
        junction[:] = 0.0
        for example in range(examples):
            drive_V[:] = 0.0
            for k in range(n_in):
                for lane in range(LANES):
                    drive_V[roles.inputs[block, k, lane], lane] = driven_V[block, example, k, lane]
            settle(order, diodes, saturation_A, drivers, edges, matrix, lower, drive_V, junction, volts)
            for out in range(n_out):
                for lane in range(LANES):
                    result[block, example, out, lane] = volts[roles.outputs[block, out, lane], lane]
    return result


@compiled
def transfer(order: Elimination, parts: Parts, roles: Roles, taps: Array) -> Array:
    """Return the volts at each output of the free network per volt at each input: (blocks, n_in, n_out, LANES).

    taps are (blocks, n_edges, LANES).
    """
    blocks, n_in = roles.inputs.shape[:2]
    n_out, n_nodes = roles.outputs.shape[1], order.position.size
    result = np.empty((blocks, n_in, n_out, LANES))
    matrix, lower = np.empty((order.row.size, LANES)), np.empty((order.row.size, LANES))
    volts = np.empty((n_nodes, LANES))
    for block in range(blocks):
        for k in range(n_in):
            conduct(order, taps[block], parts.per_tap_ohm[block, FREE], parts.fixed_ohm[block, FREE], matrix)
            volts[:] = 0.0
            for lane in range(LANES):
                volts[roles.inputs[block, k, lane], lane] = 1.0
            solve(order, roles.driver_S[block, FREE], matrix, lower, volts)
            for out in range(n_out):
                for lane in range(LANES):
                    result[block, k, out, lane] = volts[roles.outputs[block, out, lane], lane]
    return result
