"""Connect a port to this terminal, to a TCP port, or to a pseudo-terminal."""

import os
import queue
import socket
import sys
import threading
import time
from collections.abc import Callable
from contextlib import closing, suppress

from serial.tools import miniterm

from twinohm.errors import LinkLost, UsageError, listen_error
from twinohm.link.admission import admit
from twinohm.link.port_tokens import new_token, with_token
from twinohm.protocol.port import Port

ADDRESS = "127.0.0.1"
QUIET_S = 0.5  # without output after a prompt: the board has executed the piped input
STUCK_S = 30.0  # without output and without a prompt: the input is given up
BANNER_S, PAUSE_S = 2.0, 0.1  # for a prompt after a Return; without output after it
LONGEST_S = 600.0  # with output all the time
MOST_TYPED = 1_000_000  # bytes of piped input
SHOWN = 80  # bytes of output in an error message


def attach(port: Port) -> None:
    """Run pyserial's miniterm (Ctrl-] leaves); if stdin is no terminal, send it to the board and print the answer."""
    if not sys.stdin.isatty():
        _send_stdin(port)
        return
    sys.stderr.write("Ctrl-] leaves, Ctrl-C interrupts the board, Ctrl-D resets it\n")
    term = _Terminal(port)
    try:
        term.console.setup()  # before the prompt is shown, so that no typed key is echoed by the terminal too
        port.write(b"\r")
        end = received = time.monotonic() + BANNER_S
        tail = b""
        while (now := time.monotonic()) < end and not (tail.endswith(b">>> ") and now - received > PAUSE_S):
            if data := port.read(max(1, port.in_waiting)):  # what the board printed before; its banner follows
                tail, received = (tail + data)[-SHOWN:], time.monotonic()
        port.write(b"\x02")
        term.start()
        try:
            term.join(True)
        finally:
            term.stop()
            term.join()
    finally:
        term.console.cleanup()
        port.close()
    if term.error is not None:
        raise LinkLost(f"{port.name}: {term.error}; the same command opens the prompt again")


class _Terminal(miniterm.Miniterm):
    """Shows the bytes of the board as they are; Return sends CR. `error`: why no more come, None while they do."""

    def __init__(self, port: Port) -> None:
        super().__init__(port.pyserial, eol="cr", filters=["direct"])  # type: ignore[arg-type]  # any SerialBase
        self.exit_character, self.menu_character = "\x1d", "\x14"
        self.set_rx_encoding("UTF-8")
        self.set_tx_encoding("UTF-8")
        self.rx_transformations = []  # that of eol would make a line feed of each CR, and two of CR LF
        self.error: OSError | None = None

    def reader(self) -> None:
        """Copy what the board sends to the screen, until stop() or the end of the board."""
        try:
            super().reader()
        except OSError as error:  # SerialException among them
            self.error = error


def _send_stdin(port: Port) -> None:
    """Send standard input to the board's prompt, print what it answers, and close the port.

    Raises LinkLost if no prompt follows, UsageError if the input is too long.
    """
    typed = sys.stdin.buffer.read(MOST_TYPED + 1)
    if len(typed) > MOST_TYPED:
        raise UsageError(f"standard input: more than {MOST_TYPED} bytes; give the board less at a time")
    port.write(b"\r\x02" + typed.replace(b"\n", b"\r"))
    begin = received = time.monotonic()
    tail = b""
    while (now := time.monotonic()) - received < (QUIET_S if tail.endswith(b">>> ") else STUCK_S):
        if data := port.read(max(1, port.in_waiting)):
            received = time.monotonic()
            tail = (tail + data)[-SHOWN:]
            sys.stdout.buffer.write(data)
            sys.stdout.buffer.flush()
        if now - begin > LONGEST_S:
            break
    port.close()
    if not tail.endswith(b">>> "):
        raise LinkLost(f"{port.name}: no prompt after the input, it sent {tail!r}; does the code there end?")


def serve_tcp(port: Port, number: int, ready: Callable[[str], None]) -> None:
    """Offer the port to one client at a time on localhost, until an exception such as KeyboardInterrupt closes it.

    `ready` is called with the URL and its token. Raises UsageError if the number cannot be had.
    """
    token = new_token()
    clients: list[socket.socket] = []  # the one that is connected now
    with closing(port):
        try:
            server = socket.create_server((ADDRESS, number))
        except OSError as error:
            raise listen_error(ADDRESS, number, error, "give 0") from error
        threading.Thread(target=_copy_from_board, args=(port, clients), daemon=True).start()
        with server:
            ready(with_token(f"socket://localhost:{server.getsockname()[1]}", token))
            admitted: queue.SimpleQueue[socket.socket] = queue.SimpleQueue()
            threading.Thread(target=admit, args=(server, token, admitted.put), daemon=True).start()
            while True:
                _serve_client(port, admitted.get(), clients)


def _serve_client(port: Port, client: socket.socket, clients: list[socket.socket]) -> None:
    """Serve a client that has been admitted, until it closes the connection."""
    with client:
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # otherwise every reply waits 40 ms for an ACK
        clients.append(client)
        try:
            while data := client.recv(4096):
                port.write(data)
        except OSError:
            pass
        finally:
            clients.clear()


def _copy_from_board(port: Port, clients: list[socket.socket]) -> None:
    """Send what the board prints to the client. Without one it is dropped, as on a chip without a USB host."""
    try:
        while True:
            data = port.read(max(1, port.in_waiting))
            for client in [*clients] if data else ():
                with suppress(OSError):  # the client has closed
                    client.sendall(data)
    except OSError:
        pass  # the board's process has ended: the next write says so


def serve_pty(port: Port, ready: Callable[[str], None]) -> None:
    """Offer the port as a serial device until an exception such as KeyboardInterrupt; call `ready` with its name.

    Raises UsageError on systems without pseudo-terminals.
    """
    if not hasattr(os, "openpty"):
        raise UsageError("--pty: this system has no pseudo-terminals; use --tcp")
    import tty

    ours, theirs = os.openpty()
    tty.setraw(theirs)
    try:
        with closing(port):
            ready(os.ttyname(theirs))
            _copy_both_ways(port, lambda: os.read(ours, 4096), lambda data: _write_all(ours, data))
    finally:
        os.close(theirs)
        os.close(ours)


def _write_all(fd: int, data: bytes) -> None:
    while data:
        data = data[os.write(fd, data) :]


def _copy_both_ways(port: Port, read: Callable[[], bytes], write: Callable[[bytes], None]) -> None:
    """Copy bytes in both directions until `read` returns none."""
    done = threading.Event()

    def from_board() -> None:
        try:
            while not done.is_set():
                if data := port.read(max(1, port.in_waiting)):
                    write(data)
        except OSError:
            pass  # the client has closed; the next one gets the bytes that follow

    thread = threading.Thread(target=from_board, daemon=True)
    thread.start()
    try:
        while data := read():
            port.write(data)
    except OSError:
        pass
    finally:
        done.set()
        thread.join(1)
