"""A real HTTP server on loopback that does what a test tells it, and remembers what it was sent."""

import contextlib
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import NamedTuple


class Received(NamedTuple):
    """A request as it came in; names of headers in lower case."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    server: "Receiver"
    disable_nagle_algorithm = True
    wbufsize = -1

    def _any(self) -> None:
        size = int(self.headers.get("content-length") or 0)
        body = self.rfile.read(size)
        if len(body) < size:
            # Who sent it died meanwhile.
            return
        headers = {name.lower(): value for name, value in self.headers.items()}
        request = Received(self.command, self.path, headers, body)
        with self.server.lock:
            self.server.received.append(request)
        with contextlib.suppress(OSError):
            self.server.answer(self, request)

    do_GET = do_POST = do_PUT = _any  # noqa: N815

    def reply(self, status: int = 200, body: bytes = b"", **headers: str) -> None:
        """Answer in full."""
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


class Receiver(ThreadingHTTPServer):
    """A server that answers by a function, by default 200 to everything."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(
        self, answer: Callable[[Handler, Received], None] | None = None, port: int = 0, host: str = "127.0.0.1"
    ) -> None:
        self.answer = answer or (lambda handler, _request: handler.reply())
        self.received: list[Received] = []
        self.lock = threading.Lock()
        super().__init__((host, port), Handler)

    @property
    def port(self) -> int:
        """Return where it listens."""
        return int(self.server_address[1])

    @property
    def url(self) -> str:
        """Return its address."""
        return f"http://{self.server_address[0]!s}:{self.port}"

    def handle_error(self, *_: object) -> None:
        """Say nothing of clients that went away."""


@contextlib.contextmanager
def receiving(answer: Callable[[Handler, Received], None] | None = None, port: int = 0) -> Iterator[Receiver]:
    """Run a server for the length of a test."""
    server = Receiver(answer, port)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
