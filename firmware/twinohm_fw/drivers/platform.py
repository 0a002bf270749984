"""Where the firmware runs: `registers` of this chip, and names for what only machine code has.

On a chip the hot loop works on the registers, and its timing follows the microsecond timer, so a faster clock changes
no waveform. Elsewhere the same methods of the same classes go through `machine`.

Functions marked viper are machine code under MicroPython. Another Python runs them as they are, and a pointer is its
buffer.
"""

import sys

CHIP = getattr(sys.implementation, "_machine", "")  # such as "Raspberry Pi Pico with RP2040"
ON_COMPUTER = sys.implementation.name == "cpython" or sys.platform in ("linux", "darwin")  # virtual boards

if "RP2350" in CHIP and "RISCV" not in CHIP:
    from .rp2350 import registers as registers
elif "RP2040" in CHIP or ON_COMPUTER:
    from .rp2040 import registers as registers
else:
    raise NotImplementedError("chip " + (CHIP or sys.platform))

HAS_RADIO = "Pico W" in CHIP or "Pico 2 W" in CHIP  # then GP23, GP24, GP25 and GP29 are the radio's
FAST = "RP2040" in CHIP or "RP2350" in CHIP  # False before Twin() selects the portable path


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
