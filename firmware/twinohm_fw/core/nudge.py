"""The nudge of the outputs (paper, eq. 1) on vectors of 16-bit codes. Nothing is allocated."""

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


class NudgeTerms:
    """Numbers that nudge_codes() takes apart from vectors. `words` is the array that machine code reads.

    low, high: range of the drivers, codes.
    """

    def __init__(self, low, high):
        self.words = array("i", [0, 0, low, high, 0])

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


@micropython.viper
def squared_errors(desired, free, n: int) -> int:
    """Return the sum over n outputs of the square of error / 8. desired, free: arrays "H", codes by output."""
    d = ptr16(desired)
    f = ptr16(free)
    squares = 0
    for k in range(n):
        error = int(d[k]) - int(f[k])
        if error < 0:
            error = 0 - error
        error >>= 3
        squares += error * error
    return squares
