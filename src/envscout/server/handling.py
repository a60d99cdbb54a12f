"""From a row of the table to what litestar serves: read the parts, answer in a thread, write the answer."""

import gzip
import re
from collections.abc import Callable, Sequence
from functools import partial
from hashlib import blake2b
from typing import Any
from urllib.parse import parse_qsl, urlencode

import msgspec
from litestar import Request, Response, route
from litestar.concurrency import sync_to_thread

from envscout.access.principal import Principal
from envscout.errors import UsageError
from envscout.operations.coding import encode, sent
from envscout.server import reading, together
from envscout.server.asking import Asked, principal
from envscout.server.etag import Answers, Kept, Subject, matches, name_of
from envscout.server.gathering import Gathering
from envscout.server.idempotency import Keyed, keyed, once
from envscout.server.routes.route import Route, Text
from envscout.server.stores import Stores
from envscout.server.unpacking import unpacked
from envscout.store import Database

_WORTH_PACKING = 1_024
_SECRET = frozenset({"channels.add", "channels.apply", "channels.rotate"})


class House(msgspec.Struct, frozen=True):
    """What all requests of a process share."""

    stores: Stores
    answers: Answers


def handler(row: Route, house: House) -> Any:
    """Return the handler of a row."""
    gathering = Gathering(partial(_gathered, row, house)) if row.together is not None else None

    async def handle(request: Request[Any, Any, Any]) -> Response[bytes]:
        body = await request.body() if row.body is not None else b""
        if gathering is not None:
            return await gathering.ask((request, body))
        return await sync_to_thread(_handled, row, house, request, body)

    path = re.sub(r"\{(\w+)\}", r"{\1:str}", row.path)
    return route(path, http_method=[row.method], name=row.name, status_code=row.status)(handle)


def _handled(row: Route, house: House, request: Request[Any, Any, Any], body: bytes) -> Response[bytes]:
    body = unpacked(body, request.headers.get("content-encoding", ""))
    read = _read(row, request, body)

    def answer(database: Database) -> Response[bytes]:
        asked = read(database)
        if row.method != "GET":
            return _written(row, request, asked, body)
        return _asked(row, house, request, asked)

    if row.action == "read":
        return house.stores.ask(answer)
    with house.stores.open() as database:
        return answer(database)


def _read(row: Route, request: Request[Any, Any, Any], body: bytes) -> Callable[[Database], Asked]:
    """Return what is asked for, of the store that will be opened for it."""
    read = body if row.body in (None, bytes) else sent(body, row.body)
    query = reading.query(request.scope["query_string"], row.query)
    path = {name: reading.segment(value) for name, value in request.path_params.items()}
    number = str(request.scope.get("request_id", ""))
    return lambda database: Asked(principal(request), database, path, query, read, dict(request.headers), number)


def _gathered(
    row: Route, house: House, requests: Sequence[tuple[Request[Any, Any, Any], bytes]]
) -> list[Response[bytes] | Exception]:
    """Answer several requests for a write at once."""
    with house.stores.open() as database:
        writes = [_write(row, database, *each) for each in requests]
        done = iter(together.written(row, database, [each for each in writes if isinstance(each, together.Write)]))
    answers = [next(done) if isinstance(each, together.Write) else each for each in writes]
    return [each if isinstance(each, Exception) else _said(*each) for each in answers]


def _write(row: Route, database: Database, request: Request[Any, Any, Any], body: bytes) -> together.Write | Exception:
    try:
        body = unpacked(body, request.headers.get("content-encoding", ""))
        asked = _read(row, request, body)(database)
        return together.Write(asked, _key(row, request, body), len(body))
    except Exception as error:
        return error


def _key(row: Route, request: Request[Any, Any, Any], body: bytes) -> Keyed | None:
    """Return a request as it is known by its key, None where it has none or nothing is kept of it. Raise UsageError."""
    key = request.headers.get("idempotency-key")
    if key is not None and not row.keyed:
        raise UsageError(f"{row.name} cannot be asked for under a key", "leave Idempotency-Key out")
    # What an owner is told may be a secret, and so may the key of a channel: those are kept nowhere.
    if key is None or row.action in ("read", "own") or row.name in _SECRET:
        return None
    told = b"\n".join((row.name.encode(), request.url.path.encode(), request.scope["query_string"], body))
    return keyed(principal(request), key, told)


