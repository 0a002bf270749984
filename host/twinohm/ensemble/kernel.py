"""The compiled code: both networks, and the ticks of the learning rule as the firmware makes them."""

from math import sqrt

import numpy as np

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
from twinohm.ensemble.lanes import LANES, conduct, copy, solve
from twinohm.model.codes import CODES, CORRECTION_BITS, COUNTS, TOP_COUNT
from twinohm.model.components import TIE_V
from twinohm.model.levers import P_ONE, VOTES
from twinohm.model.networks import CLAMPED, FREE

TOP_CODE = CODES - 1
MAJORITY, UNANIMOUS = VOTES.index("majority"), VOTES.index("unanimous")
HIGH, MIDDLE, SEVEN, THIRTEEN, SEVENTEEN = np.uint64(48), np.uint64(16), np.uint64(7), np.uint64(13), np.uint64(17)
LOW_BITS = np.uint64(65535)


@compiled
def read(converters: Converters, curve: Array, volts: Array, codes: Array) -> None:
    """Convert voltages to the firmware's codes. All are (n,); curves are unsigned, which spares numba a test."""
    edges_V, guess, cells_per_V = converters.edges_V, converters.guess, converters.cells_per_V
    gain, offset = converters.gain, converters.offset
    for i in range(volts.size):
        which, volt = curve[i], volts[i]
        count = np.uint64(guess[which, np.uint64(min(max(volt * cells_per_V[which], 0.0), TOP_COUNT + 1.0))])
        count += np.uint64(edges_V[which, count] <= volt)  # as likely as not; more are rare
        while edges_V[which, count] <= volt:
            count += np.uint64(1)
        codes[i] = min(max((np.int64(count) * gain[which] + offset[which]) >> 12, 0), TOP_CODE)


@compiled
def drive(dacs: Dacs, block: int, nodes: Array, codes: Array, volts: Array) -> None:
    """Set `volts` (n_nodes, LANES) of nodes (LANES,) to what their DACs give for codes (LANES,)."""
    offset_V, full_V, bow, ess = dacs.offset_V[block], dacs.full_V[block], dacs.bow[block], dacs.ess[block]
    gain, offset = dacs.gain[block], dacs.offset[block]
    for lane in range(LANES):
        node, code = nodes[lane], codes[lane]
        code += (code * gain[node, lane] + offset[node, lane]) >> CORRECTION_BITS
        x = min(max((code + 8) >> 4, 0), TOP_COUNT) / COUNTS
        bend = x * (1 - x) * (bow[node, lane] + ess[node, lane] * (1 - 2 * x))
        volts[node, lane] = max(offset_V[node, lane] + full_V[node, lane] * (x + bend), 0.0)


@compiled
def sense(volts: Array, buffer_V: Array, seen: Array) -> None:
    """Set `seen` (n,) to what the nodes' buffers give."""
    for i in range(volts.size):
        seen[i] = volts[i] + buffer_V[i]


@compiled
def clamp_code(rule: Rule, free: int, desired: int, eta: int) -> int:
    """Return the code that an output is clamped to (paper, eq. 1)."""
    if rule.overclamp:
        desired = rule.high_code if desired > free else rule.low_code
    return min(max(free + (((desired - free) * eta + 2048) >> 12), rule.low_code), rule.high_code)


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
    right = 1 if is_right(rule, float(wanted), float(found - wanted), float(rule.margin)) else 0
    nudge = 0 if right else (((wanted - found) >> 1) * eta + 2048) >> 12
    clamps[k, lane] = min(max(codes[k, lane] + nudge, rule.low_code), rule.high_code)
    clamps[k + 1, lane] = min(max(codes[k + 1, lane] - nudge, rule.low_code), rule.high_code)
    return right


