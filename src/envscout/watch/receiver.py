"""A small HTTP server for the events of a registry: bounded in bytes, time and number, and silent to strangers.

A message is answered with 200 only after `keep` returned: whoever got that answer need not tell again.
"""

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from socketserver import ThreadingMixIn

from envscout.errors import EnvscoutError, LimitExceeded, SourceError, UsageError
from envscout.store.watching import Sighting
from envscout.watch import events
from envscout.watch.proof import is_authentic
from envscout.watch.registries import Watched

MAX_BODY = 1 << 20
MAX_AT_ONCE = 16
"""Connections; more are closed at once."""
SECONDS = 15.0
"""That a connection may last, however it is used."""

Keep = Callable[[Sequence[Sighting]], bool]
"""Keeps what was told; False where there is no room, so that it has to be told again."""


@contextmanager
def receiving(watched: Watched, secret: str, keep: Keep) -> Iterator[int]:
    """Receive events for as long as the block lasts; yields the port. Raises UsageError where it cannot be had."""
    handler = type("_Handler", (_Handler,), {"watched": watched, "secret": secret, "keep": staticmethod(keep)})
    try:
        server = _Server((watched.listen, watched.port), handler)
    except (OSError, OverflowError) as error:
        where = f"{watched.listen or 'all addresses'}, port {watched.port}"
        raise UsageError(f"Cannot listen on {where}: {error}.", "Take another port=.") from error
    thread = threading.Thread(target=server.serve_forever, args=(0.1,), name="receiver", daemon=True)
    thread.start()
    try:
        yield int(server.server_address[1])
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _Server(ThreadingMixIn, HTTPServer):
    """Handles each connection in a thread, at most MAX_AT_ONCE of them."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 64

    def __init__(self, address: tuple[str, int], handler: type[BaseHTTPRequestHandler]) -> None:
        self.address_family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        super().__init__(address, handler)
        self._free = threading.BoundedSemaphore(MAX_AT_ONCE)

    def process_request(self, request: object, client_address: object) -> None:
        """Start a thread for a connection, if there is one left."""
        assert isinstance(request, socket.socket)
        if self._free.acquire(blocking=False):
            super().process_request(request, client_address)
        else:
            self.shutdown_request(request)

    def process_request_thread(self, request: object, client_address: object) -> None:
        """Handle a connection, and cut it off when its time is over."""
        assert isinstance(request, socket.socket)
        timer = threading.Timer(SECONDS, _cut, (request,))
        timer.daemon = True
        timer.start()
        try:
            super().process_request_thread(request, client_address)
        finally:
            timer.cancel()
            self._free.release()

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing: a stranger who hangs up is no news."""


def _cut(request: socket.socket) -> None:
    with contextlib.suppress(OSError):
        request.shutdown(socket.SHUT_RDWR)


class _Handler(BaseHTTPRequestHandler):
    watched: Watched
    secret: str
    keep: Keep
    timeout = SECONDS
    server_version = "envscout"
    sys_version = ""

    def log_message(self, *_: object) -> None:
        """Say nothing: the lines of a request are a stranger's."""

    def do_POST(self) -> None:
        """Take a message."""
        self._answer(self._taken())

    def _taken(self) -> int:
        """Return the status of a message after having kept what it tells of."""
        length = self.headers.get("Content-Length", "")
        if not length.isdecimal() or len(length) > len(str(MAX_BODY)):
            return 411 if not length else 413
        if int(length) > MAX_BODY:
            return 413
        body = self.rfile.read(int(length))
        if len(body) != int(length):
            return 400
        if not is_authentic(self.watched.type, self.headers.get, body, self.secret):
            return 401
        try:
            return 200 if self.keep(events.read(self.watched, body)) else 503
        except (SourceError, LimitExceeded):
            return 400
        except EnvscoutError:
            # The store is busy or full: whoever told us has to tell again.
            return 503

    def _answer(self, status: int) -> None:
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.send_header("Connection", "close")
        self.end_headers()
        self.close_connection = True
