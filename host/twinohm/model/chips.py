"""The chips that the firmware runs on, and how each shows itself: at the prompt, as a drive, on USB, in a UF2 file."""

import re
from dataclasses import dataclass

ABSOLUTE_FAMILY = 0xE48BFF57  # UF2 blocks for a place in the flash, whatever is there
RISC_V_FAMILY = 0xE48BFF5A  # programs for the RISC-V cores of the RP2350


@dataclass(frozen=True)
class Chip:
    """A microcontroller, with the Raspberry Pi boards that have it.

    Drives: RP2040 datasheet 2.8.4, RP2350 datasheet 5.5.1. Families: pico-sdk 2.1.1, boot/uf2.h; RP2350 datasheet
    5.5.3. USB: github.com/raspberrypi/usb-pid. Flash: pico-sdk 2.1.1, src/boards, PICO_FLASH_SIZE_BYTES. Cores:
    pico-sdk compiles for a Cortex-M0+, and for a Cortex-M33 with floating point in single precision, which MicroPython
    takes for armv6m and armv7emsp (py/persistentcode.h, MPY_FEATURE_ARCH).
    """

    name: str
    boards: str
    drive: str  # label and Board-ID of the drive in BOOTSEL
    usb: str  # vendor and product in BOOTSEL
    family: int  # of the UF2 blocks of a program
    flash_bytes: int
    core: str  # of mpy-cross -march
    release: str  # MicroPython's name of the board


RP2040 = Chip("RP2040", "Pico or Pico W", "RPI-RP2", "2e8a:0003", 0xE48BFF56, 2 << 20, "armv6m", "RPI_PICO")
RP2350 = Chip("RP2350", "Pico 2 or Pico 2 W", "RP2350", "2e8a:000f", 0xE48BFF59, 4 << 20, "armv7emsp", "RPI_PICO2")
CHIPS = (RP2040, RP2350)
RISC_V = "RISCV"  # in the name that MicroPython gives a chip whose RISC-V cores it uses


def chip_named(machine: str) -> Chip | None:
    """Return the chip in a name such as "Raspberry Pi Pico2 with RP2350" (sys.implementation._machine).

    None for another chip, and for the RISC-V cores of one.
    """
    return None if RISC_V in machine else next((chip for chip in CHIPS if chip.name in machine), None)


def chip_of_drive(info: str) -> Chip | None:
    """Return the chip whose drive has this INFO_UF2.TXT; None if it is that of something else."""
    found = re.search(r"^Board-ID: *(\S+)", info, re.MULTILINE)
    return next((chip for chip in CHIPS if found is not None and chip.drive == found[1]), None)
