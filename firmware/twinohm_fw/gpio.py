"""Lines that are pins of their own: the same shape as the shift register chains. pins[i] is bit i of `words`."""

import micropython
from machine import Pin
from micropython import const

from . import chip
from .chip import ptr8, ptr32

# RP2040 datasheet 2.3.1.7: word offsets in SIO.
SIO = const(0xD0000000)
GPIO_IN = const(1)
GPIO_OUT_SET = const(5)
GPIO_OUT_CLR = const(6)


class GpioIn:
    def __init__(self, pins, words):
        self.words = words
        self._pins = [(i, Pin(pin, Pin.IN)) for i, pin in pins]
        if chip.RP2040:
            self._table = table(pins)
            self.read = self._read_sio

    def read(self):
        words = self.words
        for i in range(len(words)):
            words[i] = 0
        for i, pin in self._pins:
            if pin():
                words[i >> 3] |= 1 << (i & 7)

    @micropython.viper
    def _read_sio(self):
        """All pins at one moment."""
        levels = int(ptr32(SIO)[GPIO_IN])
        words = ptr8(self.words)
        pins = ptr8(self._table)
        for i in range(int(len(self.words))):
            words[i] = 0
        at = 1
        for _ in range(int(pins[0])):
            bit = int(pins[at])
            words[bit >> 3] = int(words[bit >> 3]) | (levels >> int(pins[at + 1]) & 1) << (bit & 7)
            at += 2


class GpioOut:
    """Pins from bit `safe_from` on are chip selects: off() lifts them."""

    def __init__(self, pins, words, safe_from):
        self.words = words
        self._pins = [(i, Pin(pin, Pin.OUT, value=1 if i >= safe_from else 0)) for i, pin in pins]
        self._safe_from = safe_from
        if chip.RP2040:
            self._table = table(pins)
            self.write = self._write_sio

    def write(self):
        words = self.words
        for i, pin in self._pins:
            pin(words[i >> 3] >> (i & 7) & 1)

    @micropython.viper
    def _write_sio(self):
        words = ptr8(self.words)
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
        sio = ptr32(SIO)
        sio[GPIO_OUT_SET] = high
        sio[GPIO_OUT_CLR] = low

    def on(self):
        pass

    def off(self):
        for i, pin in self._pins:
            if i >= self._safe_from:
                pin(1)


def table(pins):
    """Bytes: how many, then bit and pin of each."""
    return bytes([len(pins)] + [number for pair in pins for number in pair])
