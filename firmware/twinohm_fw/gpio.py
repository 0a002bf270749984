"""Lines that are pins of their own: the same shape as the shift register chains. pins[i] is bit i of `words`."""

from machine import Pin


class GpioIn:
    def __init__(self, pins, words):
        self.words = words
        self._pins = [(i, Pin(pin, Pin.IN)) for i, pin in pins]

    def read(self):
        words = self.words
        for i in range(len(words)):
            words[i] = 0
        for i, pin in self._pins:
            if pin():
                words[i >> 3] |= 1 << (i & 7)


class GpioOut:
    """Pins from bit `safe_from` on are chip selects: off() lifts them."""

    def __init__(self, pins, words, safe_from):
        self.words = words
        self._pins = [(i, Pin(pin, Pin.OUT, value=1 if i >= safe_from else 0)) for i, pin in pins]
        self._safe_from = safe_from

    def write(self):
        words = self.words
        for i, pin in self._pins:
            pin(words[i >> 3] >> (i & 7) & 1)

    def on(self):
        pass

    def off(self):
        for i, pin in self._pins:
            if i >= self._safe_from:
                pin(1)
