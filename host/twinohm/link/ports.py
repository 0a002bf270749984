"""Opening ports. Everything goes through pyserial: devices, socket:// and the virtual schemes alike."""

from dataclasses import dataclass

import serial
from serial.tools import list_ports

from twinohm.errors import BoardBusy, BoardNotFound

USB_MICROPYTHON = (0x2E8A, 0x0005)  # Raspberry Pi, MicroPython on the Pico


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


def find_device(port: str) -> str:
    """`auto`: the only MicroPython board there is. Raises BoardNotFound if there is none or more than one."""
    if port != "auto":
        return port
    boards = [info.device for info in serial_ports() if info.micropython]
    if len(boards) != 1:
        raise BoardNotFound(
            f"port auto: {len(boards)} boards with MicroPython; name one with --port, `twinohm ports` lists them"
        )
    return boards[0]


def open_port(port: str) -> serial.Serial:
    """Open a device name, a URL, or `auto`. Raises BoardNotFound or BoardBusy, saying what to do."""
    port = find_device(port)
    try:
        return serial.serial_for_url(port, baudrate=115200, timeout=0.1)
    except ValueError as error:
        raise BoardNotFound(f"{port}: {error}; `twinohm ports` lists what there is") from None
    except serial.SerialException as error:
        text = str(error)
        if "usy" in text or "denied" in text or "lock" in text:
            raise BoardBusy(f"{port}: in use or not permitted ({text}); close the program that holds it") from None
        raise BoardNotFound(f"{port}: {text}; `twinohm ports` lists what there is") from None
