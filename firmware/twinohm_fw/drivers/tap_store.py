"""What the tap counts are worth, and the counts themselves, in registers that outlast every reset but RUN and power-on.

The state word is 0 from power-on until a pot is moved, DIRTY from before a pulse until its step is counted, and else
COMMITTED and a checksum of the right counts. It is the only place that says so: whoever has counts knows them while
the state word is theirs. The boot ROM never writes it. What else it writes no longer fits the checksum.
"""

from array import array

import micropython
from machine import mem32
from micropython import const

from . import platform
from .platform import address, ptr32, registers

STATE = registers.TAP_STATE
WORDS = registers.TAP_COUNTS  # four taps each
DIRTY = const(0x10000000)
COMMITTED = const(0x20000000)
CHECK = const(0x1FFFFFFF)  # with COMMITTED a small integer: reading the state word allocates nothing
NEVER = -1  # the state word of counts that are not known


def state():
    """Return the state word."""
    return mem32[STATE]


def mark():
    """Note that pots are about to move."""
    mem32[STATE] = DIRTY


def commit(counts, at, n):
    """Keep n words of counts[at:] (array "I", a tap a byte) as far as there is room. Return their state word."""
    for k in range(min(n, len(WORDS))):
        mem32[WORDS[k]] = counts[at + k]
    word = COMMITTED | checksum(counts, at, n)
    mem32[STATE] = word
    return word


@micropython.viper
def checksum(counts, at: int, n: int) -> int:
    """Return the checksum of n words of counts[at:]."""
    c = ptr32(counts)
    check = 0
    for k in range(n):
        check = (check * 31 + int(c[at + k])) & CHECK
    return check


@micropython.viper
def _commit_registers(counts, at: int, n: int) -> int:
    """Do what commit() does, without allocating."""
    c = ptr32(counts)
    table = ptr32(int(TABLE_ADDRESS))
    kept = int(table[0])
    check = 0
    for k in range(n):
        word = int(c[at + k])
        if k < kept:
            ptr32(int(table[2 + k]))[0] = word
        check = (check * 31 + word) & CHECK
    check |= COMMITTED
    ptr32(int(table[1]))[0] = check
    return check


if platform.FAST:
    TABLE = array("I", [len(WORDS), STATE] + WORDS)
    TABLE_ADDRESS = address(TABLE)
    commit = _commit_registers


def load(n):
    """Return n words of counts as commit() was given them, or None if no right ones are kept."""
    words = array("I", [mem32[word] for word in WORDS[:n]])
    if n > len(WORDS) or state() != COMMITTED | checksum(words, 0, n):
        return None
    return words


def is_fresh():
    """Return whether the pots are as power-on left them: the same power-on started the chip, and no reset came since.

    A reset by RUN clears the words, but the pots stay where they are. Before a reset by the watchdog something else may
    have run.
    """
    written = [word for word in [STATE] + WORDS if mem32[word]]
    reset = mem32[registers.CHIP_RESET] & registers.RESETS
    return not written and reset == registers.POWER_ON and mem32[registers.WATCHDOG_REASON] == 0
