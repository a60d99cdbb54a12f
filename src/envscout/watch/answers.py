"""What an API server of Kubernetes answers with: its messages, how much of them is read, and what a refusal means.

Messages: https://kubernetes.io/docs/reference/using-api/api-concepts/ (lists in chunks, watches, bookmarks, Status).
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING, NoReturn

import msgspec

from envscout.errors import AccessDenied, NotFound, SourceError
from envscout.watch.pods import Metadata, Object

if TYPE_CHECKING:
    from httpx2 import Response

MAX_PAGE = 256 << 20
"""Bytes of one page of a list."""
MAX_EVENT = 16 << 20
"""Bytes of one change."""
_MAX_FAILURE = 1 << 20


class GoneError(Exception):
    """What was asked for is no longer kept: only a new list tells what is there."""


class _ListMeta(msgspec.Struct, frozen=True, rename="camel"):
    resource_version: str = ""
    continued: str = msgspec.field(name="continue", default="")


class Page(msgspec.Struct, frozen=True):
    """Objects of a list. metadata: the version of the list, and by what the next page is asked for, "" for none."""

    kind: str
    metadata: _ListMeta
    items: tuple[Object, ...] | None = None


class _Event(msgspec.Struct, frozen=True):
    type: str
    object: msgspec.Raw


class _Failure(msgspec.Struct, frozen=True):
    code: int = 0
    reason: str = ""
    message: str = ""


class _Bookmark(msgspec.Struct, frozen=True):
    metadata: Metadata = Metadata()


_pages = msgspec.json.Decoder(Page)
_events = msgspec.json.Decoder(_Event)
_objects = msgspec.json.Decoder(Object)
_failures = msgspec.json.Decoder(_Failure)
_bookmarks = msgspec.json.Decoder(_Bookmark)


def check(response: "Response") -> None:
    """Raise what a refusal means: GoneError, AccessDenied, NotFound, SourceError."""
    if response.status_code == 200:
        return
    try:
        failure = _failures.decode(_whole(response, _MAX_FAILURE))
    except msgspec.MsgspecError:
        failure = _Failure()
    _refuse(msgspec.structs.replace(failure, code=response.status_code))


def page(response: "Response") -> Page:
    """Return a page of a list. Raise SourceError, and msgspec.MsgspecError where it is none."""
    return _pages.decode(_whole(response, MAX_PAGE))


def changes(response: "Response") -> Iterator[tuple[str, Object]]:
    """Yield the type (ADDED, MODIFIED, DELETED, BOOKMARK) and the object of each change that a watch tells of.

    A bookmark has a version alone. Raise what `check` does, and msgspec.MsgspecError.
    """
    for line in _lines(response):
        event = _events.decode(line)
        if event.type == "ERROR":
            _refuse(_failures.decode(event.object))
        if event.type == "BOOKMARK":
            yield event.type, Object(_bookmarks.decode(event.object).metadata)
        else:
            yield event.type, _objects.decode(event.object)


def _refuse(failure: _Failure) -> NoReturn:
    if failure.code == 410 or failure.reason in ("Expired", "Gone"):
        raise GoneError
    why = f"{failure.code} {failure.reason} {failure.message}".strip()[:500]
    if failure.code in (401, 403):
        raise AccessDenied(
            f"the API server refuses it: {why}", "let the service account `list` and `watch` pods, namespaces and nodes"
        )
    if failure.code == 404:
        raise NotFound(f"the API server does not have it: {why}", "check the address of the cluster")
    raise SourceError(f"the API server answers {why}", "ask again")


def _whole(response: "Response", most: int) -> bytes:
    parts, size = [], 0
    for part in response.iter_bytes():
        size += len(part)
        if size > most:
            raise SourceError(f"the API server answers with more than {most >> 20} MiB", "check what answers there")
        parts.append(part)
    return b"".join(parts)


def _lines(response: "Response") -> Iterator[bytes]:
    rest = b""
    for part in response.iter_bytes():
        *lines, rest = (rest + part).split(b"\n")
        yield from filter(None, lines)
        if len(rest) > MAX_EVENT:
            raise SourceError(f"an event has more than {MAX_EVENT >> 20} MiB", "check what answers there")
