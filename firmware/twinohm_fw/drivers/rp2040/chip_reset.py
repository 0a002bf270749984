"""VREG_AND_CHIP_RESET: what reset the whole chip last; the watchdog leaves it alone (RP2040 datasheet 2.10.7)."""

CHIP_RESET = 0x40064008
HAD_POR = 0x00000100  # power-on, or brown-out
HAD_RUN = 0x00010000  # pin RUN
HAD_PSM_RESTART = 0x00100000  # debugger
