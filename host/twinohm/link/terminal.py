"""A port's bytes for people and other programs: this terminal, a TCP port, a pseudo-terminal."""

import os
import socket
import sys
import threading
import time
from collections.abc import Callable

import serial
from serial.tools import miniterm

from twinohm.errors import UsageError

QUIET_S = 0.5  # piped input: silence after a prompt that means that all of it was done
STUCK_S = 30.0  # and without one


def attach(port: serial.Serial) -> None:
    """pyserial's miniterm on a terminal (Ctrl-] leaves); otherwise stdin goes in and what comes out is printed."""
    if not sys.stdin.isatty():
        _pipe(port)
        return
    port.write(b"\r\x02")
    term = miniterm.Miniterm(port, eol="cr", filters=["direct"])
    term.exit_character = "\x1d"
    term.menu_character = "\x14"
    term.set_rx_encoding("UTF-8")
    term.set_tx_encoding("UTF-8")
    sys.stderr.write("Ctrl-] leaves, Ctrl-C interrupts the board, Ctrl-D resets it\n")
    term.start()
    try:
        term.join(True)
    finally:
        term.close()


def _pipe(port: serial.Serial) -> None:
    port.write(b"\r\x02" + sys.stdin.buffer.read().replace(b"\n", b"\r"))
    heard = time.monotonic()
    tail = b""
    while time.monotonic() - heard < (QUIET_S if tail == b">>> " else STUCK_S):
        if data := port.read(max(1, port.in_waiting)):
            heard = time.monotonic()
            tail = (tail + data)[-4:]
            sys.stdout.buffer.write(data)
            sys.stdout.buffer.flush()
    port.close()


def serve_tcp(port: serial.Serial, number: int, ready: Callable[[str], None]) -> None:
    """One client at a time on localhost, until Ctrl-C. `ready` is told the URL."""
    with socket.create_server(("127.0.0.1", number)) as server:
        ready(f"socket://localhost:{server.getsockname()[1]}")
        try:
            while True:
                _serve_client(port, server.accept()[0])
        except KeyboardInterrupt:
            port.close()


def _serve_client(port: serial.Serial, client: socket.socket) -> None:
    with client:
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # else every reply waits 40 ms for an ACK
        _join(port, lambda: client.recv(4096), client.sendall)


def serve_pty(port: serial.Serial, ready: Callable[[str], None]) -> None:
    """A serial device for other programs, until Ctrl-C. `ready` is told its name. POSIX only."""
    if not hasattr(os, "openpty"):
        raise UsageError("--pty: this system has no pseudo-terminals; use --tcp")
    import tty

    ours, theirs = os.openpty()
    tty.setraw(theirs)
    ready(os.ttyname(theirs))
    try:
        _join(port, lambda: os.read(ours, 4096), lambda data: _write_all(ours, data))
    except KeyboardInterrupt:
        port.close()


def _write_all(fd: int, data: bytes) -> None:
    while data:
        data = data[os.write(fd, data) :]


def _join(port: serial.Serial, read: Callable[[], bytes], write: Callable[[bytes], None]) -> None:
    """Carry bytes both ways until `read` ends."""
    done = threading.Event()

    def outwards() -> None:
        try:
            while not done.is_set():
                if data := port.read(max(1, port.in_waiting)):
                    write(data)
        except OSError:
            pass  # the client has gone; the next one gets what follows

    thread = threading.Thread(target=outwards, daemon=True)
    thread.start()
    try:
        while data := read():
            port.write(data)
    except OSError:
        pass
    finally:
        done.set()
        thread.join(1)
