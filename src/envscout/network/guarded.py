"""HTTP on behalf of others: web hooks, feeds, issuers of tokens. No address leads into the network that we stand in.

A name is resolved once, when a connection is made; all of its addresses are looked at, and the connection is made to
one of those that were: between the look and the connection nobody can answer otherwise. The name stays what TLS
certificates are checked against, and what the server is told. Redirects are followed by us, each as the first address
was. Proxies and netrc files are not heeded: behind a proxy, nobody could look at addresses.
"""

import contextlib
import os
import socket
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urljoin

from envscout import __version__
from envscout.errors import ForbiddenAddress, LimitExceeded, NetworkError
from envscout.network.addresses import Allowed, refusal
from envscout.network.destination import Destination, destination
from envscout.network.overdue import Exchange, Watch

if TYPE_CHECKING:
    from urllib3 import BaseHTTPResponse, PoolManager

Resolve = Callable[[str, int], list[str]]
"""A name and a port -> its addresses. Raises OSError."""

_CHUNK = 1 << 16
_MOVED = frozenset({301, 302, 303, 307, 308})
_SAME_AGAIN = frozenset({307, 308})
# What may be told to another host than the one that was asked: nothing that proves who we are.
_HARMLESS = frozenset({"accept", "accept-encoding", "content-type", "user-agent", "if-none-match", "if-modified-since"})
_NEXT_STEP = "allow_private_addresses lists what may be reached beside public addresses"


class Limits(NamedTuple):
    """connect, read (between two bytes), whole: seconds. size: bytes of an answer. redirects: followed at most."""

    connect: float = 10.0
    read: float = 30.0
    whole: float = 60.0
    size: int = 1 << 20
    redirects: int = 5


class Answer(NamedTuple):
    """What a server said. headers: names in lower case. url: where it came from, after redirects."""

    status: int
    headers: Mapping[str, str]
    content: bytes
    url: str


class Stream(NamedTuple):
    """An answer whose content is still to come, as it is sent: what is packed stays packed."""

    status: int
    headers: Mapping[str, str]
    url: str
    chunks: Iterator[bytes]


