"""The 2 MB flash of an emulated Pico as a file: MicroPython from a UF2, and a file system made here.

MicroPython's layout for RPI_PICO (ports/rp2/boards/RPI_PICO, mpconfigport.h): the last 1408 KB are a littlefs of blocks
of 4096 bytes, which `_boot.py` mounts.
"""

from collections.abc import Mapping
from pathlib import Path

from littlefs import LittleFS

from twinohm.errors import UsageError
from twinohm.files import write_own
from twinohm.firmware.sources import compiler_version, firmware_files
from twinohm.firmware.uf2 import FLASH_BYTES, XIP_BASE, Uf2, cache_dir, read_uf2
from twinohm.keys import content_key
from twinohm.model.chips import RP2040
from twinohm.sim.settings import SimSettings

BLOCK = 4096
REMEDY = (
    "name MicroPython's {release} in the port's URL, as in `emu://lab16?uf2=FILE`, or with `twinohm emulate --uf2 FILE`"
)
FILES_AT = FLASH_BYTES - 1408 * 1024


def chip_flash(settings: SimSettings) -> Path:
    """Return the flash file of this port's chip; make it first if it is not there. Raises UsageError.

    The cache's own file is made anew when UF2, firmware, board or compiler have changed; a file that the user names
    never is.
    """
    if settings.flash is not None and settings.flash.exists():
        size = settings.flash.stat().st_size
        if size != FLASH_BYTES:
            raise UsageError(f"{settings.flash} has {size} bytes: the flash of a Pico has {FLASH_BYTES}")
        return settings.flash
    uf2 = read_uf2(settings.uf2, remedy=REMEDY)
    uf2.require_chip(RP2040, settings.url())
    if settings.flash is not None:
        write_flash(settings.flash, uf2, {} if settings.bare else firmware_files(settings.board))
        return settings.flash
    sources = firmware_files(settings.board, compiled=False)
    key = content_key(uf2=uf2.data, sources=sources, compiler=compiler_version())[:16]
    path = cache_dir() / "emulated" / f"{settings.board.name}-{key}.flash"
    if not path.exists():
        for old in path.parent.glob(f"{settings.board.name}-*.flash"):
            old.unlink(missing_ok=True)
        write_flash(path, uf2, firmware_files(settings.board))
    return path


def write_flash(path: Path, uf2: Uf2, files: Mapping[str, bytes]) -> None:
    """Write the flash of a new chip: MicroPython, and `files` by their path on the board.

    Raises UsageError, and DiskError if the disk refuses.
    """
    flash = bytearray(b"\xff" * FLASH_BYTES)
    for address, data in uf2.blocks():
        at = address - XIP_BASE
        if not 0 <= at <= FILES_AT - len(data):
            raise UsageError(f"{uf2.path}: a block for 0x{address:08x}, beyond MicroPython's part of a Pico's flash")
        flash[at : at + len(data)] = data
    flash[FILES_AT:] = _file_system(files)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}") from None
    write_own({path: bytes(flash)}, private=path.is_relative_to(cache_dir()))


def _file_system(files: Mapping[str, bytes]) -> bytes:
    system = LittleFS(block_size=BLOCK, block_count=(FLASH_BYTES - FILES_AT) // BLOCK, prog_size=256, read_size=32)
    for name, data in sorted(files.items()):
        folder = name.rpartition("/")[0]
        if folder:
            system.makedirs(folder, exist_ok=True)
        with system.open(name, "wb") as file:
            file.write(data)
    return bytes(system.context.buffer)
