"""PIO0: two state machines move shift registers, bytes through their FIFOs, bit 0 first (RP2040 datasheet 3.7, RP2350
datasheet 11.7, "List of Registers", pio.h; 3.4 and 11.4, "Instruction Set").

One instruction is 40 ns. 74HC parts at 3.3 V and 85 C, read between the columns for 2 V and 4.5 V (Nexperia 74HC165
and 74HC595, TI SCLS041), want pulses of 59 ns, data 73 ns before a rising clock, and 73 ns from PL to a clock; the
output of a 74HC165 takes 120 ns, the pin's synchroniser two system clocks.
"""
# ruff: noqa: F821  the assembler's own names

from array import array

import machine
import micropython
import rp2
from machine import Pin
from micropython import const

from ..platform import address, ptr8, ptr16, ptr32, registers
from ..shift_chain import UNUSED, is_straight

HZ = 25_000_000  # instructions per second
IN = const(0)  # state machine of the 74HC165 chain
OUT = const(1)  # state machine of the 74HC595 chain
PIO = rp2.PIO

# Word offsets.
FSTAT = const(1)
TXF0 = const(4)
RXF0 = const(8)
# Bits of FSTAT, for state machine 0; bit + n for state machine n.
RX_EMPTY = const(8)
TX_FULL = const(16)
SPINS = const(10_000)  # about 1 ms; a byte takes 1.6 us


@rp2.asm_pio(sideset_init=PIO.OUT_LOW, set_init=PIO.OUT_HIGH, in_shiftdir=PIO.SHIFT_RIGHT, autopush=True, push_thresh=8)
def _shift_in():
    """Word in: bits - 1. Bytes out. 200 ns a bit, sampled 160 ns after its rising clock."""
    pull(block).side(0)
    mov(x, osr).side(0)
    set(pins, 0).side(0)[1]
    set(pins, 1).side(0)[3]
    label("bit")
    in_(pins, 1).side(0)
    nop().side(1)[1]
    jmp(x_dec, "bit").side(0)[1]


@rp2.asm_pio(sideset_init=PIO.OUT_LOW, set_init=PIO.OUT_LOW, out_init=PIO.OUT_LOW, out_shiftdir=PIO.SHIFT_RIGHT)
def _shift_out():
    """Words in: bytes - 1, then each byte. A word out once they are latched. 160 ns a bit, 120 ns more a byte."""
    pull(block).side(0)
    mov(y, osr).side(0)
    label("byte")
    pull(block).side(0)
    set(x, 7).side(0)
    label("bit")
    out(pins, 1).side(0)[1]
    jmp(x_dec, "bit").side(1)[1]
    jmp(y_dec, "byte").side(0)
    set(pins, 1).side(0)[1]
    set(pins, 0).side(0)
    push(block).side(0)


_chains = {}  # by state machine


class Shift:
    """A chain on a state machine, its clock on the side-set pin. pins: the others, for rp2.StateMachine.

    order, words: as of hc165.HC165 and hc595.HC595, for the machine code.
    A transfer raises OSError if the state machine does not move it in time; the next one finds it started anew.
    """

    def __init__(self, chain, number, program, config, order, words, **pins):
        self._chain = chain
        self._words, self._order = words, order  # keeps them where they are
        table = [len(order) >> 3, is_straight(order, words), address(words), address(order), registers.PIO0]
        self._table = array("I", table)
        self._machine = (number, program)
        self._options = dict(pins, sideset_base=Pin(config["clock"]))
        _chains[number] = self
        self._start()

    def _start(self):
        hz = min(HZ, machine.freq())  # at most one instruction a system clock
        rp2.StateMachine(*self._machine, freq=hz, **self._options).active(1)

    def _fail(self):
        for chain in _chains.values():
            chain._start()
        raise OSError("the state machine of the %s chain had stopped: all were started again" % self._chain)


class ShiftIn(Shift):
    """Read a 74HC165 chain. Arguments as of hc165.HC165."""

    def __init__(self, config, order, words):
        pins = {"set_base": Pin(config["load"]), "in_base": Pin(config["data"])}
        super().__init__("74HC165", IN, _shift_in, config, order, words, **pins)

    @micropython.viper
    def read(self):
        """Load all inputs at one moment, then shift them into the words."""
        table = ptr32(self._table)
        pio = ptr32(table[4])
        n = int(table[0])
        pio[TXF0 + IN] = 8 * n - 1
        words = ptr8(table[2])
        left = SPINS
        if int(table[1]):
            for i in range(n):
                while int(pio[FSTAT]) & (1 << RX_EMPTY + IN):
                    left -= 1
                    if left < 0:
                        self._fail()
                words[i] = int(pio[RXF0 + IN]) >> 24
            return
        order = ptr16(table[3])
        unused = int(UNUSED)
        for i in range(int(len(self._words))):
            words[i] = 0
        for i in range(n):
            while int(pio[FSTAT]) & (1 << RX_EMPTY + IN):
                left -= 1
                if left < 0:
                    self._fail()
            byte = int(pio[RXF0 + IN]) >> 24
            for k in range(8 * i, 8 * i + 8):
                target = int(order[k])
                if byte & 1 and target != unused:
                    words[target >> 3] = int(words[target >> 3]) | 1 << (target & 7)
                byte >>= 1


class ShiftOut(Shift):
    """Write a 74HC595 chain. Arguments as of hc595.HC595."""

    def __init__(self, config, order, words):
        pins = {"set_base": Pin(config["latch"]), "out_base": Pin(config["data"])}
        super().__init__("74HC595", OUT, _shift_out, config, order, words, **pins)

    @micropython.viper
    def write(self):
        """Shift all bits out, show them at one moment, and return once they are shown."""
        table = ptr32(self._table)
        pio = ptr32(table[4])
        n = int(table[0])
        pio[TXF0 + OUT] = n - 1
        words = ptr8(table[2])
        straight = int(table[1])
        order = ptr16(table[3])
        unused = int(UNUSED)
        left = SPINS
        for i in range(n):
            byte = 0
            if straight:
                byte = int(words[i])
            else:
                for k in range(8 * i, 8 * i + 8):
                    source = int(order[k])
                    if source != unused:
                        byte |= (int(words[source >> 3]) >> (source & 7) & 1) << (k & 7)
            while int(pio[FSTAT]) & (1 << TX_FULL + OUT):
                left -= 1
                if left < 0:
                    self._fail()
            pio[TXF0 + OUT] = byte
        while int(pio[FSTAT]) & (1 << RX_EMPTY + OUT):
            left -= 1
            if left < 0:
                self._fail()
        byte = int(pio[RXF0 + OUT])  # empties the FIFO
