"""SPI0 and SPI1, ARM PL022 (RP2040 datasheet 4.4.4, RP2350 datasheet 12.3.5, "List of Registers"; spi.h)."""

from micropython import const

SSPDR = 0x008  # byte offsets
SSPSR = 0x00C
BUSY = const(0x10)  # in SSPSR


def index_of_sck(pin):
    """Number of the controller whose SCK can be on this GPIO (RP2040 datasheet 1.4.3; RP2350 datasheet 9.4)."""
    return (pin >> 3) & 1
