"""An SPI bus with several parts: all hear the controller, the one whose /CS is low answers."""


class SPIBus:
    """`parts` have shift() as the controller calls it, and `selected`."""

    def __init__(self, fixture):
        self.parts = []
        self._fixture = fixture

    def shift(self, value, bits, hz, polarity, phase):
        """So many bits to every part; returns those of the selected one."""
        if sum(part.selected for part in self.parts) > 1:
            self._fixture.violate("SPI", "two parts drive MISO: more than one /CS is low")
        answer = 0
        for part in self.parts:
            answer |= part.shift(value, bits, hz, polarity, phase)
        return answer