def _written(row: Route, request: Request[Any, Any, Any], asked: Asked, body: bytes) -> Response[bytes]:
    key = _key(row, request, body)
    if key is None:
        return _said(row.status, encode(row.answer(asked)))
    return _said(*once(asked.database, key, lambda: (row.status, encode(row.answer(asked)))))


def _said(status: int, content: bytes) -> Response[bytes]:
    return Response(content, status_code=status, media_type="application/json")


def _asked(row: Route, house: House, request: Request[Any, Any, Any], asked: Asked) -> Response[bytes]:
    name = _name(row, asked)
    told = request.headers.get("if-none-match", "")
    if name and told and matches(told, name):
        return _sent(None, name)
    packs = "gzip" in request.headers.get("accept-encoding", "").lower()
    kept = house.answers.get(_packed(name, packs=packs)) if name else None
    if kept is None:
        made = _made(row, asked)
        link = _link(request, made.next)
        kept = _kept(made, link, packs=packs)
        if not name:
            name = blake2b(made.content + link.encode(), digest_size=15).hexdigest()
        elif name == _name(row, asked):
            house.answers.put(_packed(name, packs=packs), kept)
    return _sent(None if matches(told, name) and told else kept, name)


def _packed(name: str, *, packs: bool) -> str:
    return f"{name}-gzip" if packs else name


def _name(row: Route, asked: Asked) -> str:
    """Return the name of an answer that can be named before it is made, else ""."""
    subject = row.about(asked) if row.about else None
    if subject is None or not _is_within(asked.principal, subject):
        # A name would tell when something of somebody else's changes, though the answer itself is refused.
        return ""
    question = msgspec.msgpack.encode((row.name, sorted(asked.path.items()), asked.query))
    return name_of(asked.database, asked.principal, _own(asked.principal, subject), question)


def _is_within(who: Principal, subject: Subject) -> bool:
    """Tell whether a question is about what is the asker's, as far as it says."""
    is_own = who.organization in ("", subject.organization) or not subject.organization
    return is_own and (not who.environment or all(each in ("", who.environment) for each in subject.environments))


def _own(who: Principal, subject: Subject) -> Subject:
    """Return what a question is about where it does not say of whom: of the asker's organization."""
    return msgspec.structs.replace(subject, organization=subject.organization or who.organization)


class _Made(msgspec.Struct, frozen=True):
    content: bytes
    media_type: str
    next: str | None


def _made(row: Route, asked: Asked) -> _Made:
    result = row.answer(asked)
    if isinstance(result, Text):
        return _Made(result.content, result.media_type, None)
    return _Made(encode(result), "application/json", getattr(result, "next", None))


def _kept(made: _Made, link: str, *, packs: bool) -> Kept:
    if packs and len(made.content) >= _WORTH_PACKING:
        return Kept(gzip.compress(made.content, 1, mtime=0), made.media_type, link, is_packed=True)
    return Kept(made.content, made.media_type, link)


def _link(request: Request[Any, Any, Any], cursor: str | None) -> str:
    """Return where the next page is: https://www.rfc-editor.org/rfc/rfc8288."""
    if not cursor:
        return ""
    pairs = parse_qsl(request.scope["query_string"].decode("ascii"), keep_blank_values=True)
    query = urlencode([*(pair for pair in pairs if pair[0] != "cursor"), ("cursor", cursor)])
    return f'<?{query}>; rel="next"'


def _sent(kept: Kept | None, name: str) -> Response[bytes]:
    """Return an answer, or that it is what the client has already."""
    headers = {"Vary": "Accept-Encoding, Authorization", "Cache-Control": "private, no-cache", "ETag": f'"{name}"'}
    if kept is None:
        return Response(b"", status_code=304, headers=headers, media_type="application/json")
    if kept.is_packed:
        headers |= {"ETag": f'"{name}-gzip"', "Content-Encoding": "gzip"}
    if kept.link:
        headers["Link"] = kept.link
    return Response(kept.body, headers=headers, media_type=kept.media_type)
