"""TIMER: microseconds since reset (RP2040 datasheet 4.6.5, "List of Registers")."""

import micropython
from micropython import const

from ..platform import ptr32

BASE = const(0x40054000)
TIMERAWL = const(10)  # word offset, 0x28: low word, without latching the high one
TICKS_MASK = const(0x3FFFFFFF)  # time.ticks_us() wraps at 2^30 (MicroPython, py/mphal.h MICROPY_PY_TIME_TICKS_PERIOD)

COUNT_ADDRESS = BASE + 4 * TIMERAWL  # for machine code of other modules


@micropython.viper
def wait(self):
    """Spin until more than `self.us` microseconds have passed since `self.since[0]`, a value of time.ticks_us()."""
    timer = ptr32(BASE)
    us = int(self.us)
    since = int(ptr32(self.since)[0])
    while (int(timer[TIMERAWL]) - since) & TICKS_MASK <= us:
        pass
