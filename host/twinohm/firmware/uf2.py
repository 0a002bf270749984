"""MicroPython for the Pico as a UF2 file: one that is there, or a release fetched once and checked.

UF2 (Microsoft, "UF2 specification") is blocks of 512 bytes: 32 of head, a payload for one address, a magic end.
"""

import hashlib
import logging
import struct
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urldefrag

import platformdirs

from twinohm.errors import TwinOhmError, UsageError
from twinohm.files import write_own
from twinohm.inputs import MB, UF2_BYTES, read_input
from twinohm.paths import CHECKOUT, WHEEL

logger = logging.getLogger(__name__)

MAGIC = (0x0A324655, 0x9E5D5157, 0x0AB16F30)
HAS_FAMILY = 0x2000
RP2040_FAMILY = 0xE48BFF56
SILENCE_S, DOWNLOAD_S = 30.0, 300.0  # a server may be silent, and a download may take
REMEDY = "name one with --uf2 FILE, or --uf2 URL#sha256=HEX of a release for RPI_PICO"


def cache_dir() -> Path:
    """Return the folder of fetched and built files: the checkout's own .cache, or the user's cache folder."""
    return Path(platformdirs.user_cache_dir("twinohm")) if WHEEL.exists() else CHECKOUT / ".cache"


def find_uf2(source: str | None = None) -> Path:
    """Return the path of a checked UF2 for the RP2040.

    source: a file, or a URL, which is fetched once; None: the UF2 in the cache.

    No hash of a release is pinned here, so a URL has to carry its own: URL#sha256=HEX. Raises UsageError.
    """
    if source is None:
        path = cache_dir() / "pico" / "firmware.uf2"
        if not path.exists():
            build = "" if WHEEL.exists() else "; on Debian tests/get_uf2.sh builds it"
            raise UsageError(f"no MicroPython for the Pico at {path}: {REMEDY}{build}")
    elif "://" in source:
        path = _fetch(source)
    else:
        path = Path(source)
    for _ in uf2_blocks(path):
        pass
    return path


def uf2_blocks(path: Path) -> Iterator[tuple[int, bytes]]:
    """Yield (flash address, bytes) of every block. Raises UsageError naming a block that is not for an RP2040."""
    try:
        data = read_input(path, UF2_BYTES)
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}: {REMEDY}") from None
    if not data or len(data) % 512:
        raise UsageError(f"{path}: {len(data)} bytes are not whole UF2 blocks of 512: {REMEDY}")
    for at in range(0, len(data), 512):
        first, second, flags, address, size, _, _, family = struct.unpack_from("<8I", data, at)
        if (first, second, *struct.unpack_from("<I", data, at + 508)) != MAGIC or size > 476:
            raise UsageError(f"{path}: block {at // 512} is no UF2 block: {REMEDY}")
        if not flags & HAS_FAMILY or family != RP2040_FAMILY:
            raise UsageError(f"{path}: block {at // 512} is for another chip (family 0x{family:08x}): {REMEDY}")
        yield address, data[at + 32 : at + 32 + size]


def _fetch(source: str) -> Path:
    """Return the file of a URL#sha256=HEX from the cache, fetched first if it is not there. Raises TwinOhmError."""
    url, fragment = urldefrag(source)
    wanted = fragment.removeprefix("sha256=").lower()
    if fragment == wanted or len(wanted) != 64 or set(wanted) - set("0123456789abcdef"):
        raise UsageError(f"{url}: say what it must be: {url}#sha256=HEX, 64 digits")
    path = cache_dir() / "uf2" / f"{wanted}.uf2"
    if not path.exists():
        try:
            data = _download(url)
        except (OSError, ValueError) as error:
            raise TwinOhmError(f"{url}: {error}: fetch it by hand and give --uf2 FILE") from None
        got = hashlib.sha256(data).hexdigest()
        if got != wanted:
            raise UsageError(f"{url}: its sha256 is {got}, not {wanted}: not kept")
        path.parent.mkdir(parents=True, exist_ok=True)
        write_own({path: data}, private=True)
        logger.info("fetched %s to %s", url, path)
    return path


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
