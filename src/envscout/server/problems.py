"""Errors as problem details: https://www.rfc-editor.org/rfc/rfc9457."""

from typing import Any

from litestar import Request, Response

from envscout.errors import EnvscoutError
from envscout.operations.coding import encode

MEDIA_TYPE = "application/problem+json"


def problem(_: Request[Any, Any, Any], error: EnvscoutError) -> Response[bytes]:
    """Return an error as the client is told it."""
    said = {
        "type": f"urn:envscout:{type(error).__name__}",
        "title": error.cause,
        "status": error.http_status,
        "detail": error.next_step,
    }
    return Response(encode(said), status_code=error.http_status, media_type=MEDIA_TYPE)
