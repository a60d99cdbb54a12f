"""Every failure as problem details: https://www.rfc-editor.org/rfc/rfc9457. Nothing of our insides is told."""

import logging
import math
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

import msgspec
from litestar import Request, Response
from litestar.exceptions import HTTPException

from envscout.errors import EnvscoutError, TooManyRequests, Unauthenticated
from envscout.operations.coding import encode

MEDIA_TYPE = "application/problem+json"
_LOG = logging.getLogger(__name__)


class Details(msgspec.Struct, frozen=True, rename={"kind": "type"}):
    """What failed. type: for machines. title: the cause, detail: the next step, for people. instance: what was asked.

    request_id: as the server's log names it, "" where it has none.
    """

    kind: str
    title: str
    status: int
    detail: str = ""
    instance: str = ""
    request_id: str = ""


class Failure(msgspec.Struct, frozen=True):
    """What failed, whichever way it is told."""

    kind: str
    title: str
    status: int
    detail: str
    headers: Mapping[str, str] | None = None


def failure(error: Exception, path: str) -> Failure:
    """Return what may be told of an error; the rest goes to the log."""
    if isinstance(error, EnvscoutError):
        return Failure(type(error).__name__, error.cause, error.http_status, error.next_step, _headers(error))
    if isinstance(error, HTTPException) and error.status_code < 500:
        kind = type(error).__name__.removesuffix("Exception")
        return Failure(kind, error.detail, error.status_code, "see /schema", error.headers)
    _LOG.error("request failed", exc_info=error, extra={"path": path})
    return Failure("EnvscoutError", "the server failed", 500, "its log says why, under the request's id")


def _headers(error: EnvscoutError) -> dict[str, str]:
    if isinstance(error, Unauthenticated):
        return {"WWW-Authenticate": 'Bearer realm="envscout"'}
    return {"Retry-After": str(math.ceil(error.after))} if isinstance(error, TooManyRequests) else {}


def wants_page(request: Request[Any, Any, Any]) -> bool:
    """Tell whether whoever asks is a person who looks at a page."""
    return not request.scope["path"].startswith("/api/") and "text/html" in request.headers.get("accept", "")


def problem(request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
    """Return an error as the client is told it."""
    found = failure(error, request.scope["path"])
    return said(request, found.kind, found.title, found.status, found.detail, found.headers)


def said(
    request: Request[Any, Any, Any], kind: str, title: str, status: int, detail: str, headers: Any = None
) -> Response[bytes]:
    """Return a failure of a kind that may be none of ours, such as a route that does not exist."""
    details = Details(
        f"urn:envscout:{kind}",
        title,
        status,
        detail,
        quote(request.scope["path"][:200]),
        str(request.scope.get("request_id", "")),
    )
    return Response(encode(details), status_code=status, media_type=MEDIA_TYPE, headers=headers)
