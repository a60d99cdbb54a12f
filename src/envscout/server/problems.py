"""Every failure as problem details: https://www.rfc-editor.org/rfc/rfc9457. Nothing of our insides is told."""

import logging
from typing import Any
from urllib.parse import quote

import msgspec
from litestar import Request, Response
from litestar.exceptions import HTTPException

from envscout.errors import EnvscoutError
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


def problem(request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
    """Return an error as the client is told it."""
    if isinstance(error, EnvscoutError):
        return said(request, type(error).__name__, error.cause, error.http_status, error.next_step)
    if isinstance(error, HTTPException) and error.status_code < 500:
        kind = type(error).__name__.removesuffix("Exception")
        return said(request, kind, error.detail, error.status_code, "see /schema", error.headers)
    _LOG.error("request failed", exc_info=error, extra={"path": request.scope["path"]})
    return said(request, "EnvscoutError", "the server failed", 500, "its log says why, under the request's id")


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
