"""Where a host lies: on this machine, in a private network, or on the internet. A registry may not lead us inwards."""

import ipaddress
from collections.abc import Callable
from functools import lru_cache
from urllib.parse import urlsplit

from envscout.names.address import plain

_Address = ipaddress.IPv4Address | ipaddress.IPv6Address

# Where clouds tell a machine its own secrets: AWS and most others, AWS over IPv6, Alibaba, Azure.
_METADATA = frozenset(
    map(ipaddress.ip_address, ("169.254.169.254", "fd00:ec2::254", "100.100.100.200", "168.63.129.16"))
)
_KINDS: tuple[tuple[str, Callable[[_Address], bool]], ...] = (
    ("metadata", lambda address: address in _METADATA),
    ("loopback", lambda address: address.is_loopback or address.is_unspecified),
    ("link-local", lambda address: address.is_link_local),
    ("private", lambda address: address.is_multicast or not address.is_global),
)


def is_loopback(host: str) -> bool:
    """Return whether `host[:port]` can only be this machine: 127.0.0.0/8, ::1 or localhost."""
    name = _name(host)
    if name == "localhost":
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def inward(host: str, target: str) -> str:
    """Return in which closed place `target[:port]` lies where `host[:port]` does not: "private", ...; "" if in none.

    Names are resolved. One that cannot be is in no place: connecting fails likewise, or is left to a proxy.
    """
    return min(_places(_name(target)) - _places(_name(host)), default="")


def _name(host: str) -> str:
    return urlsplit(f"//{host}").hostname or ""


# One image leads to the same host for each of its layers.
@lru_cache(maxsize=256)
def _places(name: str) -> frozenset[str]:
    """Return the closed places that the addresses of a name lie in."""
    import socket

    try:
        # An address may name the interface that it is reached through.
        bare = name.partition("%")[0]
        found = {str(entry[4][0]) for entry in socket.getaddrinfo(bare, None, type=socket.SOCK_STREAM)}
    except (OSError, UnicodeError):
        return frozenset()
    return frozenset(filter(None, (_place(ipaddress.ip_address(text)) for text in found)))


def _place(address: _Address) -> str:
    # The first that fits: an address that leads to another lies where that one lies.
    return next((kind for each in (plain(address), address) for kind, fits in _KINDS if fits(each)), "")
