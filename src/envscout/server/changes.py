"""The change feed: by cursor, with or without waiting, or as server-sent events that resume where they were broken off.

https://html.spec.whatwg.org/multipage/server-sent-events.html. An event's id is the cursor after it.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

from litestar import Request, Response, get
from litestar.concurrency import sync_to_thread
from litestar.response import Stream

from envscout.access.principal import Principal
from envscout.errors import EnvscoutError, UsageError
from envscout.operations.coding import encode
from envscout.server import reading
from envscout.server.asking import Asked, principal
from envscout.server.feed import Feed
from envscout.server.problems import said
from envscout.server.routes.changes import Asking, changes
from envscout.server.routes.route import Route
from envscout.server.stores import Stores
from envscout.verbs.changes import Changes

HEARTBEAT_SECONDS = 15.0
LONGEST_SECONDS = 3_600.0
"""Of one stream. Whoever may no longer ask is let go at the next change or heartbeat."""


def handler(row: Route, stores: Stores, feed: Feed) -> Any:
    """Return the handler of the change feed."""

    async def handle(request: Request[Any, Any, Any]) -> Response[Any]:
        query: Asking = reading.query(request.scope["query_string"], row.query)
        streams = "text/event-stream" in request.headers.get("accept", "")
        if (streams or query.wait) and feed.is_full(principal(request).subject):
            return said(request, "TooManyStreams", "too many wait already", 429, "ask again", {"Retry-After": "10"})
        if streams:
            return await _stream(request, stores, feed, query)
        found = await sync_to_thread(_found, request, stores, query, query.after)
        if not found.items and query.wait and await feed.beyond(found.next, query.wait, principal(request).subject):
            found = await sync_to_thread(_found, request, stores, query, found.next)
        return Response(encode(found), media_type="application/json", headers={"Cache-Control": "no-store"})

    return get(row.path, name=row.name)(handle)


def _found(request: Request[Any, Any, Any], stores: Stores, query: Asking, after: int | None) -> Changes:
    with stores.open() as database:
        asked = Asked(principal(request), database, {"after": "" if after is None else str(after)}, query, None, {})
        return changes(asked)


def _may_still(request: Request[Any, Any, Any]) -> bool:
    """Tell whether who asked would be let in as the same again: tokens are revoked, members removed."""
    again: Callable[[], Principal] = request.scope["again"]  # type: ignore[typeddict-item]
    try:
        return again() == principal(request)
    except EnvscoutError:
        return False


async def _stream(request: Request[Any, Any, Any], stores: Stores, feed: Feed, query: Asking) -> Stream:
    after = query.after
    if last := request.headers.get("last-event-id", ""):
        if not last.isascii() or not last.isdecimal() or len(last) > 18:
            raise UsageError("Last-Event-ID is none of ours", "leave it out")
        after = int(last)
    # The first answer is made before the stream begins: what is refused is refused with a status.
    first = await sync_to_thread(_found, request, stores, query, after)
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return Stream(_events(request, stores, feed, query, first), media_type="text/event-stream", headers=headers)


async def _events(
    request: Request[Any, Any, Any], stores: Stores, feed: Feed, query: Asking, found: Changes
) -> AsyncIterator[bytes]:
    end = asyncio.get_running_loop().time() + LONGEST_SECONDS
    yield b"retry: 2000\n\n"
    while True:
        if found.missed:
            yield b'event: missed\ndata: {"detail": "some of what happened is forgotten"}\n\n'
        for each in found.items:
            yield b"id: %d\nevent: %s\ndata: %s\n\n" % (each.news_id, each.news.kind.encode(), encode(each))
        if not found.items or found.next != found.items[-1].news_id:
            # What concerned others moves the cursor, too.
            yield b"id: %d\n\n" % found.next
        while not found.more and not await feed.beyond(found.next, HEARTBEAT_SECONDS, principal(request).subject):
            if feed.is_over or asyncio.get_running_loop().time() > end:
                return
            yield b": here\n\n"
            if not await sync_to_thread(_may_still, request):
                return
        if feed.is_over or asyncio.get_running_loop().time() > end or not await sync_to_thread(_may_still, request):
            return
        found = await sync_to_thread(_found, request, stores, query, found.next)
