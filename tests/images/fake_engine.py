"""An engine of our own: the three questions we ask of a real one, answered with what a test says."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self


class FakeEngine:
    """Answers inspect with `inspect`, history with `history`, and get with the bytes of `save`."""

    def __init__(self) -> None:
        self.inspect: Any = {}
        self.history: Any = []
        self.save = b""
        self.save_status = 200
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"engine": self}))
        self._server.daemon_threads = True
        self.host = f"127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class _Handler(BaseHTTPRequestHandler):
    engine: FakeEngine
    protocol_version = "HTTP/1.1"

    def log_message(self, *arguments: Any) -> None:
        """Say nothing."""

    def do_GET(self) -> None:
        engine, path = self.engine, self.path.partition("?")[0]
        if path.endswith("/version"):
            self._send(200, json.dumps({"ApiVersion": "1.47", "Version": "27.0.0"}).encode())
        elif path.endswith("/history"):
            self._send(200, json.dumps(engine.history).encode())
        elif path.endswith("/get"):
            self._send(engine.save_status, engine.save, "application/x-tar")
        else:
            self._send(200, json.dumps(engine.inspect).encode())

    def _send(self, status: int, body: bytes, kind: str = "application/json") -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
