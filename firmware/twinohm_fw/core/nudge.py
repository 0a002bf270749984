"""The nudge of the outputs (paper, eq. 1) on vectors of 16-bit codes. Nothing is allocated."""

import micropython
from micropython import const

from ..drivers.platform import ptr16, ptr32

TOP_CODE = const(65535)


@micropython.viper
def nudge_codes(gains, desired, free, clamped, limits) -> int:
    """Turns ADC counts in `free` into codes, and those into `clamped` (eq. 1). gains, array "i": of each output, then
    offsets of each. limits, array "i": outputs, eta, low, high, overclamp. Returns the sum of squared errors, each
    error / 8.
    """
    g = ptr32(gains)
    d = ptr16(desired)
    f = ptr16(free)
    out = ptr16(clamped)
    p = ptr32(limits)
    eta = int(p[1])
    low = int(p[2])
    high = int(p[3])
    squares = 0
    n = int(p[0])
    for k in range(n):
        code = (int(f[k]) * int(g[k]) + int(g[n + k])) >> 12
        if code > TOP_CODE:
            code = TOP_CODE
        if code < 0:
            code = 0
        f[k] = code
        error = int(d[k]) - code
        eighth = error >> 3
        if error < 0:
            eighth = (0 - error) >> 3
        squares += eighth * eighth
        if int(p[4]):
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
    return squares
