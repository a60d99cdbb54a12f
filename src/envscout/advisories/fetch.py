"""Fetching a feed: the only module of this folder that touches the network.

https only; plain http is for addresses of this machine. Private and link-local addresses are refused, so that neither
a redirect nor a name can point us into somebody's network; this machine itself is allowed where the user named it.
Behind a proxy the addresses are the proxy's to judge.
"""

import os
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email.utils import parsedate_to_datetime
from ipaddress import IPv4Address, IPv6Address, ip_address
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import IO, TYPE_CHECKING
from urllib.parse import SplitResult, urljoin, urlsplit

import msgspec

from envscout import __version__
from envscout.errors import FeedError
from envscout.names.address import plain, shown

if TYPE_CHECKING:
    from requests import Response, Session

MAX_BYTES = 4 << 30
_ATTEMPTS = 4
_REDIRECTS = 5
_CONNECT, _READ = 10.0, 30.0
_PATIENCE = 30.0
_DAY = 86_400
_CHUNK = 1 << 18
_AGAIN = frozenset({408, 425, 429, 500, 502, 503, 504})
_MOVED = frozenset({301, 302, 303, 307, 308})
_NEXT_STEP = "check the network and try again, or fetch the file yourself and pass it with --from PATH"


class Limits(msgspec.Struct, frozen=True):
    """What a transfer may take: bytes, seconds in all, and bytes per second in each stretch of `window` seconds."""

    size: int = MAX_BYTES
    seconds: float = 3_600.0
    rate: float = 1_024.0
    window: float = 30.0


_LIMITS = Limits()


class Fetched(msgspec.Struct, frozen=True):
    """A feed that was stored. etag, last_modified: as the server sent them, for the next request; size: bytes."""

    path: Path
    size: int
    etag: str = ""
    last_modified: str = ""


class Unchanged(msgspec.Struct, frozen=True):
    """The server says that nothing changed since."""


class _TryAgainError(Exception):
    """A failure that may pass; after: seconds the server asked us to wait."""

    def __init__(self, cause: str, after: float = 0.0) -> None:
        super().__init__(cause)
        self.after = after


def fetch(
    url: str,
    etag: str,
    last_modified: str,
    into: Path,
    limits: Limits = _LIMITS,
    pause: Callable[[float], None] = time.sleep,
    attempts: int = _ATTEMPTS,
) -> Fetched | Unchanged:
    """Store what a URL holds as the file `into`, whole or not at all.

    etag, last_modified: of the copy at hand, "" if there is none. Tries several times, waiting 1, 2, 4 seconds (pause)
    or as long as the server asks, up to 30. Raises FeedError, which says how long the server asked us to wait.
    """
    for attempt in range(1, attempts + 1):
        try:
            return _once(url, etag, last_modified, into, limits)
        except _TryAgainError as error:
            if attempt >= attempts:
                raise FeedError(f"{shown(url)} could not be fetched: {error}", _NEXT_STEP, error.after) from error
            pause(min(_PATIENCE, max(error.after, 2.0 ** (attempt - 1))))
    raise AssertionError("unreachable")


def _once(url: str, etag: str, last_modified: str, into: Path, limits: Limits) -> Fetched | Unchanged:
    from requests import RequestException, Session
    from urllib3.exceptions import HTTPError

    from envscout.network.pace import Ending, TooSlow

    headers = {"User-Agent": f"envscout/{__version__}", "Accept-Encoding": "identity"}
    headers |= {"If-None-Match": etag} if etag else {}
    headers |= {"If-Modified-Since": last_modified} if last_modified else {}
    ending = Ending(limits.seconds)
    try:
        with Session() as session:
            session.mount("https://", ending)
            session.mount("http://", ending)
            with _follow(session, url, headers) as response:
                if response.status_code == 304:
                    return Unchanged()
                _check_status(url, response)
                # Of a connection that was cut it may look as if it had been sent to its end.
                return _store(url, response, into, limits, lambda: ending.is_over)
    except (RequestException, HTTPError, TooSlow) as error:
        too_long = f"it took longer than {limits.seconds:g} s"
        raise _TryAgainError(too_long if ending.is_over else _reason(error)) from error
    except ValueError as error:
        # The library looks at where a redirect leads, even where it is not to follow it.
        raise FeedError(f"{shown(url)} leads to what is no address: {error}", _NEXT_STEP) from error


