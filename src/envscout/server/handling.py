"""From a row of the table to what litestar serves: read the parts, answer in a thread, write the answer."""

import re
from typing import Any
from urllib.parse import parse_qsl

import msgspec
from litestar import Request, Response, route
from litestar.concurrency import sync_to_thread

from envscout.errors import LimitExceeded, UsageError
from envscout.operations.coding import decode, encode
from envscout.server.asking import Asked, principal
from envscout.server.routes.route import Route
from envscout.server.stores import Stores

MAX_QUERY = 8_192
MAX_PARAMETERS = 200
MAX_SEGMENT = 4_096


def handler(row: Route, stores: Stores) -> Any:
    """Return the handler of a row."""

    async def handle(request: Request[Any, Any, Any]) -> Response[bytes]:
        body = await request.body() if row.body is not None else b""
        return await sync_to_thread(_answer, row, stores, request, body)

    path = re.sub(r"\{(\w+)\}", r"{\1:str}", row.path)
    return route(path, http_method=[row.method], name=row.name, status_code=row.status)(handle)


def _answer(row: Route, stores: Stores, request: Request[Any, Any, Any], body: bytes) -> Response[bytes]:
    read = decode(body, row.body) if row.body is not None else None
    query = _query(request.scope["query_string"], row.query)
    path = {name: _segment(value) for name, value in request.path_params.items()}
    with stores.open() as database:
        asked = Asked(principal(request), database, path, query, read, dict(request.headers))
        result = row.answer(asked)
    return Response(encode(result), status_code=row.status, media_type="application/json")


def _query(text: bytes, type_: type[msgspec.Struct]) -> Any:
    """Read a query. Raise UsageError, LimitExceeded."""
    if len(text) > MAX_QUERY:
        raise LimitExceeded(f"the query is longer than {MAX_QUERY} bytes", "ask for less at once")
    try:
        pairs = parse_qsl(text.decode("ascii"), keep_blank_values=True, max_num_fields=MAX_PARAMETERS, errors="strict")
    except ValueError as error:
        raise UsageError("the query cannot be read", "write it as name=value&..., in percent-encoded UTF-8") from error
    named: dict[str, Any] = {}
    for name, value in pairs:
        named.setdefault(name, []).append(value)
    listed = _lists(type_)
    once = {name: values if name in listed else values[0] for name, values in named.items()}
    twice = [name for name, values in named.items() if len(values) > 1 and name not in listed]
    if twice:
        raise UsageError(f"{twice[0][:100]!r} is given more than once", "see /schema")
    try:
        return msgspec.convert(once, type_, strict=False)
    except msgspec.ValidationError as error:
        raise UsageError(f"the query cannot be read: {error}", "see /schema") from error


def _lists(type_: type[msgspec.Struct]) -> frozenset[str]:
    """Return the parameters that may be given more than once."""
    kinds = (msgspec.inspect.VarTupleType, msgspec.inspect.ListType)
    info = msgspec.inspect.type_info(type_)
    assert isinstance(info, msgspec.inspect.StructType)
    return frozenset(field.name for field in info.fields if isinstance(field.type, kinds))


SLASH = "\ue000"
"""Stands for a slash inside of a segment, from where the path is read to where its parameters are."""


def _segment(value: Any) -> str:
    text = str(value).replace(SLASH, "/")
    if len(text) > MAX_SEGMENT:
        raise LimitExceeded(f"a part of the path is longer than {MAX_SEGMENT} characters", "ask for less at once")
    return text
