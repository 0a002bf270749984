"""A web server for the user of this computer: it listens at 127.0.0.1 alone and answers no page of another site.

Bokeh makes the pages and sends what changes in them. All its scripts come from this server.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Any

from bokeh.application import Application
from bokeh.application.handlers import FunctionHandler
from bokeh.document import Document
from bokeh.resources import Resources
from bokeh.server.server import BaseServer
from bokeh.server.tornado import BokehTornado
from bokeh.server.views.static_handler import StaticHandler
from tornado.httpserver import HTTPServer
from tornado.httputil import HTTPHeaders, HTTPServerRequest
from tornado.ioloop import IOLoop
from tornado.netutil import bind_sockets
from tornado.web import ErrorHandler, OutputTransform

from twinohm.errors import listen_error

ADDRESS = "127.0.0.1"
# The browser itself refuses what another server would send. Bokeh's start is a script within the page.
POLICY = (
    "default-src 'none'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "font-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
}

Page = Callable[[Document], None]  # fills an empty document; called once for each tab


class _Headers(OutputTransform):
    def transform_first_chunk(
        self, status_code: int, headers: HTTPHeaders, chunk: bytes, finishing: bool
    ) -> tuple[int, HTTPHeaders, bytes]:
        for name, value in HEADERS.items():
            headers[name] = value
        headers.pop("Access-Control-Allow-Origin", None)
        return status_code, headers, chunk


class _Site(BokehTornado):
    """Bokeh's application; requests that name another host, or come from another site's page, get 403."""

    def __init__(self, pages: Mapping[str, Page], port: int) -> None:
        self._hosts = {f"{host}:{port}" for host in (ADDRESS, "localhost")}
        self._origins = {f"http://{host}" for host in (ADDRESS, *self._hosts)}
        super().__init__(
            {path: Application(FunctionHandler(page)) for path, page in pages.items()},
            extra_websocket_origins=sorted(self._hosts),
            redirect_root=False,
            use_index=False,
            check_unused_sessions_milliseconds=1000,
            transforms=[_Headers],
            log_function=lambda _: None,
        )

    def find_handler(self, request: HTTPServerRequest, **more: Any) -> Any:
        if not self._is_ours(request):
            return self.get_handler_delegate(request, ErrorHandler, {"status_code": 403})
        return super().find_handler(request, **more)

    def _is_ours(self, request: HTTPServerRequest) -> bool:
        """Return whether a request is for this server by name, and not made by a page of another one."""
        headers = request.headers
        if headers.get("Sec-Fetch-Site") == "cross-site" and headers.get("Sec-Fetch-Mode") != "navigate":
            return False
        origin = headers.get("Origin", f"http://{ADDRESS}")
        return headers.get("Host") in self._hosts and origin in self._origins

    def resources(self, absolute_url: str | bool | None = None) -> Resources:
        """Return where pages load Bokeh's scripts from: this server, whatever the user's settings of Bokeh say."""
        return Resources(mode="server", root_url="/", path_versioner=StaticHandler.append_version)


def serve(pages: Mapping[str, Page], port: int, ready: Callable[[str], None]) -> None:
    """Serve pages by path until KeyboardInterrupt. port 0: any that is free. ready() gets the address at once.

    Raises UsageError if the port cannot be had.
    """
    try:
        sockets = bind_sockets(port, ADDRESS)
    except OSError as error:
        raise listen_error(ADDRESS, port, error, "leave it out") from error
    port = sockets[0].getsockname()[1]
    site = _Site(pages, port)
    http = HTTPServer(site)
    http.add_sockets(sockets)
    for name in ("bokeh", "tornado"):  # they warn of requests that are refused, in the words of the request
        logging.getLogger(name).setLevel(logging.ERROR)
    loop = IOLoop.current()
    server = BaseServer(loop, site, http)
    server.start()
    try:
        loop.add_callback(ready, f"http://{ADDRESS}:{port}/")
        loop.start()
    finally:
        server.stop()
        http.stop()
