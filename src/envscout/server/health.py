"""Whether the server lives, whether it can answer, and how it fares: for those who watch over it."""

from collections.abc import Callable
from typing import Any

import anyio
from litestar import MediaType, Request, Response, get

from envscout.access.principal import Principal
from envscout.errors import EnvscoutError, NotAllowed
from envscout.server.metrics import MEDIA_TYPE, Metrics
from envscout.server.stores import Stores
from envscout.store import Database

_ANYBODY = Principal("metrics", "viewer")


def handlers(stores: Stores, is_stopping: Callable[[], bool]) -> list[Any]:
    """Return the handlers. None of them waits for a thread that answers requests."""
    metrics = Metrics()
    apart = anyio.CapacityLimiter(2)

    @get("/healthz", name="healthz")
    async def healthz() -> Response[str]:
        return Response("ok\n", media_type=MediaType.TEXT)

    @get("/readyz", name="readyz")
    async def readyz() -> Response[str]:
        why = "stopping" if is_stopping() else await anyio.to_thread.run_sync(_ready, stores, limiter=apart)
        return Response(f"{why or 'ok'}\n", status_code=503 if why else 200, media_type=MediaType.TEXT)

    @get("/metrics", name="metrics")
    async def told(request: Request[Any, Any, Any]) -> Response[bytes]:
        who = request.scope.get("user") or _ANYBODY
        assert isinstance(who, Principal)
        if not who.may("read") or who.environment:
            raise NotAllowed("metrics are of a whole organization", "use a token without --env")
        content = await anyio.to_thread.run_sync(_told, stores, metrics, who, limiter=apart)
        return Response(content, headers={"Content-Type": MEDIA_TYPE})

    return [healthz, readyz, told]


def _ready(stores: Stores) -> str:
    """Return why nothing can be answered, "" if it can. What is said is for everybody, and names no place."""
    try:
        return stores.ask(_asked)
    except EnvscoutError as error:
        return f"the store does not answer ({type(error).__name__})"


def _asked(database: Database) -> str:
    return "" if database.is_current else "the store was migrated by another version"


def _told(stores: Stores, metrics: Metrics, who: Principal) -> bytes:
    with stores.open(who.organization) as database:
        return metrics.told(database, who)
