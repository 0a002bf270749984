"""ADS7953: 16-channel 12-bit ADC on SPI (Texas Instruments, SLAS605C, "Operating in Manual Mode").

bit 15..12     11         10..7     6        5           4             3..0
MODE           PROGRAM    CHANNEL   RANGE    POWER_DOWN  GPIO_IN_TOP   GPIO
The channel named in one 16-bit frame is sampled two frames later, whose answer has it. Clock idles low, data are taken
on its rising edge.
"""

from micropython import const

from .spi_adc import SpiAdc

MANUAL = const(0x1000)
PROGRAM = const(0x0800)  # bits 6..0 are taken
RANGE_TWICE_REF = const(0x0040)
CONTROL = const(MANUAL | PROGRAM | RANGE_TWICE_REF)


class ADS7953(SpiAdc):
    """One chip; see SpiAdc."""

    def __init__(self, config):
        super().__init__(config, CONTROL, shift=7, lag=2, polarity=0)

    def begin(self):
        """Set mode and range; the first answers after power-up are not valid."""
        for _ in range(3):
            self._frame(CONTROL)
