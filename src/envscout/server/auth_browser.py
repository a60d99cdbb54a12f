"""What a browser may do in somebody's name: nothing that a page of another site has it do."""

from collections.abc import Mapping
from urllib.parse import urlsplit

from envscout.errors import NotAllowed

LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


def is_loopback(host: str) -> bool:
    """Tell whether a host is this machine, as seen from it alone."""
    return host in LOOPBACK or (host.startswith("127.") and host.replace(".", "").isdecimal())


def check_open(headers: Mapping[str, str]) -> None:
    """Refuse what reached an open server by a name that is not the machine's own, or from a page of another site.

    A name of an attacker may be made to mean this machine (DNS rebinding): the page that it served would then be of the
    same origin. Raise NotAllowed.
    """
    host = _host(f"//{headers.get('host', '')}")
    if not is_loopback(host):
        raise NotAllowed(
            "this server goes by no such name", "ask http://127.0.0.1, or make a token and listen elsewhere"
        )
    check_origin(headers)


def _is_followed(headers: Mapping[str, str]) -> bool:
    """Tell whether somebody follows a link to a page, or comes back from their issuer: what only shows a page.

    https://www.w3.org/TR/fetch-metadata/. Whatever could change something says where it comes from (Origin).
    """
    is_page = (headers.get("sec-fetch-mode"), headers.get("sec-fetch-dest")) == ("navigate", "document")
    return is_page and "origin" not in headers


def check_origin(headers: Mapping[str, str]) -> None:
    """Refuse what a page of another site sent. Raise NotAllowed."""
    if headers.get("sec-fetch-site", "none") in ("cross-site", "same-site") and not _is_followed(headers):
        raise NotAllowed("a page of another site may not ask this server", "open the server's own page")
    origin = headers.get("origin")
    if origin is not None and _authority(origin) != headers.get("host", "").lower():
        raise NotAllowed("a page of another site may not ask this server", "open the server's own page")


def check_session(method: str, headers: Mapping[str, str]) -> None:
    """Refuse a change in the name of who is logged in that does not come from the server's own page. NotAllowed."""
    check_origin(headers)
    if method not in _SAFE and "origin" not in headers and headers.get("sec-fetch-site") != "same-origin":
        raise NotAllowed("nothing says where this comes from", "send Origin, or use a token")


def _host(address: str) -> str:
    try:
        return (urlsplit(address).hostname or "").lower()
    except ValueError:
        return ""


def _authority(origin: str) -> str:
    try:
        return urlsplit(origin).netloc.lower()
    except ValueError:
        return ""
