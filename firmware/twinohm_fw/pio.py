"""Shift registers by the RP2040's state machines (datasheet 3.4, 3.5): bytes through the FIFOs, bit 0 first.

One instruction is 40 ns. 74HC parts at 3.3 V and 85 C, read between the columns for 2 V and 4.5 V (Nexperia 74HC165
and 74HC595, TI SCLS041), want pulses of 59 ns, data 73 ns before a rising clock, and 73 ns from PL to a clock; the
output of a 74HC165 takes 120 ns, the pin's synchroniser two system clocks.
"""
# ruff: noqa: F821  the assembler's own names

import machine
import rp2
from machine import Pin

HZ = 25_000_000
IN, OUT = 0, 1  # state machines of PIO0
PIO = rp2.PIO


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


def shift_in(config):
    """Give the pins of a 74HC165 chain to state machine IN."""
    _start(IN, _shift_in, config, set_base=Pin(config["load"]), in_base=Pin(config["data"]))


def shift_out(config):
    """Give the pins of a 74HC595 chain to state machine OUT."""
    _start(OUT, _shift_out, config, set_base=Pin(config["latch"]), out_base=Pin(config["data"]))


def _start(number, program, config, **pins):
    hz = min(HZ, machine.freq())
    rp2.StateMachine(number, program, freq=hz, sideset_base=Pin(config["clock"]), **pins).active(1)
