"""Where the firmware runs. On an RP2040 the hot loop works on its registers, and timing follows its microsecond timer,
so a faster clock changes no waveform; elsewhere the same methods go through `machine`.

What is marked viper is machine code under MicroPython. Another Python runs it as it is: a pointer is its buffer.
"""

import sys

RP2040 = "RP2040" in getattr(sys.implementation, "_machine", "")  # set False before Twin() for the portable path


def address(buffer):
    """Of a buffer that stays where it is as long as somebody holds it: MicroPython's collector moves nothing."""
    import uctypes

    return uctypes.addressof(buffer)


def ptr8(buffer):
    return buffer


def ptr16(buffer):
    return buffer


def ptr32(buffer):
    return buffer
