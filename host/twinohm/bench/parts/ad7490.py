"""AD7490 on SPI (Analog Devices, Rev. D): 16 clocks a frame while /CS is low; a control word names the next channel."""

MAX_HZ = 20_000_000


class AD7490:
    """One chip. `sample(channel)` returns counts 0..4095, taken at the falling edge of /CS."""

    def __init__(self, bench, cs, sample):
        self._bench = bench
        self._sample = sample
        self._channel = 0
        self._word = None
        cs.listeners.append(self._selected)

    def _selected(self, level, width):
        if not level:
            self._word = self._channel << 12 | self._sample(self._channel)

    def transfer(self, out, hz, polarity, phase):
        """One transfer of bytes; returns as many."""
        if self._word is None:
            return bytes(len(out))
        if len(out) != 2 or hz > MAX_HZ or (polarity, phase) != (1, 0):
            self._bench.violate(
                "AD7490", "%d bytes at %d Hz, mode %d%d: it wants 2 bytes, mode 10" % (len(out), hz, polarity, phase)
            )
        control = out[0] << 8 | out[1]
        word = self._word
        self._word = None
        if control & 0x8000 and control != 0xFFFF:
            self._channel = control >> 10 & 15
            if control & 0x03F0 != 0x0310:
                self._bench.violate("AD7490", "control word 0x%04x: normal power, 2 x REF, straight binary" % control)
        return bytes([word >> 8, word & 255])
