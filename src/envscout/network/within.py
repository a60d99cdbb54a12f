"""A guard for what connects by itself: libraries that know nothing of ours, in the thread that calls them.

Every name that is looked up meanwhile is looked at, and what was found is what is connected to: nobody can answer
otherwise in between, and a redirect is looked at as the first address was. Behind a proxy, only the proxy's own
address is looked up here; it is for whoever set it up, and passes.
"""

import contextlib
import contextvars
import os
import socket
from collections.abc import Iterator
from ipaddress import ip_address
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from envscout.errors import ForbiddenAddress
from envscout.network.addresses import Allowed, refusal


class _Watched(NamedTuple):
    permitted: Allowed
    proxies: frozenset[str]


_watched: contextvars.ContextVar[_Watched | None] = contextvars.ContextVar("envscout_within", default=None)
_looked_up = socket.getaddrinfo


@contextlib.contextmanager
def within(permitted: Allowed) -> Iterator[None]:
    """Refuse, until the block ends and in this thread, to look up what may not be connected to: ForbiddenAddress."""
    if socket.getaddrinfo is not _look_up:
        socket.getaddrinfo = _look_up
    token = _watched.set(_Watched(permitted, _proxies()))
    try:
        yield
    finally:
        _watched.reset(token)


def _proxies() -> frozenset[str]:
    """Return the hosts of the proxies that libraries heed."""
    said = (each for name, each in os.environ.items() if name.lower() in ("http_proxy", "https_proxy", "all_proxy"))
    return frozenset(filter(None, (urlsplit(each if "//" in each else f"//{each}").hostname for each in said)))


def _look_up(host: Any, *more: Any, **named: Any) -> Any:
    """Do what socket.getaddrinfo does, and look at what it found where somebody is watched."""
    found = _looked_up(host, *more, **named)
    watched = _watched.get()
    if watched is not None and host not in watched.proxies and host not in watched.permitted.hosts:
        for *_, place in found:
            why = refusal(ip_address(str(place[0]).partition("%")[0]), watched.permitted)
            if why:
                raise ForbiddenAddress(
                    f"{host} is {place[0]}, {why}", "allow_private_addresses lists what may be reached beside"
                )
    return found
