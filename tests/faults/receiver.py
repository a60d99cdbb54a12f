"""A webhook receiver that can be told to misbehave. It keeps all it was sent, by message id."""

import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import NamedTuple

SLOW_SECONDS = 2.0


class Message(NamedTuple):
    """One request that was accepted. number: of its arrival."""

    id: str
    body: bytes
    at: float


class Receiver(ThreadingHTTPServer):
    """Answers as `mode` says: ok, slow, 500, 410, redirect, or drop (accepts, keeps, and hangs up without a word)."""

    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 128

    def __init__(self, port: int = 0) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self.mode = "ok"
        self.accepted: list[Message] = []
        self.refused: Counter[str] = Counter()
        self.lock = threading.Lock()

    @property
    def address(self) -> str:
        """Return where messages are to be sent."""
        return f"http://127.0.0.1:{self.server_address[1]}/hook"

    def accept(self, id_: str, body: bytes) -> None:
        """Keep a message for which the sender is told success."""
        with self.lock:
            self.accepted.append(Message(id_, body, time.time()))

    def messages(self) -> dict[str, bytes]:
        """Return what was accepted, by identity; of what came twice the last."""
        with self.lock:
            return {each.id: each.body for each in self.accepted}

    def ids(self) -> Counter[str]:
        """Return how often each message was accepted."""
        with self.lock:
            return Counter(each.id for each in self.accepted)


class _Handler(BaseHTTPRequestHandler):
    server: Receiver
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        id_ = self.headers.get("webhook-id", "")
        mode = self.server.mode
        if mode in ("ok", "slow"):
            if mode == "slow":
                time.sleep(SLOW_SECONDS)
            self.server.accept(id_, body)
            self._answer(204)
            return
        with self.server.lock:
            self.server.refused[id_] += 1
        if mode == "drop":
            self.close_connection = True
        elif mode == "redirect":
            self._answer(307, ("Location", "http://169.254.169.254/latest/meta-data/"))
        else:
            self._answer(int(mode))

    def _answer(self, status: int, *headers: tuple[str, str]) -> None:
        self.send_response(status)
        for name, value in (*headers, ("Content-Length", "0")):
            self.send_header(name, value)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (the name of the base class)
        """Say nothing."""


@contextmanager
def serving(server: ThreadingHTTPServer) -> Iterator[None]:
    """Serve until the block ends."""
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
