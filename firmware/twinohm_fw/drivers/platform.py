"""Where the firmware runs, and names for what only machine code has.

On an RP2040 the hot loop works on the chip's registers, and its timing follows the microsecond timer, so a faster clock
changes no waveform. Elsewhere the same methods of the same classes go through `machine`.

Functions marked viper are machine code under MicroPython. Another Python runs them as they are, and a pointer is its
buffer.
"""

import sys

RP2040 = "RP2040" in getattr(sys.implementation, "_machine", "")  # False before Twin() selects the portable path


def address(buffer):
    """Return the address of a buffer, valid while somebody holds the buffer: MicroPython's collector moves nothing."""
    import uctypes

    return uctypes.addressof(buffer)


def ptr8(buffer):
    return buffer


def ptr16(buffer):
    return buffer


def ptr32(buffer):
    return buffer
