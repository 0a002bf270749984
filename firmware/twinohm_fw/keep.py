"""Tap counts over a soft reset: the RP2040's watchdog scratch registers keep their contents until power goes
(RP2040 datasheet 4.7.6; the boot ROM uses 4..7, so 0..3 are ours). Each holds 4 taps of 7 bits, 4 bits of a checksum.
"""

import binascii

from machine import mem32

SCRATCH0 = 0x4005800C
ROOM = 16  # taps that fit; a larger board only leaves the mark that counts were lost
LOST = 0x54574F4D


def save(taps):
    """Keep the counts (bytes), or with None the fact that they are not known."""
    words = [LOST, 0, 0, 0]
    if taps is not None and len(taps) <= ROOM:
        check = _check(taps)
        for i in range(4):
            word = 0
            for tap in reversed(taps[4 * i : 4 * i + 4]):
                word = word << 7 | tap
            words[i] = word | (check >> 4 * i & 15) << 28
    for i in range(4):
        mem32[SCRATCH0 + 4 * i] = words[i]


def load(count):
    """Returns (fresh, taps): fresh after a power-up; taps bytes, or None where nothing valid was kept."""
    words = [mem32[SCRATCH0 + 4 * i] & 0xFFFFFFFF for i in range(4)]
    if not any(words):
        return True, None
    taps = bytes([words[i >> 2] >> 7 * (i & 3) & 127 for i in range(min(count, ROOM))])
    kept = sum([(words[i] >> 28) << 4 * i for i in range(4)])
    return False, taps if count <= ROOM and _check(taps) == kept else None


def _check(taps):
    return binascii.crc32(taps) & 0xFFFF ^ 0x5457
