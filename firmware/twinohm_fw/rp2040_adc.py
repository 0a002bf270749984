"""The RP2040's own ADC, behind dividers, alone or through one CD74HCT4067 (TI SCHS407: S0..S3 pick one of 16)."""

import time

import micropython
from machine import ADC, Pin
from micropython import const

from . import chip
from .chip import ptr8, ptr16, ptr32

MUX_SETTLE_US = 2

# RP2040 datasheet 4.9.6: word offsets, and bits of CS.
REGISTERS = const(0x4004C000)
CS = const(0)
RESULT = const(1)
EN = const(0x001)
START_ONCE = const(0x004)
READY = const(0x100)
FIRST_PIN = 26


class Channels:
    """Counts are 0..4095."""

    def begin(self):
        pass

    def sample(self, channels, counts, n):
        """Convert n channels (bytes) one after the other into counts (array "H")."""
        for k in range(n):
            counts[k] = self.read(channels[k])


class MuxedADC(Channels):
    """Up to 16 channels on one pin."""

    def __init__(self, config):
        self._adc = ADC(Pin(config["pins"][0]))
        self._select = [Pin(pin, Pin.OUT, value=0) for pin in config["mux"]["select"]]

    def read(self, channel):
        """Convert one channel."""
        for bit in range(4):
            self._select[bit](channel >> bit & 1)
        time.sleep_us(MUX_SETTLE_US)
        return self._adc.read_u16() >> 4


class RP2040ADC(Channels):
    """One pin per channel."""

    def __init__(self, config):
        self._adcs = [ADC(Pin(pin)) for pin in config["pins"]]
        if chip.RP2040:
            self._inputs = bytes([pin - FIRST_PIN for pin in config["pins"]])
            self.sample = self._sample_adc

    def read(self, channel):
        """Convert one channel."""
        return self._adcs[channel].read_u16() >> 4

    @micropython.viper
    def _sample_adc(self, channels, counts, n: int):
        adc = ptr32(REGISTERS)
        inputs = ptr8(self._inputs)
        wanted = ptr8(channels)
        out = ptr16(counts)
        for k in range(n):
            adc[CS] = int(inputs[wanted[k]]) << 12 | START_ONCE | EN
            while not int(adc[CS]) & READY:
                pass
            out[k] = int(adc[RESULT])
