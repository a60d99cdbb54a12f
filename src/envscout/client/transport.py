"""HTTP to one server: https (plain http on loopback, or where a setting says so), retries, bounds, no redirects.

A request is sent again where that does no harm: reads, and writes with an Idempotency-Key, which the server answers
once (https://datatracker.ietf.org/doc/draft-ietf-httpapi-idempotency-key-header/). A large message is packed once the
server has said that it can unpack one (https://www.rfc-editor.org/rfc/rfc7694).
"""

import gzip
import random
import time
import uuid
from collections.abc import Callable, Mapping
from ipaddress import ip_address
from urllib.parse import urlsplit

import msgspec
import requests

from envscout import __version__
from envscout.errors import AccessDenied, ConfigError, EnvscoutError, LimitExceeded

SECONDS = (10, 300)
"""To connect, and between two bytes of an answer."""

ATTEMPTS = 5
MAX_ANSWER = 1 << 30
MAX_PROBLEM = 64 << 10
PACKED_FROM = 16 << 10
"""Bytes of a message from which on it is packed."""
_CHUNK = 1 << 20
_PASSING = frozenset({429, 502, 503, 504})
_BACK_OFF = 0.2
_MAX_WAIT = 20.0


class Way(msgspec.Struct, frozen=True):
    """How a server is reached. ca: file of the certificates to trust, "" for the usual ones. plain: http anywhere."""

    address: str
    token: str = ""
    ca: str = ""
    plain: bool = False


class Answer(msgspec.Struct, frozen=True):
    """What a server said. version: of it, "" where it does not tell. unpacks: whether it takes packed messages."""

    status: int
    body: bytes
    version: str = ""
    unpacks: bool = False


class Transport:
    """A connection to one server, for one thread. sleep: waits for some seconds."""

    def __init__(self, way: Way, sleep: Callable[[float], None] = time.sleep) -> None:
        """Raise ConfigError for an address that is none, or where the token could be read on its way."""
        self.address = checked(way)
        self._sleep = sleep
        self._unpacks = False
        self._session = requests.Session()
        # Without this, requests would send what ~/.netrc holds instead of the token.
        self._session.auth = lambda request: request
        self._session.headers["User-Agent"] = f"envscout/{__version__}"
        if way.ca:
            self._session.verify = way.ca
        if way.token:
            self._session.headers["Authorization"] = f"Bearer {way.token}"

    def close(self) -> None:
        """Close the connection."""
        self._session.close()

    def post(
        self,
        path: str,
        data: bytes,
        seconds: tuple[float, float] = SECONDS,
        attempts: int = ATTEMPTS,
        *,
        once: bool = True,
    ) -> Answer:
        """Return the answer to a message, sent until there is one. Raise EnvscoutError where there is none.

        once: whether it must count once however often it arrives, which the server sees to.
        """
        key = {"Idempotency-Key": str(uuid.uuid4())} if once else {}
        headers = {"Content-Type": "application/json", **key}
        if self._unpacks and len(data) >= PACKED_FROM:
            data = gzip.compress(data, 3, mtime=0)
            headers["Content-Encoding"] = "gzip"
        answer = self.send("POST", path, data, headers, seconds, attempts)
        self._unpacks = answer.unpacks
        return answer

    def send(
        self,
        method: str,
        path: str,
        data: bytes,
        headers: Mapping[str, str],
        seconds: tuple[float, float] = SECONDS,
        attempts: int = ATTEMPTS,
    ) -> Answer:
        """Send a request until there is an answer that lasts. It must do no harm to send it again."""
        for attempt in range(1, attempts + 1):
            try:
                with self._session.request(
                    method,
                    f"{self.address}{path}",
                    data=data,
                    headers=headers,
                    timeout=seconds,
                    allow_redirects=False,
                    stream=True,
                ) as response:
                    if response.status_code not in _PASSING or attempt == attempts:
                        return _answer(response)
                    wait = _wait(response.headers.get("Retry-After", ""), attempt)
            except requests.exceptions.SSLError as error:
                raise AccessDenied(
                    f"the server {self.address} cannot be trusted: {_said(error)}",
                    "set server_ca to a file with the certificate of whoever vouches for it",
                ) from error
            except requests.RequestException as error:
                if attempt == attempts:
                    raise EnvscoutError(
                        f"the server {self.address} does not answer: {_said(error)}",
                        "check ENVSCOUT_SERVER, and that it runs",
                    ) from error
                wait = _wait("", attempt)
            self._sleep(wait)
        raise AssertionError("a last attempt ends the loop")


def checked(way: Way) -> str:
    """Return the address of a server in normal form. Raise ConfigError."""
    parts = urlsplit(way.address)
    try:
        is_whole = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        is_whole = False
    if not is_whole or parts.query or parts.fragment or not way.address.isprintable():
        raise ConfigError(f"{way.address[:200]!r} is no address of a server", "write it as https://HOST[:PORT]")
    if parts.username is not None or parts.password is not None:
        raise ConfigError("the address of the server holds a user or a password", "use `envscout login` instead")
    if parts.scheme == "http" and not way.plain and not _is_loopback(parts.hostname or ""):
        raise ConfigError(
            f"{parts.hostname} would be asked without encryption, and anybody on the way could read the token",
            "use https://, or set server_plain to yes where the way is safe",
        )
    return way.address.rstrip("/")


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def _answer(response: requests.Response) -> Answer:
    most = MAX_ANSWER if response.status_code == 200 else MAX_PROBLEM
    body = bytearray()
    for chunk in response.iter_content(_CHUNK):
        body += chunk
        if len(body) > most:
            if response.status_code != 200:
                # What failed is known by its status; nobody reads that much about it.
                return Answer(response.status_code, b"")
            raise LimitExceeded(f"the server's answer is larger than {most >> 20} MiB", "ask for less at once")
    version = response.headers.get("Envscout-Version", "")[:40]
    unpacks = "gzip" in response.headers.get("Accept-Encoding", "").lower()
    return Answer(response.status_code, bytes(body), version, unpacks)


def _wait(asked: str, attempt: int) -> float:
    """Return the seconds to wait: as the server asks within bounds, else ever longer."""
    if asked.isdecimal() and asked.isascii():
        return min(float(asked[:6]), _MAX_WAIT)
    return float(min(_BACK_OFF * 2**attempt, _MAX_WAIT) * random.uniform(0.5, 1.0))  # noqa: S311


def _said(error: Exception) -> str:
    """Return what went wrong, without the objects that libraries name."""
    cause: BaseException = error
    while cause.__cause__ is not None or (cause.args and isinstance(cause.args[0], BaseException)):
        cause = cause.__cause__ or cause.args[0]
    reason = getattr(cause, "reason", cause)
    return str(getattr(reason, "strerror", None) or reason).rpartition(">: ")[2][:300]
