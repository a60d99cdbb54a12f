"""What surrounds every request: its number, who it came through, how long it took, and a line in the log.

Neither query strings nor headers are logged: there are secrets in them.
"""

import logging
import re
import secrets
import time
from collections.abc import Iterable
from ipaddress import ip_address, ip_network
from typing import Any

from litestar.enums import ScopeType
from litestar.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from envscout import __version__
from envscout.errors import ConfigError
from envscout.server import counting
from envscout.server.unpacking import ACCEPTED
from envscout.work import tracing

_log = logging.getLogger("envscout.access")
_VERSION = (b"envscout-version", __version__.encode())
"""By which a client says who is to be brought up to date, where they do not understand each other."""
_GIVEN = re.compile(rb"[\w.:/+=-]{1,128}", re.ASCII)

_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_UNTRACED = frozenset({"/healthz", "/readyz", "/metrics"})
"""What is asked every few seconds, and of no interest."""


class Proxies:
    """The proxies that are believed."""

    def __init__(self, text: str) -> None:
        """Read a list of networks and addresses, separated by commas. Raise ConfigError."""
        self.names = [each.strip() for each in text.split(",") if each.strip()]
        try:
            self._networks = [ip_network(each) for each in self.names]
        except ValueError as error:
            raise ConfigError(f"trusted_proxies: {error}", "write 10.1.0.0/16 or 192.168.1.7") from error

    def trusts(self, client: Any) -> bool:
        """Tell whether whoever connected is one of them."""
        try:
            return bool(client) and any(ip_address(client[0]) in each for each in self._networks)
        except ValueError:
            # A unix socket has no address.
            return False


def surrounded(app: ASGIApp, proxies: Proxies) -> ASGIApp:
    """Return an application around which requests are numbered, counted and told of."""
    believing: Any = ProxyHeadersMiddleware(app, proxies.names) if proxies.names else app  # type: ignore[arg-type]

    async def handle(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != ScopeType.HTTP:
            await app(scope, receive, send)
            return
        is_trusted = proxies.trusts(scope.get("client"))
        number = _number(scope, is_trusted=is_trusted)
        scope["request_id"] = number  # type: ignore[typeddict-unknown-key]
        began, at, status = time.perf_counter(), time.time_ns(), 500

        async def sending(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                own = ((b"x-request-id", number.encode()), _VERSION, ACCEPTED)
                message["headers"] = [*message.get("headers", ()), *own]
            await send(message)

        counting.IN_FLIGHT.inc()
        try:
            await (believing if is_trusted else app)(scope, receive, sending)
        finally:
            counting.IN_FLIGHT.dec()
            _tell(scope, number, status, time.perf_counter() - began)
            _trace(scope, number, status, at, is_trusted=is_trusted)

    return handle


def _number(scope: Scope, *, is_trusted: bool) -> str:
    """Return the number of a request: the one that a proxy gave it, else one of our own."""
    if is_trusted:
        for name, value in scope["headers"]:
            if name == b"x-request-id" and _GIVEN.fullmatch(value):
                return str(value.decode("ascii"))
    return secrets.token_hex(8)


def _tell(scope: Any, number: str, status: int, seconds: float) -> None:
    handler = scope.get("route_handler")
    route = str(getattr(handler, "name", None) or "none")
    counting.REQUESTS.labels(scope["method"], route, str(status)).inc()
    counting.SECONDS.labels(route).observe(seconds)
    level = logging.DEBUG if route in ("healthz", "readyz") else logging.INFO
    who = scope.get("user")
    client = scope.get("client") or ("",)
    _log.log(
        level,
        "request",
        extra={
            "request_id": number,
            "method": scope["method"],
            "path": scope["path"][:500],
            "status": status,
            "milliseconds": round(seconds * 1000, 2),
            "client": client[0],
            "who": getattr(who, "subject", ""),
        },
    )


def _trace(scope: Any, number: str, status: int, began: int, *, is_trusted: bool) -> None:
    """Tell a collector of a request, by its route. Only a proxy that is believed says what it is part of."""
    if scope["path"] in _UNTRACED:
        return
    method = scope["method"] if scope["method"] in _METHODS else "_OTHER"
    route = str(scope.get("path_template") or "")
    about: dict[str, tracing.Value] = {
        "http.request.method": method,
        "http.response.status_code": status,
        "envscout.request_id": number,
    }
    if route:
        about["http.route"] = route
    parent = _text(scope["headers"]) if is_trusted else None
    times = (began, time.time_ns())
    tracing.tell(f"{method} {route}".strip(), "server", times, about, failed=status >= 500, parent=parent)


def _text(headers: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    return {name.decode("latin-1"): value.decode("latin-1") for name, value in headers}
