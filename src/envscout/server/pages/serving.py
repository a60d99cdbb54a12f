"""From a row to what litestar serves: read what is asked, answer in a thread, render, and let nothing else in."""

import csv
import gzip
import io
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

import msgspec
from litestar import Request, Response, get, post
from litestar.concurrency import sync_to_thread

from envscout.access.principal import Principal
from envscout.errors import EnvscoutError, NetworkError, NotAllowed, NotFound, SourceError, UsageError
from envscout.formats.csv import inert
from envscout.server import reading
from envscout.server.asking import Asked, principal
from envscout.server.auth import CHOSEN_COOKIE, COOKIE, TOKEN_COOKIE, cookies
from envscout.server.auth_login import moved
from envscout.server.pages.address import href
from envscout.server.pages.assets import assets
from envscout.server.pages.looks import rendered
from envscout.server.pages.page import Form, Kept, Page, Shown, Table
from envscout.server.stores import Stores
from envscout.store import Database, now
from envscout.verbs import audit

# Nothing but what this server sends is loaded, run or framed: https://www.w3.org/TR/CSP3/
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)
_HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    # No other site learns what was looked at, and a form still says where it comes from.
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "private, no-cache",
    "Vary": "Accept-Encoding, Cookie, Authorization",
}
_YEAR = "public, max-age=31536000, immutable"
MAX_FORM = 64 << 10
_TO_MEND = (UsageError, NotFound, SourceError, NetworkError)
"""What whoever filled a form in can do something about, on the page that they filled it in on."""


class Here(msgspec.Struct, frozen=True):
    """What surrounds every page. query: as it was asked. person: whether they can log out. now: microseconds.
    chose: whether they chose one of their organizations.

    problem: why a form could not be done, typed: what was filled in; its page is shown again.
    """

    principal: Principal | None
    path: str
    section: str
    query: Mapping[str, Any]
    person: bool
    now: int
    request_id: str = ""
    chose: bool = False
    problem: EnvscoutError | None = None
    typed: Mapping[str, Any] = {}

    @property
    def org(self) -> str:
        """Return the organization that is looked at, "" for all."""
        return str(self.query.get("org", ""))

    def may(self, action: str) -> bool:
        """Tell whether whoever looks may do something."""
        return self.principal is not None and self.principal.may(action)  # type: ignore[arg-type]

    def said(self, field: str, otherwise: Any = "") -> Any:
        """Return what a field of the form was filled in with, or what it holds at first."""
        return self.typed.get(field, otherwise)

    def again(self, **changed: Any) -> str:
        """Return the address of this page with another query."""
        query = {**self.query, **changed}
        return href(**{name: value for name, value in query.items() if value != ()}).replace("/", self.path, 1)


def page(row: Page, stores: Stores) -> Any:
    """Return the handler of a page."""

    async def handle(request: Request[Any, Any, Any]) -> Response[bytes]:
        return await sync_to_thread(_answered, row, stores, request)

    return get(_path(row.path), name=f"page {row.path}")(handle)


def form(row: Form, stores: Stores) -> Any:
    """Return the handler of a form."""

    async def handle(request: Request[Any, Any, Any]) -> Response[bytes]:
        body = await request.body()
        return await sync_to_thread(_submitted, row, stores, request, body)

    return post(_path(row.path), name=f"form {row.path}", status_code=200, request_max_body_size=MAX_FORM)(handle)


def static() -> Any:
    """Return the handler of what pages load."""

    @get("/static/{name:str}", name="static", sync_to_thread=False)
    def handle(request: Request[Any, Any, Any]) -> Response[bytes]:
        found = assets().get(str(request.path_params["name"]))
        if found is None:
            raise NotFound("there is no such file", "reload the page")
        is_packed = "gzip" in request.headers.get("accept-encoding", "").lower()
        headers = {"Cache-Control": _YEAR, "Vary": "Accept-Encoding", "X-Content-Type-Options": "nosniff"}
        if is_packed:
            headers["Content-Encoding"] = "gzip"
        return Response(found.packed if is_packed else found.content, headers=headers, media_type=found.media_type)

    return handle


def told(request: Request[Any, Any, Any], title: str, status: int, detail: str) -> Response[bytes]:
    """Return a failure as a page, for who reads it in a browser."""
    found = {"title": title, "detail": detail, "status": status}
    return _sent(request, rendered("error", {"found": found, "here": _here(request, "", {})}), status)


def shown(request: Request[Any, Any, Any], template: str, found: Any, status: int = 200) -> Response[bytes]:
    """Return a page that rests on nothing in the store."""
    return _sent(request, rendered(template, {"found": found, "here": _here(request, "", {})}), status)


def _path(path: str) -> str:
    return re.sub(r"\{(\w+)\}", r"{\1:str}", path)


def _answered(row: Page, stores: Stores, request: Request[Any, Any, Any]) -> Response[bytes]:
    principal(request).check(row.action, "this")
    text, is_table = _without_format(request.scope["query_string"])
    query = reading.query(text, row.query)

    def answer(database: Database) -> Response[bytes]:
        asked = _asked(request, database, query, None)
        if is_table and row.table is not None:
            return _csv(row.table(asked))
        context = {"found": row.answer(asked), "here": _here(request, row.section, _told(query))}
        return _sent(request, rendered(row.template, context))

    return stores.ask(answer)


