"""How many interrupts of the firmware the tests make, and where. TWINOHM_FIRMWARE_INTERRUPTS=20000 makes them all."""

import os

INTERRUPTS = int(os.environ.get("TWINOHM_FIRMWARE_INTERRUPTS", "2000"))
# On the unix port of MicroPython, each with two kinds of places.
SHARES = {"divider": 0.42, "kit5": 0.05, "lab16": 0.03}
CHIP_SHARE = 0.1
