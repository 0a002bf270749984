"""AD7490 on SPI (Analog Devices, Rev. D): a control word names the channel of the next frame."""

from .spi_adc import SpiAdc


class AD7490(SpiAdc):
    """One chip; see SpiAdc."""

    MODE = (1, 0)

    def __init__(self, fixture, cs, sample, name="AD7490"):
        super().__init__(fixture, cs, sample, name)

    def _acquire(self):
        return self._channel

    def _command(self, word):
        if not word & 0x8000 or word == 0xFFFF:
            return
        self._channel = word >> 10 & 15
        if word & 0x03F0 != 0x0310:
            self._fixture.violate(self.name, "control word 0x%04x: normal power, 2 x REF, straight binary" % word)
