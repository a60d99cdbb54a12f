"""The description of the API, made from the same rows that serve it: https://spec.openapis.org/oas/v3.1.0."""

import inspect
import json
import re
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any, get_origin

import msgspec
from pyroaring import BitMap

from envscout import __version__
from envscout.names.expression import Expression
from envscout.server.idempotency import MAX_KEY
from envscout.server.problems import MEDIA_TYPE, Details
from envscout.server.routes.route import Route

FAILURES = {
    400: "The question itself is wrong.",
    401: "Nobody is known by what was shown.",
    403: "Whoever asks may not.",
    404: "What is asked about does not exist.",
    409: "Another request is doing the same just now.",
    413: "More than the server takes.",
    415: "A kind of content that the server does not read.",
    422: "The key was used for something else before.",
    429: "Too much at once; see Retry-After.",
    500: "The server failed.",
    502: "Something that the server asked failed.",
    503: "The store is busy; ask again.",
}


def document(routes: Iterable[Route]) -> dict[str, Any]:
    """Return the whole description."""
    routes = list(routes)
    types = [each for route in routes for each in (route.body, route.result) if each is not None]
    schemas, components = msgspec.json.schema_components(
        [*types, Details], schema_hook=_schema, ref_template="#/components/schemas/{name}"
    )
    known = {id(type_): schema for type_, schema in zip(types, schemas, strict=False)}
    paths: dict[str, dict[str, Any]] = {}
    for route in routes:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route, known)
    return {
        "openapi": "3.1.0",
        "info": {"title": "envscout", "version": __version__, "license": {"name": "Apache-2.0"}},
        "servers": [{"url": "/"}],
        "security": [{"token": []}],
        "paths": paths,
        "components": {
            "schemas": _plain(components),
            "responses": {str(status): _failure(meaning) for status, meaning in FAILURES.items()},
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }


def resources() -> bytes:
    """Return the description of the resources alone, as it is published: the operations are those of the program."""
    from envscout.server.routes.table import routes

    found = document(route for route in routes() if route.tag != "operations")
    found["info"]["version"] = "1"
    return json.dumps(found, indent=1, sort_keys=True).encode() + b"\n"


def _failure(meaning: str) -> dict[str, Any]:
    return {"description": meaning, "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Details"}}}}


def _operation(route: Route, known: dict[int, Any]) -> dict[str, Any]:
    summary, _, more = (inspect.getdoc(route.answer) or route.name).partition("\n")
    is_get = route.method == "GET"
    said: dict[str, Any] = {
        "operationId": route.name,
        "summary": summary,
        "tags": [route.tag],
        "parameters": [*_of_path(route), *_of_query(route), *_of_headers(route)],
        "responses": {
            str(route.status): {
                "description": "The answer.",
                "headers": {} if route.method != "GET" else dict(_HEADERS),
                "content": {kind: {"schema": _plain(known[id(route.result)])} for kind in route.media_types},
            },
            **({"304": {"description": "What If-None-Match names is still the answer."}} if is_get else {}),
            **{str(status): {"$ref": f"#/components/responses/{status}"} for status in FAILURES},
        },
    }
    if more.strip():
        said["description"] = more.strip()
    if route.body is not None:
        content = {kind: {"schema": _of_body(route, known)} for kind in route.takes}
        said["requestBody"] = {"required": True, "content": content}
    return said


def _of_body(route: Route, known: dict[int, Any]) -> Any:
    return {} if route.body is bytes else _plain(known[id(route.body)])


_PARAMETERS = {
    "number": "The number of an exception.",
    "organization": "The name of an organization.",
    "cluster": "The name of a cluster.",
    "environment": "The name of an environment.",
    "digest": "sha256:... of an image.",
    "vulnerability": "A CVE id, or that of any advisory.",
    "package": "A package URL, percent-encoded, or NAME[@VERSION].",
}
_TEXT = {"type": "string"}
_HEADERS: dict[str, Any] = {
    "ETag": {"description": "The name of this answer, for If-None-Match.", "schema": _TEXT},
    "Link": {"description": "Where the next page is, with rel=next, if there is one.", "schema": _TEXT},
}
_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "Whoever asks again with the same key is told the same, and nothing is done again, for 24 hours.",
    "schema": {"type": "string", "minLength": 1, "maxLength": MAX_KEY, "pattern": r"^[\x20-\x7e]+$"},
}


def _of_headers(route: Route) -> list[dict[str, Any]]:
    return [_KEY] if route.action not in ("read", "own") and route.keyed else []


def _of_path(route: Route) -> list[dict[str, Any]]:
    return [
        {
            "name": name,
            "in": "path",
            "required": True,
            "description": _PARAMETERS.get(name, ""),
            "schema": {"type": "string", "minLength": 1},
        }
        for name in re.findall(r"\{(\w+)\}", route.path)
    ]


def _of_query(route: Route) -> list[dict[str, Any]]:
    (_,), components = msgspec.json.schema_components([route.query], ref_template="#/components/schemas/{name}")
    of_struct = components[route.query.__name__]
    return [
        {
            "name": name,
            "in": "query",
            "required": name in of_struct.get("required", ()),
            "description": schema.pop("description", ""),
            "schema": schema,
        }
        for name, schema in of_struct["properties"].items()
    ]


_SCHEMAS: dict[Any, dict[str, Any]] = {
    Expression: {"type": "string", "format": "regex", "maxLength": 200, "description": "https://github.com/google/re2"},
    BitMap: {"type": "array", "items": {"type": "integer", "minimum": 0, "maximum": 2**32 - 1}},
    Iterable: {"type": "array"},
}
"""Types that JSON has no word for, as operations.coding writes them."""


def _schema(type_: Any) -> dict[str, Any]:
    found = _SCHEMAS.get(get_origin(type_) or type_)
    if found is None:
        raise NotImplementedError
    return dict(found)


def _plain(schema: Any) -> Any:
    """Return a schema as tools read it: descriptions in paragraphs; of tuples only which parts they have."""
    if isinstance(schema, list | tuple):
        return [_plain(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    plain = {key: _text(part) if key == "description" and isinstance(part, str) else _plain(part)
             for key, part in schema.items()}  # fmt: skip
    parts = plain.pop("prefixItems", None)
    return {**plain, "items": {"anyOf": parts}} if parts else plain


def _text(text: str) -> str:
    return "\n\n".join(" ".join(part.split()) for part in inspect.cleandoc(text).split("\n\n"))


if __name__ == "__main__":
    Path(sys.argv[1]).write_bytes(resources())