@compiled
def participation(rule: Rule, squares: int, n_out: int) -> int:
    """Return the probability of an edge to take part; `squares` is the sum over outputs of (error / 8 codes)^2."""
    if rule.error_full == 0:
        return rule.p
    rms = int(sqrt(squares // n_out)) << 3
    return min(rule.p, max(rule.p_floor, (4096 * rms // rule.error_full) << 3))


@compiled
def draw(draws: Array, lane: int) -> int:
    """Return the next number, 0..32767, of a board's own generator (Wichmann and Hill, AS 183)."""
    x: int = 171 * draws[0, lane] % 30269
    y: int = 172 * draws[1, lane] % 30307
    z: int = 170 * draws[2, lane] % 30323
    draws[0, lane], draws[1, lane], draws[2, lane] = x, y, z
    return (x * P_ONE // 30269 + y * P_ONE // 30307 + z * P_ONE // 30323) & (P_ONE - 1)


@compiled
def take_part(rule: Rule, draws: Array, squares: Array, n_out: int, part: Array) -> None:
    """Set `part` (n_edges, LANES) to 1 where an edge takes part in this tick, else 0."""
    part[:] = 1.0
    for lane in range(LANES):
        p = participation(rule, squares[lane], n_out)
        if p < P_ONE and rule.whole:
            part[:, lane] = draw(draws, lane) < p
        elif p < P_ONE:
            for i in range(part.shape[0]):
                part[i, lane] = draw(draws, lane) < p


@compiled
def shake(state: Array, quantiles: Array, noise_V: float, noise: Array) -> None:
    """Draw the noise of both comparators of one edge, (2, LANES)."""
    for lane in range(LANES):
        x = state[lane]
        x ^= x << THIRTEEN  # xorshift64 (Marsaglia 2003)
        x ^= x >> SEVEN
        x ^= x << SEVENTEEN
        state[lane] = x
        noise[0, lane] = noise_V * quantiles[x >> HIGH]
        noise[1, lane] = noise_V * quantiles[(x >> MIDDLE) & LOW_BITS]


@compiled
def compare(
    order: Elimination,
    parts: Parts,
    block: int,
    free: Array,
    clamped: Array,
    state: Array,
    noise: Array,
    ups: Array,
) -> None:
    """Read all comparators (paper, eq. 6): add 1 to `ups` (n_edges, LANES) where an edge would go up.

    free, clamped: (n_nodes, LANES) after the buffers.
    """
    edge_a, edge_b = order.edge_a, order.edge_b
    offset_cmp, offset_sgn = parts.offset_V[block, 0], parts.offset_V[block, 1]
    high, low = parts.averager[block, 0], parts.averager[block, 1]
    for i in range(ups.shape[0]):
        if parts.noise_V > 0:
            shake(state, parts.quantiles, parts.noise_V, noise)
        a, b = edge_a[i], edge_b[i]
        for lane in range(LANES):
            free_a, free_b, clamped_a, clamped_b = free[a, lane], free[b, lane], clamped[a, lane], clamped[b, lane]
            drop = free_a - free_b
            cmp = (clamped_a - clamped_b - drop) / 2 + offset_cmp[i, lane] + noise[0, lane]
            cmp += high[i, lane] * (clamped_a - free_b) - low[i, lane] * (free_a - clamped_b)
            sgn = drop + offset_sgn[i, lane] + noise[1, lane]
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
def spread(given: Array, block: int, t: int, k: int, lanes: Array) -> None:
    """Write the values of a schedule into `lanes` (LANES,): one for all, or one each."""
    if given.shape[3] == 1:
        for lane in range(LANES):
            lanes[lane] = given[block, t, k, 0]
    else:
        for lane in range(LANES):
            lanes[lane] = given[block, t, k, lane]


@compiled
def remember(t: int, window: int, error: Array, recent: Array, taps: Array, best: Best, block: int) -> None:
    """Keep the taps if the mean error of the last `window` ticks is the lowest so far. recent is (window, LANES)."""
    recent[t % window] = error
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
            best.taps[block, :, lane] = taps[:, lane]


@compiled
def train(
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
    """Make all ticks of `schedule`, block after block; changes now, best and log."""
    n_nodes, n_edges = order.position.size, now.taps.shape[1]
    n_in, n_out = roles.inputs.shape[1], roles.outputs.shape[1]
    free, clamped = np.empty((n_nodes, LANES)), np.empty((n_nodes, LANES))
    sensed, sensed_clamped = np.empty((n_nodes, LANES)), np.empty((n_nodes, LANES))
    matrix, matrix_clamped = np.empty((order.row.size, LANES)), np.empty((order.row.size, LANES))
    flat, flat_clamped = matrix.ravel(), matrix_clamped.ravel()
    flat_free, flat_free_clamped = free.ravel(), clamped.ravel()
    flat_sensed, flat_sensed_clamped = sensed.ravel(), sensed_clamped.ravel()
    lower, working = np.empty((order.row.size, LANES)), np.empty((order.row.size, LANES))
    n_diodes, drive_V = diodes.anode.size, np.empty((n_nodes, LANES))
    flat_drive = drive_V.ravel()
    junction, junction_clamped = np.zeros((n_diodes, LANES)), np.zeros((n_diodes, LANES))
    taps, ups, part = np.empty((n_edges, LANES)), np.empty((n_edges, LANES)), np.ones((n_edges, LANES))
    noise = np.zeros((2, LANES))
    squares, error, true_error = np.empty(LANES, np.int64), np.empty(LANES), np.empty(LANES)
    code, desired, right = np.empty(LANES, np.int64), np.empty(LANES, np.int64), np.zeros(LANES, np.int64)
    codes, aims, clamps = np.empty((3, n_out, LANES), np.int64)
    off_each_V, aims_V = np.empty((2, n_out, LANES))
    n_asked = n_out // 2 if rule.pairs else n_out
    given_code = np.empty(LANES, np.int64)
    seen_V, desired_V = np.empty(LANES), np.empty(LANES)
    recent = np.empty((max(rule.window, 1), LANES))
    given_drive, given_desired, given_desired_V, eta = schedule
    log_true_error, log_error, log_taps, log_up, log_free, log_clamp = log
    sometimes = rule.p < P_ONE or rule.error_full > 0
    for block in range(now.taps.shape[0]):
        given = min(block, given_drive.shape[0] - 1)
        per_tap, per_tap_clamped = parts.per_tap_ohm[block, FREE], parts.per_tap_ohm[block, CLAMPED]
        fixed, fixed_clamped = parts.fixed_ohm[block, FREE], parts.fixed_ohm[block, CLAMPED]
        buffer_V, buffer_V_clamped = parts.buffer_V[block, FREE].ravel(), parts.buffer_V[block, CLAMPED].ravel()
        drivers, drivers_clamped = roles.driver_S[block, FREE], roles.driver_S[block, CLAMPED]
        inputs, outputs, curve = roles.inputs[block], roles.outputs[block], roles.curve[block]
        state, draws = now.noise[block], now.draws[block]
        saturation_A, saturation_clamped_A = diodes.saturation_A[block, FREE], diodes.saturation_A[block, CLAMPED]
        junction[:], junction_clamped[:] = 0.0, 0.0
        taps[:] = now.taps[block]
        for t in range(eta.size):
            # Free network: solve, measure, and what its twin is to be driven with.
            conduct(order, taps, per_tap, fixed, matrix)
            if parts.alike:
                copy(flat, flat_clamped)
            else:
                conduct(order, taps, per_tap_clamped, fixed_clamped, matrix_clamped)
            free[:] = 0.0
            for k in range(n_in):
                spread(given_drive, given, t, k, given_code)
                drive(dacs, block, inputs[k], given_code, free)
            copy(flat_free, flat_free_clamped)
            if n_diodes:
                copy(flat_free, flat_drive)
                settle(order, diodes, saturation_A, drivers, matrix, working, lower, drive_V, junction, free)
            else:
                solve(order, drivers, matrix, lower, free)
            sense(flat_free, buffer_V, flat_sensed)
            squares[:], error[:], true_error[:] = 0, 0.0, 0.0
            for k in range(n_out):
                for lane in range(LANES):
                    seen_V[lane] = sensed[outputs[k, lane], lane]
                read(converters, curve[k], seen_V, code)
                spread(given_desired, given, t, k, desired)
                spread(given_desired_V, given, t, k, desired_V)
                for lane in range(LANES):
                    codes[k, lane], aims[k, lane], aims_V[k, lane] = code[lane], desired[lane], desired_V[lane]
                    off_V = (free[outputs[k, lane], lane] - rule.low_V) * rule.task_per_V - desired_V[lane]
                    if rule.pairs:
                        off_each_V[k, lane] = off_V
                    else:
                        off = desired[lane] - code[lane]
                        error[lane] += off * off
                        squares[lane] += (abs(off) >> 3) ** 2
                        clamps[k, lane] = clamp_code(rule, code[lane], desired[lane], eta[t])
                        true_error[lane] += off_V * off_V
            if rule.pairs:
                right[:] = 1
                for k in range(0, n_out, 2):
                    for lane in range(LANES):
                        is_pair_right = pull_apart(rule, codes, aims, eta[t], k, lane, clamps)
                        right[lane] &= is_pair_right
                        off = aims[k, lane] - codes[k, lane] - aims[k + 1, lane] + codes[k + 1, lane]
                        squares[lane] += (abs(off) >> 3) ** 2
                        if not is_pair_right:
                            error[lane] += off * off
                        off_V = off_each_V[k, lane] - off_each_V[k + 1, lane]
                        aim_V = aims_V[k, lane] - aims_V[k + 1, lane]
                        if not is_right(rule, aim_V, off_V, rule.margin_V):
                            true_error[lane] += off_V * off_V
            for k in range(n_out):
                drive(dacs, block, outputs[k], clamps[k], clamped)
                if log_free.shape[1]:
                    log_free[block, t, k] = codes[k]
                if log_clamp.shape[1]:
                    log_clamp[block, t, k] = clamps[k]
            for lane in range(LANES):
                error[lane] /= n_asked
                true_error[lane] /= n_asked
            if rule.window:
                remember(t, rule.window, error, recent, taps, best, block)
            # Clamped network: solve, compare, step.
            if n_diodes:
                copy(flat_free_clamped, flat_drive)
                settle(
                    order,
                    diodes,
                    saturation_clamped_A,
                    drivers_clamped,
                    matrix_clamped,
                    working,
                    lower,
                    drive_V,
                    junction_clamped,
                    clamped,
                )
            else:
                solve(order, drivers_clamped, matrix_clamped, lower, clamped)
            sense(flat_free_clamped, buffer_V_clamped, flat_sensed_clamped)
            ups[:] = 0.0
            for _ in range(rule.readings):
                compare(order, parts, block, sensed, sensed_clamped, state, noise, ups)
            if sometimes or rule.hinge:
                take_part(rule, draws, squares, n_asked, part)
            if rule.hinge:
                for i in range(n_edges):
                    for lane in range(LANES):
                        part[i, lane] *= 1.0 - right[lane]
            step(rule, part, ups, taps)
            if log_true_error.shape[1]:
                log_true_error[block, t] = true_error
            if log_error.shape[1]:
                log_error[block, t] = error
            if log_taps.shape[1]:
                log_taps[block, t] = taps
            if log_up.shape[1]:
                log_up[block, t] = ups
        now.taps[block] = taps


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
