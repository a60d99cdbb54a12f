"""A guard for what speaks HTTP by `requests`: every connection, the first and where it leads, is made by the guard."""

import math
from typing import Any

import requests
from requests.adapters import HTTPAdapter

from envscout.network.guarded import Guard
from envscout.network.overdue import Exchange
from envscout.network.pools import classes


class Guarded(HTTPAdapter):
    """Connects to addresses that were looked at. Proxies are not heeded: behind one, nobody could look."""

    def __init__(self, guard: Guard) -> None:
        self._guard = guard
        super().__init__()

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        """Make the pools, of connections of ours."""
        super().init_poolmanager(*args, **kwargs)
        # How long an exchange lasts is for whoever reads it to bound.
        self.poolmanager.pool_classes_by_scheme = classes(self._guard.connect, lambda: Exchange(math.inf))

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
        """Ask, past any proxy."""
        return super().send(request, *args, **{**kwargs, "proxies": {}})


def guard(session: requests.Session, guard: Guard) -> None:
    """Have a session connect by a guard alone."""
    for scheme in ("http://", "https://"):
        session.mount(scheme, Guarded(guard))
