"""Where a web address leads, read once and strictly: what two readers could read differently is refused. Pure."""

import re
from ipaddress import AddressValueError, IPv4Address, IPv6Address
from typing import NamedTuple

from envscout.errors import ForbiddenAddress

MAX_URL = 4096
PORTS = {"http": 80, "https": 443}
_URL = re.compile(r"(https?)://([^/?#@\\\s]+)((?:[/?][^#\\\s]*)?)(?:#\S*)?", re.IGNORECASE | re.ASCII)
_AUTHORITY = re.compile(r"(\[[0-9a-f:.]+\]|[^:\[\]%]+)(?::([0-9]{1,5}))?", re.IGNORECASE)
_NAME = re.compile(r"(?=.{1,253}$)[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?)*")
# https://url.spec.whatwg.org/#ends-in-a-number-checker: such a host is taken for an IPv4 address, in whatever spelling.
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")


class Destination(NamedTuple):
    """A web address in parts. host: lower case, ASCII, without a last dot; IPv6 without brackets. path: with query."""

    scheme: str
    host: str
    port: int
    path: str

    @property
    def origin(self) -> str:
        """Return scheme, host and port as a web address."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        port = "" if self.port == PORTS[self.scheme] else f":{self.port}"
        return f"{self.scheme}://{host}{port}"

    @property
    def url(self) -> str:
        """Return the whole address."""
        return f"{self.origin}{self.path}"


def destination(url: str) -> Destination:
    """Read a web address. Raise ForbiddenAddress for all that is not plainly one, or leads to a port of other services.

    User names, zones, backslashes, and numbers as hosts but for the usual form of IPv4 are refused.
    """
    found = _URL.fullmatch(url) if len(url) <= MAX_URL and url.isprintable() else None
    parts = _AUTHORITY.fullmatch(found[2]) if found else None
    if not found or not parts:
        raise ForbiddenAddress(
            "this is no plain http:// or https:// address", "write scheme, host, port and path, and no name or password"
        )
    scheme = found[1].lower()
    port = int(parts[2] or PORTS[scheme])
    if not (port in PORTS.values() or 1024 <= port < 65536):
        raise ForbiddenAddress(f"port {port} is not one of the web", "use 80, 443, or one from 1024 to 65535")
    path = found[3] if found[3].startswith("/") else f"/{found[3]}"
    return Destination(scheme, _host(parts[1]), port, path)


def _host(text: str) -> str:
    try:
        if text.startswith("["):
            return str(IPv6Address(text[1:-1]))
        host = text.encode("idna").decode("ascii").lower().removesuffix(".")
        if _NUMBER.fullmatch(host.rpartition(".")[2]):
            return str(IPv4Address(host))
    except (AddressValueError, UnicodeError) as error:
        raise ForbiddenAddress(f"{text[:80]!r} is no host", "write a name, or an address in its usual form") from error
    if not _NAME.fullmatch(host):
        raise ForbiddenAddress(f"{text[:80]!r} is no host", "write a name, or an address in its usual form")
    return host
