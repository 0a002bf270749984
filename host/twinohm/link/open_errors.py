"""Why a port could not be opened, in words: from errors of the operating system to the symptoms of remedies.py."""

import errno
import getpass
import os
import socket
import sys
from contextlib import suppress
from pathlib import Path

from twinohm.errors import BoardBusy, TwinOhmError
from twinohm.remedies import Symptom

_BY_NUMBER = {
    errno.ENOENT: Symptom.ABSENT,
    errno.ENODEV: Symptom.ABSENT,
    errno.ENXIO: Symptom.ABSENT,
    errno.ENOTTY: Symptom.NOT_SERIAL,
    errno.EISDIR: Symptom.NOT_SERIAL,
    errno.ENOTDIR: Symptom.ABSENT,
    errno.ECONNREFUSED: Symptom.REFUSED,
    errno.ECONNRESET: Symptom.REFUSED,
    errno.ETIMEDOUT: Symptom.UNREACHABLE,
    errno.EHOSTUNREACH: Symptom.UNREACHABLE,
    errno.ENETUNREACH: Symptom.UNREACHABLE,
}
_HELD = (errno.EBUSY, errno.EAGAIN)  # TIOCEXCL; a lock of another program
_DENIED = (errno.EACCES, errno.EPERM)


def open_error(name: str, error: Exception) -> TwinOhmError:
    """Return what to raise for an `error` of pyserial on opening the port `name`."""
    cause = _cause(error)
    reason = str(getattr(cause, "strerror", None) or cause)
    number = getattr(cause, "errno", None)
    if isinstance(error, NotImplementedError):
        return Symptom.LACKS.error(name, reason=reason)
    if isinstance(cause, socket.gaierror | UnicodeError):
        return Symptom.UNKNOWN_HOST.error(name, reason=reason)
    if isinstance(cause, TimeoutError):
        return Symptom.UNREACHABLE.error(name, reason=reason)
    if " is busy" in reason:  # the flash file of an emulated chip: its process says who has it, and what to do
        return BoardBusy(f"{name}: {reason}")
    if "RFC2217" in reason:
        return Symptom.NO_RFC2217.error(name)
    if number in _HELD or sys.platform == "win32" and "PermissionError" in reason:
        return Symptom.HELD.error(name, holder=port_holder(name) or "another program")
    if number in _DENIED:
        return _denied(name)
    if "Could not configure port" in str(error) and cause.args[:1] != (errno.EIO,):  # EIO: it has just vanished
        return Symptom.NOT_SERIAL.error(name, reason=reason)
    return _BY_NUMBER.get(number or 0, Symptom.CANNOT_OPEN).error(name, reason=reason)


def _cause(error: Exception) -> Exception:
    """Return the error that pyserial has put into a SerialException, or `error` itself."""
    inner = error.__context__
    return inner if isinstance(inner, Exception) else error


def check_permission(device: str) -> None:
    """Raise BoardBusy if this user may not open a device, OSError if it cannot be opened for another reason."""
    try:
        os.close(os.open(device, os.O_RDWR | os.O_NONBLOCK | os.O_NOCTTY))
    except OSError as error:
        if error.errno in _DENIED:
            raise _denied(device) from error
        if error.errno not in _HELD:
            raise


def check_holder(device: str) -> None:
    """Raise BoardBusy if another process has a device open, also one that would share it."""
    if holder := port_holder(device):
        raise Symptom.HELD.error(device, holder=holder)


def _denied(device: str) -> TwinOhmError:
    """Return the error for a device that this user may not open, by its owner and group."""
    try:
        import grp
        import pwd

        status = os.stat(device)
        group, owner = grp.getgrgid(status.st_gid), pwd.getpwuid(status.st_uid).pw_name
        user = getpass.getuser()
    except (ImportError, KeyError, OSError):
        return Symptom.NO_RULE.error(device, owner="another user")
    if not status.st_mode & 0o020 or group.gr_name in ("root", "wheel"):
        return Symptom.NO_RULE.error(device, owner=owner)
    symptom = Symptom.OLD_LOGIN if user in group.gr_mem else Symptom.NOT_IN_GROUP
    return symptom.error(device, group=group.gr_name)


def port_holder(device: str) -> str | None:
    """Return program and number of another process that has a device open; None where that cannot be known.

    The process that serves a pseudo-terminal, which has its other side open too, is no holder of it.
    """
    real = os.path.realpath(device)
    for entry in Path("/proc").glob("[0-9]*/fd/*"):
        process = entry.parts[2]
        try:
            if process != str(os.getpid()) and os.readlink(entry) == real and not _serves(process, real):
                return f"{Path('/proc', process, 'comm').read_text().strip()} (process {process})"
        except OSError:
            continue  # of another user, or ended by now
    return None


def _serves(process: str, device: str) -> bool:
    """Return whether a process has the master side of the pseudo-terminal `device` open.

    Linux names its number as `tty-index` in /proc/PID/fdinfo (tty_show_fdinfo in drivers/tty/tty_io.c).
    """
    index = f"tty-index:\t{device.removeprefix('/dev/pts/')}"
    for entry in Path("/proc", process, "fd").iterdir():
        with suppress(OSError):  # closed by now
            if os.path.basename(os.readlink(entry)) == "ptmx":
                if index in Path("/proc", process, "fdinfo", entry.name).read_text().splitlines():
                    return True
    return False
