"""Lines that are pins of their own, with the methods of the shift register chains. pins[i] is bit i of `words`."""

from machine import Pin

from . import platform
from .blocks import sio


class InputPins:
    """Read (bit, GPIO number) pairs into the bytearray `words`."""

    def __init__(self, pins, words):
        self.words = words
        self._pins = [(i, Pin(pin, Pin.IN)) for i, pin in pins]
        if platform.FAST:
            self.read = sio.PinBits(pins, words).read

    def read(self):
        """Read one pin after the other; bits without a pin become 0."""
        words = self.words
        for i in range(len(words)):
            words[i] = 0
        for i, pin in self._pins:
            if pin():
                words[i >> 3] |= 1 << (i & 7)


class OutputPins:
    """Drive (bit, GPIO number) pairs from the bytearray `words`. Bits from `first_select` on are chip selects (/CS)."""

    def __init__(self, pins, words, first_select):
        self.words = words
        self._pins = [(i, Pin(pin, Pin.OUT, value=1 if i >= first_select else 0)) for i, pin in pins]
        self._first_select = first_select
        if platform.FAST:
            self.write = sio.PinBits(pins, words).write

    def write(self):
        """Put every bit on its pin."""
        words = self.words
        for i, pin in self._pins:
            pin(words[i >> 3] >> (i & 7) & 1)

    def on(self):
        """Do nothing: pins are always driven."""

    def off(self):
        """Lift every chip select."""
        for i, pin in self._pins:
            if i >= self._first_select:
                pin(1)
