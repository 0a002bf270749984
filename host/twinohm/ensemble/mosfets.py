"""Networks of N-channel MOSFETs as edges, compiled: their node voltages, and the sign rule on their gate voltages.

An edge from node a to b whose gate is c above its threshold carries I = S (f(c - Vb) - f(c - Va)), with
f(u) = max(u, 0)^2 / 2. That is SPICE's level 1 without channel-length modulation and body effect: S (c - mean V) (Va -
Vb) while both ends conduct, saturation when one is pinched off, and nothing in cut-off. f has a continuous slope, so
the node equations have one too, and a conductance GMIN beside each edge keeps every node joined to a driver.

Their Jacobian has a positive diagonal, negative other elements, and columns whose sums are 0 or more: it is a
nonsingular M-matrix, whatever the voltages. So Newton's direction always lowers the squared residual, which has no
stationary point but the solution, and a step is halved until it does. Voltages stay between those of the drivers, as
the solution does. Where a part of the network is cut off, GMIN alone joins it and Newton is slow; then GMIN begins
large and falls by factors of 10, each solution beginning at the last, as SPICE does.

The Jacobian is not symmetric: unlike resistors and diodes, a MOSFET with a fixed gate has no co-content: dI/dVa is
not -dI/dVb. So the proof that coupled learning descends does not hold here.
"""

import numpy as np

from twinohm.ensemble.arrays import Array
from twinohm.ensemble.compiled import compiled

GMIN = 1e-6  # of S times 1 V, beside every edge
CLOSE = 1e-12  # largest residual at a node, of S times 1 V^2
MOST_STEPS = 60  # with one GMIN
MOST_HALVINGS = 20


@compiled
def _residual(ends: Array, gain: Array, above_V: Array, volts: Array, gmin: float, out: Array) -> None:
    """Write the current that leaves every node, by S times 1 V^2. above_V (n_edges,): gates above thresholds."""
    out[:] = 0.0
    for e in range(len(gain)):
        a, b = ends[e]
        ua, ub = max(above_V[e] - volts[a], 0.0), max(above_V[e] - volts[b], 0.0)
        current = gain[e] * (ub * ub - ua * ua) / 2 + gmin * (volts[a] - volts[b])
        out[a] += current
        out[b] -= current


@compiled
def newton(ends: Array, gain: Array, above_V: Array, driven: Array, volts: Array, gmin: float) -> int:
    """Solve in place with this conductance beside each edge. Return the number of steps, -1 if it did not converge."""
    n = len(volts)
    place = np.full(n, -1)
    m, low, high = 0, np.inf, -np.inf
    for node in range(n):
        if driven[node]:
            low, high = min(low, volts[node]), max(high, volts[node])
        else:
            place[node] = m
            m += 1
    out, tried = np.empty(n), np.empty(n)
    matrix, step = np.empty((m, m)), np.empty(m)
    _residual(ends, gain, above_V, volts, gmin, out)
    for steps in range(MOST_STEPS):
        size, most = 0.0, 0.0
        for node in range(n):
            if place[node] >= 0:
                size += out[node] ** 2
                most = max(most, abs(out[node]))
                step[place[node]] = -out[node]
        if most < CLOSE:
            return steps
        matrix[:] = 0.0
        for e in range(len(gain)):
            a, b = ends[e]
            ga = gain[e] * max(above_V[e] - volts[a], 0.0) + gmin
            gb = gain[e] * max(above_V[e] - volts[b], 0.0) + gmin
            i, j = place[a], place[b]
            if i >= 0:
                matrix[i, i] += ga
            if j >= 0:
                matrix[j, j] += gb
            if i >= 0 and j >= 0:
                matrix[i, j] -= gb
                matrix[j, i] -= ga
        for k in range(m):  # an M-matrix needs no pivoting
            for i in range(k + 1, m):
                factor = matrix[i, k] / matrix[k, k]
                if factor != 0.0:
                    for j in range(k + 1, m):
                        matrix[i, j] -= factor * matrix[k, j]
                    step[i] -= factor * step[k]
        for k in range(m - 1, -1, -1):
            for j in range(k + 1, m):
                step[k] -= matrix[k, j] * step[j]
            step[k] /= matrix[k, k]
        share = 1.0
        for _ in range(MOST_HALVINGS):
            for node in range(n):
                tried[node] = volts[node]
                if place[node] >= 0:
                    tried[node] = min(max(volts[node] + share * step[place[node]], low), high)
            _residual(ends, gain, above_V, tried, gmin, out)
            now = 0.0
            for node in range(n):
                if place[node] >= 0:
                    now += out[node] ** 2
            if now <= (1 - 1e-4 * share) * size:
                break
            share /= 2
        volts[:] = tried
    return -1


