"""An ADC on SPI with 16 channels of 12 bits: 16 clocks a frame while /CS is low, the channel in front of the count."""

MAX_HZ = 20_000_000
FRAME = 16


class SpiAdc:
    """One chip. `sample(channel)` returns counts 0..4095, taken at the falling edge of /CS.

    A part has its MODE (polarity, phase), `_acquire()`, which returns the channel that a frame samples, and
    `_command(word)`, which takes what the frame has brought.
    """

    def __init__(self, fixture, cs, sample, name):
        self.name = name
        self._fixture = fixture
        self._sample = sample
        self._channel = 0  # named last
        self.selected = False
        self._clocks = 0
        self._out = 0
        self._in = 0
        cs.listeners.append(self._select)

    def _select(self, level, width):
        self.selected = not level
        if not level:
            channel = self._acquire()
            self._out = channel << 12 | self._sample(channel)
            self._in = 0
            self._clocks = 0
        elif self._clocks not in (0, FRAME):
            self._fixture.violate(self.name, "%d clocks while /CS was low: it wants %d" % (self._clocks, FRAME))

    def shift(self, value, bits, hz, polarity, phase):
        """So many bits in, first one highest; returns as many that went out meanwhile."""
        if not self.selected:
            return 0
        if not self._clocks and (hz > MAX_HZ or (polarity, phase) != self.MODE):
            limits = (MAX_HZ,) + self.MODE
            self._fixture.violate(
                self.name, "%d Hz, mode %d%d: at most %d Hz, mode %d%d" % ((hz, polarity, phase) + limits)
            )
        self._clocks += bits
        self._in = self._in << bits | value
        if self._clocks == FRAME:
            self._command(self._in)
        left = FRAME - self._clocks
        mask = (1 << bits) - 1
        return self._out >> left & mask if left >= 0 else self._out << -left & mask
