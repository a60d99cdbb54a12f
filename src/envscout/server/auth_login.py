"""How people log in with a browser: through their issuer, and back with a session of ours.

Authorization code with PKCE: https://www.rfc-editor.org/rfc/rfc7636, state and nonce:
https://openid.net/specs/openid-connect-core-1_0.html, advice: https://www.rfc-editor.org/rfc/rfc9700
"""

import base64
import hashlib
import secrets
from collections.abc import Callable
from typing import Annotated, Any
from urllib.parse import quote, urlencode

import msgspec
from litestar import Request, Response, get, post

from envscout.access import secret
from envscout.errors import NetworkError, NotFound, Unauthenticated, UsageError
from envscout.network.guarded import Limits
from envscout.operations.coding import encode
from envscout.server import auth_browser, reading
from envscout.server.auth import CHOSEN_COOKIE, COOKIE, MAX_NAME, TOKEN_COOKIE, Door, Doorkeeper, cookies, person
from envscout.server.auth_issuers import audiences
from envscout.server.auth_pace import Pace
from envscout.server.problems import wants_page
from envscout.store import access, now

BINDING = "__Host-envscout-login"
LOGIN_LASTS = 600
SESSION_LASTS = 8 * 3_600
_YEAR = 365 * 86_400
SCOPES = "openid email profile"
_LIMITS = Limits(connect=5.0, read=5.0, whole=10.0, size=1 << 20, redirects=0)


class Offered(msgspec.Struct, frozen=True):
    """How a server lets people in, for who has not come in: which issuer, and as what the server is known there."""

    issuer: str
    client_id: str
    device_authorization_endpoint: str = ""
    token_endpoint: str = ""


