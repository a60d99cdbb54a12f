"""HTTP as registries speak it: https (plain http on loopback), redirects, retries, time limits.

Rules: OCI distribution specification 1.1.
"""

import contextlib
import threading
import time
from collections.abc import Iterator, Mapping
from contextvars import ContextVar
from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit

from envscout import __version__
from envscout.errors import AccessDenied, ForbiddenAddress, LimitExceeded, NetworkError, NotFound, SourceError
from envscout.images import authentication
from envscout.images.addresses import inward, is_loopback
from envscout.images.credentials import Credentials, for_host

if TYPE_CHECKING:
    import requests

    from envscout.network.guarded import Guard

TIMEOUT = (10, 30)
ATTEMPTS = 4
MAX_REDIRECTS = 5
MAX_LOGINS = 5
MAX_TOKEN = 1 << 20
CHUNK = 256 << 10

_BACK_OFF = 0.25
_MAX_WAIT = 10.0
_PASSING = frozenset({429, 500, 502, 503, 504})
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
# Those that say to send the same again elsewhere; after the others, a body would not arrive.
_REPEATS = frozenset({307, 308})
_GOOD = {
    "GET": frozenset({200, 206}),
    "HEAD": frozenset({200}),
    "POST": frozenset({200, 201, 202}),
    "PUT": frozenset({200, 201, 202, 204}),
}
MAX_ANSWER = 64 << 10
MAX_LOCATION = 8192

_guard: "ContextVar[Guard | None]" = ContextVar("guard", default=None)


@contextlib.contextmanager
def guarded(guard: "Guard") -> Iterator[None]:
    """Have every registry that is asked meanwhile, and wherever it leads, be connected to by a guard.

    For whoever asks on behalf of others. It holds for what this thread opens, however long that stays open.
    """
    token = _guard.set(guard)
    try:
        yield
    finally:
        _guard.reset(token)


