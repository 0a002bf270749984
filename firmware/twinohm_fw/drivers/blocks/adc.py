"""ADC: the chip's own converter (RP2040 datasheet 4.9.6, RP2350 datasheet 12.4.7, "List of Registers"; adc.h)."""

from array import array

import micropython
from micropython import const

from ..platform import ptr8, ptr16, ptr32, registers

FIRST_PIN = 26  # GPIO of input 0 (RP2040 datasheet 4.9; RP2350 datasheet 12.4, in the package with 60 pins)

# Word offsets, and bits of CS.
CS = const(0)
RESULT = const(1)
EN = const(0x001)
START_ONCE = const(0x004)
READY = const(0x100)
AINSEL_SHIFT = const(12)
SPINS = const(10_000)  # about 1 ms; a conversion takes 2 us (4.9.2; 12.4.3)


class Sampler:
    """Conversions without a call of the interpreter.

    pins: GPIO number of each channel.
    """

    def __init__(self, pins):
        self._table = array("I", [registers.ADC] + [pin - FIRST_PIN for pin in pins])

    def _fail(self):
        raise OSError("the ADC of the Pico does not convert: reset the board")

    @micropython.viper
    def sample(self, channels, counts, n: int):
        """Convert n channels (bytes) one after the other into counts (array "H", 0..4095)."""
        table = ptr32(self._table)
        adc = ptr32(table[0])
        wanted = ptr8(channels)
        out = ptr16(counts)
        for k in range(n):
            adc[CS] = int(table[1 + int(wanted[k])]) << AINSEL_SHIFT | START_ONCE | EN
            left = SPINS
            while not int(adc[CS]) & READY:
                left -= 1
                if not left:
                    self._fail()
            out[k] = int(adc[RESULT])
