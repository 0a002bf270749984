"""TIMER (TIMER0 on the RP2350): microseconds since reset (RP2040 datasheet 4.6.5, RP2350 datasheet 12.8.5; timer.h)."""

import micropython
from micropython import const

from ..platform import ptr32

TICKS_MASK = const(0x3FFFFFFF)  # time.ticks_us() wraps at 2^30 (MicroPython, py/mphal.h MICROPY_PY_TIME_TICKS_PERIOD)


@micropython.viper
def wait(self):
    """Spin until more than `self.us` microseconds have passed since `self.since[0]`, by the counter at `since[1]`."""
    us = int(self.us)
    since = ptr32(self.since)
    start = int(since[0])
    timer = ptr32(since[1])
    while (int(timer[0]) - start) & TICKS_MASK <= us:
        pass
