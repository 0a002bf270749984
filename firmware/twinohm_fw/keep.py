"""Tap counts over a soft reset: the RP2040's watchdog scratch registers keep their contents until power goes
(RP2040 datasheet 4.7.6; the boot ROM uses 4..7, so 0..3 are ours): 16 x 7 bits and a 16-bit checksum.
"""

import binascii

from machine import mem32

SCRATCH0 = 0x4005800C
ROOM = 16  # taps that fit; a larger board only leaves the mark that counts were lost
LOST = 0x54574F4D


def save(taps):
    """Keep the counts (a bytearray), or with None the fact that they are not known."""
    if taps is None or len(taps) > ROOM:
        image = LOST
    else:
        image = 0
        for i in range(len(taps)):
            image |= taps[i] << (7 * i)
        image |= _check(taps) << 112
    for i in range(4):
        mem32[SCRATCH0 + 4 * i] = image >> (32 * i) & 0xFFFFFFFF


def load(count):
    """Returns (fresh, taps): fresh after a power-up; taps a bytearray, or None where nothing valid was kept."""
    image = 0
    for i in range(4):
        image |= (mem32[SCRATCH0 + 4 * i] & 0xFFFFFFFF) << (32 * i)
    if image == 0:
        return True, None
    taps = bytearray([image >> (7 * i) & 127 for i in range(min(count, ROOM))])
    if count <= ROOM and _check(taps) == image >> 112:
        return False, taps
    return False, None


def _check(taps):
    return binascii.crc32(taps) & 0xFFFF ^ 0x5457
