"""A token in an address, for those who cannot send it otherwise: an API server of Kubernetes shows webhooks no header.

`/api/v1/admission/as/TOKEN/...` is read as `/api/v1/admission/...` with that token, before anything logs or counts it.
"""

from typing import Any

from litestar.enums import ScopeType
from litestar.types import ASGIApp, Receive, Scope, Send

_BEGIN, _END = "/api/v1/admission/as/", b"/api/v1/admission/"


def with_token_of_address(app: ASGIApp) -> ASGIApp:
    """Return an application that knows such addresses."""

    async def handle(scope: Scope, receive: Receive, send: Send) -> None:
        path = str(scope.get("path", ""))
        if scope["type"] == ScopeType.HTTP and path.startswith(_BEGIN):
            token, _, rest = path.removeprefix(_BEGIN).partition("/")
            told: dict[str, Any] = {
                "path": f"/api/v1/admission/{rest}",
                "raw_path": _END + bytes(scope.get("raw_path") or b"").removeprefix(_BEGIN.encode()).partition(b"/")[2],
                "headers": [
                    *(each for each in scope["headers"] if each[0] != b"authorization"),
                    (b"authorization", f"Bearer {token}".encode("utf-8", "replace")),
                ],
            }
            scope = {**scope, **told}  # type: ignore[assignment]
        await app(scope, receive, send)

    return handle
