"""The few endpoints of GitHub that the action asks, over HTTP on loopback.

https://docs.github.com/rest/issues/comments, https://docs.github.com/graphql/reference/mutations#minimizecomment, and
the address at which a job has its word signed.
"""

import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

MAX_COMMENT = 65_536


class GitHub:
    """What the server holds. readers: tokens that may not write."""

    def __init__(self) -> None:
        self.address = ""
        self.comments: list[dict[str, Any]] = []
        self.tokens = {"ghs_automatic"}
        self.readers = {"ghs_fork"}
        self.hidden: list[str] = []
        self.audiences: list[str] = []
        self.signed = "header.payload.signature"

    def env(self) -> dict[str, str]:
        """Return the variables by which a runner tells where GitHub is."""
        return {"GITHUB_API_URL": self.address, "GITHUB_GRAPHQL_URL": f"{self.address}/graphql"}

    def signing(self) -> dict[str, str]:
        """Return the variables that a job with `id-token: write` has."""
        url = f"{self.address}/signed?api-version=2.0"
        return {"ACTIONS_ID_TOKEN_REQUEST_URL": url, "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "may-ask"}

    def comment(self, body: str, kind: str = "Bot", association: str = "NONE") -> dict[str, Any]:
        """Add a comment and return it."""
        number = len(self.comments) + 1
        made = {
            "id": number,
            "node_id": f"IC_{number}",
            "body": body,
            "user": {"type": kind},
            "author_association": association,
        }
        self.comments.append(made)
        return made


class _Handler(BaseHTTPRequestHandler):
    github: GitHub

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        query = parse_qs(parts.query)
        if parts.path == "/signed" and self._token() == "may-ask":
            self.github.audiences += query["audience"]
            return self._answer(200, {"value": self.github.signed})
        if not re.fullmatch(r"/repos/myorg/myapp/issues/7/comments", parts.path):
            return self._answer(404, {"message": "Not Found"})
        size, page = int(query["per_page"][0]), int(query["page"][0])
        return self._answer(200, self.github.comments[(page - 1) * size : page * size])

    def do_POST(self) -> None:
        data = self._data()
        if self.path == "/graphql":
            assert "minimizeComment" in data["query"]
            if self._token() not in self.github.tokens:
                return self._answer(200, {"data": None, "errors": [{"message": "Resource not accessible"}]})
            self.github.hidden.append(data["variables"]["id"])
            return self._answer(200, {"data": {}})
        if self.path != "/repos/myorg/myapp/issues/7/comments":
            return self._answer(404, {"message": "Not Found"})
        return self._write(lambda: self.github.comment(data["body"]), data, 201)

    def do_PATCH(self) -> None:
        found = re.fullmatch(r"/repos/myorg/myapp/issues/comments/(\d+)", self.path)
        data = self._data()
        comment = next((each for each in self.github.comments if found and each["id"] == int(found[1])), None)
        if comment is None:
            return self._answer(404, {"message": "Not Found"})
        return self._write(lambda: comment.update(body=data["body"]), data, 200)

    def _write(self, change: Any, data: dict[str, Any], status: int) -> None:
        if self._token() not in self.github.tokens:
            return self._answer(403, {"message": "Resource not accessible by integration"})
        if len(data["body"].encode("utf-16-le")) // 2 > MAX_COMMENT:
            return self._answer(422, {"message": "Body is too long (maximum is 65536 characters)"})
        change()
        return self._answer(status, {})

    def _token(self) -> str:
        return self.headers.get("Authorization", "").removeprefix("Bearer ")

    def _data(self) -> Any:
        return json.loads(self.rfile.read(int(self.headers["Content-Length"])))

    def _answer(self, status: int, content: object) -> None:
        body = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def serving() -> Iterator[GitHub]:
    """Run the server until the block ends."""
    github = GitHub()
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"github": github}))
    github.address = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield github
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
