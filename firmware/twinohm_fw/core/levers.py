"""Levers of learning, all off by default (host/twinohm/model/levers.py says what each is and which boards can do it).

Random numbers are Wichmann and Hill's (Applied Statistics AS 183, 1982): three generators that stay small integers.
"""

from array import array

import micropython
from micropython import const

from ..drivers.platform import ptr8, ptr32

P_ONE = const(32768)
MAJORITY = const(0)
UNANIMOUS = const(1)
UP = const(2)

# Indices of Levers._terms.
N_EDGES = const(0)
READINGS = const(1)
VOTE = const(2)
P = const(3)
WHOLE = const(4)
_VOTES = {"majority": MAJORITY, "unanimous": UNANIMOUS, "up": UP}


def isqrt(n):
    """Return the whole part of the square root of n."""
    if n < 2:
        return n
    x = n
    y = (x + 1) >> 1
    while y < x:
        x = y
        y = (x + n // x) >> 1
    return x


@micropython.viper
def _tally(ups, before: int, compared, n: int, n_bytes: int):
    """Count one more reading, after `before` others: ups[i] is how many of them send edge i up."""
    u = ptr8(ups)
    w = ptr8(compared)
    for i in range(n):
        b = i >> 3
        if before == 0:
            u[i] = 0
        u[i] = int(u[i]) + 1 - ((int(w[b]) ^ int(w[n_bytes + b])) >> (i & 7) & 1)


@micropython.viper
def _vote(ups, up, part, seeds, terms):
    """Fill `up` and `part` from the counts of `ups`. terms: array "i" with the indices above."""
    u = ptr8(ups)
    w = ptr8(up)
    q = ptr8(part)
    seed = ptr32(seeds)
    t = ptr32(terms)
    n = int(t[N_EDGES])
    k = int(t[READINGS])
    vote = int(t[VOTE])
    p = int(t[P])
    whole = int(t[WHOLE])
    go = 1
    for i in range(n):
        b = i >> 3
        bit = 1 << (i & 7)
        if bit == 1:
            w[b] = 0
            q[b] = 0
        count = int(u[i])
        rises = 0
        if vote == MAJORITY:
            if 2 * count > k:
                rises = 1
        elif count == k or (vote == UP and count > 0):
            rises = 1
        if rises:
            w[b] = int(w[b]) | bit
        if p < P_ONE and (i == 0 or not whole):
            x = 171 * int(seed[0]) % 30269
            y = 172 * int(seed[1]) % 30307
            z = 170 * int(seed[2]) % 30323
            seed[0] = x
            seed[1] = y
            seed[2] = z
            go = 0
            if (x * P_ONE // 30269 + y * P_ONE // 30307 + z * P_ONE // 30323) & (P_ONE - 1) < p:
                go = 1
        if go and (vote != UNANIMOUS or count == 0 or count == k):
            q[b] = int(q[b]) | bit


class Levers:
    """Decide from readings of the comparators which way edges step (`up`), and which take part in a tick (`part`).

    nudge_terms: NudgeTerms, whose `overclamp` is one of the levers.
    """

    def __init__(self, n_edges, nudge_terms):
        self._nudge_terms = nudge_terms
        self._n_edges = n_edges
        self._n_bytes = (n_edges + 7) >> 3
        self._ups = bytearray(n_edges)
        self.part = bytearray(self._n_bytes)
        self._seeds = array("i", [0, 0, 0])
        self._terms = array("i", [n_edges, 0, 0, 0, 0])
        self.off()

    def off(self):
        """Let every edge do at every tick what its comparators say."""
        self.set(P_ONE, 0, 0, 1, "majority", False, False, False, False, 0, (1, 1, 1))

    def set(self, p, p_floor, error_full, readings, vote, overclamp, whole, pairs, hinge, margin, seeds):
        """Set all levers.

        p, p_floor: probabilities in 1/32768. error_full: a code (0: p ignores the error). readings: 1..15. vote:
        "majority", "unanimous" or "up". overclamp, whole: true or false. pairs: whether differences of each two outputs
        are asked for. hinge, margin: as NudgeTerms.set_pairs() has them. seeds: three, of the generators.
        """
        self._p = p
        self._p_floor = p_floor
        self._error_full = error_full
        self._readings = self._terms[READINGS] = readings
        self._terms[VOTE] = _VOTES[vote]
        self._terms[WHOLE] = bool(whole)
        self._nudge_terms.overclamp = overclamp
        self._nudge_terms.set_pairs(pairs, hinge, margin)
        for k, seed in enumerate(seeds):
            self._seeds[k] = seed
        self.on = p < P_ONE or error_full > 0 or readings > 1 or bool(pairs and hinge)
        for b in range(self._n_bytes):
            self.part[b] = (1 << min(8, self._n_edges - 8 * b)) - 1

    def choose_steps(self, comparators, up, rms):
        """Fill `up` and `part` from readings of the comparators. rms: measured error of this tick, a code."""
        for k in range(self._readings):
            comparators.read()
            _tally(self._ups, k, comparators.words, self._n_edges, self._n_bytes)
        p = self._p
        if self._error_full:
            p = min(p, max(self._p_floor, (4096 * rms // self._error_full) << 3))
        self._terms[P] = p
        _vote(self._ups, up, self.part, self._seeds, self._terms)
        if self._nudge_terms.right:
            for b in range(self._n_bytes):
                self.part[b] = 0
