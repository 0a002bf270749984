"""ADC: the RP2040's own converter (RP2040 datasheet 4.9.6, "List of Registers")."""

import micropython
from micropython import const

from ..platform import ptr8, ptr16, ptr32

FIRST_PIN = 26  # GPIO of input 0 (4.9, "ADC and Temperature Sensor")

BASE = const(0x4004C000)
# Word offsets, and bits of CS.
CS = const(0)
RESULT = const(1)
EN = const(0x001)
START_ONCE = const(0x004)
READY = const(0x100)
AINSEL_SHIFT = const(12)
SPINS = const(10_000)  # about 1 ms; a conversion takes 2 us (4.9.2)


class Sampler:
    """Conversions without a call of the interpreter.

    pins: GPIO number of each channel.
    """

    def __init__(self, pins):
        self._inputs = bytes([pin - FIRST_PIN for pin in pins])

    def _fail(self):
        raise OSError("the ADC of the RP2040 does not convert: reset the board")

    @micropython.viper
    def sample(self, channels, counts, n: int):
        """Convert n channels (bytes) one after the other into counts (array "H", 0..4095)."""
        adc = ptr32(BASE)
        inputs = ptr8(self._inputs)
        wanted = ptr8(channels)
        out = ptr16(counts)
        for k in range(n):
            adc[CS] = int(inputs[wanted[k]]) << AINSEL_SHIFT | START_ONCE | EN
            left = SPINS
            while not int(adc[CS]) & READY:
                left -= 1
                if not left:
                    self._fail()
            out[k] = int(adc[RESULT])
