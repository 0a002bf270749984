"""The wait between a change of DAC, switch or pot and the next reading."""

import time
from array import array

from . import platform
from .blocks import timer
from .platform import registers

STEP_SHARE = 0.4  # of the settling time: what one step of every pot takes (tests/unit/test_settling.py)


class Settling:
    """Wait until the networks have settled: `us` microseconds after the last change.

    longest_us: the longest settling time of the board. changed() sets `us` back to it; who knows that the next wait may
    be shorter writes `us`, and machine code of the drivers writes `since` itself.
    """

    def __init__(self, longest_us):
        self._longest_us = longest_us
        self.since = array("i", [0, registers.TIMERAWL])  # time.ticks_us() of the last change, and what counts them
        self.changed()
        self.set_roles_us((longest_us, longest_us))

    def set_roles_us(self, roles_us):
        """Set the longest time that the free and the clamped network take to settle with the present roles, us."""
        self.roles_us = roles_us
        self.step_us = [int(STEP_SHARE * us) + 1 for us in roles_us]  # after one step of every pot
        self.clamp_us = roles_us[1]  # after the next clamping

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
    """The same wait on the chip's timer."""

    wait = timer.wait


def settling(us):
    """Return the Settling for this microcontroller."""
    return (TimerSettling if platform.FAST else Settling)(us)
