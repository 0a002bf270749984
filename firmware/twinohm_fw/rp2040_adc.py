"""The RP2040's own ADC, behind dividers, alone or through one CD74HCT4067 (TI SCHS407: S0..S3 pick one of 16)."""

import time

from machine import ADC, Pin

MUX_SETTLE_US = 2


class RP2040ADC:
    """One pin per channel; counts are 0..4095."""

    def __init__(self, config):
        self._adcs = [ADC(Pin(pin)) for pin in config["pins"]]

    def begin(self):
        pass

    def read(self, channel):
        """Convert one channel."""
        return self._adcs[channel].read_u16() >> 4

    def sample(self, channels, counts, n):
        """Convert n channels (bytes) one after the other into counts (array "H")."""
        for k in range(n):
            counts[k] = self.read(channels[k])


class MuxedADC(RP2040ADC):
    """Up to 16 channels on one pin."""

    def __init__(self, config):
        super().__init__(config)
        self._select = [Pin(pin, Pin.OUT, value=0) for pin in config["mux"]["select"]]

    def read(self, channel):
        for bit in range(4):
            self._select[bit](channel >> bit & 1)
        time.sleep_us(MUX_SETTLE_US)
        return self._adcs[0].read_u16() >> 4
