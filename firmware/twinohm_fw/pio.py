"""Shift registers by the RP2040's state machines (datasheet 3.4, 3.5): bytes through the FIFOs, bit 0 first.

One instruction is 80 ns. 74HC parts at 3.3 V, between the datasheets' columns for 2 V and 4.5 V at 85 C (Nexperia 74HC165
and 74HC595, TI SCLS041), want: pulses 59 ns, data before a rising clock 73 ns, recovery after PL 73 ns; a 74HC165's output
takes 120 ns, and the pin's synchroniser two system clocks.
"""
# ruff: noqa: F821  the assembler's own names

import machine
import rp2
from machine import Pin

HZ = 12_500_000
IN, OUT = 0, 1  # state machines of PIO0
PIO = rp2.PIO


@rp2.asm_pio(
    sideset_init=PIO.OUT_LOW, set_init=PIO.OUT_HIGH, in_shiftdir=PIO.SHIFT_RIGHT, autopush=True, push_thresh=8
)
def _shift_in():
    """Word in: bits - 1. Bytes out. Sampled 160 ns after each rising clock."""
    pull(block).side(0)
    mov(x, osr).side(0)
    set(pins, 0).side(0)
    set(pins, 1).side(0)[1]
    label("bit")
    in_(pins, 1).side(0)
    jmp(x_dec, "bit").side(1)[1]


@rp2.asm_pio(sideset_init=PIO.OUT_LOW, set_init=PIO.OUT_LOW, out_init=PIO.OUT_LOW, out_shiftdir=PIO.SHIFT_RIGHT)
def _shift_out():
    """Words in: bytes - 1, then each byte. A word out once they are latched."""
    pull(block).side(0)
    mov(y, osr).side(0)
    label("byte")
    pull(block).side(0)
    set(x, 7).side(0)
    label("bit")
    out(pins, 1).side(0)
    jmp(x_dec, "bit").side(1)
    jmp(y_dec, "byte").side(0)
    set(pins, 1).side(0)
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
