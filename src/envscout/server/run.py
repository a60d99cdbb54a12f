"""The process that serves: sockets, processes, work, and how it ends."""

import asyncio
import contextlib
import ctypes
import os
import signal
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import uvicorn

from envscout.config import Settings
from envscout.errors import UsageError
from envscout.network.addresses import allowed
from envscout.server import logs
from envscout.server.auth import Door
from envscout.server.auth_browser import is_loopback
from envscout.server.checking import check
from envscout.server.protocol import Bounded
from envscout.store import Database, Place, access
from envscout.work import table, tracing
from envscout.work.engine import engine

GRACE = 30
CONNECTIONS = 1_000
"""At once, of one process; those beyond are told 503."""
THREADS = 6
"""That answer requests. More would only wait for one another, and each holds what it makes an answer of."""
ARENAS = 2
"""From which threads take memory. What is free in the arena of one is of no use to another that has its own."""
_M_ARENA_MAX = -8


def run(settings: Settings, *, working: bool) -> None:
    """Serve as the settings say until told to stop. working: do the standing work as well. Raise EnvscoutError.

    What a command was told beside the settings is in the environment, as the processes that answer read it from there.
    """
    check(settings)
    if working:
        table.check(settings)
    host, processes = settings.text("listen_host"), int(settings.get("processes"))
    _check(settings.store_place, host, door(settings))
    logs.begin("text" if settings.text("log_format") == "text" else "json")
    tracing.begin()
    if processes > 1:
        _share_counts()
    with _until_told(), _working(settings) if working else contextlib.nullcontext():
        uvicorn.run(
            "envscout.server.run:application",
            factory=True,
            host=host,
            port=int(settings.get("listen_port")),
            workers=processes if processes > 1 else None,
            ssl_certfile=settings.text("tls_cert") or None,
            ssl_keyfile=settings.text("tls_key") or None,
            http=Bounded,
            ws="none",
            loop="uvloop",
            log_config=None,
            access_log=False,
            proxy_headers=False,
            server_header=False,
            limit_concurrency=CONNECTIONS,
            timeout_keep_alive=30,
            timeout_graceful_shutdown=GRACE,
        )


def application() -> Any:
    """Return the application as the settings say: each process makes its own."""
    from envscout.server.app import make

    _bound_arenas()
    settings = Settings()
    logs.begin("text" if settings.text("log_format") == "text" else "json")
    app = make(settings.store_place, door(settings))
    tracing.begin()
    app.on_startup.append(_bound_threads)
    app.on_shutdown.append(tracing.flush)
    return app


def door(settings: Settings) -> Door:
    """Return how people are let in. Raise ConfigError."""
    text = settings.text
    return Door(
        is_open=is_loopback(text("listen_host")),
        permitted=allowed(text("allow_private_addresses")),
        issuer=text("oidc_issuer").rstrip("/"),
        client_id=text("oidc_client_id"),
        client_secret=text("oidc_client_secret"),
        public_url=text("public_url").rstrip("/"),
        proxies=text("trusted_proxies"),
        metrics_open=bool(settings.get("metrics_open")),
        requests_per_second=int(settings.get("requests_per_second")),
    )


def _check(place: Place, host: str, way_in: Door) -> None:
    """Make and migrate the store before anybody is let in, and see that somebody can be."""
    with Database(place) as database, database.read() as connection:
        is_anybody = access.is_anybody(connection)
    if not is_loopback(host) and not is_anybody and not way_in.issuer:
        raise UsageError(
            f"nobody has a token, and {host} can be reached from elsewhere",
            "make the first one: envscout token create --role owner; or listen on 127.0.0.1",
        )


async def _bound_threads() -> None:
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(THREADS, "answering"))


def _bound_arenas() -> None:
    """Where the C library lets us: https://man7.org/linux/man-pages/man3/mallopt.3.html"""
    with contextlib.suppress(AttributeError, TypeError, OSError):
        ctypes.CDLL(None).mallopt(_M_ARENA_MAX, ARENAS)


def _share_counts() -> None:
    """Have the processes count in files that all of them can read."""
    os.environ.setdefault("PROMETHEUS_MULTIPROC_DIR", tempfile.mkdtemp(prefix="envscout-counts-"))


@contextlib.contextmanager
def _until_told() -> Iterator[None]:
    """Let the server end by itself when it is told to: what comes after it is for us to do."""
    before = {each: signal.signal(each, lambda *_: None) for each in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)


@contextlib.contextmanager
def _working(settings: Settings) -> Iterator[None]:
    """Do the standing work meanwhile."""
    worker = engine(settings.store_place, settings)
    worker.start()
    try:
        yield
    finally:
        worker.stop(GRACE)
        tracing.end()
