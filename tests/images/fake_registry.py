"""A registry of our own that speaks the protocol, gives tokens, and misbehaves on request."""

import base64
import hashlib
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Self
from urllib.parse import parse_qs, parse_qsl, urlsplit

INDEX = "application/vnd.oci.image.index.v1+json"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"


class FakeRegistry:
    """Serves the blobs of a layout directory for any repository.

    auth: "" asks nobody; `anonymous` gives everybody a token, `user:password` and `identity:TOKEN` those who know.
    redirect: blobs are there instead. break_blobs: so many answers with blobs end early. referrers: pages of
    descriptors by digest, None where no account is kept; next_page: where the page after the first is said to be.
    stored: what was pushed, by path; upload_to: where uploads go instead; break_puts: so many are cut off half-way;
    says_stored: the digest it claims to have stored; chatter: bytes of nonsense in each answer to a push;
    notes_subjects: it keeps account of what refers to a manifest; put_status: answers all pushes.
    """

    def __init__(self) -> None:
        self.layout = Path()
        self.tags: dict[str, str] = {}
        self.auth = ""
        self.realm = ""
        self.token_body = b""
        self.token_lasts = 1_000_000
        self.token_requests: list[dict[str, Any]] = []
        self.redirect = ""
        self.fail_next: list[int] = []
        self.break_blobs = 0
        self.ranges = True
        self.stated_digest = ""
        self.referrers: dict[str, list[list[dict[str, Any]]]] | None = None
        self.referrers_status = 200
        self.next_page = ""
        self.seen: list[tuple[str, dict[str, str]]] = []
        self.stored: dict[str, bytes] = {}
        self.upload_to = ""
        self.break_puts = 0
        self.says_stored = ""
        self.chatter = 0
        self.notes_subjects = False
        self.put_status = 0
        self.token_left = 0
        self._server = _Server(("127.0.0.1", 0), type("Handler", (_Handler,), {"registry": self}))
        self.host = f"127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of clients that had enough."""


class _Handler(BaseHTTPRequestHandler):
    registry: FakeRegistry
    protocol_version = "HTTP/1.1"

    def log_message(self, *arguments: Any) -> None:
        """Say nothing."""

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if urlsplit(self.path).path == "/token":
            self._token({}, dict(parse_qsl(body.decode())))
        elif self._may_write():
            place = self.registry.upload_to or f"{self.path}session?state=a%20b"
            self._send(202, b"", {"Location": place})

    def do_PUT(self) -> None:
        registry = self.registry
        length = int(self.headers["Content-Length"])
        if registry.break_puts:
            registry.break_puts -= 1
            self.rfile.read(length // 2)
            self.close_connection = True
            return
        body = self.rfile.read(length)
        if not self._may_write():
            return
        parts = urlsplit(self.path)
        digest = parse_qs(parts.query).get("digest", [f"sha256:{hashlib.sha256(body).hexdigest()}"])[0]
        path = parts.path.replace("uploads/session", digest)
        headers = {"Docker-Content-Digest": registry.says_stored or digest}
        if registry.notes_subjects and "/manifests/" in path and "subject" in json.loads(body):
            headers["OCI-Subject"] = json.loads(body)["subject"]["digest"]
        if not registry.put_status:
            registry.stored[path] = registry.stored[f"{path.rpartition('/')[0]}/{digest}"] = body
        self._send(registry.put_status or 201, b"x" * registry.chatter, headers)

    def do_HEAD(self) -> None:
        if self._may_write():
            self._send(200 if self.path in self.registry.stored else 404, b"")

    def _may_write(self) -> bool:
        """Note a request; send those that need a token for one."""
        registry = self.registry
        registry.seen.append((urlsplit(self.path).path, {key.lower(): value for key, value in self.headers.items()}))
        if not registry.auth or self._is_known():
            return True
        scope = f"repository:{'/'.join(urlsplit(self.path).path.split('/')[2:-2])}:pull,push"
        challenge = f'Bearer realm="http://{registry.host}/token",service="fake",scope="{scope}"'
        self._send(401, b"{}", {"WWW-Authenticate": challenge})
        return False

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        if parts.path == "/token":
            self._token({key: values[0] for key, values in parse_qs(parts.query).items()}, {})
            return
        self.registry.seen.append((parts.path, {key.lower(): value for key, value in self.headers.items()}))
        if self.registry.fail_next:
            self._send(self.registry.fail_next.pop(0), b"{}")
        elif self.registry.auth and not self._is_known():
            realm = self.registry.realm or f"http://{self.registry.host}/token"
            scope = f"repository:{'/'.join(parts.path.split('/')[2:-2])}:pull"
            self._send(401, b"{}", {"WWW-Authenticate": f'Bearer realm="{realm}",service="fake",scope="{scope}"'})
        else:
            self._serve(parts.path, parts.query)

    def _is_known(self) -> bool:
        registry = self.registry
        if self.headers.get("Authorization") != "Bearer good" or not registry.token_left:
            return False
        registry.token_left -= 1
        return True

    def _token(self, query: dict[str, str], form: dict[str, str]) -> None:
        registry = self.registry
        authorization = self.headers.get("Authorization", "")
        registry.token_requests.append({"query": query, "form": form, "authorization": authorization})
        basic = "Basic " + base64.b64encode(registry.auth.encode()).decode()
        identity = registry.auth.removeprefix("identity:")
        if registry.auth != "anonymous" and authorization != basic and form.get("refresh_token") != identity:
            self._send(401, b"{}")
            return
        registry.token_left = registry.token_lasts
        key = "access_token" if form else "token"
        self._send(200, registry.token_body or json.dumps({key: "good"}).encode())

    def _serve(self, path: str, query: str) -> None:
        registry = self.registry
        kind, name = path.split("/")[-2:]
        if kind == "referrers" and registry.referrers is not None:
            self._list(path, registry.referrers.get(name, [[]]), int(query.removeprefix("page=") or 0))
            return
        if path in registry.stored:
            self._send(200, registry.stored[path], {"Content-Type": MANIFEST} if kind == "manifests" else {})
            return
        digest = registry.tags.get(name, name)
        place = registry.layout / "blobs" / digest.replace(":", "/")
        if not digest.startswith("sha256:") or not place.is_file():
            self._send(404, b"{}")
        elif kind == "manifests":
            headers = {"Content-Type": MANIFEST}
            if registry.stated_digest:
                headers["Docker-Content-Digest"] = registry.stated_digest
            self._send(200, place.read_bytes(), headers)
        elif registry.redirect:
            self._send(307, b"", {"Location": registry.redirect + self.path})
        else:
            self._blob(place.read_bytes())

    def _list(self, path: str, pages: list[list[dict[str, Any]]], number: int) -> None:
        index = {"schemaVersion": 2, "mediaType": INDEX, "manifests": pages[number]}
        more = self.registry.next_page or f"{path}?page={number + 1}"
        headers = {"Link": f'<{more}>; rel="next"'} if number + 1 < len(pages) else {}
        self._send(self.registry.referrers_status, json.dumps(index).encode(), {"Content-Type": INDEX, **headers})

    def _blob(self, data: bytes) -> None:
        registry = self.registry
        asked = self.headers.get("Range", "")
        start = int(asked.removeprefix("bytes=").rstrip("-")) if asked and registry.ranges else 0
        part = data[start:]
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(len(part)))
        self.end_headers()
        if registry.break_blobs:
            registry.break_blobs -= 1
            self.wfile.write(part[: len(part) // 2])
            self.close_connection = True
        else:
            self.wfile.write(part)

    def _send(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
