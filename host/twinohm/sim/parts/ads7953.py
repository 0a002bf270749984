"""ADS7953 on SPI (Texas Instruments, SLAS605C): 16 clocks a frame; it samples a channel two frames after a command."""

MAX_HZ = 20_000_000
FRAME = 16
MANUAL = 1
WANTED = 0x0840  # program bits 6..0: twice the reference, powered, answers with the number of the channel
SETTINGS = 0x0870


class ADS7953:
    """One chip. `sample(channel)` returns counts 0..4095, taken at the falling edge of /CS."""

    def __init__(self, fixture, cs, sample, name="ADS7953"):
        self.name = name
        self._fixture = fixture
        self._sample = sample
        self._acquired = self._named = 0
        self.selected = False
        self._clocks = 0
        self._out = 0
        self._in = 0
        cs.listeners.append(self._select)

    def _select(self, level, width):
        self.selected = not level
        if not level:
            self._out = self._acquired << 12 | self._sample(self._acquired)
            self._acquired = self._named
            self._in = 0
            self._clocks = 0
        elif self._clocks not in (0, FRAME):
            self._fixture.violate(self.name, "%d clocks while /CS was low: it wants %d" % (self._clocks, FRAME))

    def shift(self, value, bits, hz, polarity, phase):
        """So many bits in, first one highest; returns as many that went out meanwhile."""
        if not self.selected:
            return 0
        if not self._clocks and (hz > MAX_HZ or (polarity, phase) != (0, 0)):
            self._fixture.violate(self.name, "%d Hz, mode %d%d: at most %d Hz, mode 00" % (hz, polarity, phase, MAX_HZ))
        self._clocks += bits
        self._in = self._in << bits | value
        if self._clocks == FRAME:
            self._command(self._in)
        left = FRAME - self._clocks
        mask = (1 << bits) - 1
        return self._out >> left & mask if left >= 0 else self._out << -left & mask

    def _command(self, word):
        if not word:
            return
        self._named = word >> 7 & 15
        if word >> 12 != MANUAL or word & SETTINGS != WANTED:
            self._fixture.violate(self.name, "command 0x%04x: manual mode, 2 x REF, channel in the answer" % word)
