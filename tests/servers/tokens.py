"""A token server as a registry with `auth: token` wants one (https://distribution.github.io/distribution/spec/auth/token/)."""

import base64
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.servers.program import run

ISSUER = "test-issuer"
SERVICE = "test-registry"


class Tokens(ThreadingHTTPServer):
    """Gives tokens for an hour to whoever knows the password; each asked scope is granted.

    asked: the scopes of every token given, oldest first.
    """

    daemon_threads = True

    def __init__(self, folder: Path, user: str, password: str) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.key = folder / "token.key"
        self.certificate = folder / "token.crt"
        self.expected = "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()
        self.asked: list[list[str]] = []
        run("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=test",
            "-keyout", self.key, "-out", self.certificate)  # fmt: skip

    @property
    def realm(self) -> str:
        """Return the address that a registry sends its clients to."""
        return f"http://127.0.0.1:{self.server_address[1]}/token"

    def token(self, scopes: list[str]) -> str:
        """Return a signed token for scopes such as `repository:myorg/myapp:pull,push`."""
        self.asked.append(scopes)
        now = int(time.time())
        header = {"typ": "JWT", "alg": "RS256", "x5c": [self._certificate()]}
        claims = {
            "iss": ISSUER,
            "sub": "test",
            "aud": SERVICE,
            "iat": now,
            "nbf": now - 60,
            "exp": now + 3600,
            "jti": str(len(self.asked)),
            "access": [_access(scope) for scope in scopes],
        }
        text = f"{_part(json.dumps(header).encode())}.{_part(json.dumps(claims).encode())}"
        signed = self.key.with_suffix(f".{threading.get_ident()}")
        signed.write_text(text)
        run("openssl", "dgst", "-sha256", "-sign", self.key, "-out", f"{signed}.sig", signed)
        return f"{text}.{_part(Path(f'{signed}.sig').read_bytes())}"

    def _certificate(self) -> str:
        lines = self.certificate.read_text().splitlines()
        return "".join(line for line in lines if not line.startswith("-----"))


class _Handler(BaseHTTPRequestHandler):
    server: Tokens

    def do_GET(self) -> None:
        if self.headers.get("Authorization") != self.server.expected:
            self.send_response(401)
            self.end_headers()
            return
        query = parse_qs(urlsplit(self.path).query)
        scopes = [scope for value in query.get("scope", []) for scope in value.split()]
        body = json.dumps({"token": self.server.token(scopes), "expires_in": 3600}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 (the name of the base class)
        """Say nothing."""


@contextmanager
def granting(folder: Path, user: str, password: str) -> Iterator[Tokens]:
    """Run a token server until the block ends."""
    server = Tokens(folder, user, password)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _access(scope: str) -> dict[str, Any]:
    kind, _, rest = scope.partition(":")
    name, _, actions = rest.rpartition(":")
    return {"type": kind, "name": name, "actions": actions.split(",")}


def _part(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")