def resolved(host: str, port: int) -> list[str]:
    """Return the addresses of a host, as the system knows them."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(place[4][0]) for place in found))


class Guard:
    """Asks servers, and keeps connections to them. For use by several threads at once."""

    def __init__(self, permitted: Allowed = Allowed(), resolve: Resolve = resolved, connections: int = 32) -> None:  # noqa: B008
        """Make one. connections: that are kept to each server."""
        self.permitted = permitted
        self._resolve = resolve
        self._connections = connections
        self._watch = Watch()
        self._lock = threading.Lock()
        self._manager: PoolManager | None = None
        self._local = threading.local()

    def request(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        limits: Limits = Limits(),  # noqa: B008
    ) -> Answer:
        """Ask, and return the whole answer. Raise ForbiddenAddress, NetworkError, LimitExceeded."""
        with self.stream(method, url, headers, body, limits) as found:
            if found.headers.get("content-encoding", "identity") != "identity":
                raise NetworkError("the answer is packed, which was not asked for", "look at what answers there")
            return Answer(found.status, found.headers, b"".join(found.chunks), found.url)

    @contextlib.contextmanager
    def stream(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        limits: Limits = Limits(),  # noqa: B008
    ) -> Iterator[Stream]:
        """Ask, and give the answer while it comes. Raise ForbiddenAddress, NetworkError, LimitExceeded."""
        place = destination(url)
        said = {"User-Agent": f"envscout/{__version__}", "Accept-Encoding": "identity", **(headers or {})}
        with self._watch.over(limits.whole) as exchange:
            for _ in range(limits.redirects + 1):
                with _told(exchange, limits):
                    response = self._once(method, place, said, body, exchange, limits)
                try:
                    target = _target(method, place, response) if limits.redirects else None
                    if target is None:
                        names = {name.lower(): value for name, value in response.headers.items()}
                        yield Stream(response.status, names, place.url, _chunks(response, exchange, limits))
                        return
                finally:
                    _finish(response, exchange)
                if target.origin != place.origin:
                    said = {name: value for name, value in said.items() if name.lower() in _HARMLESS}
                place = target
            raise NetworkError(f"{place.origin} redirects more than {limits.redirects} times", "use its last address")

    def check(self, url: str) -> Destination:
        """Return where an address leads, having looked at what it resolves to. Raise ForbiddenAddress, NetworkError."""
        place = destination(url)
        self.addresses(place.host, place.port)
        return place

    def addresses(self, host: str, port: int) -> list[str]:
        """Return the addresses of a host, all of which may be connected to. Raise ForbiddenAddress, NetworkError."""
        try:
            found = [each.partition("%")[0] for each in self._resolve(host, port)]
        except (OSError, UnicodeError) as error:
            raise NetworkError(f"{host} cannot be resolved: {error}", "check the name") from error
        if host not in self.permitted.hosts:
            for each in found:
                why = refusal(ip_address(each), self.permitted)
                if why:
                    raise ForbiddenAddress(f"{host} is {each}, {why}", _NEXT_STEP)
        return found

    def _once(
        self,
        method: str,
        place: Destination,
        headers: Mapping[str, str],
        body: bytes | None,
        exchange: Exchange,
        limits: Limits,
    ) -> "BaseHTTPResponse":
        from urllib3 import Timeout

        pool = self._pools().connection_from_host(place.host, place.port, place.scheme)
        self._local.exchange = exchange
        left = exchange.left
        return pool.urlopen(
            method,
            place.path,
            body=body,
            headers=headers,
            retries=False,
            redirect=False,
            assert_same_host=False,
            timeout=Timeout(connect=min(limits.connect, left), read=min(limits.read, left)),
            preload_content=False,
            decode_content=False,
        )

    def _pools(self) -> "PoolManager":
        with self._lock:
            if self._manager is None:
                from envscout.network.pools import manager

                self._manager = manager(self._connect, self._current, self._connections, _context())
            return self._manager

    def _current(self) -> Exchange:
        """Return the exchange of this thread."""
        exchange: Exchange = self._local.exchange
        return exchange

    def _connect(self, host: str, port: int, seconds: float) -> socket.socket:
        return self.connect(host, port, min(seconds, self._current().left))

    def connect(self, host: str, port: int, seconds: float) -> socket.socket:
        """Connect to one of the addresses of a host, all of which were looked at. Raise ForbiddenAddress, OSError."""
        failure: OSError = OSError("it has no address")
        for address in self.addresses(host, port):
            try:
                made = socket.create_connection((address, port), seconds)
            except OSError as error:
                failure = error
                continue
            made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            return made
        raise failure


def _target(method: str, place: Destination, response: "BaseHTTPResponse") -> Destination | None:
    """Return where a response says to go on, None where it is the answer."""
    location = response.headers.get("location", "")
    if response.status not in _MOVED or not location or (method != "GET" and response.status not in _SAME_AGAIN):
        return None
    target = destination(urljoin(place.url, location))
    if place.scheme == "https" and target.scheme != "https":
        raise ForbiddenAddress(f"{place.origin} redirects to an address that is not encrypted", "use https://")
    return target


def _chunks(response: "BaseHTTPResponse", exchange: Exchange, limits: Limits) -> Iterator[bytes]:
    """Yield the content as it comes in."""
    done = 0
    while True:
        with _told(exchange, limits):
            chunk = response.read1(_CHUNK, decode_content=False)
        if not chunk:
            return
        done += len(chunk)
        if done > limits.size:
            raise LimitExceeded(f"the answer is larger than {limits.size} bytes", "look at what answers there")
        yield chunk


@contextlib.contextmanager
def _told(exchange: Exchange, limits: Limits) -> Iterator[None]:
    """Turn what the library raises into our errors. An answer that was cut off looks like one that ended."""
    from urllib3.exceptions import HTTPError

    try:
        yield
        failure = None
    except (HTTPError, OSError, ValueError) as error:
        failure = error
    if exchange.is_overdue:
        raise NetworkError(f"the exchange took longer than {limits.whole:g} s", "try again later") from failure
    if failure:
        raise NetworkError(_reason(failure), "try again later") from failure


def _finish(response: "BaseHTTPResponse", exchange: Exchange) -> None:
    """Give the connection back where the answer was read to its end, else close it."""
    exchange.uses(None)
    if getattr(response, "isclosed", lambda: False)():
        response.release_conn()
    else:
        response.close()


def _reason(error: Exception) -> str:
    """Return the innermost words of wrapped errors, bounded: the outer ones hold the whole address."""
    cause: Any = error
    while isinstance(getattr(cause, "reason", None), Exception):
        cause = cause.reason
    return f"no answer: {str(cause).rpartition(': ')[2][:200] or type(cause).__name__}"


def _context() -> ssl.SSLContext:
    """Return what certificates are checked by: those of the variables that other programs heed, else the usual ones."""
    from requests.utils import DEFAULT_CA_BUNDLE_PATH

    said = map(os.environ.get, ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"))
    file = Path(next(filter(None, said), DEFAULT_CA_BUNDLE_PATH))
    context = ssl.create_default_context(cafile=None if file.is_dir() else file, capath=file if file.is_dir() else None)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context
