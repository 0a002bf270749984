"""The nudge of the outputs (paper, eq. 1) on vectors of 16-bit codes. Nothing is allocated.

Outputs may be asked for alone, or in pairs, of which the difference is asked for: output 0 minus 1, 2 minus 3, ...
"""

from array import array

import micropython
from micropython import const

from ..drivers.platform import ptr16, ptr32

TOP_CODE = const(65535)
LARGEST = const(0x3FFF_FFFF)  # no offset is larger

# Indices of NudgeTerms.words.
N_OUTPUTS = const(0)
ETA = const(1)
LOW = const(2)
HIGH = const(3)
OVERCLAMP = const(4)
PAIRS = const(5)
HINGE = const(6)
MARGIN = const(7)
RIGHT = const(8)  # of the last nudge: whether all pairs are right by the margin, with the hinge


class NudgeTerms:
    """Numbers that nudge_codes() takes apart from vectors. `words` is the array that machine code reads.

    low, high: range of the drivers, codes.
    """

    def __init__(self, low, high):
        self.words = array("i", [0, 0, low, high, 0, 0, 0, 0, 0])

    @property
    def n_outputs(self):
        return self.words[N_OUTPUTS]

    @n_outputs.setter
    def n_outputs(self, n):
        self.words[N_OUTPUTS] = n

    @property
    def eta(self):
        """The nudge of eq. 1 in 1/4096."""
        return self.words[ETA]

    @eta.setter
    def eta(self, eta):
        self.words[ETA] = eta

    @property
    def pairs(self):
        """Whether the difference of each two outputs is asked for."""
        return self.words[PAIRS]

    def set_pairs(self, pairs, hinge, margin):
        """Ask for differences. hinge: whether a pair that is right by `margin` (a code; 0: its target) is let be."""
        self.words[PAIRS] = bool(pairs)
        self.words[HINGE] = bool(hinge)
        self.words[MARGIN] = margin
        self.words[RIGHT] = 0

    @property
    def right(self):
        """Whether the last nudge found all pairs right by the margin, so that no edge is to step."""
        return self.words[RIGHT]

    @property
    def overclamp(self):
        """Whether outputs are clamped towards the far end of the range, by the sign of their error."""
        return self.words[OVERCLAMP]

    @overclamp.setter
    def overclamp(self, overclamp):
        self.words[OVERCLAMP] = bool(overclamp)


@micropython.viper
def nudge_codes(gains, desired, free, clamped, words):
    """Turn ADC counts in `free` into codes, and those into `clamped` (eq. 1).

    gains: array "i", of each output, then offsets of each. desired, free, clamped: arrays "H", codes by output. words:
    of NudgeTerms.
    """
    g = ptr32(gains)
    d = ptr16(desired)
    f = ptr16(free)
    out = ptr16(clamped)
    p = ptr32(words)
    eta = int(p[ETA])
    low = int(p[LOW])
    high = int(p[HIGH])
    overclamp = int(p[OVERCLAMP])
    n = int(p[N_OUTPUTS])
    half = 16
    wrap = (1 << half) << half  # 0 on the chip; ptr32 gives no signs where machine words have 64 bits
    for k in range(n):
        offset = int(g[n + k])
        if offset > LARGEST:
            offset -= wrap
        code = (int(f[k]) * int(g[k]) + offset) >> 12
        if code > TOP_CODE:
            code = TOP_CODE
        if code < 0:
            code = 0
        f[k] = code
        error = int(d[k]) - code
        if overclamp:
            if error > 0:
                error = high - code
            else:
                error = low - code
        code += (error * eta + 2048) >> 12
        if code < low:
            code = low
        if code > high:
            code = high
        out[k] = code
    if not int(p[PAIRS]):
        return
    right = int(p[HINGE])
    hinge = right
    k = 0
    while k < n:
        wanted = int(d[k]) - int(d[k + 1])
        found = int(f[k]) - int(f[k + 1])
        nudge = (((wanted - found) >> 1) * eta + 2048) >> 12
        if wanted < 0:
            wanted = 0 - wanted
            found = 0 - found
        some = wanted  # a difference of 0 has no sign that could be right
        if int(p[MARGIN]):
            wanted = int(p[MARGIN])
        if found < wanted or not some:
            right = 0
        elif hinge:
            nudge = 0
        code = int(f[k]) + nudge
        other = int(f[k + 1]) - nudge
        if code < low:
            code = low
        if code > high:
            code = high
        if other < low:
            other = low
        if other > high:
            other = high
        out[k] = code
        out[k + 1] = other
        k += 2
    p[RIGHT] = right


@micropython.viper
def squared_errors(desired, free, n: int, pairs: int) -> int:
    """Return the sum over n outputs of the square of error / 8; with pairs, that over their differences.

    desired, free: arrays "H", codes by output.
    """
    d = ptr16(desired)
    f = ptr16(free)
    squares = 0
    step = 1
    if pairs:
        step = 2
    k = 0
    while k < n:
        error = int(d[k]) - int(f[k])
        if pairs:
            error += int(f[k + 1]) - int(d[k + 1])
        k += step
        if error < 0:
            error = 0 - error
        error >>= 3
        squares += error * error
    return squares
