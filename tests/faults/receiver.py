"""Webhook receivers that can be told to misbehave. Each keeps all it was sent, by message id."""

import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import NamedTuple

SLOW_SECONDS = 2.0
HUNG_SECONDS = 60.0
ELSEWHERE = "http://169.254.169.254/latest/meta-data/"
"""Where one that redirects leads to."""


class Message(NamedTuple):
    """One request that was accepted. number: of its arrival."""

    id: str
    body: bytes
    at: float


class Receiver(ThreadingHTTPServer):
    """Answers as `mode` says: ok, slow, a status, redirect, drop (hangs up without a word), hanging, closed (the port).

    Begins and ends with a `with` block.
    """

    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(self, mode: str = "ok") -> None:
        super().__init__(("127.0.0.1", 0), _Handler, bind_and_activate=False)
        self.mode = mode
        self.accepted: list[Message] = []
        self.headers: list[dict[str, str]] = []
        self.refused: Counter[str] = Counter()
        self.lock = threading.Lock()
        self.recovered = threading.Event()
        self._thread: threading.Thread | None = None
        # A port that nobody listens on is still nobody else's.
        self.server_bind()

    def __enter__(self) -> "Receiver":
        if self.mode != "closed":
            self._listen()
        return self

    def __exit__(self, *_: object) -> None:
        self.recovered.set()
        if self._thread:
            self.shutdown()
            self._thread.join()
        self.server_close()

    @property
    def address(self) -> str:
        """Return where messages are to be sent."""
        return f"http://127.0.0.1:{self.server_address[1]}/hook"

    def recover(self) -> None:
        """Do as one should from now on; who waits for an answer gets none."""
        self.mode = "ok"
        self.recovered.set()
        if not self._thread:
            self._listen()

    def accept(self, id_: str, body: bytes, headers: dict[str, str]) -> None:
        """Keep a message for which the sender is told success."""
        with self.lock:
            self.accepted.append(Message(id_, body, time.time()))
            self.headers.append(headers)

    def messages(self) -> dict[str, bytes]:
        """Return what was accepted, by identity; of what came twice the last."""
        with self.lock:
            return {each.id: each.body for each in self.accepted}

    def ids(self) -> Counter[str]:
        """Return how often each message was accepted."""
        with self.lock:
            return Counter(each.id for each in self.accepted)

    def _listen(self) -> None:
        self.server_activate()
        self._thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        self._thread.start()


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
            self.server.accept(id_, body, {name.lower(): value for name, value in self.headers.items()})
            self._answer(204)
            return
        with self.server.lock:
            self.server.refused[id_] += 1
        if mode == "hanging":
            self.server.recovered.wait(HUNG_SECONDS)
        if mode in ("drop", "hanging"):
            self.close_connection = True
        elif mode == "redirect":
            self._answer(307, ("Location", ELSEWHERE))
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
