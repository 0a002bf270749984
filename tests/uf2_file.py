"""UF2 files for tests."""

import struct

from twinohm.firmware.uf2 import BLOCK, HAS_FAMILY, MAGIC, PAYLOAD, RP2040_FAMILY, XIP_BASE


def uf2_block(k: int = 0, of: int = 1, **fields: int) -> bytes:
    """Return block k of `of`, whose payload is 256 times the byte k. fields: flags, address, size, family."""
    given = {"flags": HAS_FAMILY, "address": XIP_BASE + PAYLOAD * k, "size": PAYLOAD, "family": RP2040_FAMILY} | fields
    head = struct.pack("<8I", *MAGIC[:2], given["flags"], given["address"], given["size"], k, of, given["family"])
    return (head + bytes([k]) * PAYLOAD).ljust(BLOCK - 4, b"\0") + struct.pack("<I", MAGIC[2])


def uf2_file(blocks: int) -> bytes:
    """Return a file of so many blocks."""
    return b"".join(uf2_block(k, blocks) for k in range(blocks))
