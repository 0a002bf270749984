"""Levers of learning, all off by default (host/twinohm/levers.py says what each is and who can do it).

Random numbers are Wichmann and Hill's (Applied Statistics AS 183, 1982): three generators that stay small integers.
"""

P_ONE = 32768
MAJORITY, UNANIMOUS, UP = 0, 1, 2
OVERCLAMP, WHOLE = 1, 2


def isqrt(n):
    """Whole part of the square root."""
    if n < 2:
        return n
    x = n
    y = (x + 1) >> 1
    while y < x:
        x = y
        y = (x + n // x) >> 1
    return x


class Levers:
    """Decides from readings of the comparators where edges go (`up`) and which may move at all (`part`)."""

    def __init__(self, n_edges):
        self._n_edges = n_edges
        self._ups = bytearray(n_edges)
        self.part = bytearray((n_edges + 7) >> 3)
        self.off()

    def off(self):
        self.set(P_ONE, 0, 0, 1, MAJORITY, 0, 1, 1, 1)

    def set(self, p, p_floor, error_full, readings, vote, flags, x, y, z):
        """Probabilities in 1/32768, error_full a code (0: p ignores the error); x, y, z start the generator."""
        self._p = p
        self._p_floor = p_floor
        self._error_full = error_full
        self._readings = readings
        self._vote = vote
        self._whole = flags & WHOLE
        self.overclamp = flags & OVERCLAMP
        self._x = x
        self._y = y
        self._z = z
        self.on = p < P_ONE or error_full > 0 or readings > 1

    def _draw(self):
        """0..32767."""
        self._x = x = 171 * self._x % 30269
        self._y = y = 172 * self._y % 30307
        self._z = z = 170 * self._z % 30323
        return (x * P_ONE // 30269 + y * P_ONE // 30307 + z * P_ONE // 30323) & (P_ONE - 1)

    def decide(self, comparators, up, rms):
        """Fill `up` and `part`. rms: measured error of this tick, a code."""
        ups = self._ups
        part = self.part
        words = comparators.words
        n = len(part)
        for i in range(self._n_edges):
            ups[i] = 0
        for _ in range(self._readings):
            comparators.read()
            for i in range(self._n_edges):
                b = i >> 3
                ups[i] += 1 - ((words[b] ^ words[n + b]) >> (i & 7) & 1)
        p = self._p
        if self._error_full:
            p = min(p, max(self._p_floor, (4096 * rms // self._error_full) << 3))
        draws = p < P_ONE
        go = not (draws and self._whole) or self._draw() < p
        draws = draws and not self._whole
        for b in range(n):
            up[b] = 0
            part[b] = 0
        k = self._readings
        for i in range(self._n_edges):
            count = ups[i]
            bit = 1 << (i & 7)
            b = i >> 3
            if self._vote == MAJORITY:
                rises = 2 * count > k
            else:
                rises = count > 0 if self._vote == UP else count == k
            if rises:
                up[b] |= bit
            if draws:
                go = self._draw() < p
            if go and (self._vote != UNANIMOUS or count == 0 or count == k):
                part[b] |= bit
