"""Reading from servers that are slow, on purpose or not: each transfer has a least rate and an end.

The time limits of a socket are for one read; a server that sends a byte now and then keeps them from ever passing.
"""

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, NamedTuple
from weakref import WeakSet

from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection

if TYPE_CHECKING:
    from urllib3 import PoolManager, ProxyManager


class TooSlow(Exception):
    """A transfer that takes longer than it may."""


class Pace(NamedTuple):
    """How slow a transfer may be. rate: bytes per second that must come in each stretch of `window` seconds.

    seconds: for the whole of it.
    """

    seconds: float = 3_600.0
    rate: float = 1_024.0
    window: float = 30.0


def pieces(raw: Any, size: int, pace: Pace, clock: Callable[[], float] = time.monotonic) -> Iterator[bytes]:
    """Yield the body of a response of urllib3 as it comes, in pieces of at most `size` bytes. Raise TooSlow."""
    begun = since = clock()
    came = 0
    while piece := raw.read1(size, decode_content=False):
        yield piece
        moment = clock()
        came += len(piece)
        if moment - begun > pace.seconds:
            raise TooSlow(f"it took longer than {pace.seconds:g} s")
        if moment - since >= pace.window:
            if came < pace.rate * (moment - since):
                raise TooSlow(f"it sent only {came} bytes in {moment - since:.0f} s")
            since, came = moment, 0


class Ending(HTTPAdapter):
    """Connections that are cut after some seconds, whatever they are doing: headers may be slow, too."""

    def __init__(self, seconds: float) -> None:
        """Begin to count. seconds: for everything that is asked over these connections."""
        self.is_over = False
        self._sockets: WeakSet[socket.socket] = WeakSet()
        self._timer = threading.Timer(seconds, self._end)
        self._timer.daemon = True
        self._timer.start()
        super().__init__()

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        """Make the connections."""
        super().init_poolmanager(*args, **kwargs)
        self._watch(self.poolmanager)

    def proxy_manager_for(self, *args: Any, **kwargs: Any) -> "ProxyManager":
        """Make the connections by way of a proxy."""
        manager: ProxyManager = super().proxy_manager_for(*args, **kwargs)
        self._watch(manager)
        return manager

    def close(self) -> None:
        """Stop counting, and close the connections."""
        self._timer.cancel()
        super().close()

    def _watch(self, manager: "PoolManager") -> None:
        note = self._sockets.add

        class Plain(HTTPConnection):
            def connect(self) -> None:
                super().connect()
                note(self.sock)

        class Secure(HTTPSConnection):
            def connect(self) -> None:
                super().connect()
                note(self.sock)

        manager.pool_classes_by_scheme = {
            "http": type("PlainPool", (HTTPConnectionPool,), {"ConnectionCls": Plain}),
            "https": type("SecurePool", (HTTPSConnectionPool,), {"ConnectionCls": Secure}),
        }

    def _end(self) -> None:
        self.is_over = True
        for each in list(self._sockets):
            # Shutting it down wakes whoever waits for it; a socket that was closed meanwhile needs no more.
            with contextlib.suppress(OSError, ValueError):
                socket.socket.shutdown(each, socket.SHUT_RDWR)
