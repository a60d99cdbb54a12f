"""A little issuer (OpenID Connect): real HTTP, real signatures, keys that are exchanged."""

import base64
import hashlib
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import msgspec
import pytest
from joserfc import jwk, jwt


class Issuer:
    """An issuer at an address, with the keys that it publishes. codes: code -> (challenge, nonce).

    waits: what a device that asks for its token is told, one after the other, before the token.
    """

    def __init__(self, address: str) -> None:
        self.address = address
        self.keys: list[Any] = []
        self.codes: dict[str, tuple[str, str]] = {}
        self.person: dict[str, Any] = {"sub": "alice-1", "email": "alice@example.com", "email_verified": True}
        self.asked: list[str] = []
        self.waits: list[str] = []
        self.rotate("one")

    def rotate(self, kid: str, kind: str = "RSA") -> None:
        """Publish another key instead of those there were."""
        made = jwk.RSAKey.generate_key(2048, {"kid": kid, "use": "sig"}) if kind == "RSA" else None
        self.keys = [made or jwk.ECKey.generate_key("P-256", {"kid": kid, "use": "sig"})]

    def token(self, header: dict[str, Any] | None = None, key: Any = None, **claims: Any) -> str:
        """Sign a token. claims: instead of those of every token; None leaves one out."""
        key = key or self.keys[0]
        algorithm = "RS256" if key.key_type == "RSA" else "ES256"
        said = {
            "iss": self.address,
            "aud": "ci",
            "sub": "repo:acme/app",
            "repository": "acme/app",
            "iat": int(time.time()),
        }
        said |= {"exp": int(time.time()) + 300, **claims}
        whole = {"alg": algorithm, "kid": key.kid, **(header or {})}
        return jwt.encode(whole, {name: each for name, each in said.items() if each is not None}, key)

    def answer(self, path: str, body: dict[str, str]) -> tuple[int, dict[str, str], Any]:
        """Return status, headers and content."""
        self.asked.append(path)
        place = urlsplit(path)
        query = {name: values[0] for name, values in parse_qs(place.query).items()}
        if place.path == "/.well-known/openid-configuration":
            return 200, {}, {"issuer": self.address, "jwks_uri": f"{self.address}/keys",
                             "authorization_endpoint": f"{self.address}/authorize",
                             "device_authorization_endpoint": f"{self.address}/device",
                             "token_endpoint": f"{self.address}/token"}  # fmt: skip
        if place.path == "/keys":
            return 200, {}, {"keys": [each.as_dict(private=False) for each in self.keys]}
        if place.path == "/authorize":
            self.codes["code"] = (query["code_challenge"], query["nonce"])
            target = f"{query['redirect_uri']}?{urlencode({'code': 'code', 'state': query['state']})}"
            return 302, {"Location": target}, {}
        if place.path == "/device":
            return 200, {}, {"device_code": f"for {body['client_id']}", "user_code": "WDJB-MJHT", "expires_in": 600,
                             "verification_uri": f"{self.address}/enter", "interval": 1}  # fmt: skip
        if body.get("device_code") == f"for {body['client_id']}":
            if self.waits:
                return 400, {}, {"error": self.waits.pop(0)}
            return 200, {}, {"id_token": self.token(**{"aud": "envscout", **self.person})}
        challenge, nonce = self.codes.pop(body["code"], ("", ""))
        proof = base64.urlsafe_b64encode(hashlib.sha256(body["code_verifier"].encode()).digest()).decode().rstrip("=")
        if proof != challenge:
            return 400, {}, {"error": "invalid_grant"}
        return 200, {}, {"id_token": self.token(**{"aud": "envscout", "nonce": nonce, **self.person})}


@pytest.fixture
def issuer() -> Iterator[Issuer]:
    """Return an issuer that answers."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer({})

        def do_POST(self) -> None:
            text = self.rfile.read(int(self.headers["Content-Length"])).decode()
            self._answer({name: values[0] for name, values in parse_qs(text).items()})

        def _answer(self, body: dict[str, str]) -> None:
            status, headers, content = made.answer(self.path, body)
            data = msgspec.json.encode(content)
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(data))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_: Any) -> None:
            return

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        made = Issuer(f"http://127.0.0.1:{server.server_port}")
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield made
        server.shutdown()
        thread.join()
