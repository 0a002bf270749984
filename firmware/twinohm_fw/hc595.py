"""74HC595 chain (TI SCLS041): rising SRCLK shifts, rising RCLK shows all bits at once, /OE high floats the outputs."""

import micropython
from machine import Pin
from micropython import const

from . import chip
from .chip import ptr8, ptr16, ptr32
from .hc165 import block

UNUSED = const(0xFFFF)  # a bit that no line uses

# RP2040 datasheet 3.7: word offsets in PIO0 for state machine pio.OUT, and its flags in FSTAT.
PIO0 = const(0x50200000)
FSTAT = const(1)
TXF = const(5)
RXF = const(9)
RX_EMPTY = const(1 << 9)
TX_FULL = const(1 << 17)


class HC595:
    """order[k] tells which bit of `words` is sent k-th (UNUSED: a zero). Bit i is bit i%8 of byte i//8."""

    def __init__(self, config, order, words):
        self.words = words
        self._order = order
        self._enable = Pin(config["enable"], Pin.OUT, value=1)
        self._clock = Pin(config["clock"], Pin.OUT, value=0)
        self._data = Pin(config["data"], Pin.OUT, value=0)
        self._latch = Pin(config["latch"], Pin.OUT, value=0)
        if chip.RP2040:
            from . import pio

            pio.shift_out(config)
            self._block = block(order, words)
            self.write = self._write_pio

    def write(self):
        words = self.words
        clock = self._clock
        data = self._data
        clock(0)  # a write that was interrupted may have left them high
        self._latch(0)
        for source in self._order:
            data(0 if source == UNUSED else words[source >> 3] >> (source & 7) & 1)
            clock(1)
            clock(0)
        self._latch(1)
        self._latch(0)

    @micropython.viper
    def _write_pio(self):
        pio = ptr32(PIO0)
        chain = ptr32(self._block)
        n = int(chain[0])
        pio[TXF] = n - 1
        words = ptr8(chain[2])
        straight = int(chain[1])
        order = ptr16(chain[3])
        for i in range(n):
            byte = 0
            if straight:
                byte = int(words[i])
            else:
                for k in range(8 * i, 8 * i + 8):
                    source = int(order[k])
                    if source != UNUSED:
                        byte |= (int(words[source >> 3]) >> (source & 7) & 1) << (k & 7)
            while int(pio[FSTAT]) & TX_FULL:
                pass
            pio[TXF] = byte
        while int(pio[FSTAT]) & RX_EMPTY:
            pass
        byte = int(pio[RXF])  # empties it

    def on(self):
        self._enable(0)

    def off(self):
        """Float the outputs; the board's pull-ups then hold every /CS high."""
        self._enable(1)
