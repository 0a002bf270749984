"""MicroPython for the Pico as a UF2 file: one that is there, or a release fetched once and checked.

UF2 (Microsoft, "UF2 specification") is blocks of 512 bytes: 32 of head, a payload for one address, a magic end. The
chips take payloads of 256 bytes for addresses that are multiples of 256 (RP2040 datasheet, 2.8.4.2; RP2350 datasheet,
5.5.2 "UF2 Format Details"). A file for the RP2350 may begin with one block of its own, which works around erratum E10
(picotool, elf2uf2.cpp, gen_abs_block). A file is read once: what was checked is what is written.
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
from twinohm.inputs import MB, UF2_BYTES, possible_path, read_input
from twinohm.model.chips import ABSOLUTE_FAMILY, CHIPS, RISC_V_FAMILY, RP2040, Chip
from twinohm.paths import CHECKOUT, WHEEL
from twinohm.remedies import Symptom

logger = logging.getLogger(__name__)

BLOCK = 512
MAGIC = (0x0A324655, 0x9E5D5157, 0x0AB16F30)
HAS_FAMILY = 0x2000
NOT_FLASH = 0x1001  # flags of blocks that are no part of the flash: comments, and files in a container
PAYLOAD = 256
XIP_BASE = 0x10000000  # address of the flash
FLASH_BYTES = RP2040.flash_bytes  # of a Pico
CIRCUITPYTHON = b"CircuitPython"  # in the programs of that name, and in no MicroPython
SILENCE_S, DOWNLOAD_S = 30.0, 300.0  # a server may be silent, and a download may take
REMEDY = "name one with --uf2 FILE, or --uf2 URL#sha256=HEX of a release for {release}"
RELEASES = " or ".join(chip.release for chip in CHIPS)


@dataclass(frozen=True)
class Uf2:
    """A UF2 file that was checked: its content, where that was read, and the chip that it is for."""

    path: Path
    data: bytes
    chip: Chip = RP2040

    def require_chip(self, chip: Chip, pico: str) -> None:
        """Raise UsageError if the file is not for the chip at `pico`, a port or a drive."""
        if self.chip != chip:
            raise Symptom.UF2_OF_OTHER_CHIP.error(
                str(self.path), theirs=self.chip.name, pico=pico, ours=chip.name, release=chip.release
            )

    def blocks(self) -> Iterator[tuple[int, bytes]]:
        """Yield (flash address, bytes) of every block of the program."""
        for at in range(BLOCK * _is_for_e10(self.data), len(self.data), BLOCK):
            yield struct.unpack_from("<I", self.data, at + 12)[0], self.data[at + 32 : at + 32 + PAYLOAD]


def cache_dir() -> Path:
    """Return the folder of fetched and built files: the checkout's own .cache, or the user's cache folder."""
    return Path(platformdirs.user_cache_dir("twinohm")) if WHEEL.exists() else CHECKOUT / ".cache"


def read_uf2(source: str | None = None, chip: Chip | None = None, remedy: str = REMEDY) -> Uf2:
    """Return a checked UF2 for the RP2040 or the RP2350.

    source: a file, or a URL, which is fetched once; None: the UF2 for `chip` in the cache, by default for an RP2040.
    remedy: how to name another one, with the field {release}.

    No hash of a release is pinned here, so a URL has to carry its own: URL#sha256=HEX. What was fetched is
    hashed again at each use. Raises UsageError, and TwinOhmError if a URL cannot be fetched.
    """
    if source is None:
        chip = chip or RP2040
        path = cache_dir() / chip.release.removeprefix("RPI_").lower() / "firmware.uf2"
        if not path.exists():
            build = "" if WHEEL.exists() or chip != RP2040 else "; on Debian tests/get_uf2.sh builds it"
            named = remedy.format(release=chip.release)
            raise UsageError(f"no MicroPython for the {chip.boards} at {path}: {named}{build}")
        data = _read(path, remedy)
    elif "://" in source:
        path, data = _fetched(source)
    else:
        path = possible_path(Path(source))
        data = _read(path, remedy)
    return _checked(path, data, remedy.format(release=RELEASES))


def _read(path: Path, remedy: str) -> bytes:
    try:
        return read_input(path, UF2_BYTES)
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}: {remedy.format(release=RELEASES)}") from None


def _is_for_e10(data: bytes) -> bool:
    """Return whether a file begins with the block that works around erratum E10 of the RP2350."""
    if len(data) < 2 * BLOCK:
        return False
    first, second, _, _, _, number, count, family = struct.unpack_from("<8I", data)
    return (first, second, number, count, family) == (*MAGIC[:2], 0, 2, ABSOLUTE_FAMILY)


def _checked(path: Path, data: bytes, remedy: str) -> Uf2:
    """Return a UF2 file with its chip.

    Raises UsageError, naming the block, unless the file is whole, in order, for the flash of one chip, and no
    CircuitPython.
    """
    if not data or len(data) % BLOCK:
        raise UsageError(f"{path}: {len(data)} bytes are not whole UF2 blocks of {BLOCK}: {remedy}")
    first = int(_is_for_e10(data))
    (family,) = struct.unpack_from("<I", data, first * BLOCK + 28)
    if family == RISC_V_FAMILY:
        raise Symptom.UF2_OF_RISC_V.error(str(path))
    chip = next((chip for chip in CHIPS if chip.family == family), RP2040)
    there, addresses = len(data) // BLOCK - first, set()
    for k in range(there):
        wrong = _wrong_in(data, first + k, k, there, chip)
        (address,) = struct.unpack_from("<I", data, (first + k) * BLOCK + 12)
        if wrong is None and address in addresses:
            wrong = f"is for 0x{address:08x}, as an earlier one is"
        if wrong is not None:
            raise UsageError(f"{path}: block {first + k} {wrong}: {remedy}")
        addresses.add(address)
    uf2 = Uf2(path, data, chip)
    if CIRCUITPYTHON in b"".join(payload for _, payload in uf2.blocks()):
        raise Symptom.UF2_OF_CIRCUITPYTHON.error(str(path), release=chip.release)
    return uf2


def _wrong_in(data: bytes, at: int, k: int, there: int, chip: Chip) -> str | None:
    """Return what is wrong in block `at` of a file, which should be block k of `there`; None if nothing is."""
    first, second, flags, address, size, number, count, family = struct.unpack_from("<8I", data, at * BLOCK)
    if (first, second, *struct.unpack_from("<I", data, (at + 1) * BLOCK - 4)) != MAGIC:
        return "is no UF2 block"
    if not flags & HAS_FAMILY or family != chip.family:
        return f"is for another chip (family 0x{family:08x})"
    if flags & NOT_FLASH:
        return f"is not for the flash (flags 0x{flags:08x})"
    if count != there:
        return f"is one of {count} blocks, the file has {there}; it is cut off or made of several"
    if number != k:
        return f"has number {number}; blocks are missing, repeated or not in order"
    if size != PAYLOAD:
        return f"has {size} bytes, an {chip.name} takes {PAYLOAD}"
    if address % PAYLOAD or not 0 <= address - XIP_BASE < chip.flash_bytes:
        return f"is for 0x{address:08x}, which is no page of the flash of a {chip.boards}"
    return None


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _fetched(source: str) -> tuple[Path, bytes]:
    """Return place and content of a URL#sha256=HEX in the cache; it is fetched if it is not there or damaged.

    Raises TwinOhmError.
    """
    url, fragment = urldefrag(source)
    wanted = fragment.removeprefix("sha256=").lower()
    if fragment == wanted or len(wanted) != 64 or set(wanted) - set("0123456789abcdef"):
        raise UsageError(f"{url}: say what it must be: {url}#sha256=HEX, 64 digits")
    path, damaged = cache_dir() / "uf2" / f"{wanted}.uf2", ""
    if path.exists():
        data = _read(path, REMEDY)
        if _sha256(data) == wanted:
            return path, data
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
    return path, data


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
