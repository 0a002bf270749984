"""The wait between a change of DAC, switch or pot and the next reading."""

import time
from array import array

import micropython
from micropython import const

from . import chip
from .chip import ptr32

TIMER = const(0x40054000)  # RP2040 datasheet 4.6, word offset
TIMERAWL = const(10)
TICKS = const(0x3FFFFFFF)  # as time.ticks_us() wraps


class Settling:
    """`us` from the last change to the end of wait(). changed() sets it to the longest that the board ever takes; the
    hot loop, whose parts write `since` themselves, knows better.
    """

    def __init__(self, us):
        self._longest = us
        self.since = array("i", [0])  # time.ticks_us() of the last change
        self.changed()
        if chip.RP2040:
            self.wait = self._wait_timer

    def changed(self):
        self.us = self._longest
        self.since[0] = time.ticks_us()

    def wait(self):
        left = self.us + 1 - time.ticks_diff(time.ticks_us(), self.since[0])
        if left > 0:
            time.sleep_us(left)

    @micropython.viper
    def _wait_timer(self):
        timer = ptr32(TIMER)
        us = int(self.us)
        since = int(ptr32(self.since)[0])
        while (int(timer[TIMERAWL]) - since) & TICKS <= us:
            pass
