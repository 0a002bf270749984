"""Opening ports. Everything goes through pyserial: devices, socket:// and the virtual schemes alike."""

import hashlib
import os
import re
import tempfile
from dataclasses import dataclass
from pathlib import Path

import serial
from serial.tools import list_ports

from twinohm.errors import BoardBusy, BoardNotFound
from twinohm.locks import Lock

USB_MICROPYTHON = (0x2E8A, 0x0005)  # Raspberry Pi, MicroPython on the Pico
VIRTUAL = ("sim:", "emu:")  # whoever opens one of these gets a board that nobody else has
WRITE_S = 5.0  # a port that takes no bytes for so long is lost


@dataclass(frozen=True)
class PortInfo:
    """A serial device that may be a board."""

    device: str
    description: str
    serial_number: str | None
    micropython: bool


def serial_ports() -> list[PortInfo]:
    """Serial devices of this machine, MicroPython boards first."""
    found = [
        PortInfo(port.device, port.description, port.serial_number, (port.vid, port.pid) == USB_MICROPYTHON)
        for port in list_ports.comports()
    ]
    return sorted(found, key=lambda port: (not port.micropython, port.device))


def serial_number(device: str) -> str | None:
    """The USB serial number behind a device name, None where there is none (a URL, a plain UART)."""
    real = os.path.realpath(device)
    numbers = [info.serial_number for info in serial_ports() if os.path.realpath(info.device) == real]
    return numbers[0] if numbers else None


def find_device(port: str, number: str | None = None) -> str:
    """Where the board is now: under any device name if its USB serial `number` is known, else where `port` says.

    `port` may itself be a serial number. `auto`: the only MicroPython board there is; raises BoardNotFound if there is
    none or more than one.
    """
    if "://" in port:
        return port
    ports = serial_ports()
    for info in ports:
        if info.serial_number and info.serial_number in (number, port):
            return info.device
    if port != "auto":
        return port
    boards = [info.device for info in ports if info.micropython]
    if len(boards) != 1:
        raise BoardNotFound(
            f"port auto: {len(boards)} boards with MicroPython; name one with --port, `twinohm ports` lists them"
        )
    return boards[0]


def open_port(port: str, number: str | None = None) -> serial.Serial:
    """Open a device name, a URL, a USB serial number, or `auto`. Raises BoardNotFound or BoardBusy."""
    port = find_device(port, number)
    try:
        return serial.serial_for_url(port, baudrate=115200, timeout=0.1, write_timeout=WRITE_S)
    except ValueError as error:
        raise BoardNotFound(f"{port}: {error}; `twinohm ports` lists what there is") from None
    except OSError as error:  # SerialException is one
        text = str(error)
        if "usy" in text or "denied" in text or "lock" in text:
            raise BoardBusy(f"{port}: in use or not permitted ({text}); close the program that holds it") from None
        raise BoardNotFound(f"{port}: {text}; `twinohm ports` lists what there is") from None


def hold_port(port: str, number: str | None = None) -> Lock | None:
    """Tell other hosts on this machine that the board at `port` is in use; None where nobody else can have it.

    Raises BoardBusy naming the process that holds it.
    """
    if port.startswith(VIRTUAL):
        return None
    device = find_device(port, number)
    key = device if "://" in device else os.path.realpath(device)
    name = re.sub(r"\W+", "_", key)[-60:] + hashlib.sha256(key.encode()).hexdigest()[:8]
    lock = Lock(Path(tempfile.gettempdir()) / f"twinohm-{name}.lock")
    try:
        holder = lock.take()
    except OSError:
        return None  # advisory: no lock is no reason to refuse a board
    if holder is not None:
        raise BoardBusy(f"{device}: held by {holder}; end it, or wait until it is done")
    return lock
