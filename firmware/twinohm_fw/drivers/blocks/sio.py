"""SIO, single-cycle I/O: levels of GPIO pins 0..31 (RP2040 datasheet 2.3.1.7, RP2350 datasheet 3.1.11; sio.h)."""

from array import array

import micropython
from micropython import const

from ..platform import ptr8, ptr32, registers

PAIRS = const(5)  # index of the first pair in the table


class PinBits:
    """Bits of a word buffer on pins of their own.

    pins: (bit, GPIO number) pairs. words: bytearray; bit i is bit i % 8 of byte i // 8.
    """

    def __init__(self, pins, words):
        self._words = words
        head = [registers.GPIO_IN, registers.GPIO_OUT_SET, registers.GPIO_OUT_CLR, len(words), len(pins)]
        self._table = array("I", head + [number for pair in pins for number in pair])

    @micropython.viper
    def read(self):
        """Read all pins at one moment; bits without a pin become 0."""
        table = ptr32(self._table)
        levels = int(ptr32(table[0])[0])
        words = ptr8(self._words)
        for i in range(int(table[3])):
            words[i] = 0
        at = PAIRS
        for _ in range(int(table[4])):
            bit = int(table[at])
            words[bit >> 3] = int(words[bit >> 3]) | (levels >> int(table[at + 1]) & 1) << (bit & 7)
            at += 2

    @micropython.viper
    def write(self):
        """Put every bit on its pin: first all that become high, then all that become low."""
        table = ptr32(self._table)
        words = ptr8(self._words)
        high = 0
        low = 0
        at = PAIRS
        for _ in range(int(table[4])):
            bit = int(table[at])
            mask = 1 << int(table[at + 1])
            if int(words[bit >> 3]) >> (bit & 7) & 1:
                high |= mask
            else:
                low |= mask
            at += 2
        ptr32(table[1])[0] = high
        ptr32(table[2])[0] = low
