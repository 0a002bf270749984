"""ADS7953 on SPI (Texas Instruments, SLAS605C): a command names the channel of the frame after the next."""

from .spi_adc import SpiAdc

MANUAL = 1
WANTED = 0x0840  # program bits 6..0: twice the reference, powered, answers with the number of the channel
SETTINGS = 0x0870


class ADS7953(SpiAdc):
    """One chip; see SpiAdc."""

    MODE = (0, 0)

    def __init__(self, fixture, cs, sample, name="ADS7953"):
        super().__init__(fixture, cs, sample, name)
        self._next = 0  # channel that the next frame samples

    def _acquire(self):
        channel, self._next = self._next, self._channel
        return channel

    def _command(self, word):
        if not word:
            return
        self._channel = word >> 7 & 15
        if word >> 12 != MANUAL or word & SETTINGS != WANTED:
            self._fixture.violate(self.name, "command 0x%04x: manual mode, 2 x REF, channel in the answer" % word)
