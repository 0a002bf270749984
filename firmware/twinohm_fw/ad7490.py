"""AD7490: 16-channel 12-bit ADC on SPI (Analog Devices, Rev. D, "Control register").

bit 15    14   13..10     9..8       7       6         5      4
WRITE     SEQ  ADD3..0    PM1 PM0    SHADOW  WEAK/TRI  RANGE  CODING
The channel written in one 16-bit frame is converted in the next. Clock idles high, data are taken on its falling edge.
"""

from machine import SPI, Pin

WRITE = 0x8000
POWER_NORMAL = 0x0300
RANGE_TWICE_REF = 0x0000
STRAIGHT_BINARY = 0x0010
CONTROL = WRITE | POWER_NORMAL | RANGE_TWICE_REF | STRAIGHT_BINARY


class AD7490:
    """One chip; read() gives counts 0..4095."""

    def __init__(self, config):
        self._cs = Pin(config["cs"], Pin.OUT, value=1)
        self._spi = SPI(
            (config["sck"] >> 3) & 1,
            baudrate=config["hz"],
            polarity=1,
            phase=0,
            sck=Pin(config["sck"]),
            mosi=Pin(config["mosi"]),
            miso=Pin(config["miso"]),
        )
        self._out = bytearray(2)
        self._in = bytearray(2)

    def begin(self):
        """Two dummy conversions with DIN high, as the part wants after power-up."""
        for _ in range(2):
            self._frame(0xFFFF)

    def _frame(self, word):
        self._out[0] = word >> 8
        self._out[1] = word & 255
        self._cs(0)
        self._spi.write_readinto(self._out, self._in)
        self._cs(1)

    def read(self, channel):
        """Convert one channel. Raises OSError if the answer carries another channel's number."""
        self._cs(1)  # an interrupted frame may have left it low
        self._frame(CONTROL | channel << 10)
        self._frame(0)
        word = self._in[0] << 8 | self._in[1]
        if word >> 12 != channel:
            raise OSError("AD7490 answered for channel %d, not %d: check its SPI lines" % (word >> 12, channel))
        return word & 0xFFF