class _Chosen(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which organization somebody means from now on, "" for none, and where to go then."""

    name: Annotated[str, msgspec.Meta(max_length=MAX_NAME)] = ""
    next: str = "/"


class _Tokens(msgspec.Struct):
    id_token: str


def handlers(keeper: Doorkeeper) -> list[Any]:
    """Return the handlers of logging in and out."""
    beginning = Pace(burst=30, seconds=2.0)

    def offered(request: Request[Any, Any, Any]) -> Response[bytes]:  # noqa: ARG001
        return Response(encode(offer(keeper)), media_type="application/json")

    def begin(request: Request[Any, Any, Any]) -> Response[bytes]:
        client = request.client.host if request.client else ""
        beginning.check(client)
        beginning.failed(client)
        target = local(request.query_params.get("next", "/"))
        if not keeper.door.issuer and wants_page(request):
            return moved(f"/login/token?{urlencode({'next': target})}")
        address, binding = begun(keeper, target)
        return moved(address, (BINDING, binding, LOGIN_LASTS))

    def done(request: Request[Any, Any, Any]) -> Response[bytes]:
        headers = dict(request.headers)
        query = {name: str(value)[:4_096] for name, value in request.query_params.items()}
        target, session = finished(keeper, query, cookies(headers).get(BINDING, ""), cookies(headers).get(COOKIE, ""))
        gone = ((name, "", 0) for name in (TOKEN_COOKIE, CHOSEN_COOKIE, BINDING))
        return moved(target, (COOKIE, session, SESSION_LASTS), *gone)

    def choose(request: Request[Any, Any, Any]) -> Response[bytes]:
        headers = {name.lower(): value for name, value in request.headers.items()}
        auth_browser.check_session("POST", headers)
        chosen: _Chosen = reading.query(request.scope["query_string"], _Chosen)
        return moved(local(chosen.next), (CHOSEN_COOKIE, quote(chosen.name, safe=""), _YEAR if chosen.name else 0))

    def leave(request: Request[Any, Any, Any]) -> Response[bytes]:
        headers = {name.lower(): value for name, value in request.headers.items()}
        auth_browser.check_session("POST", headers)
        with keeper.stores.open() as database, database.write() as connection:
            access.drop_session(connection, secret.kept(cookies(headers).get(COOKIE, "")))
        answer = moved("/", *((name, "", 0) for name in (COOKIE, TOKEN_COOKIE, CHOSEN_COOKIE)))
        # Nor does going back show what was looked at: https://www.w3.org/TR/clear-site-data/
        answer.headers["Clear-Site-Data"] = '"cache"'
        return answer

    rows: tuple[tuple[Any, str, Callable[..., Any]], ...] = (
        (get, "/api/v1/login", offered),
        (get, "/login", begin),
        (get, "/login/done", done),
        (post, "/login/organization", choose),
        (post, "/logout", leave),
    )
    return [method(path, sync_to_thread=True, name=path)(function) for method, path, function in rows]


def offer(keeper: Doorkeeper) -> Offered:
    """Return how people are let in. Raise NotFound where they are not."""
    door = _door(keeper)
    metadata = keeper.issuers.metadata(door.issuer)
    return Offered(door.issuer, door.client_id, metadata.device_authorization_endpoint, metadata.token_endpoint)


def begun(keeper: Doorkeeper, target: str) -> tuple[str, str]:
    """Begin a login; return the issuer's address to go to, and what binds the login to the browser.

    target: where to go then, a path of ours.
    """
    door = _door(keeper)
    state, binding, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(4))
    at = now()
    row = {
        "hash": secret.kept(state),
        "binding": secret.kept(binding),
        "nonce": nonce,
        "verifier": verifier,
        "target": target,
        "expires": at + LOGIN_LASTS * 1_000_000,
    }
    with keeper.stores.open() as database, database.write() as connection:
        access.put_login(connection, row, at)
    query = {
        "response_type": "code",
        "client_id": door.client_id,
        "redirect_uri": f"{door.public_url}/login/done",
        "scope": SCOPES,
        "state": state,
        "nonce": nonce,
        "code_challenge": base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("="),
        "code_challenge_method": "S256",
    }
    endpoint = keeper.issuers.metadata(door.issuer).authorization_endpoint
    return f"{endpoint}{'&' if '?' in endpoint else '?'}{urlencode(query)}", binding


def finished(keeper: Doorkeeper, query: dict[str, str], binding: str, before: str) -> tuple[str, str]:
    """End a login; return where to go, and the new session. before: the session there was, which ends."""
    door, at = _door(keeper), now()
    with keeper.stores.open() as database, database.write() as connection:
        taken = access.take_login(connection, secret.kept(query.get("state", "")), secret.kept(binding), at)
    if taken is None:
        raise UsageError("this login did not begin in this browser, or too long ago", "begin again: /login")
    if "code" not in query:
        raise Unauthenticated(f"the issuer let nobody in: {query.get('error', '')[:100]}", "begin again: /login")
    nonce, verifier, target = taken
    claims = keeper.issuers.claims(_redeemed(keeper, door, query["code"], verifier))
    # The issuer is the one that we asked, and speaks to us of the login that we began.
    if (
        str(claims.get("iss", "")).rstrip("/") != door.issuer
        or door.client_id not in audiences(claims)
        or claims.get("azp", door.client_id) != door.client_id
        or not secret.same(str(claims.get("nonce", "")).encode(), nonce.encode())
        or not claims.get("sub")
    ):
        raise Unauthenticated("the issuer speaks of another login", "begin again: /login")
    session = secrets.token_urlsafe(32)
    with keeper.stores.open() as database, database.write() as connection:
        access.drop_session(connection, secret.kept(before))
        someone = person(claims, at + SESSION_LASTS * 1_000_000)
        access.put_session(connection, secret.kept(session), someone, at)
    return target, session


def _redeemed(keeper: Doorkeeper, door: Door, code: str, verifier: str) -> str:
    """Return the token that the issuer gives for a code. Raise Unauthenticated, NetworkError."""
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": f"{door.public_url}/login/done",
        "client_id": door.client_id,
        "code_verifier": verifier,
    }
    if door.client_secret:
        form["client_secret"] = door.client_secret
    headers = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}
    endpoint = keeper.issuers.metadata(door.issuer).token_endpoint
    answer = keeper.guard.request("POST", endpoint, headers, urlencode(form).encode(), _LIMITS)
    if answer.status != 200:
        raise Unauthenticated("the issuer does not know this login", "begin again: /login")
    try:
        return msgspec.json.decode(answer.content, type=_Tokens).id_token
    except msgspec.MsgspecError as error:
        raise NetworkError("the issuer does not answer as OpenID Connect has it", "check oidc_issuer") from error


def local(target: str) -> str:
    """Return where to go after a login: a path of ours, never another site."""
    is_ours = target.startswith("/") and not target.startswith(("//", "/\\")) and target.isprintable()
    return target[:500] if is_ours and "\\" not in target else "/"


def _door(keeper: Doorkeeper) -> Door:
    door = keeper.door
    if not (door.issuer and door.client_id and door.public_url):
        raise NotFound("nobody logs in here with a browser", "set oidc_issuer, oidc_client_id and public_url")
    return door


def moved(target: str, *set_cookies: tuple[str, str, int]) -> Response[bytes]:
    """Send a browser elsewhere. set_cookies: name, value and seconds that it is kept for."""
    answer = Response(b"", status_code=303, headers={"Location": target, "Cache-Control": "no-store"})
    for name, value, seconds in set_cookies:
        answer.set_cookie(name, value, seconds, secure=True, httponly=True, samesite="lax")
    return answer
