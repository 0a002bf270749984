"""Vectors of 16-bit codes, arrays "H": the clamp (paper, eq. 1), requests and telemetry. Nothing is allocated."""

import micropython
from micropython import const

from .chip import ptr8, ptr16, ptr32

TOP_CODE = const(65535)


@micropython.viper
def clamp(gains, desired, free, clamped, limits) -> int:
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


@micropython.viper
def take(payload, at: int, codes, n_in: int, desired, n_out: int):
    """One example of TRAIN from payload[at:], little-endian: input codes, desired codes."""
    b = ptr8(payload)
    c = ptr16(codes)
    d = ptr16(desired)
    for k in range(n_in):
        c[k] = int(b[at]) | int(b[at + 1]) << 8
        at += 2
    for k in range(n_out):
        d[k] = int(b[at]) | int(b[at + 1]) << 8
        at += 2


@micropython.viper
def give(log, at: int, free, clamped, n: int) -> int:
    """n codes of each to log[at:], little-endian. Returns where they end."""
    b = ptr8(log)
    f = ptr16(free)
    c = ptr16(clamped)
    for k in range(n):
        b[at] = int(f[k]) & 255
        b[at + 1] = int(f[k]) >> 8
        b[at + 2 * n] = int(c[k]) & 255
        b[at + 2 * n + 1] = int(c[k]) >> 8
        at += 2
    return at + 2 * n


@micropython.viper
def record(log, start: int, now: int, at: int, compared, words, n: int):
    """Time to log[start:]; CMP, SGN, up and moved of n edges to log[at:]. words: U/D bytes, then /CS bytes."""
    b = ptr8(log)
    w = ptr8(compared)
    lines = ptr8(words)
    for k in range(4):
        b[start + k] = now & 255
        now >>= 8
    n_bytes = (n + 7) >> 3
    for k in range(2 * n_bytes):
        b[at + k] = int(w[k])
    at += 2 * n_bytes
    for k in range(n_bytes):
        mask = 255
        if n < 8:
            mask = (1 << n) - 1
        b[at + k] = int(lines[k]) & mask
        b[at + n_bytes + k] = ~int(lines[n_bytes + k]) & mask
        n -= 8
