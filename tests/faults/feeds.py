"""A server of advisories that can be told to misbehave: npm's records, EPSS scores and the KEV catalog."""

import gzip
import hashlib
import io
import json
import threading
import zipfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

NAMES = 40
HUGE = 64 << 20
"""Names of packages that images have and advisories speak of; bytes of a huge feed."""


def record(number: int, fixed: int, score: str = "H") -> dict[str, Any]:
    """Return the advisory of a number: of one package, mended in version `fixed`.0.0."""
    ranges = [{"type": "SEMVER", "events": [{"introduced": "0"}, {"fixed": f"{fixed}.0.0"}]}]
    return {
        "id": f"GHSA-{number:04}",
        "aliases": [f"CVE-2026-{10_000 + number}"],
        "modified": "2026-01-01T00:00:00Z",
        "summary": f"Overflow {number}",
        "severity": [{"type": "CVSS_V3", "score": f"CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:{score}/I:{score}/A:{score}"}],
        "affected": [{"package": {"ecosystem": "npm", "name": f"lib-{number % NAMES}"}, "ranges": ranges}],
    }


def archive(records: dict[int, dict[str, Any]]) -> bytes:
    """Return records as OSV.dev packs them."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as packed:
        for each in records.values():
            packed.writestr(f"{each['id']}.json", json.dumps(each))
    return out.getvalue()


class Feeds(ThreadingHTTPServer):
    """Serves `records` as `mode` says: ok, down, truncated, corrupted, huge, hanging."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.lock = threading.Lock()
        self.reset()

    def reset(self) -> None:
        """Be as at first."""
        self.mode = "ok"
        self.asked = self.hung = 0
        self.stopped = threading.Event()
        self.records: dict[int, dict[str, Any]] = {}
        self.publish({number: record(number, 2) for number in range(60)})

    @property
    def address(self) -> str:
        """Return what lies before `/npm/all.zip`."""
        return f"http://127.0.0.1:{self.server_address[1]}"

    def publish(self, records: dict[int, dict[str, Any]]) -> None:
        """Serve other records from now on."""
        with self.lock:
            self.records = records
            self.body = archive(records)

    def settings(self) -> dict[str, str]:
        """Return the environment in which envscout fetches from here."""
        return {
            "ENVSCOUT_OSV_URL": self.address,
            "ENVSCOUT_EPSS_URL": f"{self.address}/epss.csv.gz",
            "ENVSCOUT_KEV_URL": f"{self.address}/kev.json",
        }


EPSS = gzip.compress(
    b"#model_version:v2026.01.01,score_date:2026-01-01T00:00:00Z\ncve,epss,percentile\n"
    + b"".join(b"CVE-2026-%d,0.1,0.5\n" % (10_000 + n) for n in range(60))
)
_EXPLOITED = {
    "cveID": "CVE-2026-10001",
    "dateAdded": "2026-01-01",
    "dueDate": "2026-02-01",
    "knownRansomwareCampaignUse": "Unknown",
}
KEV = json.dumps(
    {
        "catalogVersion": "2026.01.01",
        "dateReleased": "2026-01-01T00:00:00Z",
        "count": 1,
        "vulnerabilities": [_EXPLOITED],
    }
).encode()


class _Handler(BaseHTTPRequestHandler):
    server: Feeds
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        server = self.server
        with server.lock:
            server.asked += 1
            body, mode = server.body, server.mode
        if self.path.endswith("epss.csv.gz"):
            self._answer(EPSS)
        elif self.path.endswith("kev.json"):
            self._answer(KEV)
        elif self.path != "/npm/all.zip":
            self.send_error(404)
        else:
            _MODES[mode](self, body)

    def _ok(self, body: bytes) -> None:
        self._answer(body)

    def _down(self, _: bytes) -> None:
        self.send_error(503)

    def _truncated(self, body: bytes) -> None:
        """Promise all and break off."""
        self._begin(len(body), body)
        self.wfile.write(body[: len(body) // 2])
        self.close_connection = True

    def _short(self, body: bytes) -> None:
        """Serve half as if it were all."""
        self._answer(body[: len(body) // 2])

    def _corrupted(self, body: bytes) -> None:
        spoilt = bytearray(body)
        for position in range(40, len(spoilt), 97):
            spoilt[position] ^= 0x55
        self._answer(bytes(spoilt))

    def _huge(self, _: bytes) -> None:
        """Promise nothing of the length, and go on and on."""
        self.send_response(200)
        self.send_header("Connection", "close")
        self.end_headers()
        piece = bytes(1 << 20)
        try:
            for _number in range(HUGE >> 20):
                self.wfile.write(piece)
        except OSError:
            pass
        self.close_connection = True

    def _hanging(self, body: bytes) -> None:
        self._begin(len(body), body)
        self.wfile.write(body[:100])
        with self.server.lock:
            self.server.hung += 1
        self.server.stopped.wait(60)
        self.close_connection = True

    def _begin(self, length: int, body: bytes) -> bool:
        tag = f'"{hashlib.sha256(body).hexdigest()[:16]}"'
        if self.headers.get("If-None-Match") == tag:
            self.send_response(304)
            self.end_headers()
            return False
        self.send_response(200)
        self.send_header("ETag", tag)
        self.send_header("Content-Length", str(length))
        self.end_headers()
        return True

    def _answer(self, body: bytes) -> None:
        if self._begin(len(body), body):
            self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (the name of the base class)
        """Say nothing."""


_MODES = {
    "ok": _Handler._ok,
    "down": _Handler._down,
    "truncated": _Handler._truncated,
    "short": _Handler._short,
    "corrupted": _Handler._corrupted,
    "huge": _Handler._huge,
    "hanging": _Handler._hanging,
}
