"""Addresses of the RP2040's registers, and what else differs from the RP2350 (rp2350/registers.py has the same names).

RP2040 datasheet (Raspberry Pi, build 2024-10), 2.2 "Address Map" and the section named at each group; pico-sdk 2.1.1,
src/rp2040/hardware_regs/include/hardware/regs/: addressmap.h, and one header for each block.
"""

# SIO, levels of all pins: 2.3.1.7, sio.h
GPIO_IN = 0xD0000004
GPIO_OUT_SET = 0xD0000014
GPIO_OUT_CLR = 0xD0000018

PIO0 = 0x50200000  # 3.7, pio.h
I2C = (0x40044000, 0x40048000)  # controllers 0 and 1: 4.3.17, i2c.h
SPI = (0x4003C000, 0x40040000)  # controllers 0 and 1: 4.4.4, spi.h
ADC = 0x4004C000  # 4.9.6, adc.h
TIMERAWL = 0x40054028  # microseconds since reset, low word, without latching the high one: 4.6.5, timer.h

# WATCHDOG: its last reset, and eight words that outlast it; RUN and power-on clear both: 4.7.4, watchdog.h. The boot
# ROM writes SCRATCH0, 1 and 4..7 on the way to the USB bootloader (pico-bootrom-rp2040, reset_usb_boot), and
# machine.reset() and machine.WDT write SCRATCH4.
WATCHDOG_REASON = 0x40058008  # 0: it has not reset the chip
TAP_STATE = 0x40058014  # SCRATCH2, which nobody else writes
TAP_COUNTS = [0x4005800C, 0x40058010, 0x40058018, 0x40058020]  # SCRATCH0, 1, 3, 5

# What reset the whole chip last; the watchdog leaves it alone: 2.10.7, vreg_and_chip_reset.h
CHIP_RESET = 0x40064008
POWER_ON = 0x00000100  # HAD_POR, also after a brown-out
RESETS = POWER_ON | 0x00010000 | 0x00100000  # HAD_RUN: pin RUN; HAD_PSM_RESTART: debugger
