"""The chip's own ADC, behind dividers, alone or through one CD74HCT4067 (TI SCHS407: S0..S3 pick one of 16)."""

import time

from machine import ADC, Pin

from . import platform
from .blocks import adc

MUX_SETTLE_US = 2  # CD74HCT4067: address to output 60 ns at most at 4.5 V (TI SCHS407, "Switching Characteristics")


class Channels:
    """Channels of the chip's ADC; counts are 0..4095."""

    def begin(self):
        """Do nothing: machine.ADC has set up the converter."""

    def sample(self, channels, counts, n):
        """Convert n channels (bytes) one after the other into counts (array "H")."""
        for k in range(n):
            counts[k] = self.read(channels[k])


class MuxedADC(Channels):
    """Up to 16 channels on one pin. config: GPIO numbers `pins` (one) and `mux`: `select` (four, S0 first)."""

    def __init__(self, config):
        self._adc = ADC(Pin(config["pins"][0]))
        self._select = [Pin(pin, Pin.OUT, value=0) for pin in config["mux"]["select"]]

    def read(self, channel):
        """Return the count of one channel."""
        for bit in range(4):
            self._select[bit](channel >> bit & 1)
        time.sleep_us(MUX_SETTLE_US)
        return self._adc.read_u16() >> 4


class InternalADC(Channels):
    """One pin a channel. config: GPIO numbers `pins`."""

    def __init__(self, config):
        self._adcs = [ADC(Pin(pin)) for pin in config["pins"]]
        if platform.FAST:
            self.sample = adc.Sampler(config["pins"]).sample

    def read(self, channel):
        """Return the count of one channel."""
        return self._adcs[channel].read_u16() >> 4
