"""A TCP port with something else than a board behind it."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

Talk = Callable[[socket.socket], None]


@contextmanager
def port_that(talk: Talk) -> Iterator[str]:
    """Yield the URL of a TCP port that calls `talk` with each client, and closes it then."""

    def serve() -> None:
        while True:
            try:
                client = server.accept()[0]
            except OSError:
                return
            threading.Thread(target=serve_client, args=(client,), daemon=True).start()

    def serve_client(client: socket.socket) -> None:
        with client, suppress(OSError):  # the client has gone
            talk(client)

    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=serve, daemon=True).start()
        yield f"socket://127.0.0.1:{server.getsockname()[1]}"
        server.shutdown(socket.SHUT_RDWR)
