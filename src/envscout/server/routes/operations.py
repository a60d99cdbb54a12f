"""Every operation as an endpoint: its arguments as JSON in, its result as JSON out."""

from typing import Any

import msgspec

from envscout.operations.signature import signature
from envscout.operations.table import ALONE, OPERATIONS
from envscout.server.asking import Asked
from envscout.server.routes.route import Route


def routes() -> list[Route]:
    """Return one endpoint for each operation."""
    return [_route(name) for name in OPERATIONS]


def _route(name: str) -> Route:
    found = signature(name)

    def answer(asked: Asked) -> Any:
        arguments = {field: getattr(asked.body, field) for field in _fields(asked.body)}
        return asked.perform(name, **arguments)

    answer.__doc__ = found.verb.__doc__
    return Route(
        method="POST",
        path=f"/api/v1/operations/{name}",
        name=name,
        action=OPERATIONS[name],
        answer=answer,
        body=found.arguments,
        result=found.result,
        tag="operations",
        keyed=name not in ALONE,
    )


def _fields(body: msgspec.Struct) -> tuple[str, ...]:
    return body.__struct_fields__