def _without_format(text: bytes) -> tuple[bytes, bool]:
    """Return a query but for what it says of the form of the answer, and whether that is a table."""
    pairs = [each for each in text.split(b"&") if each]
    return b"&".join(each for each in pairs if not each.startswith(b"format=")), b"format=csv" in pairs


def _submitted(row: Form, stores: Stores, request: Request[Any, Any, Any], body: bytes) -> Response[bytes]:
    with stores.open() as database:
        _check_form(row, request, database)
        # A browser ends the lines of what was typed in its own way.
        fields = reading.query(body.replace(b"%0D%0A", b"%0A"), row.fields, MAX_FORM)
        asked = _asked(request, database, fields, fields)
        try:
            done = row.submit(asked)
        except _TO_MEND as error:
            return _mended(row, request, asked, error)
    if isinstance(done, Shown):
        context = {"found": done.found, "here": _here(request, done.section, {})}
        answer = _sent(request, rendered(done.template, context))
        answer.headers["Cache-Control"] = "no-store"
        return answer
    return moved(done.target, done.cookie) if isinstance(done, Kept) else moved(done)


def _check_form(row: Form, request: Request[Any, Any, Any], database: Database) -> None:
    """Refuse somebody a form that is not for them, and tell the log."""
    who = principal(request)
    try:
        who.check(row.action, "this")
    except NotAllowed:
        number = str(request.scope.get("request_id", ""))
        audit.tell(database, audit.Act(who, f"form {row.path}", "", number, who.organization), "refused")
        raise


def _mended(row: Form, request: Request[Any, Any, Any], asked: Asked, error: EnvscoutError) -> Response[bytes]:
    """Show the page of a form again, with why it could not be done and what was typed."""
    if row.page is None:
        raise error
    said = msgspec.structs.asdict(asked.body)
    query = _about(said, row.page.query)
    try:
        found = row.page.answer(msgspec.structs.replace(asked, query=query, body=None))
    except EnvscoutError as other:
        # There is nothing more to fill in: what it is about is gone, or was never there.
        raise error from other
    here = msgspec.structs.replace(
        _here(request, row.page.section, _told(query)),
        path=row.page.path.format(**{name: quote(value, safe="") for name, value in asked.path.items()}),
        problem=error,
        typed={name: value for name, value in said.items() if name not in row.untold},
    )
    content = rendered(row.page.template, {"found": found, "here": here})
    answer = _sent(request, content, error.http_status if error.http_status < 500 else 422)
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _about(said: Mapping[str, Any], type_: type[msgspec.Struct]) -> Any:
    """Return the query of a page as a form tells it."""
    try:
        return msgspec.convert({name: value for name, value in said.items() if name in type_.__struct_fields__}, type_)
    except msgspec.ValidationError:
        return type_()


def _asked(request: Request[Any, Any, Any], database: Database, query: Any, body: Any) -> Asked:
    path = {name: reading.segment(value) for name, value in request.path_params.items()}
    number = str(request.scope.get("request_id", ""))
    return Asked(principal(request), database, path, query, body, dict(request.headers), number)


def _told(query: msgspec.Struct) -> dict[str, Any]:
    """Return what a query says beside what it says when nothing is asked."""
    plain = {field.name: field.default for field in msgspec.structs.fields(query)}
    return {name: value for name, value in msgspec.structs.asdict(query).items() if value != plain[name]}


def _here(request: Request[Any, Any, Any], section: str, query: Mapping[str, Any]) -> Here:
    headers = {name.lower(): value for name, value in request.headers.items()}
    who = request.scope.get("user")
    return Here(
        principal=who if isinstance(who, Principal) else None,
        path=request.scope["path"].replace(reading.SLASH, "%2F"),
        section=section,
        query=query,
        person=bool({COOKIE, TOKEN_COOKIE} & cookies(headers).keys()),
        chose=CHOSEN_COOKIE in cookies(headers),
        now=now(),
        request_id=str(request.scope.get("request_id", "")),
    )


def _sent(request: Request[Any, Any, Any], content: bytes, status: int = 200) -> Response[bytes]:
    headers = dict(_HEADERS)
    if "gzip" in request.headers.get("accept-encoding", "").lower():
        content = gzip.compress(content, 5, mtime=0)
        headers["Content-Encoding"] = "gzip"
    return Response(content, status_code=status, headers=headers, media_type="text/html")


def _csv(table: Table) -> Response[bytes]:
    """Return a table in whole: https://www.rfc-editor.org/rfc/rfc4180."""
    written = io.StringIO()
    writer = csv.writer(written)
    writer.writerow(table.head)
    writer.writerows([inert(each) if isinstance(each, str) else each for each in row] for row in table.rows)
    name = re.sub(r"[^\w.-]+", "-", table.name, flags=re.ASCII)[:100]
    headers = {**_HEADERS, "Content-Disposition": f'attachment; filename="{name}.csv"'}
    return Response(written.getvalue().encode(), headers=headers, media_type="text/csv")
