"""Tap counts over a soft reset, in the watchdog's scratch registers: 4 taps of 7 bits each, 4 bits of a checksum."""

import binascii

from machine import mem32

from ..drivers.rp2040.watchdog import FREE_WORDS, SCRATCH0

CAPACITY = 4 * FREE_WORDS  # taps; of a larger board only the mark is kept that its counts were lost
LOST = 0x54574F4D  # "TWOM": counts are not known


def save(taps):
    """Keep the counts (bytes, one tap an edge), or with None the fact that they are not known."""
    words = [LOST] + [0] * (FREE_WORDS - 1)
    if taps is not None and len(taps) <= CAPACITY:
        check = _check(taps)
        for i in range(FREE_WORDS):
            word = 0
            for tap in reversed(taps[4 * i : 4 * i + 4]):
                word = word << 7 | tap
            words[i] = word | (check >> 4 * i & 15) << 28
    for i in range(FREE_WORDS):
        mem32[SCRATCH0 + 4 * i] = words[i]


def load(count):
    """Return (fresh, taps) for a board with `count` edges.

    fresh: this is the first start after power-on. taps: bytes, or None where nothing valid was kept.
    """
    words = [mem32[SCRATCH0 + 4 * i] & 0xFFFFFFFF for i in range(FREE_WORDS)]
    if not any(words):
        return True, None
    taps = bytes([words[i >> 2] >> 7 * (i & 3) & 127 for i in range(min(count, CAPACITY))])
    kept = sum([(words[i] >> 28) << 4 * i for i in range(FREE_WORDS)])
    return False, taps if count <= CAPACITY and _check(taps) == kept else None


def _check(taps):
    return binascii.crc32(taps) & 0xFFFF ^ 0x5457