class Transport:
    """One connection to one registry, for one repository."""

    def __init__(self, host: str, credentials: Credentials | None = None, login: str = "") -> None:
        import requests

        self._host = host
        self._login = login or host
        self._credentials = credentials
        self._authorization = ""
        self._login_lock = threading.Lock()
        self._session = requests.Session()
        self._session.headers.update({"User-Agent": f"envscout/{__version__}", "Accept-Encoding": "identity"})
        # Without this, requests would send what ~/.netrc holds.
        self._session.auth = lambda request: request
        if guard := _guard.get():
            from envscout.network import adapter

            adapter.guard(self._session, guard)
        self.base = f"{'http' if is_loopback(host) else 'https'}://{host}"

    def close(self) -> None:
        """Close the connections."""
        self._session.close()

    def get(self, url: str, limit: int, accept: str) -> tuple[bytes, Mapping[str, str]]:
        """Return a body of at most `limit` bytes and its headers. Raises SourceError, AccessDenied, NotFound."""
        response = self._request(url, {"Accept": accept})
        return self._body(response, limit), response.headers

    def has(self, url: str, accept: str) -> bool:
        """Return whether there is something at an address. Raises SourceError, AccessDenied."""
        try:
            self.head(url, accept)
        except NotFound:
            return False
        return True

    def head(self, url: str, accept: str) -> Mapping[str, str]:
        """Return the headers of what is at an address. Raises SourceError, AccessDenied, NotFound."""
        response = self._request(url, {"Accept": accept}, "HEAD")
        # Closing it would close the connection, too: there is no body that was read to its end.
        response.raw.release_conn()
        return response.headers

    def post(self, url: str) -> Mapping[str, str]:
        """Ask for something to be begun and return the answer's headers. Raises SourceError, AccessDenied, NotFound."""
        return self._sent("POST", url, b"", {"Content-Length": "0"})

    def put(self, url: str, data: bytes, headers: Mapping[str, str]) -> Mapping[str, str]:
        """Store bytes and return the answer's headers; tried once. Raises SourceError, AccessDenied, NotFound."""
        return self._sent("PUT", url, data, headers)

    def location(self, url: str, headers: Mapping[str, str]) -> str:
        """Return where an answer says to go on, found safe. Raises SourceError."""
        target = headers.get("Location", "")
        if not target or len(target) > MAX_LOCATION:
            raise SourceError(f"{self._host} does not say where to send data to.", "Ask who runs the registry.")
        return self._checked(led(url, target))

    def _sent(self, method: str, url: str, data: bytes, headers: Mapping[str, str]) -> Mapping[str, str]:
        response = self._request(url, dict(headers), method, data)
        # What is said beside the headers is of no use, but a connection is used again only when it was read.
        self._body(response, MAX_ANSWER)
        return response.headers

    def stream(self, url: str) -> Iterator[bytes]:
        """Yield a body, going on where a connection broke. Raises SourceError, AccessDenied, NotFound."""
        done = 0
        for attempt in range(ATTEMPTS):
            response = self._request(url, {"Range": f"bytes={done}-"} if done else {})
            skip = done if response.status_code != 206 else 0
            try:
                for piece in self._pieces(response):
                    fresh = piece[skip:]
                    skip -= min(skip, len(piece))
                    done += len(fresh)
                    if fresh:
                        yield fresh
            except SourceError:
                if attempt == ATTEMPTS - 1:
                    raise
                time.sleep(_BACK_OFF * 2**attempt)
            else:
                return
            finally:
                response.close()

    def _pieces(self, response: "requests.Response") -> Iterator[bytes]:
        from urllib3.exceptions import HTTPError

        from envscout.network.pace import Pace, TooSlow, pieces

        try:
            yield from pieces(response.raw, CHUNK, Pace())
        except (HTTPError, OSError, TooSlow) as error:
            raise SourceError(
                f"The connection to {self._host} broke: {error}.", "Try again; the network or the registry is unsteady."
            ) from error

    def _request(
        self, url: str, headers: dict[str, str], method: str = "GET", data: bytes | None = None
    ) -> "requests.Response":
        """Return a good answer, authenticating where the registry asks for it."""
        for attempt in range(MAX_LOGINS + 1):
            known = self._authorization
            response = self._try(method, url, headers, data)
            if response.status_code in _GOOD[method]:
                return response
            response.close()
            if response.status_code != 401 or attempt == MAX_LOGINS:
                break
            with self._login_lock:
                # Another thread may have found the answer meanwhile.
                if self._authorization == known:
                    self._authenticate(response.headers.get("WWW-Authenticate", ""))
        raise self._failure(response.status_code, url)

    def _try(self, method: str, url: str, headers: dict[str, str], data: bytes | None) -> "requests.Response":
        """Send until the answer is more than a passing failure; what is stored, once: its place may be used up."""
        for attempt in range(ATTEMPTS):
            response = self._follow(method, url, headers, data)
            if response.status_code not in _PASSING or attempt == ATTEMPTS - 1 or method == "PUT":
                break
            response.close()
            time.sleep(_wait(response.headers.get("Retry-After", ""), attempt))
        return response

    def _follow(self, method: str, url: str, headers: dict[str, str], data: bytes | None) -> "requests.Response":
        """Follow redirects; only the registry itself gets to see who we are, and may ask for it."""
        origin = _origin(self.base)
        for _ in range(MAX_REDIRECTS + 1):
            sent = dict(headers)
            if self._authorization and _origin(url) == origin:
                sent["Authorization"] = self._authorization
            response = self._send(method, url, sent, data)
            if response.status_code == 401 and _origin(url) != origin:
                response.close()
                raise AccessDenied(
                    f"{urlsplit(url).netloc}, where {self._host} leads to, refuses access (HTTP 401).",
                    "Ask who runs the registry.",
                )
            target = response.headers.get("Location", "")
            if response.status_code not in (_REPEATS if data is not None else _REDIRECTS) or not target:
                return response
            response.close()
            url = self._checked(led(url, target))
        raise SourceError(f"{self._host} redirects more than {MAX_REDIRECTS} times.", "Ask who runs the registry.")

    def _checked(self, url: str) -> str:
        """Return an address that is safe to go to: https, or loopback from loopback; inwards only from there."""
        parts = urlsplit(url)
        local = is_loopback(self._host) and is_loopback(parts.netloc)
        if parts.scheme != "https" and not (parts.scheme == "http" and local):
            raise SourceError(
                f"{self._host} leads to {parts.scheme}://{parts.netloc}, which is not encrypted.", "Use https."
            )
        if place := inward(self._host, parts.netloc):
            raise SourceError(
                f"{self._host} leads to {parts.netloc}, a {place} address, and has none itself.",
                "Ask who runs the registry; it must not lead into other networks than its own.",
            )
        return url

    def _send(
        self, method: str, url: str, headers: dict[str, str], data: dict[str, str] | bytes | None = None
    ) -> "requests.Response":
        import requests

        attempts = 1 if method == "PUT" else ATTEMPTS
        for attempt in range(attempts):
            try:
                return self._session.request(
                    method,
                    url,
                    headers=headers,
                    data=data,
                    stream=True,
                    allow_redirects=False,
                    timeout=TIMEOUT,
                    proxies=_proxies(url),
                )
            except ForbiddenAddress:
                raise
            except NetworkError as error:
                # A guard found no address.
                raise SourceError(error.cause, error.next_step) from error
            except requests.exceptions.SSLError as error:
                raise SourceError(
                    f"{self._host} has no valid certificate: {error}.",
                    "Set REQUESTS_CA_BUNDLE to your own authority's file.",
                ) from error
            except (requests.ConnectionError, requests.Timeout) as error:
                if attempt == attempts - 1 or _is_final(error):
                    raise SourceError(
                        f"{self._host} cannot be reached: {_reason(error)}.",
                        "Check the host's name and port, the network, and that the registry runs.",
                    ) from error
                time.sleep(_BACK_OFF * 2**attempt)
            except (requests.RequestException, ValueError) as error:
                # The library looks at where a redirect leads, even where it is not to follow it.
                raise SourceError(f"{self._host} cannot be asked: {error}.", "Check the registry's name.") from error
        raise AssertionError("unreachable")

    def _authenticate(self, header: str) -> None:
        """Find the answer to a WWW-Authenticate header, for this and further requests."""
        challenge = authentication.parse(header)
        if self._credentials is None:
            self._credentials = for_host(self._login)
        if challenge.scheme == "basic" and self._credentials.username:
            self._authorization = authentication.basic(self._credentials)
        elif challenge.scheme == "bearer":
            realm = self._checked(led(self.base, challenge.parameters.get("realm", "")))
            self._authorization = authentication.bearer(challenge, self._credentials, realm, self._ask)
        else:
            raise self._failure(401, "")

    def _ask(self, method: str, url: str, headers: dict[str, str], form: dict[str, str] | None) -> bytes:
        response = self._send(method, url, headers, form)
        if response.status_code != 200:
            response.close()
            raise self._failure(response.status_code, url)
        return self._body(response, MAX_TOKEN)

    def _body(self, response: "requests.Response", limit: int) -> bytes:
        """Return a whole body. Raises LimitExceeded where it has more than `limit` bytes."""
        parts: list[bytes] = []
        total = 0
        try:
            for piece in self._pieces(response):
                total += len(piece)
                if total > limit:
                    raise LimitExceeded(f"{self._host} sends more than {limit:,} bytes.", "Push the image again.")
                parts.append(piece)
        finally:
            response.close()
        return b"".join(parts)

    def _failure(self, status: int, url: str) -> SourceError | NotFound:
        what = urlsplit(url).path or self._host
        if status in (401, 403):
            return AccessDenied(
                f"{self._host} refuses access to {what} (HTTP {status}).",
                f"Run `docker login {self._login}`, and check the name: some registries refuse what does not exist.",
            )
        if status == 404:
            return NotFound(f"{self._host} has no {what}.", "Check the repository's name and tag.")
        if status == 429:
            return SourceError(
                f"{self._host} limits how often it may be asked (HTTP 429).", "Wait, or run `docker login`."
            )
        return SourceError(f"{self._host} answers HTTP {status} for {what}.", "Try again later, or ask who runs it.")


