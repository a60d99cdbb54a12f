"""The application: routes, and what surrounds every one of them. Processes are stateless; all state is in the store."""

from collections.abc import Callable
from typing import Any

from litestar import Litestar, Request, Response, post
from litestar.openapi import OpenAPIConfig

from envscout import __version__
from envscout.errors import EnvscoutError
from envscout.operations.coding import encode
from envscout.operations.signature import signature
from envscout.operations.table import OPERATIONS
from envscout.server.problems import problem
from envscout.server.stores import Stores
from envscout.store import Place

MAX_BODY = 64 << 20


def make(place: Place) -> Litestar:
    """Return the application over a store."""
    stores = Stores(place)
    return Litestar(
        route_handlers=[_operation(name, stores) for name in OPERATIONS],
        exception_handlers={EnvscoutError: problem},
        openapi_config=OpenAPIConfig(title="envscout", version=__version__, path="/schema"),
        request_max_body_size=MAX_BODY,
    )


def _operation(name: str, stores: Stores) -> Any:
    """Return the route of an operation: its arguments as JSON in, its result as JSON out."""
    found = signature(name)

    def handle(request: Request[Any, Any, Any], data: Any) -> Response[bytes]:  # noqa: ARG001
        with stores.open() as database:
            arguments = {field: getattr(data, field) for field in data.__struct_fields__}
            return Response(encode(found.verb(database, **arguments)), media_type="application/json")

    handle.__annotations__["data"] = found.arguments
    handle.__doc__ = found.verb.__doc__
    route: Callable[..., Any] = post(
        f"/api/v1/operations/{name}", name=name, operation_id=name, status_code=200, sync_to_thread=True
    )
    return route(handle)
