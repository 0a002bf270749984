"""Find and open ports. pyserial opens all of them: devices, socket:// and the URL schemes of virtual boards alike."""

import gc
import hashlib
import logging
import os
import platform
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import platformdirs
import serial
from serial.tools import list_ports

from twinohm.errors import BoardBusy, BoardNotFound, UsageError
from twinohm.files import private_folder
from twinohm.link.serial_port import SerialPort
from twinohm.locks import Lock, names_this_process
from twinohm.protocol.port import Port

logger = logging.getLogger(__name__)

USB_MICROPYTHON = (0x2E8A, 0x0005)  # USB vendor and product: Raspberry Pi, MicroPython on the Pico
BAUD = 115200  # USB ignores it
READ_S = 0.1  # one read() waits so long for its first byte
WRITE_S = 5.0  # a port that takes no bytes for so long is lost
NETWORK = ("socket", "rfc2217")  # schemes of ports HOST:PORT
LIST_PORTS = "`twinohm ports` lists the ports"


@dataclass(frozen=True)
class PortInfo:
    """A serial device of this computer. `micropython`: its USB ids are those of MicroPython on a Pico."""

    device: str
    description: str
    serial_number: str | None
    micropython: bool


def serial_ports() -> list[PortInfo]:
    """Return the serial devices of this computer, MicroPython boards first."""
    found = [
        PortInfo(port.device, port.description, port.serial_number, (port.vid, port.pid) == USB_MICROPYTHON)
        for port in list_ports.comports()
    ]
    return sorted(found, key=lambda port: (not port.micropython, port.device))


def serial_number(device: str) -> str | None:
    """Return the USB serial number of a device, None if it has none (a URL, a plain UART)."""
    real = os.path.realpath(device)
    numbers = [info.serial_number for info in serial_ports() if os.path.realpath(info.device) == real]
    return numbers[0] if numbers else None


def find_device(where: str, number: str | None = None) -> str:
    """Return the device name of a board: the one with USB serial number `number`, else the one that `where` names.

    where: a device name, a USB serial number, or "auto" for the only MicroPython board that is plugged in.

    Raises BoardNotFound if "auto" finds none or more than one.
    """
    ports = serial_ports()
    for info in ports:
        if info.serial_number and info.serial_number in (number, where):
            return info.device
    if where != "auto":
        return where
    boards = [info.device for info in ports if info.micropython]
    if len(boards) != 1:
        raise BoardNotFound(f"port auto: {len(boards)} boards with MicroPython; name one with --port, {LIST_PORTS}")
    return boards[0]


def port_at(where: str) -> Port:
    """Return the port at a device name or URL, closed.

    Raises BoardNotFound for a URL of unknown scheme, UsageError for one of which a part would be ignored.
    """
    _check_url(where)
    try:
        found: Any = serial.serial_for_url(
            where, do_not_open=True, baudrate=BAUD, timeout=READ_S, write_timeout=WRITE_S
        )
    except ValueError as error:
        raise BoardNotFound(f"{where}: {error}; {LIST_PORTS}") from error
    return found if isinstance(found, Port) else SerialPort(found)


def _check_url(where: str) -> None:
    """Raise UsageError for a URL whose scheme is in capitals, or for a network port with a path or a fragment."""
    scheme, mark, rest = where.partition("://")
    if mark and scheme != scheme.lower():
        raise UsageError(f"{where}: write the scheme in small letters, {scheme.lower()}://{rest}")
    if mark and scheme in NETWORK:
        extra = re.sub(r"\A[^/?#]*/?(\?[^#]*)?", "", rest)
        if extra:
            raise UsageError(f"{where}: nothing uses {extra!r}; write {scheme}://HOST:PORT")


def open_port(where: str, number: str | None = None) -> Port:
    """Open the port at a device name, URL, USB serial number, or "auto"; `number` as in find_device().

    Raises BoardNotFound or BoardBusy.
    """
    port = port_at(where)
    if port.is_device:
        port = port_at(find_device(where, number))
    try:
        port.open()
    except ValueError as error:
        raise BoardNotFound(f"{port.name}: {error}; {LIST_PORTS}") from error
    except OSError as error:  # SerialException is one
        text = str(error)
        if "usy" in text or "denied" in text or "lock" in text:
            raise BoardBusy(
                f"{port.name}: in use or not permitted ({text}); close the program that has it open"
            ) from error
        raise BoardNotFound(f"{port.name}: {text}; {LIST_PORTS}") from error
    return port


def _lock_folder() -> Path:
    """Return the user's folder of locks on ports of this computer: several may share the home folder."""
    return platformdirs.user_cache_path("twinohm", appauthor=False) / f"locks-{platform.node()}"


def hold_port(where: str) -> Lock | None:
    """Lock the board at `where` against other hosts on this computer; None if no other could open the same board.

    Raises BoardBusy naming the process that holds it.
    """
    port = port_at(where)
    if not port.shared:
        return None
    name = find_device(where) if port.is_device else where
    key = os.path.realpath(name) if port.is_device else name
    file = re.sub(r"\W+", "_", key)[-60:] + hashlib.sha256(key.encode()).hexdigest()[:8]
    try:
        lock = Lock(private_folder(_lock_folder()) / f"{file}.lock", private=True)
        holder = lock.take()
        if holder is not None and names_this_process(holder):
            gc.collect()  # a client that was dropped without close() may wait to be collected
            holder = lock.take()
    except (OSError, UsageError) as error:
        logger.warning("%s is not locked: %s", name, error)
        return None  # the lock is advisory: a board can be used without it
    if holder is None:
        return lock
    remedy = "close() its other client first" if names_this_process(holder) else "end it, or wait until it is done"
    raise BoardBusy(f"{name}: held by {holder}; {remedy}")