@compiled
def solve(ends: Array, gain: Array, above_V: Array, driven: Array, volts: Array) -> int:
    """Solve in place for the volts (n_nodes,) of nodes that are not `driven` (n_nodes,), from those given.

    ends (n_edges, 2): nodes of each edge. gain (n_edges,): S of each by the mean one. Return 0 if Newton's method
    converged, 1 if it did with a falling GMIN, -1 if it did not.
    """
    if newton(ends, gain, above_V, driven, volts, GMIN) >= 0:
        return 0
    gmin, steps = 1.0, -1
    while gmin > 0.5 * GMIN:
        steps = newton(ends, gain, above_V, driven, volts, gmin)
        gmin /= 10
    return -1 if steps < 0 else 1


@compiled
def learn(
    ends: Array,
    gains: Array,
    thresholds_V: Array,
    offsets_V: Array,
    noise_V: float,
    gates: Array,
    inputs: Array,
    outputs: Array,
    given_V: Array,
    wanted_V: Array,
    hinge: bool,
    eta: float,
    step_V: float,
    top_V: float,
    taps: Array,
    kept: Array,
    keep_from: int,
    seeds: Array,
) -> int:
    """Train boards in turn by the sign rule with differences of two outputs. Return how many solutions failed.

    gains, thresholds_V (boards, 2, n_edges): of both networks. offsets_V (boards, n_edges): of the comparison of drops.
    gates (positions,): gate voltage of each tap. inputs (boards, n_in), outputs (boards, 2): nodes. given_V (boards,
    ticks, n_in), wanted_V (boards, ticks): volts and the wanted difference. hinge: whether a difference beyond the
    wanted one is right. step_V: of the DAC that clamps, top_V: its range. taps (boards, n_edges): in place. kept
    (boards, n_kept, n_edges): taps after ticks that are evenly spaced from keep_from on. seeds (boards,): of the noise.
    """
    failed = 0
    boards, ticks, n = len(taps), given_V.shape[1], int(ends.max()) + 1
    every = max(1, (ticks - keep_from) // kept.shape[1])
    for k in range(boards):
        np.random.seed(seeds[k])
        driven, clamped = np.zeros(n, np.bool_), np.zeros(n, np.bool_)
        for node in inputs[k]:
            driven[node] = clamped[node] = True
        for node in outputs[k]:
            clamped[node] = True
        free_V, clamp_V = np.full(n, top_V / 2), np.full(n, top_V / 2)
        p, q = outputs[k]
        above = np.empty(len(ends))
        for t in range(ticks):
            for i, node in enumerate(inputs[k]):
                free_V[node] = clamp_V[node] = given_V[k, t, i]
            for e in range(len(ends)):
                above[e] = gates[taps[k, e]] - thresholds_V[k, 0, e]
            failed += solve(ends, gains[k, 0], above, driven, free_V) < 0
            lacks = wanted_V[k, t] - (free_V[p] - free_V[q])
            right = hinge and lacks * wanted_V[k, t] <= 0
            if not right:
                for node, sign in ((p, 1.0), (q, -1.0)):
                    volts = free_V[node] + sign * eta * lacks / 2
                    clamp_V[node] = min(max(round(volts / step_V) * step_V, 0.0), top_V)
                for e in range(len(ends)):
                    above[e] = gates[taps[k, e]] - thresholds_V[k, 1, e]
                failed += solve(ends, gains[k, 1], above, clamped, clamp_V) < 0
                for e in range(len(ends)):
                    a, b = ends[e]
                    more_V = abs(clamp_V[a] - clamp_V[b]) - abs(free_V[a] - free_V[b])
                    more_V += offsets_V[k, e] + noise_V * np.random.normal()
                    taps[k, e] = min(max(taps[k, e] - (1 if more_V > 0 else -1), 0), len(gates) - 1)
            if t >= keep_from and (t - keep_from) // every < kept.shape[1]:
                kept[k, (t - keep_from) // every] = taps[k]
    return failed


@compiled
def answers(
    ends: Array, gains: Array, thresholds_V: Array, gates: Array, inputs: Array, outputs: Array, given_V: Array,
    taps: Array, top_V: float, found_V: Array,
) -> int:  # fmt: skip
    """Write the differences of the outputs of the free networks, found_V (boards, examples). Return failed solutions.

    given_V (examples, n_in); other arguments as learn() has them.
    """
    failed = 0
    n = int(ends.max()) + 1
    for k in range(len(taps)):
        driven = np.zeros(n, np.bool_)
        for node in inputs[k]:
            driven[node] = True
        above = np.empty(len(ends))
        for e in range(len(ends)):
            above[e] = gates[taps[k, e]] - thresholds_V[k, 0, e]
        for x in range(len(given_V)):
            volts = np.full(n, top_V / 2)
            for i, node in enumerate(inputs[k]):
                volts[node] = given_V[x, i]
            failed += solve(ends, gains[k, 0], above, driven, volts) < 0
            found_V[k, x] = volts[outputs[k, 0]] - volts[outputs[k, 1]]
    return failed
