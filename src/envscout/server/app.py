"""The application: routes, and what surrounds every one of them. Processes are stateless; all state is in the store."""

from functools import partial
from typing import Any
from urllib.parse import unquote

import msgspec
from litestar import Litestar, MediaType, Request, Response, get
from litestar.types import ASGIApp, Receive, Scope, Send

from envscout.server import auth_login, changes, health
from envscout.server.auth import Door, Doorkeeper, guarded
from envscout.server.etag import Answers
from envscout.server.feed import Feed
from envscout.server.handling import House, handler
from envscout.server.openapi import document
from envscout.server.pages import login, serving
from envscout.server.pages.failing import failed
from envscout.server.pages.table import FORMS, PAGES
from envscout.server.reading import SLASH
from envscout.server.routes.route import Route
from envscout.server.routes.table import routes
from envscout.server.stores import Stores
from envscout.server.surrounding import Proxies, surrounded
from envscout.server.unpacking import MAX_BODY
from envscout.server.webhooks import with_token_of_address
from envscout.store import Place
from envscout.verbs.changes import newest


def make(place: Place, door: Door = Door()) -> Litestar:  # noqa: B008
    """Return the application over a store. door: how people are let in."""
    house = House(Stores(place), Answers())
    feed = Feed(partial(_newest, house.stores))
    rows = routes()
    keeper = Doorkeeper(house.stores, door)
    schema = _schema(msgspec.json.encode(document(rows)))
    app = Litestar(
        route_handlers=[
            *(_handler(row, house, feed) for row in rows),
            *health.handlers(house.stores, lambda: feed.is_over),
            *auth_login.handlers(keeper),
            *login.handlers(keeper),
            *(serving.page(row, house.stores) for row in PAGES),
            *(serving.form(row, house.stores) for row in FORMS),
            serving.static(),
            schema,
        ],
        exception_handlers={Exception: failed},
        openapi_config=None,
        logging_config=None,
        request_max_body_size=MAX_BODY,
        on_startup=[feed.end_at_signals],
        on_shutdown=[feed.end, house.stores.close],
    )
    inner = surrounded(guarded(_segments(app.asgi_handler), keeper, failed), Proxies(door.proxies))
    app.asgi_handler = with_token_of_address(inner)
    return app


def _handler(row: Route, house: House, feed: Feed) -> Any:
    return changes.handler(row, house.stores, feed) if row.name == "changes" else handler(row, house)


def _newest(stores: Stores) -> int:
    with stores.open() as database:
        return newest(database)


def _segments(app: ASGIApp) -> ASGIApp:
    """Keep a slash that was percent-encoded inside of its segment: names of packages and environments may hold it."""

    async def handle(scope: Scope, receive: Receive, send: Send) -> None:
        raw = scope.get("raw_path") or b""
        if b"%2F" in raw.upper():
            parts = (unquote(part).replace("/", SLASH) for part in raw.decode("ascii", "replace").split("/"))
            scope["path"] = "/".join(parts)
        await app(scope, receive, send)

    return handle


def _schema(content: bytes) -> Any:
    @get("/schema", sync_to_thread=False)
    def schema(request: Request[Any, Any, Any]) -> Response[bytes]:  # noqa: ARG001
        return Response(content, media_type=MediaType.JSON)

    return schema
