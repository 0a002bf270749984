"""AD7490: 16-channel 12-bit ADC on SPI (Analog Devices, Rev. D, "Control register").

bit 15    14   13..10     9..8       7       6         5      4
WRITE     SEQ  ADD3..0    PM1 PM0    SHADOW  WEAK/TRI  RANGE  CODING
The channel written in one 16-bit frame is converted in the next. Clock idles high, data are taken on its falling edge.
"""

from micropython import const

from .spi_adc import SpiAdc

WRITE = const(0x8000)
POWER_NORMAL = const(0x0300)
RANGE_TWICE_REF = const(0x0000)
STRAIGHT_BINARY = const(0x0010)
CONTROL = const(WRITE | POWER_NORMAL | RANGE_TWICE_REF | STRAIGHT_BINARY)


class AD7490(SpiAdc):
    """One chip; see SpiAdc."""

    def __init__(self, config):
        super().__init__(config, CONTROL, shift=10, lag=1, polarity=1)

    def begin(self):
        """Make two dummy conversions with DIN high, which the part needs after power-up ("Power-Up")."""
        for _ in range(2):
            self._frame(0xFFFF)
