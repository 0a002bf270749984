"""MicroPython for the Pico as a UF2 file: one that is there, or a release fetched once and checked.

UF2 (Microsoft, "UF2 specification") is blocks of 512 bytes: 32 of head, a payload for one address, a magic end. The
RP2040 takes payloads of 256 bytes for addresses that are multiples of 256 (datasheet, 2.8.4.2 "UF2 Format Details").
A file is read once: what was checked is what is written.
"""

import hashlib
import logging
import struct
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urldefrag

import platformdirs

from twinohm.errors import TwinOhmError, UsageError
from twinohm.files import write_own
from twinohm.inputs import MB, UF2_BYTES, read_input
from twinohm.paths import CHECKOUT, WHEEL

logger = logging.getLogger(__name__)

BLOCK = 512
MAGIC = (0x0A324655, 0x9E5D5157, 0x0AB16F30)
HAS_FAMILY = 0x2000
NOT_FLASH = 0x1001  # flags of blocks that are no part of the flash: comments, and files in a container
RP2040_FAMILY = 0xE48BFF56
PAYLOAD = 256
XIP_BASE = 0x10000000  # address of the flash
FLASH_BYTES = 2 << 20  # of a Pico
SILENCE_S, DOWNLOAD_S = 30.0, 300.0  # a server may be silent, and a download may take
REMEDY = "name one with --uf2 FILE, or --uf2 URL#sha256=HEX of a release for RPI_PICO"


@dataclass(frozen=True)
class Uf2:
    """A UF2 file for the RP2040 that was checked: its content, and where that was read."""

    path: Path
    data: bytes

    def blocks(self) -> Iterator[tuple[int, bytes]]:
        """Yield (flash address, bytes) of every block."""
        for at in range(0, len(self.data), BLOCK):
            yield struct.unpack_from("<I", self.data, at + 12)[0], self.data[at + 32 : at + 32 + PAYLOAD]


def cache_dir() -> Path:
    """Return the folder of fetched and built files: the checkout's own .cache, or the user's cache folder."""
    return Path(platformdirs.user_cache_dir("twinohm")) if WHEEL.exists() else CHECKOUT / ".cache"


def read_uf2(source: str | None = None) -> Uf2:
    """Return a checked UF2 for the RP2040.

    source: a file, or a URL, which is fetched once; None: the UF2 in the cache.

    No hash of a release is pinned here, so a URL has to carry its own: URL#sha256=HEX. What was fetched is
    hashed again at each use. Raises UsageError, and TwinOhmError if a URL cannot be fetched.
    """
    if source is None:
        path = cache_dir() / "pico" / "firmware.uf2"
        if not path.exists():
            build = "" if WHEEL.exists() else "; on Debian tests/get_uf2.sh builds it"
            raise UsageError(f"no MicroPython for the Pico at {path}: {REMEDY}{build}")
        uf2 = Uf2(path, _read(path))
    elif "://" in source:
        uf2 = _fetched(source)
    else:
        uf2 = Uf2(Path(source), _read(Path(source)))
    _check(uf2)
    return uf2


def _read(path: Path) -> bytes:
    try:
        return read_input(path, UF2_BYTES)
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}: {REMEDY}") from None


def _check(uf2: Uf2) -> None:
    """Raise UsageError, naming the block, unless the file is whole, in order, and for the flash of an RP2040."""
    path, data = uf2.path, uf2.data
    if not data or len(data) % BLOCK:
        raise UsageError(f"{path}: {len(data)} bytes are not whole UF2 blocks of {BLOCK}: {REMEDY}")
    there, addresses = len(data) // BLOCK, set()
    for k in range(there):
        first, second, flags, address, size, number, count, family = struct.unpack_from("<8I", data, k * BLOCK)
        wrong = None
        if (first, second, *struct.unpack_from("<I", data, (k + 1) * BLOCK - 4)) != MAGIC:
            wrong = "is no UF2 block"
        elif not flags & HAS_FAMILY or family != RP2040_FAMILY:
            wrong = f"is for another chip (family 0x{family:08x})"
        elif flags & NOT_FLASH:
            wrong = f"is not for the flash (flags 0x{flags:08x})"
        elif count != there:
            wrong = f"is one of {count} blocks, the file has {there}; it is cut off or made of several"
        elif number != k:
            wrong = f"has number {number}; blocks are missing, repeated or not in order"
        elif size != PAYLOAD:
            wrong = f"has {size} bytes, an RP2040 takes {PAYLOAD}"
        elif address % PAYLOAD or not 0 <= address - XIP_BASE < FLASH_BYTES:
            wrong = f"is for 0x{address:08x}, which is no page of a Pico's flash"
        elif address in addresses:
            wrong = f"is for 0x{address:08x}, as an earlier one is"
        if wrong is not None:
            raise UsageError(f"{path}: block {k} {wrong}: {REMEDY}")
        addresses.add(address)


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _fetched(source: str) -> Uf2:
    """Return the file of a URL#sha256=HEX from the cache; it is fetched if it is not there or damaged.

    Raises TwinOhmError.
    """
    url, fragment = urldefrag(source)
    wanted = fragment.removeprefix("sha256=").lower()
    if fragment == wanted or len(wanted) != 64 or set(wanted) - set("0123456789abcdef"):
        raise UsageError(f"{url}: say what it must be: {url}#sha256=HEX, 64 digits")
    path, damaged = cache_dir() / "uf2" / f"{wanted}.uf2", ""
    if path.exists():
        data = _read(path)
        if _sha256(data) == wanted:
            return Uf2(path, data)
        logger.info("%s: damaged, fetched anew", path)
        damaged = f"; {path} is damaged"
    try:
        data = _download(url)
    except (OSError, ValueError) as error:
        raise TwinOhmError(f"{url}: {error}{damaged}: fetch it by hand and give --uf2 FILE") from None
    if (got := _sha256(data)) != wanted:
        raise UsageError(f"{url}: its sha256 is {got}, not {wanted}: not kept")
    path.parent.mkdir(parents=True, exist_ok=True)
    write_own({path: data}, private=True)
    logger.info("fetched %s to %s", url, path)
    return Uf2(path, data)


def _download(url: str) -> bytes:
    """Return what a URL holds. Raises OSError if it is larger than a UF2, or does not come within DOWNLOAD_S."""
    data, end = b"", time.monotonic() + DOWNLOAD_S
    with urllib.request.urlopen(url, timeout=SILENCE_S) as answer:
        while part := answer.read1(1 << 16):
            data += part
            if len(data) > UF2_BYTES:
                raise OSError(f"larger than {UF2_BYTES // MB} MB")
            if time.monotonic() > end:
                raise OSError(f"only {len(data)} bytes in {DOWNLOAD_S:g} s")
    return data
