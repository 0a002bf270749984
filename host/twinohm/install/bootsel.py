"""A Pico with its BOOTSEL button held is a drive: MicroPython is copied there as a UF2 file, and the chip restarts.

RP2040 datasheet, 2.8.4 "USB Mass Storage Interface"; RP2350 datasheet, 5.5: the drive holds INFO_UF2.TXT, and its
name is that of the chip (model/chips.py).
"""

import logging
import os
import time
from collections.abc import Callable
from pathlib import Path

from twinohm.errors import BoardNotFound, LinkError, TwinOhmError, UsageError
from twinohm.extras import install_command
from twinohm.files import open_new
from twinohm.firmware.uf2 import Uf2
from twinohm.inputs import TABLE_BYTES, read_input
from twinohm.link.transports import serial_ports
from twinohm.model.chips import CHIPS, Chip, chip_of_drive
from twinohm.remedies import Symptom

logger = logging.getLogger(__name__)

INFO = "INFO_UF2.TXT"
LABELS = Path("/dev/disk/by-label")  # Linux: drives that are plugged in, mounted or not
USB = Path("/sys/bus/usb/devices")  # Linux: everything that is plugged in, whether it became a drive or not
NAMES = " or ".join(chip.drive for chip in CHIPS)
CHUNK = 16 * 1024
WAIT_S = 30.0


def chip_at(folder: Path) -> Chip | None:
    """Return the chip whose drive `folder` is, and that waits for a UF2; None if it is something else."""
    try:
        return chip_of_drive(read_input(folder / INFO, TABLE_BYTES).decode(errors="replace"))
    except OSError:
        return None


def _holds_something(folder: Path) -> bool:
    """Return whether `folder` is a file, a folder with files in it, or one that may not be read."""
    try:
        return any(folder.iterdir())
    except FileNotFoundError:
        return False
    except OSError:
        return True


def drives() -> list[Path]:
    """Return the mounted drives of chips in BOOTSEL. Raises TwinOhmError without psutil."""
    try:
        import psutil
    except ImportError:
        raise TwinOhmError(f"finding a Pico's drive needs psutil: {install_command('flash')}") from None
    found = (Path(partition.mountpoint) for partition in psutil.disk_partitions())
    return [folder for folder in found if chip_at(folder)]


def find_drive(given: Path | None = None) -> Path | None:
    """Return the drive `given`, else the only one; None if no drive is there (yet).

    Raises UsageError for a folder of something else, or if there are several.
    """
    if given is not None:
        if chip_at(given):
            return given
        if _holds_something(given):
            raise UsageError(f"--drive {given}: no {INFO} of {NAMES} there; hold BOOTSEL while you plug the Pico in")
        return None
    found = drives()
    if len(found) > 1:
        raise UsageError(f"{len(found)} Picos wait in BOOTSEL ({', '.join(map(str, found))}): name one with --drive")
    return found[0] if found else None


def usb_ids() -> set[str]:
    """Return vendor and product, such as "2e8a:0003", of all USB devices; none where the system does not list them."""
    found = set()
    for folder in USB.glob("*"):
        try:
            ids = [(folder / name).read_text(encoding="ascii").strip() for name in ("idVendor", "idProduct")]
        except (OSError, UnicodeError):
            continue  # an interface, which has no ids, or unplugged by now
        found.add(":".join(ids).lower())
    return found


def no_drive_error(otherwise: TwinOhmError) -> TwinOhmError:
    """Return why there is no drive: `waiting_error`, else `otherwise`."""
    return waiting_error() or otherwise


def waiting_error() -> TwinOhmError | None:
    """Return why a chip in BOOTSEL has no drive: it is not mounted, or there is none. None if none is in BOOTSEL."""
    for label in (LABELS / chip.drive for chip in CHIPS):
        if label.exists():
            return Symptom.NOT_MOUNTED.error(str(label), device=label)
    ids = usb_ids()
    for chip in CHIPS:
        if chip.usb in ids:
            return Symptom.NO_DISK.error(f"USB {chip.usb}")
    return None


def copy(uf2: Uf2, drive: Path, progress: Callable[[int, int], None]) -> None:
    """Write a UF2 to a drive; call `progress` with bytes done and in all. Raises LinkError if the drive goes early."""
    data, path, done = uf2.data, drive / uf2.path.name, 0
    try:
        with open_new(path) as file:
            while done < len(data):
                done += file.write(data[done : done + CHUNK])
                progress(done, len(data))
            os.fsync(file.fileno())
        logger.info("wrote %s", path)
    except OSError as error:
        # The chip restarts at the last block and takes its drive along, sometimes before the operating system is done.
        if done < len(data):
            raise LinkError(
                f"{drive}: {error.strerror} after {done} of {len(data)} bytes; plug it in with BOOTSEL held and repeat"
            ) from None


def wait_for_drive(given: Path | None, timeout_s: float = WAIT_S) -> Path:
    """Wait for the drive and return it. `given`: its folder, None for any. Raises LinkError after timeout_s."""
    end = time.monotonic() + timeout_s
    while time.monotonic() < end:
        drive = find_drive() if given is None else given if chip_at(given) else None
        if drive is not None:
            return drive
        time.sleep(0.2)
    raise no_drive_error(Symptom.NO_DRIVE.error(str(given or NAMES), timeout_s=timeout_s))


def wait_for_port(before: set[str], timeout_s: float = WAIT_S) -> str:
    """Wait for a serial port of MicroPython that was not there `before`, or is the only one, and return its name.

    Raises BoardNotFound after timeout_s.
    """
    end = time.monotonic() + timeout_s
    while time.monotonic() < end:
        now = [info.device for info in serial_ports() if info.micropython]
        fresh = [device for device in now if device not in before] or (now if len(now) == 1 else [])
        if fresh:
            return fresh[0]
        time.sleep(0.2)
    raise BoardNotFound(f"no serial port of MicroPython within {timeout_s:g} s: `twinohm ports`, then give --port")
