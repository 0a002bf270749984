"""WATCHDOG: its last reset, and eight words that outlast it; RUN and power-on clear both (RP2040 datasheet 4.7.4).

The boot ROM writes SCRATCH0, 1 and 4..7 on the way to the USB bootloader (pico-bootrom-rp2040, reset_usb_boot), and
machine.reset() and machine.WDT write SCRATCH4.
"""

BASE = 0x40058000
REASON = BASE + 0x08  # 0: it has not reset the chip
SCRATCH0 = BASE + 0x0C
