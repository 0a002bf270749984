"""UF2 files for tests."""

import struct

from twinohm.firmware.uf2 import BLOCK, HAS_FAMILY, MAGIC, PAYLOAD, XIP_BASE
from twinohm.model.chips import ABSOLUTE_FAMILY, RP2040, Chip


def uf2_block(k: int = 0, of: int = 1, **fields: int) -> bytes:
    """Return block k of `of`, whose payload is 256 times the byte k. fields: flags, address, size, family."""
    given = {"flags": HAS_FAMILY, "address": XIP_BASE + PAYLOAD * k, "size": PAYLOAD, "family": RP2040.family} | fields
    head = struct.pack("<8I", *MAGIC[:2], given["flags"], given["address"], given["size"], k, of, given["family"])
    return (head + bytes([k]) * PAYLOAD).ljust(BLOCK - 4, b"\0") + struct.pack("<I", MAGIC[2])


def uf2_file(blocks: int, chip: Chip = RP2040) -> bytes:
    """Return a file of so many blocks for a chip."""
    return b"".join(uf2_block(k, blocks, family=chip.family) for k in range(blocks))


def uf2_text(text: bytes, chip: Chip) -> bytes:
    """Return a file for a chip whose program is `text`."""
    pages = [text[at : at + PAYLOAD].ljust(PAYLOAD, b"\0") for at in range(0, len(text), PAYLOAD)]
    file = bytearray(uf2_file(len(pages), chip))
    for k, page in enumerate(pages):
        file[BLOCK * k + 32 : BLOCK * k + 32 + PAYLOAD] = page
    return bytes(file)


def block_for_e10() -> bytes:
    """Return what picotool puts before a program for the RP2350 (elf2uf2.cpp, gen_abs_block)."""
    return uf2_block(0, 2, address=0x10FFFF00, family=ABSOLUTE_FAMILY)
