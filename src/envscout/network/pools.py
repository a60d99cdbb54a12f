"""Connections that urllib3 keeps and uses; their sockets come from a function that looks at addresses."""

import socket
import ssl
from collections.abc import Callable
from typing import Any

from urllib3 import PoolManager
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import NewConnectionError
from urllib3.util import Timeout

from envscout.network.overdue import Exchange

Connect = Callable[[str, int, float], socket.socket]
"""A host, a port and seconds -> a socket that is connected to it."""

_SECONDS = 10.0


def manager(
    connect: Connect, current: Callable[[], Exchange], connections: int, context: ssl.SSLContext
) -> PoolManager:
    """Return pools of connections that are made by a function. current: gives the exchange that a thread is in."""
    made = PoolManager(num_pools=64, maxsize=connections, block=False, ssl_context=context, timeout=Timeout(_SECONDS))
    made.pool_classes_by_scheme = classes(connect, current)
    return made


def classes(connect: Connect, current: Callable[[], Exchange]) -> dict[str, type[HTTPConnectionPool]]:
    """Return the kinds of pools by scheme whose connections are made by a function."""

    class Ours:
        """What both kinds of connections do differently."""

        _dns_host: str
        host: str
        port: int
        timeout: Any
        sock: Any

        def _new_conn(self) -> socket.socket:
            seconds = self.timeout if isinstance(self.timeout, int | float) else _SECONDS
            try:
                made = connect(self._dns_host, self.port, seconds)
            except OSError as error:
                raise NewConnectionError(self, str(error)) from error  # type: ignore[arg-type]
            current().uses(made)
            return made

        def request(self, *args: Any, **kwargs: Any) -> None:
            current().uses(self.sock)
            super().request(*args, **kwargs)  # type: ignore[misc]
            current().uses(self.sock)

    class Plain(Ours, HTTPConnection):
        """Without TLS."""

    class Encrypted(Ours, HTTPSConnection):
        """With TLS."""

    class PlainPool(HTTPConnectionPool):
        """Of the former."""

        ConnectionCls: Any = Plain

    class EncryptedPool(HTTPSConnectionPool):
        """Of the latter."""

        ConnectionCls: Any = Encrypted

    return {"http": PlainPool, "https": EncryptedPool}
