"""Find and open ports. pyserial opens all of them: devices, socket:// and the URL schemes of virtual boards alike."""

import gc
import hashlib
import logging
import os
import platform
import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import platformdirs
import serial
from serial.tools import list_ports

from twinohm.errors import UsageError
from twinohm.files import private_folder
from twinohm.link.open_errors import open_error
from twinohm.link.port_errors import raise_if_foreign
from twinohm.link.port_tokens import first_line, take_token
from twinohm.link.serial_port import SerialPort
from twinohm.locks import Lock, names_this_process
from twinohm.model.board_file import load_boards
from twinohm.protocol.port import Port
from twinohm.remedies import Symptom

logger = logging.getLogger(__name__)

USB_MICROPYTHON = (0x2E8A, 0x0005)  # USB vendor and product: Raspberry Pi, MicroPython on the Pico
BAUD = 115200  # USB ignores it
READ_S = 0.1  # one read() waits so long for its first byte
WRITE_S = 5.0  # a port that takes no bytes for so long is lost
NETWORK = ("socket", "rfc2217")  # schemes of ports HOST:PORT
OPTIONS = {"socket": ("logging",), "rfc2217": ("ign_set_control", "logging", "poll_modem", "timeout")}  # of pyserial
FROM_FILES = ("", "sim", "emu", *NETWORK)  # schemes of ports that a file may name; "" is a device or auto
LACKING = {"rfc2217": ("write_timeout",)}  # options that ports of a scheme of pyserial do not have


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
        raise Symptom.NOT_ONE.error("port auto", number=len(boards))
    return boards[0]


def port_at(where: str) -> Port:
    """Return the port at a device name or URL, closed.

    Raises UsageError for a URL of unknown scheme, or of which a part would be ignored, and BoardNotFound for one of
    pyserial's that cannot be used here.
    """
    where = take_token(where)
    scheme = _check_url(where)
    options: dict[str, Any] = {"baudrate": BAUD, "timeout": READ_S, "write_timeout": WRITE_S, "exclusive": True}
    for option in LACKING.get(scheme, ()):
        del options[option]
    try:
        found: Any = serial.serial_for_url(where, do_not_open=True, **options)
    except ValueError as error:
        raise Symptom.UNKNOWN_SCHEME.error(where, reason=error) from error
    except (serial.SerialException, ImportError) as error:  # a scheme of pyserial that needs a package
        raise Symptom.LACKS.error(where, reason=error) from error
    return found if isinstance(found, Port) else SerialPort(found, first_line(where))


def _check_url(where: str) -> str:
    """Return the scheme of a URL, "" for a device.

    Raises UsageError for a port without a name or with a character that no name has, for a URL that is none, whose
    scheme is in capitals, and for a network port with a path, a fragment, or without host and port.
    """
    if not where.strip():
        raise Symptom.EMPTY.error(f"port {where!r}")
    if not where.isprintable():
        raise Symptom.UNPRINTABLE.error(f"port {where!a}")
    scheme, mark, rest = where.partition("://")
    if not mark:
        return ""
    if scheme != scheme.lower():
        raise UsageError(f"{where}: write the scheme in small letters, {scheme.lower()}://{rest}")
    try:
        parts = urlsplit(where)
    except ValueError as error:
        raise Symptom.MALFORMED.error(where, reason=error) from None
    if scheme in NETWORK:
        extra = re.sub(r"\A[^/?#]*/?(\?[^#]*)?", "", rest)
        if extra:
            raise UsageError(f"{where}: nothing uses {extra!r}; write {scheme}://HOST:PORT")
        for option, _ in parse_qsl(parts.query, keep_blank_values=True):
            if option not in OPTIONS[scheme]:
                raise Symptom.NO_OPTION.error(where, scheme=scheme, option=option, known=", ".join(OPTIONS[scheme]))
        try:
            number = parts.port
        except ValueError:
            number = 0
        if not parts.hostname:
            raise Symptom.NO_HOST.error(where, scheme=scheme)
        if not number:
            symptom = Symptom.NO_TCP_PORT if number is None else Symptom.BAD_TCP_PORT
            raise symptom.error(where, scheme=scheme)
    return scheme


def check_recorded_port(where: str) -> str:
    """Return a port that a file names, and not the user.

    Raises UsageError for one of another scheme than FROM_FILES. pyserial has more, and some act when they are made:
    spy:// writes a file, alt:// makes an object of any class.
    """
    if (scheme := _check_url(where)) not in FROM_FILES:
        raise Symptom.NOT_FROM_FILES.error(where, scheme=scheme)
    return where


def open_port(where: str, number: str | None = None) -> Port:
    """Open the port at a device name, URL, USB serial number, or "auto"; `number` as in find_device().

    Raises BoardNotFound or BoardBusy.
    """
    port = port_at(where)
    if port.is_device:
        port = port_at(find_device(where, number))
    before = sys.exception()
    try:
        port.open()
    except (OSError, ValueError, NotImplementedError) as error:  # SerialException is an OSError
        raise_if_foreign(error, before)
        if port.is_device and not os.path.exists(port.name) and (meant := _meant(port.name)):
            raise Symptom.MISSPELT.error(port.name, meant=meant) from error
        raise open_error(port.name, error) from error
    return port


def _meant(where: str) -> str | None:
    """Return the port that the name of a missing device looks like: lab16, sim:lab16 and AUTO are none."""
    scheme, colon, rest = where.partition(":")
    if colon and scheme in (*FROM_FILES, "loop")[1:]:
        return f"{scheme}://{rest.lstrip('/')}"
    if where.lower() == "auto":
        return "auto"
    if where in ("sim", "emu"):
        return f"{where}://lab16"
    return f"sim://{where}" if where in load_boards() else None


def _lock_folder() -> Path:
    """Return the user's folder of locks on ports of this computer: several may share the home folder."""
    return platformdirs.user_cache_path("twinohm", appauthor=False) / f"locks-{platform.node()}"


def hold_port(where: str) -> Lock | None:
    """Lock the board at `where` against other hosts on this computer; None if no other could open the same board.

    Raises BoardBusy naming the process that holds it.
    """
    port, before = port_at(where), sys.exception()
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
        raise_if_foreign(error, before)
        logger.warning("%s is not locked: %s", name, error)
        return None  # the lock is advisory: a board can be used without it
    if holder is None:
        return lock
    symptom = Symptom.HELD_HERE if names_this_process(holder) else Symptom.HELD
    raise symptom.error(name, holder=holder)
