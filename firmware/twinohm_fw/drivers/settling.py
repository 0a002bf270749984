"""The wait between a change of DAC, switch or pot and the next reading."""

import time
from array import array

from . import platform
from .rp2040 import timer


class Settling:
    """Wait until the networks have settled: `us` microseconds after the last change.

    us: the longest settling time of the board. changed() sets `us` back to it; who knows that the next wait may be
    shorter writes `us`, and machine code of the drivers writes `since` itself.
    """

    def __init__(self, us):
        self._longest_us = us
        self.since = array("i", [0])  # time.ticks_us() of the last change
        self.changed()

    def changed(self):
        """Note that a DAC, a switch or a pot has just changed."""
        self.us = self._longest_us
        self.since[0] = time.ticks_us()

    def wait(self):
        """Sleep for what is left of the settling time."""
        left = self.us + 1 - time.ticks_diff(time.ticks_us(), self.since[0])
        if left > 0:
            time.sleep_us(left)


class TimerSettling(Settling):
    """The same wait on the RP2040's timer."""

    wait = timer.wait


def settling(us):
    """Return the Settling for this microcontroller."""
    return (TimerSettling if platform.RP2040 else Settling)(us)