def _reason(error: Exception) -> str:
    """Return the innermost words of a chain of wrapped errors: the outer ones hold the whole address."""
    cause = error.args[0] if error.args else error
    return str(getattr(cause, "reason", cause)).rpartition(": ")[2] or type(error).__name__


@contextmanager
def _follow(session: "Session", url: str, headers: dict[str, str]) -> Iterator["Response"]:
    """Give the response at the end of the redirects; each step is checked as the first one was."""
    by_user = _loopback(_split(url))
    for _ in range(_REDIRECTS + 1):
        _check(session, url, by_user)
        # No proxy reaches this machine.
        session.trust_env = not _loopback(_split(url))
        response = session.get(url, headers=headers, stream=True, timeout=(_CONNECT, _READ), allow_redirects=False)
        with response:
            if response.status_code not in _MOVED or "location" not in response.headers:
                yield response
                return
            url = urljoin(url, response.headers["location"])
    raise FeedError(f"{shown(url)} was redirected more than {_REDIRECTS} times", _NEXT_STEP)


def _split(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError as error:
        raise FeedError(f"{shown(url)} is no address: {error}", "feeds are fetched over https only") from error
    return parts


def _loopback(parts: SplitResult) -> bool:
    host = parts.hostname or ""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _check(session: "Session", url: str, by_user: bool) -> None:
    """Refuse addresses that no public feed has. by_user: the user named this machine."""
    parts = _split(url)
    local = _loopback(parts)
    if not parts.hostname or parts.scheme not in ({"https", "http"} if local else {"https"}):
        raise FeedError(f"{shown(url)} is no https:// address", "feeds are fetched over https only")
    if local and not by_user:
        raise FeedError(f"{shown(url)} lies on this machine, and a redirect led there", "pass that address itself")
    if local or session.merge_environment_settings(url, {}, True, True, None)["proxies"]:
        return
    for address in _addresses(parts):
        if not (address.is_global and plain(address).is_global):
            raise FeedError(
                f"{parts.hostname} is {address}, which is no public address", "pass the file with --from PATH"
            )


def _addresses(parts: SplitResult) -> list[IPv4Address | IPv6Address]:
    try:
        found = socket.getaddrinfo(parts.hostname, parts.port or 443, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise _TryAgainError(f"{parts.hostname} cannot be resolved: {error}") from error
    return [ip_address(str(place[4][0]).partition("%")[0]) for place in found]


def _check_status(url: str, response: "Response") -> None:
    status = response.status_code
    if status in _AGAIN:
        raise _TryAgainError(f"the server answered {status}", _asked(response.headers.get("retry-after", "")))
    if status != 200:
        raise FeedError(f"{shown(url)} could not be fetched: the server answered {status}", _NEXT_STEP)


def _asked(after: str) -> float:
    """Return the seconds that a Retry-After header asks for (RFC 9110, 10.2.3), at most a day; 0 where it is none."""
    if after.isdecimal():
        return float(min(int(after[:9]), _DAY))
    try:
        moment = parsedate_to_datetime(after[:100]).timestamp()
    except (ValueError, TypeError, OverflowError, OSError):
        return 0.0
    return max(0.0, min(moment - time.time(), float(_DAY)))


def _store(url: str, response: "Response", into: Path, limits: Limits, is_over: Callable[[], bool]) -> Fetched:
    try:
        into.parent.mkdir(parents=True, exist_ok=True)
        with NamedTemporaryFile(dir=into.parent, prefix=".fetch-", delete=False) as file:
            try:
                size = _copy(url, response, file, limits)
                if is_over():
                    raise _TryAgainError(f"it took longer than {limits.seconds:g} s")
                file.flush()
                os.fsync(file.fileno())
                Path(file.name).replace(into)
            except BaseException:
                Path(file.name).unlink(missing_ok=True)
                raise
    except OSError as error:
        raise FeedError(f"{into} cannot be written: {error}", "is the disk full?") from error
    headers = response.headers
    return Fetched(into, size, headers.get("etag", "")[:1000], headers.get("last-modified", "")[:1000])


def _copy(url: str, response: "Response", file: IO[bytes], limits: Limits) -> int:
    """Copy the body as it is sent; what is packed stays packed. Return its size."""
    from envscout.network.pace import Pace, pieces

    size = 0
    for piece in pieces(response.raw, _CHUNK, Pace(limits.seconds, limits.rate, limits.window)):
        size += len(piece)
        if size > limits.size:
            raise FeedError(f"{shown(url)} is larger than {limits.size} bytes", _NEXT_STEP)
        file.write(piece)
    return size
