"""SIO, the single-cycle I/O block: levels of all GPIO pins (RP2040 datasheet 2.3.1.7, "List of Registers")."""

import micropython
from micropython import const

from ..platform import ptr8, ptr32

BASE = const(0xD0000000)
# Word offsets.
GPIO_IN = const(1)  # 0x004
GPIO_OUT_SET = const(5)  # 0x014
GPIO_OUT_CLR = const(6)  # 0x018

SET_ADDRESS = BASE + 4 * GPIO_OUT_SET  # for machine code of other modules
CLEAR_ADDRESS = BASE + 4 * GPIO_OUT_CLR


class PinBits:
    """Bits of a word buffer on pins of their own.

    pins: (bit, GPIO number) pairs. words: bytearray; bit i is bit i % 8 of byte i // 8.
    """

    def __init__(self, pins, words):
        self._words = words
        self._table = bytes([len(pins)] + [number for pair in pins for number in pair])

    @micropython.viper
    def read(self):
        """Read all pins at one moment; bits without a pin become 0."""
        levels = int(ptr32(BASE)[GPIO_IN])
        words = ptr8(self._words)
        pins = ptr8(self._table)
        for i in range(int(len(self._words))):
            words[i] = 0
        at = 1
        for _ in range(int(pins[0])):
            bit = int(pins[at])
            words[bit >> 3] = int(words[bit >> 3]) | (levels >> int(pins[at + 1]) & 1) << (bit & 7)
            at += 2

    @micropython.viper
    def write(self):
        """Put every bit on its pin: first all that become high, then all that become low."""
        words = ptr8(self._words)
        pins = ptr8(self._table)
        high = 0
        low = 0
        at = 1
        for _ in range(int(pins[0])):
            bit = int(pins[at])
            mask = 1 << int(pins[at + 1])
            if int(words[bit >> 3]) >> (bit & 7) & 1:
                high |= mask
            else:
                low |= mask
            at += 2
        sio = ptr32(BASE)
        sio[GPIO_OUT_SET] = high
        sio[GPIO_OUT_CLR] = low
