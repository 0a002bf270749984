"""Who may use a port on TCP: a client whose first line is the token. Any other connection is closed without an answer.

All connections wait side by side, so that those that send nothing keep nobody out.
"""

import selectors
import socket
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from twinohm.link.port_tokens import LONGEST, is_token

FIRST_LINE_S = 3.0  # for a client to send the token
MOST_WAITING = 200  # connections without a token so far; of more the oldest is closed
LOOK_S = 0.2  # between looks at connections that are too old, and at whether the server is closed


@dataclass
class _Waiting:
    """A connection that has not sent its first line yet."""

    client: socket.socket
    until: float  # time.monotonic()
    line: bytes = b""

    def read_line(self) -> bool:
        """Read what is there, no byte beyond the first line. Return whether the line, or the connection, is over."""
        while not self.line.endswith(b"\n") and len(self.line) < LONGEST:
            try:
                byte = self.client.recv(1)
            except BlockingIOError:
                return False
            except OSError:
                return True
            if not byte:
                return True
            self.line += byte
        return True


def admit(server: socket.socket, token: str, admitted: Callable[[socket.socket], None]) -> None:
    """Call `admitted` with each client of a server that has sent the token, until the server is closed."""
    try:
        _admit(server, token, admitted)
    except (OSError, ValueError):  # another thread has closed the server, at whichever line
        if server.fileno() >= 0:
            raise


def _admit(server: socket.socket, token: str, admitted: Callable[[socket.socket], None]) -> None:
    waiting: dict[socket.socket, _Waiting] = {}  # the oldest first
    with selectors.DefaultSelector() as selector:
        server.setblocking(False)
        selector.register(server, selectors.EVENT_READ)

        def end(one: _Waiting, close: bool = True) -> None:
            del waiting[one.client]
            selector.unregister(one.client)
            if close:
                one.client.close()

        while server.fileno() >= 0:
            for key, _ in selector.select(LOOK_S):
                if key.fileobj is server:
                    with suppress(OSError):  # the client has gone, or there are too many open files
                        client, _ = server.accept()
                        client.setblocking(False)
                        waiting[client] = _Waiting(client, time.monotonic() + FIRST_LINE_S)
                        selector.register(client, selectors.EVENT_READ)
                elif (one := waiting[key.fileobj]).read_line():  # type: ignore[index]
                    right = is_token(one.line, token)
                    end(one, close=not right)
                    if right:
                        one.client.setblocking(True)
                        admitted(one.client)
            now = time.monotonic()
            for one in [*waiting.values()]:
                if one.until < now or len(waiting) > MOST_WAITING:
                    end(one)