def led(url: str, target: str) -> str:
    """Return where an answer from an address leads to, made absolute. Raises SourceError for what is no address."""
    try:
        found = urljoin(url, target)
        # A host in brackets that is none, and a port that is none, show only now.
        _ = urlsplit(found).port
    except ValueError as error:
        raise SourceError(
            f"{urlsplit(url).netloc} leads to what is no address: {target[:100]!r}.", "Ask who runs the registry."
        ) from error
    return found


def _origin(url: str) -> tuple[str, str]:
    parts = urlsplit(url)
    return parts.scheme, parts.netloc.lower()


def _proxies(url: str) -> dict[str, str]:
    """Return what keeps requests from sending loopback traffic through a proxy; else the environment decides."""
    parts = urlsplit(url)
    return {"no_proxy": parts.hostname or ""} if is_loopback(parts.netloc) else {}


def _wait(retry_after: str, attempt: int) -> float:
    """Return seconds to wait: what the registry asks for within reason, else growing ones."""
    return min(float(retry_after), _MAX_WAIT) if retry_after.isdigit() else _BACK_OFF * 2**attempt


def _is_final(error: Exception) -> bool:
    """Return whether trying again at once is of no use: nobody listens there, or the name does not exist."""
    text = str(error)
    return "Connection refused" in text or "NameResolutionError" in text or "Name or service not known" in text


def _reason(error: Exception) -> str:
    """Return the innermost words of a chain of wrapped errors."""
    cause = error.args[0] if error.args else error
    return str(getattr(cause, "reason", cause)).rpartition(": ")[2] or type(error).__name__
