"""Bytes of examples and of telemetry in the hot loop, as protocol/messages.py has them. Nothing is allocated."""

import micropython

from ..drivers.platform import ptr8, ptr16


@micropython.viper
def read_example(payload, at: int, codes, n_in: int, desired, n_out: int):
    """Read one example of TRAIN from payload[at:] into `codes` (n_in inputs) and `desired` (n_out outputs)."""
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
def write_codes(log, at: int, free, clamped, n: int) -> int:
    """Write n codes of `free`, then n of `clamped` to log[at:]. Return where they end."""
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
def write_record(log, start: int, now: int, at: int, compared, words, n: int):
    """Write the time to log[start:], and CMP, SGN, up and moved of n edges to log[at:].

    now: us. compared: CMP bytes, then SGN bytes. words: U/D bytes, then /CS bytes.
    """
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
