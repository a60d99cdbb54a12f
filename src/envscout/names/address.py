"""Addresses of the web as people may see them, and addresses of machines that stand for others. Nothing is resolved."""

from ipaddress import IPv4Address, IPv6Address, IPv6Network
from urllib.parse import urlsplit, urlunsplit

# RFC 6052, 2.1: behind it are the 32 bits of an IPv4 address that a gateway leads on to.
_NAT64 = IPv6Network("64:ff9b::/96")


def shown(url: str) -> str:
    """Return a web address without what proves who we are: the name and password before the host, and the query.

    What is no web address, a path for example, is returned as it is.
    """
    if not url.startswith(("http://", "https://")):
        return url
    try:
        parts = urlsplit(url)
    except ValueError:
        return url.partition("://")[0] + "://…"
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "…" if parts.query else "", ""))


def plain(address: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    """Return the IPv4 address that an IPv6 address leads to, where it is one of those: mapped, NAT64, 6to4, Teredo."""
    if isinstance(address, IPv4Address):
        return address
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    teredo = address.teredo
    return address.ipv4_mapped or address.sixtofour or (teredo[1] if teredo else None) or address
