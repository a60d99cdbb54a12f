"""What is told where no answer can be given: a page to people, problem details to programs."""

from typing import Any
from urllib.parse import quote

import msgspec
from litestar import Request, Response

from envscout.errors import SeveralOrganizations, Unauthenticated
from envscout.server.auth_login import moved
from envscout.server.pages.address import href
from envscout.server.pages.serving import shown, told
from envscout.server.problems import failure, problem, wants_page


class Choice(msgspec.Struct, frozen=True):
    """Organizations of which somebody has to choose one. next: where they go then."""

    names: tuple[str, ...]
    next: str


def failed(request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
    """Return an error as whoever asks can read it. Who is not known is sent to where they log in."""
    if not wants_page(request):
        return problem(request, error)
    if isinstance(error, SeveralOrganizations):
        return shown(request, "organizations", Choice(error.names, _wanted(request)))
    if isinstance(error, Unauthenticated):
        return moved(href("login", next=_wanted(request)))
    found = failure(error, request.scope["path"])
    answer = told(request, found.title, found.status, "" if found.detail == "see /schema" else found.detail)
    answer.headers.update(found.headers or {})
    return answer


def _wanted(request: Request[Any, Any, Any]) -> str:
    if request.method not in ("GET", "HEAD"):
        return "/"
    query = request.scope["query_string"].decode("latin-1")
    path = quote(request.scope["path"])
    return f"{path}?{query}" if query else path
