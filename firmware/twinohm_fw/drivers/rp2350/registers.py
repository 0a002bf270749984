"""Addresses of the RP2350's registers, and what else differs from the RP2040 (rp2040/registers.py has the same names).

RP2350 datasheet (Raspberry Pi, build 2025-07), 2.2 "Address Map" and the section named at each group; pico-sdk 2.1.1,
src/rp2350/hardware_regs/include/hardware/regs/: addressmap.h, and one header for each block. Pads with their isolation
latches, function selects, clocks and resets of blocks are left to MicroPython.
"""

# SIO, levels of pins 0..31; each register is followed by that of the pins above: 3.1.11, sio.h
GPIO_IN = 0xD0000004
GPIO_OUT_SET = 0xD0000018
GPIO_OUT_CLR = 0xD0000020

PIO0 = 0x50200000  # with GPIOBASE 0, as after reset, its pins are 0..31: 11.7, pio.h
I2C = (0x40090000, 0x40098000)  # controllers 0 and 1: 12.2.17, i2c.h
SPI = (0x40080000, 0x40088000)  # controllers 0 and 1: 12.3.5, spi.h
ADC = 0x400A0000  # 12.4.7, adc.h
TIMERAWL = 0x400B0028  # of TIMER0: microseconds since reset, low word, without latching the high one: 12.8.5, timer.h

# WATCHDOG: its last reset, and eight words that outlast it; every reset of the whole chip clears both: 7.3.1, 12.9.5,
# watchdog.h. The boot ROM's reboot() writes SCRATCH2..7 on the way to the USB bootloader and out of it
# (pico-bootrom-rp2350, src/main/arm/varm_apis.c), machine.reset() and machine.WDT write SCRATCH4. A reset of a core by
# the debugger clears REASON alone (12.9.7).
WATCHDOG_REASON = 0x400D8008  # 0: it has not reset the chip
TAP_STATE = 0x400D800C  # SCRATCH0, which nobody else writes
TAP_COUNTS = [0x400D8010, 0x400D8014, 0x400D8018, 0x400D8020]  # SCRATCH1, 2, 3, 5

# What reset the whole chip last; the watchdog leaves it alone as MicroPython sets it up: 6.4, powman.h
CHIP_RESET = 0x4010002C
POWER_ON = 0x00010000  # HAD_POR; a brown-out has a bit of its own, after which the pots may have kept their taps
RESETS = 0x1FEF0000  # all bits HAD_*
