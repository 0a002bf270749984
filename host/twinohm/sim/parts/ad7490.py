"""AD7490 on SPI (Analog Devices, Rev. D): 16 clocks a frame while /CS is low; a control word names the next channel."""

MAX_HZ = 20_000_000
FRAME = 16


class AD7490:
    """One chip. `sample(channel)` returns counts 0..4095, taken at the falling edge of /CS."""

    def __init__(self, fixture, cs, sample, name="AD7490"):
        self.name = name
        self._fixture = fixture
        self._sample = sample
        self._channel = 0
        self.selected = False
        self._clocks = 0
        self._out = 0
        self._in = 0
        cs.listeners.append(self._select)

    def _select(self, level, width):
        self.selected = not level
        if not level:
            self._out = self._channel << 12 | self._sample(self._channel)
            self._in = 0
            self._clocks = 0
        elif self._clocks not in (0, FRAME):
            self._fixture.violate(self.name, "%d clocks while /CS was low: it wants %d" % (self._clocks, FRAME))

    def shift(self, value, bits, hz, polarity, phase):
        """So many bits in, first one highest; returns as many that went out meanwhile."""
        if not self.selected:
            return 0
        if not self._clocks and (hz > MAX_HZ or (polarity, phase) != (1, 0)):
            self._fixture.violate(self.name, "%d Hz, mode %d%d: at most %d Hz, mode 10" % (hz, polarity, phase, MAX_HZ))
        self._clocks += bits
        self._in = self._in << bits | value
        if self._clocks == FRAME:
            self._control(self._in)
        left = FRAME - self._clocks
        mask = (1 << bits) - 1
        return self._out >> left & mask if left >= 0 else self._out << -left & mask

    def _control(self, word):
        if not word & 0x8000 or word == 0xFFFF:
            return
        self._channel = word >> 10 & 15
        if word & 0x03F0 != 0x0310:
            self._fixture.violate(self.name, "control word 0x%04x: normal power, 2 x REF, straight binary" % word)
