"""WATCHDOG scratch registers: kept over every reset but power-on (RP2040 datasheet 4.7.6, "List of Registers")."""

SCRATCH0 = 0x4005800C
FREE_WORDS = 4  # SCRATCH0..3; the boot ROM uses 4..7 (2.8.1.1, "Watchdog Boot")
