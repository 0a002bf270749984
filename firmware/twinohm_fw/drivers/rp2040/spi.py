"""SPI0 and SPI1, ARM PL022 (RP2040 datasheet 4.4.4, "List of Registers")."""

from micropython import const

SPI0 = 0x4003C000
SPACING = 0x4000  # from SPI0 to SPI1
SSPDR = 0x008  # byte offsets
SSPSR = 0x00C
BUSY = const(0x10)  # in SSPSR


def index_of_sck(pin):
    """Number of the controller whose SCK can be on this GPIO (1.4.3, "GPIO Functions")."""
    return (pin >> 3) & 1


def base(index):
    """Address of a controller's registers."""
    return SPI0 + SPACING * index
